//! The two moments of a container's life at which Kubernetes runs a hook.

use std::fmt;
use std::str::FromStr;

/// A container lifecycle moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hook {
    /// Right after the container was started, alongside its entrypoint.
    PostStart,
    /// Before the container is told to stop.
    PreStop,
}

impl Hook {
    /// Both, in the order of a container's life.
    pub const ALL: [Self; 2] = [Self::PostStart, Self::PreStop];

    /// As in a report: `PostStart`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PostStart => "PostStart",
            Self::PreStop => "PreStop",
        }
    }

    /// As on the command line and in WIT: `post-start`.
    #[must_use]
    pub const fn kebab(self) -> &'static str {
        match self {
            Self::PostStart => "post-start",
            Self::PreStop => "pre-stop",
        }
    }

    /// As in pod YAML: `postStart`.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::PostStart => "postStart",
            Self::PreStop => "preStop",
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no hook.
#[derive(Debug, thiserror::Error)]
#[error("no such phase: {0:?} (post-start or pre-stop)")]
pub struct UnknownHook(String);

impl FromStr for Hook {
    type Err = UnknownHook;

    /// Reads any of the three spellings.
    fn from_str(text: &str) -> Result<Self, UnknownHook> {
        Self::ALL
            .into_iter()
            .find(|hook| [hook.as_str(), hook.kebab(), hook.field()].contains(&text))
            .ok_or_else(|| UnknownHook(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read_back() {
        for hook in Hook::ALL {
            for text in [hook.as_str(), hook.kebab(), hook.field()] {
                assert_eq!(text.parse::<Hook>().unwrap(), hook);
            }
        }
        assert_eq!(
            "stop".parse::<Hook>().unwrap_err().to_string(),
            r#"no such phase: "stop" (post-start or pre-stop)"#
        );
    }
}
