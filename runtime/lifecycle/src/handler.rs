//! The pod spec's ways to name a hook (`lifecycle.postStart`, `lifecycle.preStop`).

/// The handler a hook was named through. `podhook run` names a module itself and
/// has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Handler {
    /// `exec`: a command in the container.
    Exec,
    /// `httpGet`: a request to the container.
    HttpGet,
    /// `sleep`: a pause.
    Sleep,
    /// `tcpSocket`: kept by the API, never supported for hooks.
    TcpSocket,
}

impl Handler {
    /// As in pod YAML.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::HttpGet => "httpGet",
            Self::Sleep => "sleep",
            Self::TcpSocket => "tcpSocket",
        }
    }
}
