//! Ways within a process that runs already: podhook as a library.

use super::samples::{Samples, spent};
use super::subject::{Subject, check};
use super::way::Way;
use podhook_lifecycle::{Hook, Invocation, ModuleKind};
use podhook_runner::Runner;
use podhook_sandbox::bare;
use podhook_sandbox::{Cache, CodeStore, EventLoop, Module, Profile, Wiring};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Runs that only warm the processor's caches, which the ways in between have filled.
const WARMING: usize = 20;

/// Runs measured in a turn.
const BATCH: u32 = 10;

/// One that runs hook after hook.
pub(super) struct Warm {
    stage: Stage,
    runner: Runner,
}

/// What all of them need.
struct Stage {
    name: String,
    module: Module,
    call: Box<dyn Fn() -> Arc<Invocation>>,
    wiring: Wiring,
    event_loop: EventLoop,
}

impl Stage {
    fn new(subject: &Subject) -> Result<Self, String> {
        let call = subject.call();
        Ok(Self {
            name: subject.name.clone(),
            module: subject.module.clone(),
            call: Box::new(move || {
                let mut call = Invocation::clone(&call);
                call.id = Runner::new_id();
                Arc::new(call)
            }),
            wiring: subject.wiring(),
            event_loop: EventLoop::new().map_err(|why| why.to_string())?,
        })
    }

    /// One run; how long it took.
    fn run(&self, runner: &Runner, samples: &mut Samples) -> Result<Duration, String> {
        let call = (self.call)();
        let began = Instant::now();
        let running = runner.run(&self.name, &self.module, &call, &self.wiring);
        let report = self.event_loop.block_on(running);
        let took = began.elapsed();
        samples.peak(report.usage.memory.peak);
        check(&report)?;
        Ok(took)
    }
}

impl Warm {
    pub(super) fn new(subject: &Subject) -> Result<Self, String> {
        Self::with(subject, Arc::default())
    }

    /// One of several, which share what is compiled.
    pub(super) fn with(subject: &Subject, codes: Arc<CodeStore>) -> Result<Self, String> {
        let stage = Stage::new(subject)?;
        let runner = Runner::new(Profile::pooled(16), codes);
        let runner = runner.map_err(|why| why.to_string())?;
        runner.prepare(&stage.module, &(stage.call)());
        Ok(Self { stage, runner })
    }

    pub(super) fn once(&self, samples: &mut Samples) -> Result<Duration, String> {
        self.stage.run(&self.runner, samples)
    }
}

impl Way for Warm {
    fn run(&mut self, samples: &mut Samples) -> Result<(), String> {
        for _ in 0..WARMING {
            self.once(samples)?;
        }
        let before = spent();
        for _ in 0..BATCH {
            let took = self.once(samples)?;
            samples.wall(took);
        }
        samples.cpu(spent().saturating_sub(before) / BATCH);
        Ok(())
    }
}

/// One whose first hook this is; it was compiled before.
pub(super) struct Cold {
    stage: Stage,
    cache: PathBuf,
}

impl Cold {
    pub(super) fn new(subject: &Subject, workshop: &Path) -> Result<Self, String> {
        let cold = Self {
            stage: Stage::new(subject)?,
            cache: workshop.join("cache"),
        };
        let runner = cold.runner()?;
        runner.prepare(&cold.stage.module, &(cold.stage.call)());
        Ok(cold)
    }

    fn runner(&self) -> Result<Runner, String> {
        let cache = Cache::open(&self.cache).map_err(|why| why.to_string())?;
        let codes = Arc::new(CodeStore::new(Some(cache)));
        Runner::new(Profile::one_shot(), codes).map_err(|why| why.to_string())
    }
}

impl Way for Cold {
    fn run(&mut self, samples: &mut Samples) -> Result<(), String> {
        let (began, before) = (Instant::now(), spent());
        let runner = self.runner()?;
        self.stage.run(&runner, samples)?;
        samples.wall(began.elapsed());
        samples.cpu(spent().saturating_sub(before));
        Ok(())
    }
}

/// One that has to compile it.
pub(super) struct Compiled {
    stage: Stage,
}

impl Compiled {
    pub(super) fn new(subject: &Subject) -> Result<Self, String> {
        let stage = Stage::new(subject)?;
        Ok(Self { stage })
    }
}

impl Way for Compiled {
    fn run(&mut self, samples: &mut Samples) -> Result<(), String> {
        let (began, before) = (Instant::now(), spent());
        let runner = Runner::new(Profile::one_shot(), Arc::default());
        let runner = runner.map_err(|why| why.to_string())?;
        self.stage.run(&runner, samples)?;
        samples.wall(began.elapsed());
        samples.cpu(spent().saturating_sub(before));
        Ok(())
    }
}

/// wasmtime without podhook: no limits, no WASI, no account, no report.
pub(super) struct Bare {
    bare: bare::Bare,
    event_loop: EventLoop,
}

impl Bare {
    pub(super) fn new(subject: &Subject) -> Result<Self, String> {
        let is_plain = subject.module.kind() == ModuleKind::Lifecycle
            && subject.phase() == Some(Hook::PreStop);
        if !is_plain {
            return Err("it calls the preStop hook of a lifecycle module alone".to_owned());
        }
        let made = bare::Bare::new(subject.module.bytes(), true)?;
        Ok(Self {
            bare: made,
            event_loop: EventLoop::new().map_err(|why| why.to_string())?,
        })
    }

    fn run_one(&self) -> Result<(), String> {
        self.event_loop.block_on(self.bare.run(&[]))
    }
}

impl Way for Bare {
    fn run(&mut self, samples: &mut Samples) -> Result<(), String> {
        for _ in 0..WARMING {
            self.run_one()?;
        }
        let before = spent();
        for _ in 0..BATCH {
            let began = Instant::now();
            self.run_one()?;
            samples.wall(began.elapsed());
        }
        samples.cpu(spent().saturating_sub(before) / BATCH);
        Ok(())
    }
}
