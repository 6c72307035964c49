//! R8: which signals may stop a container, on which system.
//!
//! As with the feature gate `ContainerStopSignals` on. While it is off, which is the
//! default, the API server drops the field without a word.

use super::FieldError;

const ON_WINDOWS: [&str; 2] = ["SIGKILL", "SIGTERM"];

/// All but the numbered real-time signals.
const ON_LINUX: [&str; 36] = [
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGRTMAX",
    "SIGRTMIN",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
];

pub(super) fn error(signal: &str, os: Option<&str>, path: &str) -> Option<FieldError> {
    match os.unwrap_or_default() {
        "" => Some(FieldError::forbidden(
            path,
            "may not be set for containers with empty `spec.os.name`",
        )),
        "windows" => unless_among(&ON_WINDOWS, signal, path),
        "linux" => {
            let names = linux_names();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            unless_among(&names, signal, path)
        }
        // Another system is an error of `spec.os.name`, not of this field.
        _ => None,
    }
}

fn unless_among(supported: &[&str], signal: &str, path: &str) -> Option<FieldError> {
    let unknown = !supported.contains(&signal);
    unknown.then(|| FieldError::not_supported(path, signal, supported))
}

/// In the order of text, as the API server lists them.
fn linux_names() -> Vec<String> {
    let mut names: Vec<String> = ON_LINUX.iter().map(|&name| name.to_owned()).collect();
    names.extend((1..=15).map(|above| format!("SIGRTMIN+{above}")));
    names.extend((1..=14).map(|below| format!("SIGRTMAX-{below}")));
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_has_65_names() {
        let names = linux_names();
        assert_eq!(names.len(), 65);
        assert!(
            names
                .iter()
                .all(|name| error(name, Some("linux"), "f").is_none())
        );
        let error = error("SIGFOO", Some("linux"), "f").unwrap().to_string();
        let start = r#"f: Unsupported value: "SIGFOO": supported values: "SIGABRT", "SIGALRM", "#;
        assert!(error.starts_with(start), "{error}");
        assert!(error.contains(r#""SIGRTMAX", "SIGRTMAX-1", "SIGRTMAX-10", "#));
    }
}
