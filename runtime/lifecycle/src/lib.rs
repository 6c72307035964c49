//! The kubelet's words and rules about container lifecycle hooks.
//!
//! Pure: no I/O, no async, no clock (time is an argument) and no WebAssembly. An
//! [`Invocation`] says what is to run, a [`Report`] what came of it; everything
//! else in podhook builds the one or reads the other.
//!
//! | module | holds |
//! |---|---|
//! | [`spec`] | a pod's specification, its defaults, what the API server would refuse |
//! | [`machine`] | a pod's life under a kubelet |
//! | [`grace`], [`backoff`], [`restart`], [`probe`], [`port`] | single rules of it |
//! | [`pod_event`], [`pod_status`], [`hook_error`] | what is seen of it, in the kubelet's words |
//! | [`hook`] | `PostStart` and `PreStop` |
//! | [`handler`] | the pod spec's four ways to name a hook |
//! | [`invocation`] | one call of one hook, and whom it is for |
//! | [`budget`] | time, fuel, memory and the caps of the sandbox |
//! | [`limits`] | CPU and memory in the kernel's numbers, by the kubelet's arithmetic |
//! | [`grants`] | what a hook may touch; nothing by default |
//! | [`meter`] | where a run's memory and CPU time are charged |
//! | [`outcome`] | the six ways a hook can end, and their exit statuses |
//! | [`usage`] | what it used, in the names of the cgroup v2 files |
//! | [`report`] | outcome, usage and output of one invocation |
//! | [`state`] | small values that outlive an invocation |
//! | [`quote`] | text as Go quotes it |
//! | [`quantity`] | Kubernetes quantities (`500m`, `64Mi`) |
//! | [`duration`] | Go durations (`1m30s`), as Kubernetes writes them |

pub mod backoff;
pub mod budget;
pub mod duration;
pub mod grace;
pub mod grants;
pub mod handler;
pub mod hook;
pub mod hook_error;
pub mod invocation;
pub mod limits;
pub mod machine;
pub mod meter;
pub mod outcome;
pub mod pod_event;
pub mod pod_status;
pub mod port;
pub mod probe;
pub mod quantity;
pub mod quote;
pub mod report;
pub mod restart;
pub mod spec;
pub mod state;
pub mod usage;

pub use budget::{Budget, Caps, Kept};
pub use grants::{Access, Authorities, DirGrant, Grants, HostGrant, Scheme, SignalGrant};
pub use handler::Handler;
pub use hook::Hook;
pub use invocation::{Container, HttpRequest, Invocation, InvocationId, Pod};
pub use limits::{CpuMax, CpuWeight, Limits};
pub use meter::{Allowance, Bell, Meter, OverLimit, PeriodCount, Periods, Weight, Work};
pub use outcome::{CancelReason, Failure, Outcome, Refusal, Resource};
pub use report::{
    Accounting, Digest, Event, EventKind, HttpResponse, Keeper, Level, LogRecord, ModuleInfo,
    ModuleKind, Output, Report,
};
pub use state::{MemoryState, State, StateError};
pub use usage::{CpuUsage, FuelUsage, MemoryEvents, MemoryUsage, Usage};
