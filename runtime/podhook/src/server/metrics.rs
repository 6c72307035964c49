//! What is counted, for Prometheus.
//!
//! Names of hooks are those of files in the folder of hooks, so that whoever calls cannot
//! make new ones.

use super::gate::Closed;
use http::StatusCode;
use podhook_lifecycle::{Hook, Outcome, Report};
use podhook_sandbox::CodeStore;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::atomic::AtomicU64;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    hook: String,
    phase: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfHook {
    hook: String,
    phase: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Turned {
    reason: &'static str,
}

/// Of one hook in one phase: looked up once, since that takes longer than counting.
pub(super) struct OfPhase {
    of: OfHook,
    succeeded: Counter,
    duration: Histogram,
    cpu: Histogram,
    throttled: Histogram,
    memory: Histogram,
}

/// Why a call came to no hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TurnedAway {
    /// The queue's doing.
    Closed(Closed),
    /// No such hook.
    Unknown,
    /// Without the token.
    Unauthorized,
    /// No request that can be read.
    Malformed,
    /// It did not come to its end, for a fault of ours.
    Lost,
}

impl TurnedAway {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Closed(closed) => closed.as_str(),
            Self::Unknown => "no such hook",
            Self::Unauthorized => "without the token",
            Self::Malformed => "not a request that can be read",
            Self::Lost => "the call did not come to its end",
        }
    }

    /// In metrics.
    const fn label(self) -> &'static str {
        match self {
            Self::Closed(Closed::Full) => "Full",
            Self::Closed(Closed::TooLong) => "TooLong",
            Self::Unknown => "Unknown",
            Self::Unauthorized => "Unauthorized",
            Self::Malformed => "Malformed",
            Self::Lost => "Lost",
        }
    }

    /// For clients that mind it.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Closed(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Lost => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Seconds from 100 µs to 1.7 min.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 4.0, 11))
}

/// Bytes from 64 KiB to 16 GiB.
fn bytes() -> Histogram {
    Histogram::new(exponential_buckets(65_536.0, 4.0, 10))
}

type Histograms = Family<OfHook, Histogram, fn() -> Histogram>;

/// All of them.
pub(super) struct Metrics {
    registry: Registry,
    invocations: Family<Ended, Counter>,
    duration: Histograms,
    cpu: Histograms,
    throttled: Histograms,
    memory: Histograms,
    turned_away: Family<Turned, Counter>,
    clients_gone: Counter,
    pub(super) running: Gauge,
    pub(super) queued: Gauge,
    pub(super) connections: Gauge,
    codes: Family<Source, Gauge<u64, AtomicU64>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Source {
    source: &'static str,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("podhook"),
            invocations: Family::default(),
            duration: Family::new_with_constructor(seconds as fn() -> Histogram),
            cpu: Family::new_with_constructor(seconds as fn() -> Histogram),
            throttled: Family::new_with_constructor(seconds as fn() -> Histogram),
            memory: Family::new_with_constructor(bytes as fn() -> Histogram),
            turned_away: Family::default(),
            clients_gone: Counter::default(),
            running: Gauge::default(),
            queued: Gauge::default(),
            connections: Gauge::default(),
            codes: Family::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let mut count = |name, help, metric: &Gauge| registry.register(name, help, metric.clone());
        count("running", "Hooks that run", &self.running);
        count("queued", "Calls that wait to be let in", &self.queued);
        count("connections", "Open connections", &self.connections);
        let help = "Hooks that ended";
        registry.register("invocations", help, self.invocations.clone());
        let help = "Calls that came to no hook";
        registry.register("turned_away", help, self.turned_away.clone());
        let help = "Clients that did not wait for their hook";
        registry.register("clients_gone", help, self.clients_gone.clone());
        let help = "Where compiled code was found, since the start";
        registry.register("compiled_code_lookups", help, self.codes.clone());
        let mut usage = |name, help, unit, metric: &Histograms| {
            registry.register_with_unit(name, help, unit, metric.clone());
        };
        let help = "From the start of a hook to its end";
        usage("invocation_duration", help, Unit::Seconds, &self.duration);
        let help = "CPU time of a hook";
        usage("invocation_cpu", help, Unit::Seconds, &self.cpu);
        let help = "How long a hook was paused by its CPU limit";
        usage("invocation_throttled", help, Unit::Seconds, &self.throttled);
        let help = "Memory of a hook at most";
        usage("invocation_memory_peak", help, Unit::Bytes, &self.memory);
    }

    /// What is counted of one hook in one phase.
    pub(super) fn of(&self, hook: &str, phase: Option<Hook>) -> OfPhase {
        let phase = phase.map_or("", Hook::as_str);
        let of = OfHook {
            hook: hook.to_owned(),
            phase,
        };
        OfPhase {
            succeeded: self.invocations.get_or_create_owned(&Ended {
                hook: of.hook.clone(),
                phase,
                outcome: Outcome::Succeeded.as_str(),
            }),
            duration: self.duration.get_or_create_owned(&of),
            cpu: self.cpu.get_or_create_owned(&of),
            throttled: self.throttled.get_or_create_owned(&of),
            memory: self.memory.get_or_create_owned(&of),
            of,
        }
    }

    /// A hook ended.
    pub(super) fn ended(&self, counted: &OfPhase, report: &Report, client_gone: bool) {
        if report.outcome == Outcome::Succeeded {
            counted.succeeded.inc();
        } else {
            let ended = Ended {
                hook: counted.of.hook.clone(),
                phase: counted.of.phase,
                outcome: report.outcome.as_str(),
            };
            self.invocations.get_or_create(&ended).inc();
        }
        let cpu = report.usage.cpu;
        let seconds = |count: u64, per_second: f64| count as f64 / per_second;
        counted.duration.observe(report.took.as_secs_f64());
        counted.cpu.observe(seconds(cpu.usage_nsec, 1e9));
        counted.throttled.observe(seconds(cpu.throttled_usec, 1e6));
        counted
            .memory
            .observe(seconds(report.usage.memory.peak, 1.0));
        if client_gone {
            self.clients_gone.inc();
        }
    }

    pub(super) fn turned_away(&self, why: TurnedAway) {
        let reason = why.label();
        self.turned_away.get_or_create(&Turned { reason }).inc();
    }

    /// In the text format that Prometheus and OpenMetrics share.
    pub(super) fn text(&self, codes: &CodeStore) -> Result<String, fmt::Error> {
        let sources = codes.sources();
        for (source, count) in [
            ("compiled", sources.compiled),
            ("disk", sources.disk),
            ("memory", sources.memory),
        ] {
            self.codes.get_or_create(&Source { source }).set(count);
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
