//! What a hook costs on this machine, beside every other way to run something at the same
//! moment of a container's life.
//!
//! All ways take turns, one measurement each, so that whatever else the machine does is
//! shared between them; figures are quantiles, ratios those of medians. Knows of no format
//! that figures are printed in.

mod container;
mod density;
mod figures;
mod in_process;
mod machine;
mod measure;
mod peak;
mod process;
mod samples;
mod served;
mod small_hooks;
mod status;
mod subject;
mod throttle;
mod way;
mod ways;
mod workers;

pub(crate) use density::{Density, Suspended, density, suspend};
#[cfg(test)]
pub(crate) use figures::Skipped;
pub(crate) use figures::{Figures, Row};
pub(crate) use machine::Machine;
pub(crate) use measure::{Pace, measure};
pub(crate) use subject::Subject;
pub(crate) use throttle::{Quota, Throttle, throttle};
pub(crate) use ways::Wanted;
pub(crate) use workers::Workers;
