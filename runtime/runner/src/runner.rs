//! Runs hook modules, one after the other or many at once, on one thread.

use podhook_lifecycle::{Digest, Invocation, InvocationId, ModuleInfo, Outcome, Refusal, Report};
use podhook_sandbox::{
    CodeStore, Engine, EngineError, HandlerPre, InvalidModule, Module, Profile, Wiring,
};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// One worker: an engine, and the modules linked on it.
///
/// Make one per thread, all with the same [`CodeStore`]: a module is then compiled
/// once, by the first that asks; others that ask meanwhile wait.
pub struct Runner {
    codes: Arc<CodeStore>,
    plain: Worker,
    /// With fuel counted; made when the first invocation asks for it.
    fuelled: OnceLock<Worker>,
}

/// An engine and what is linked on it.
struct Worker {
    engine: Engine,
    handlers: Mutex<HashMap<Digest, Arc<HandlerPre>>>,
}

/// Modules linked at a time; beyond it all are linked anew, which takes
/// microseconds once they are compiled.
const LINKED: usize = 256;

impl Worker {
    fn of(engine: Engine) -> Self {
        Self {
            engine,
            handlers: Mutex::default(),
        }
    }

    /// A compiler that panics is our failure, and must not take its worker along.
    fn linked(
        &self,
        module: &Module,
        codes: &CodeStore,
    ) -> Result<Arc<HandlerPre>, (Outcome, String)> {
        match catch_unwind(AssertUnwindSafe(|| self.handler(module, codes))) {
            Ok(Ok(handler)) => Ok(handler),
            Ok(Err(error @ InvalidModule::NoCompiler(_))) => {
                Err((Outcome::HostFault, error.to_string()))
            }
            Ok(Err(error)) => Err((INVALID, error.to_string())),
            Err(_) => {
                let why = "the compiler panicked over the module".to_owned();
                Err((Outcome::HostFault, why))
            }
        }
    }

    fn has(&self, module: &Module) -> bool {
        let handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        handlers.contains_key(&module.digest())
    }

    fn handler(
        &self,
        module: &Module,
        codes: &CodeStore,
    ) -> Result<Arc<HandlerPre>, InvalidModule> {
        let lock = || self.handlers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&module.digest()) {
            return Ok(known.clone());
        }
        let fresh = Arc::new(HandlerPre::new(&self.engine, module, codes)?);
        let mut handlers = lock();
        if handlers.len() >= LINKED {
            handlers.clear();
        }
        Ok(handlers.entry(module.digest()).or_insert(fresh).clone())
    }
}

impl Runner {
    /// A worker of this profile.
    ///
    /// # Errors
    /// Where the machine cannot hold its engine.
    pub fn new(profile: Profile, codes: Arc<CodeStore>) -> Result<Self, EngineError> {
        Ok(Self {
            codes,
            plain: Worker::of(Engine::new(profile.with_fuel(false))?),
            fuelled: OnceLock::new(),
        })
    }

    /// An invocation identifier that no other call has.
    #[must_use]
    pub fn new_id() -> InvocationId {
        InvocationId(uuid::Uuid::new_v4().as_u128())
    }

    /// Says that a hook for this worker waits to be polled for the first time: a guest
    /// that computes alone makes way for it. May be called from any thread.
    pub fn knock(&self) {
        self.plain.engine.knock();
        if let Some(fuelled) = self.fuelled.get() {
            fuelled.engine.knock();
        }
    }

    /// Compiles and links `module` ahead of its first run. What is wrong with it, the
    /// run will say.
    pub fn prepare(&self, module: &Module, call: &Invocation) {
        if let Ok(worker) = self.worker(call) {
            let _ = worker.linked(module, &self.codes);
        }
    }

    /// Runs a module once. Cannot fail: whatever happens is in the report. The
    /// deadline counts from when the module is compiled and linked.
    ///
    /// Needs a tokio runtime with timers and I/O, best an
    /// [`EventLoop`](podhook_sandbox::EventLoop); the guest runs on the thread that
    /// polls. Runs on one worker take turns: once its waker is called, the future must
    /// be polled or dropped.
    pub async fn run(
        &self,
        source: &str,
        module: &Module,
        call: &Arc<Invocation>,
        wiring: &Wiring,
    ) -> Report {
        let mut report = match self.worker(call) {
            Ok(worker) => self.run_on(worker, module, call, wiring).await,
            Err(error) => refused(call, Outcome::HostFault, error.to_string()),
        };
        report.module = Some(ModuleInfo {
            source: source.to_owned(),
            digest: module.digest(),
            kind: Some(module.kind()),
        });
        report
    }

    async fn run_on(
        &self,
        worker: &Worker,
        module: &Module,
        call: &Arc<Invocation>,
        wiring: &Wiring,
    ) -> Report {
        if !worker.has(module) {
            self.codes.prepare(module, &worker.engine).await;
        }
        let handler = match worker.linked(module, &self.codes) {
            Ok(handler) => handler,
            Err((outcome, why)) => return refused(call, outcome, why),
        };
        worker.engine.run(&handler, call, wiring).await
    }

    /// The engine for this invocation: counting fuel slows a guest, so those that
    /// did not ask for it run on another.
    fn worker(&self, call: &Invocation) -> Result<&Worker, EngineError> {
        if call.budget.fuel.is_none() {
            return Ok(&self.plain);
        }
        if let Some(worker) = self.fuelled.get() {
            return Ok(worker);
        }
        let plain = &self.plain.engine;
        let worker = Worker::of(plain.beside(plain.profile().with_fuel(true))?);
        Ok(self.fuelled.get_or_init(|| worker))
    }
}

const INVALID: Outcome = Outcome::Refused(Refusal::InvalidModule);

/// The report on a file that is no hook module; `digest` over its bytes.
#[must_use]
pub fn refuse_file(source: &str, digest: Digest, call: &Invocation, why: &InvalidModule) -> Report {
    let mut report = refused(call, INVALID, why.to_string());
    report.module = Some(ModuleInfo {
        source: source.to_owned(),
        digest,
        kind: None,
    });
    report
}

/// A report on a hook that never started.
fn refused(call: &Invocation, outcome: Outcome, mut message: String) -> Report {
    message.truncate(message.floor_char_boundary(4096));
    Report::without_run(call, outcome, Some(message))
}
