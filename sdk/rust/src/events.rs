//! What the hook wants said about it outside: on the pod, and in its status.

use crate::host;

/// How an event is to be taken, as in Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing is wrong.
    Normal,
    /// Somebody should look.
    Warning,
}

/// Sends an event to where the runner sends them: its log, a file, or Kubernetes.
///
/// `reason` is a short word in UpperCamelCase (`Drained`), `note` a sentence for
/// people. Delivery is not confirmed.
///
/// ```
/// use podhook::{events::{self, Kind}, testing::Mock};
///
/// let host = Mock::new();
/// events::emit(Kind::Warning, "StillConnected", "3 connections are open");
/// assert_eq!(host.events()[0].reason, "StillConnected");
/// ```
pub fn emit(kind: Kind, reason: &str, note: &str) {
    host::event(kind, reason, note);
}

/// Sends a [`Normal`](Kind::Normal) event.
pub fn normal(reason: &str, note: &str) {
    emit(Kind::Normal, reason, note);
}

/// Sends a [`Warning`](Kind::Warning) event.
pub fn warning(reason: &str, note: &str) {
    emit(Kind::Warning, reason, note);
}

/// Sets the text that ends up in `/dev/termination-log`, replacing an earlier one;
/// cut at 4096 bytes.
pub fn termination_message(text: &str) {
    host::termination_message(text);
}
