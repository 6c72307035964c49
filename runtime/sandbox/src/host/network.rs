//! What outgoing HTTP is connected to.

use podhook_lifecycle::Scheme;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};

/// Stands in for the machine's network: for tests of hooks.
///
/// Grants and caps hold as ever; names are not resolved, and `https` is spoken as `http`.
pub trait Network: Send + Sync {
    /// Connects a hook to a host, which is in lower case and without brackets. Called in
    /// the worker's event loop.
    ///
    /// # Errors
    /// What the hook's connection fails with.
    fn connect(&self, scheme: Scheme, host: &str, port: u16) -> io::Result<Box<dyn Connection>>;
}

/// Anything HTTP can be spoken over.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}
