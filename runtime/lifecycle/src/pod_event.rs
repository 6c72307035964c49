//! Events about a pod, in the kubelet's constant texts.
//!
//! What a hook wants said about itself is a [`crate::Event`]; nothing of it enters
//! these. Kubernetes v1.36, `pkg/kubelet/events`.

use crate::report::EventKind;
use std::borrow::Cow;

/// One occurrence, or a repeated one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodEvent {
    /// `Normal` or `Warning`.
    pub kind: EventKind,
    /// UpperCamelCase.
    pub reason: &'static str,
    /// The text.
    pub message: Cow<'static, str>,
    /// `spec.containers{name}`; `None`: about the pod itself.
    pub field_path: Option<String>,
    /// How often it was seen so far, this time included (R75).
    pub count: u32,
}

impl PodEvent {
    /// Something that is as it should be.
    #[must_use]
    pub fn normal(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(EventKind::Normal, reason, message.into())
    }

    /// Something that is not.
    #[must_use]
    pub fn warning(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(EventKind::Warning, reason, message.into())
    }

    fn new(kind: EventKind, reason: &'static str, message: Cow<'static, str>) -> Self {
        Self {
            kind,
            reason,
            message,
            field_path: None,
            count: 1,
        }
    }

    /// The same, about a container.
    #[must_use]
    pub fn about(mut self, field_path: String) -> Self {
        self.field_path = Some(field_path);
        self
    }

    /// Whether only the count tells them apart.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        (self.kind, self.reason, &self.message, &self.field_path)
            == (other.kind, other.reason, &other.message, &other.field_path)
    }
}

/// R75: equal events are one, with a count. A kubelet that is started anew counts
/// from one again.
#[derive(Debug, Clone, Default)]
pub struct EventCounts {
    seen: Vec<PodEvent>,
}

impl EventCounts {
    /// Counts an occurrence, and writes the count into it.
    #[must_use]
    pub fn counted(&mut self, mut event: PodEvent) -> PodEvent {
        match self.seen.iter_mut().find(|seen| seen.same_as(&event)) {
            Some(seen) => {
                seen.count = seen.count.saturating_add(1);
                event.count = seen.count;
            }
            None => self.seen.push(event.clone()),
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_events_are_counted() {
        let mut counts = EventCounts::default();
        let event =
            |path: &str| PodEvent::normal("Started", "Container started").about(path.to_owned());
        assert_eq!(counts.counted(event("a")).count, 1);
        assert_eq!(counts.counted(event("b")).count, 1);
        assert_eq!(counts.counted(event("a")).count, 2);
    }
}
