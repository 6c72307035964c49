//! What a request's path asks for.

use podhook_lifecycle::Hook;

/// One of the server's addresses.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'p> {
    /// `/v1/hooks/NAME/postStart`, `…/preStop`.
    Hook { name: &'p str, phase: Hook },
    /// `/v1/http/NAME/…`; the path that the module is asked for.
    Http { name: &'p str, path: &'p str },
    /// `/healthz`: the process answers.
    Health,
    /// `/readyz`: and its hooks are compiled.
    Ready,
    /// `/metrics`.
    Metrics,
    /// Nothing that there is.
    Unknown,
}

impl<'p> Route<'p> {
    /// Of a path without its query.
    pub(super) fn of(path: &'p str) -> Self {
        match path {
            "/healthz" => return Self::Health,
            "/readyz" => return Self::Ready,
            "/metrics" => return Self::Metrics,
            _ => {}
        }
        if let Some((name, phase)) = path
            .strip_prefix("/v1/hooks/")
            .and_then(|rest| rest.split_once('/'))
        {
            let phase = [Hook::PostStart, Hook::PreStop]
                .into_iter()
                .find(|hook| hook.field() == phase);
            return match phase.filter(|_| is_name(name)) {
                Some(phase) => Self::Hook { name, phase },
                None => Self::Unknown,
            };
        }
        let below = path.strip_prefix("/v1/http/").unwrap_or_default();
        let end = below.find('/').unwrap_or(below.len());
        let (name, path) = below.split_at(end);
        match is_name(name) {
            true if path.is_empty() => Self::Http { name, path: "/" },
            true => Self::Http { name, path },
            false => Self::Unknown,
        }
    }
}

/// Whether a hook can have this name: it is that of a file, and a label of metrics.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && name.len() <= 128 && !name.starts_with('.') && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let hook = |name, phase| Route::Hook { name, phase };
        let http = |name, path| Route::Http { name, path };
        for (path, route) in [
            ("/v1/hooks/drain/preStop", hook("drain", Hook::PreStop)),
            (
                "/v1/hooks/a.b-c_1/postStart",
                hook("a.b-c_1", Hook::PostStart),
            ),
            ("/v1/hooks/drain/PreStop", Route::Unknown),
            ("/v1/hooks/drain/preStop/", Route::Unknown),
            ("/v1/hooks/drain", Route::Unknown),
            ("/v1/hooks//preStop", Route::Unknown),
            ("/v1/hooks/../preStop", Route::Unknown),
            ("/v1/hooks/a%2fb/preStop", Route::Unknown),
            ("/v1/http/web", http("web", "/")),
            ("/v1/http/web/", http("web", "/")),
            ("/v1/http/web/a/b", http("web", "/a/b")),
            ("/v1/http/.web/a", Route::Unknown),
            ("/healthz", Route::Health),
            ("/healthz/", Route::Unknown),
            ("/", Route::Unknown),
            ("*", Route::Unknown),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
