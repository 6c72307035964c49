//! What the fuzz targets (`fuzz/`) reach of this crate; in no other build.
//!
//! The ways in from outside, without a command line in front and a terminal behind. What
//! must hold is the targets' business.

use crate::adapters::pod::simulate;
use crate::config;
use crate::hook_test;
use crate::kubelet::{timeline_json, timeline_text};
use crate::pod_file::located::{self, Kind, Node};
use crate::pod_file::{PodError, PodFile};
use crate::pod_lints::lint;
use crate::server::{Configured, FailAs, Log, LogFormat, Server, Settings, Width};
use podhook_lifecycle::spec::validation::validate;
use podhook_lifecycle::spec::{PodSpec, defaults};
use podhook_runner::CommandError;
use podhook_runner::options::LimitOptions;
use serde_json::Value;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// What an input is called in errors.
const NAME: &str = "input";

/// Actions later than this make a simulation long, which ends as well, but not soon.
const LATEST: Duration = Duration::from_secs(3600);

fn read(bytes: &[u8]) -> Result<Node, CommandError> {
    located::read(bytes).map_err(|fault| PodError::from(fault).of_file(NAME))
}

/// What `podhook pod check` does with a file: the pod, with its defaults.
///
/// # Errors
/// 78, where it is none.
pub fn pod_check(bytes: &[u8]) -> Result<PodSpec, CommandError> {
    let file = PodFile::from_node(read(bytes)?).map_err(|error| error.of_file(NAME))?;
    let mut spec = file.spec;
    defaults::apply(&mut spec);
    let _ = (validate(&spec), lint(&spec));
    Ok(spec)
}

/// What `podhook pod simulate` prints of a pod and a scenario, in both formats; `None`: it
/// would take long.
///
/// # Errors
/// 78, where they are none.
pub fn simulated(pod: &[u8], scenario: &[u8]) -> Result<Option<String>, CommandError> {
    let parts = vec![
        ("pod".to_owned(), read(pod)?),
        ("scenario".to_owned(), read(scenario)?),
    ];
    let case = Node {
        line: 1,
        kind: Kind::Map(parts),
    };
    let spec = simulate::pod(&case, NAME)?;
    let scenario = simulate::scenario(&case, &spec, NAME)?;
    let is_late = |at: Duration| at > LATEST;
    if scenario
        .actions
        .iter()
        .any(|action| is_late(action.at_seconds.0))
    {
        return Ok(None);
    }
    let timeline = simulate::simulate(Arc::new(spec), scenario)?;
    let json = Value::Object(timeline_json::object(&timeline));
    Ok(Some(format!("{}{json}", timeline_text::whole(&timeline))))
}

/// Reads the cases of a folder, as `podhook test` does.
///
/// # Errors
/// 78, where one is none.
pub fn test_cases(folder: &Path) -> Result<(), CommandError> {
    hook_test::find(folder, None).map(drop)
}

/// The server of `podhook serve`, with one worker.
pub struct Adapter {
    server: Server,
    runtime: Runtime,
}

impl Adapter {
    /// One for the hooks of a folder.
    ///
    /// # Errors
    /// As those of the command.
    pub fn new(
        hooks: &Path,
        configuration: Option<&Path>,
        fail_by_status: bool,
    ) -> Result<Self, CommandError> {
        let fault = |why: io::Error| CommandError::host_fault(NAME, why);
        let configured = match configuration {
            Some(file) => Configured::open(file, &config::variable)?,
            None => Configured::default(),
        };
        let settings = Settings {
            hooks: hooks.to_owned(),
            // Nobody is accepted there.
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            fail: match fail_by_status {
                true => FailAs::Status,
                false => FailAs::Transport,
            },
            limits: LimitOptions::default(),
            account: None,
            width: Width {
                running: 4,
                waiting: 4,
                patience: Duration::from_secs(1),
            },
            workers: 1,
            slots: 4,
            connections: 16,
            header_timeout: Duration::from_secs(1),
            config: None,
        };
        let log = Log::start(LogFormat::Text).map_err(fault)?;
        let runtime = Builder::new_current_thread().enable_io().build();
        Ok(Self {
            server: Server::new(settings, configured, log)?,
            runtime: runtime.map_err(fault)?,
        })
    }

    /// Serves a connection, on the worker's thread.
    ///
    /// # Errors
    /// Where the system has no more of what it takes.
    pub fn hand_over(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let _runtime = self.runtime.enter();
        self.server
            .hand_over(tokio::net::TcpStream::from_std(stream)?);
        // What streams of before left with it is given back.
        self.runtime.block_on(tokio::task::yield_now());
        Ok(())
    }
}
