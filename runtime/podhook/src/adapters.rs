//! From a command line to an invocation, and from a report to output.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod bundle;
pub(crate) mod compile;
pub(crate) mod inspect;
pub(crate) mod limits;
pub(crate) mod manual;
pub(crate) mod new;
pub(crate) mod pod;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod test;
