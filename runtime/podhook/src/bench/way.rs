//! What every way is, and which there are.

use super::samples::Samples;

/// One way; measured in turn with the others.
pub(super) trait Way {
    /// Runs it, once or a few times.
    ///
    /// # Errors
    /// Why it is not measured any further.
    fn run(&mut self, samples: &mut Samples) -> Result<(), String>;
}

/// Names of all ways, and what they are.
pub(crate) const ALL: [(&str, &str); 14] = [
    ("in-process", "in a process that runs: warm"),
    ("bare", "wasmtime alone, in the same configuration"),
    (
        "cold",
        "in a process that runs: the first call, its code loaded from disk",
    ),
    (
        "compile",
        "in a process that runs: the first call, compiled then",
    ),
    ("exec", "podhook-exec: a process of its own"),
    (
        "isolated",
        "podhook run --isolation process: a process that is locked in, and one that watches it",
    ),
    (
        "serve",
        "podhook serve: over HTTP, on a connection that stays",
    ),
    ("true", "/bin/true"),
    ("sh", "sh -c true"),
    ("bash", "bash -c true"),
    ("native", "the command given with --native"),
    ("runc", "runc exec of /bin/true"),
    ("crun", "crun exec of /bin/true"),
    ("wasmtime", "wasmtime run"),
];
