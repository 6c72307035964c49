//! What belongs to one run of one guest: the data of its store.

use crate::event_loop;
use crate::host::files::numbers::Numbers;
use crate::host::files::opened::{Opened, descriptors};
use crate::host::network::Network;
use crate::host::outbound::Outbound;
use crate::host::process::Process;
use crate::host::stdio::Stdio;
use crate::limiter::Limiter;
use crate::record::{CapMet, Record, Stream};
use crate::verdict::Verdict;
use crate::wiring::Wiring;
use podhook_lifecycle::{Access, Invocation, Refusal, Resource, State};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// The data of a store.
pub(crate) struct Guest {
    pub(crate) call: Arc<Invocation>,
    pub(crate) record: Arc<Record>,
    pub(crate) limiter: Limiter,
    pub(crate) state: Arc<dyn State>,
    network: Option<Arc<dyn Network>>,
    pub(crate) process: Process,
    pub(crate) deadline: Option<Instant>,
    pub(crate) random_left: u64,
    /// When the guest first asked what time it is.
    pub(crate) epoch: Option<Instant>,
    /// Files it has had open, those of preview 1 apart.
    pub(crate) opened: Opened,
    /// What preview 1 has open, by number.
    pub(crate) numbers: Option<Numbers>,
    /// Bytes that are charged for lists of folders which it has, by handle.
    pub(crate) lists: BTreeMap<u32, u64>,
    /// Where granted folders are, without links.
    pub(crate) granted_folders: Option<Vec<PathBuf>>,
    /// Calls for files block the thread that runs the guest.
    pub(crate) blocks_here: bool,
    host_calls: u64,
    /// Made at first use: a hook that calls no WASI pays for none.
    wasi: Option<Box<Wasi>>,
}

/// WASI of both generations (preview 1 is a layer on top of preview 2), and
/// wasi:http.
struct Wasi {
    p1: WasiP1Ctx,
    http: WasiHttpCtx,
    outbound: Outbound,
}

/// Something that was to be granted is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotGranted {
    #[error("cannot grant the folder {path}: {why}")]
    Folder { path: String, why: io::Error },
    #[error("no event loop: {0}")]
    EventLoop(io::Error),
    #[error(transparent)]
    Process(#[from] crate::host::process::NotSignalable),
}

impl NotGranted {
    /// A policy's no; or ours, where we are out of what it takes.
    pub(crate) fn verdict(&self) -> Verdict {
        let out_of = [Errno::MFILE, Errno::NFILE, Errno::NOMEM];
        match self {
            Self::Folder { why, .. } if out_of.iter().any(|errno| is(why, *errno)) => {
                Verdict::fault(self.to_string())
            }
            Self::EventLoop(_) => Verdict::fault(self.to_string()),
            Self::Folder { .. } | Self::Process(_) => {
                Verdict::refused(Refusal::Policy, self.to_string())
            }
        }
    }
}

fn is(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno.raw_os_error())
}

/// Bytes of all header fields of a request or response, with what their tables take.
const HTTP_FIELDS: usize = 64 << 10;

impl Guest {
    pub(crate) fn new(
        call: Arc<Invocation>,
        record: Arc<Record>,
        wiring: &Wiring,
        deadline: Option<Instant>,
    ) -> Result<Self, NotGranted> {
        let mut guest = Self {
            limiter: Limiter::new(record.clone()),
            state: wiring.state.clone(),
            network: wiring.network.clone(),
            process: Process::open(call.grants.signal)?,
            random_left: call.budget.caps.random,
            opened: Opened::default(),
            numbers: None,
            lists: BTreeMap::new(),
            granted_folders: None,
            blocks_here: false,
            host_calls: 0,
            wasi: None,
            epoch: None,
            deadline,
            record,
            call,
        };
        if !guest.call.grants.dirs.is_empty() {
            if guest.deadline.is_some() {
                event_loop::need().map_err(NotGranted::EventLoop)?;
            }
            let mut builder = guest.wasi_builder();
            guest.open_folders(&mut builder)?;
            guest.keep_wasi(&mut builder);
        }
        Ok(guest)
    }

    /// Both generations of WASI.
    pub(crate) fn p1(&mut self) -> &mut WasiP1Ctx {
        &mut self.wasi().p1
    }

    fn wasi(&mut self) -> &mut Wasi {
        if self.wasi.is_none() {
            let mut builder = self.wasi_builder();
            self.keep_wasi(&mut builder);
        }
        #[expect(clippy::unwrap_used, reason = "kept just above")]
        self.wasi.as_mut().unwrap()
    }

    /// Nothing is inherited: no environment, no network, an empty stdin.
    fn wasi_builder(&self) -> WasiCtxBuilder {
        let mut builder = WasiCtxBuilder::new();
        builder
            .stdout(Stdio::new(Stream::Stdout, self.record.clone()))
            .stderr(Stdio::new(Stream::Stderr, self.record.clone()))
            .args(&self.call.args)
            .envs(&self.call.grants.env)
            .max_random_size(self.call.budget.caps.random)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            // A blocked open must not block the worker: its deadline would not hold. One
            // without a deadline waits for nothing else.
            .allow_blocking_current_thread(event_loop::is_later());
        builder
    }

    fn open_folders(&self, builder: &mut WasiCtxBuilder) -> Result<(), NotGranted> {
        for dir in &self.call.grants.dirs {
            let perms = match dir.access {
                Access::ReadOnly => FsPerms::ReadOnly,
                Access::ReadWrite => FsPerms::ReadWrite,
            };
            builder
                .preopened_dir(&dir.host, &dir.guest, perms)
                .map_err(|error| NotGranted::Folder {
                    path: dir.host.display().to_string(),
                    why: error.downcast().unwrap_or_else(io::Error::other),
                })?;
        }
        Ok(())
    }

    fn keep_wasi(&mut self, builder: &mut WasiCtxBuilder) {
        self.blocks_here = event_loop::is_later();
        let mut p1 = builder.build_p1();
        p1.ctx()
            .table
            .set_max_capacity(self.call.budget.caps.handles);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(HTTP_FIELDS);
        self.wasi = Some(Box::new(Wasi {
            p1,
            http,
            outbound: self.outbound(),
        }));
    }

    /// One more call of the host.
    pub(crate) fn count_host_call(&mut self) -> Result<(), CapMet> {
        self.host_calls += 1;
        match self.host_calls > self.record.caps().host_calls {
            true => Err(CapMet(Resource::Hostcalls)),
            false => Ok(()),
        }
    }

    /// What is open, for when the store is gone.
    pub(crate) fn take_opened(&mut self) -> Opened {
        let mut opened = std::mem::take(&mut self.opened);
        if let Some(wasi) = &mut self.wasi {
            for descriptor in descriptors(wasi.p1.ctx().table) {
                match descriptor {
                    Descriptor::Dir(dir) => opened.add(&dir.dir),
                    Descriptor::File(file) => opened.add(&file.file),
                }
            }
        }
        opened
    }

    /// Milliseconds until the deadline; the largest number where there is none.
    pub(crate) fn remaining_ms(&self) -> u64 {
        let Some(deadline) = self.deadline else {
            return u64::MAX;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
    }

    /// Sends this run's requests.
    pub(crate) fn outbound(&self) -> Outbound {
        Outbound::new(self.call.clone(), self.record.clone(), self.network.clone())
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.p1().ctx()
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let Wasi { p1, http, outbound } = self.wasi();
        WasiHttpCtxView {
            ctx: http,
            table: p1.ctx().table,
            hooks: outbound,
        }
    }
}
