//! Compiled code: made once per module and profile, however many ask at once.

use crate::cache::Cache;
use crate::compile::{self, Compiler};
use crate::compiled::{Code, Key};
use crate::engine::{Engine, Target};
use crate::event_loop;
use crate::invalid_module::InvalidModule;
use crate::module::Module;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Where a [`CodeStore`] found what it was asked for, counted since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sources {
    /// Compiled here.
    pub compiled: u64,
    /// Read from the cache on disk.
    pub disk: u64,
    /// Known already, or waited for.
    pub memory: u64,
}

/// All compiled code of a process; shared by its workers.
#[derive(Default)]
pub struct CodeStore {
    cache: Option<Cache>,
    /// `None`: in this process.
    compiler: Option<Box<dyn Compiler>>,
    cells: Mutex<HashMap<Key, Arc<Cell>>>,
    compiled: AtomicU64,
    disk: AtomicU64,
    memory: AtomicU64,
}

type Cell = OnceLock<Result<Arc<Code>, InvalidModule>>;

/// Modules whose code is kept in memory; beyond it, those that nobody waits for are
/// forgotten (and found on disk).
const KEPT: usize = 256;

impl CodeStore {
    /// A store that keeps code in memory, and on disk where there is a cache.
    #[must_use]
    pub fn new(cache: Option<Cache>) -> Self {
        Self {
            cache,
            ..Self::default()
        }
    }

    /// The same, where modules are compiled by `compiler`: one that lets a module take no
    /// more than it may. Without, they are compiled in this process, without limits.
    #[must_use]
    pub fn compiled_by(self, compiler: Box<dyn Compiler>) -> Self {
        Self {
            compiler: Some(compiler),
            ..self
        }
    }

    /// Compiles `module`, if it has to be, on a thread that nobody's hooks run on.
    pub async fn prepare(self: &Arc<Self>, module: &Module, engine: &Engine) {
        // Without an event loop there is nobody else to run.
        if event_loop::is_later() || self.has(module, engine) {
            return;
        }
        let (store, module, target) = (self.clone(), module.clone(), engine.target());
        let compiles = tokio::task::spawn_blocking(move || store.code(&module, &target).is_ok());
        // What is wrong with it is said by whoever asks for it.
        let _ = compiles.await;
    }

    fn has(&self, module: &Module, engine: &Engine) -> bool {
        let key = key(module, &engine.target());
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.get(&key).is_some_and(|cell| cell.get().is_some())
    }

    /// The code of `module` for engines like `engine`. Blocks the thread while it is
    /// compiled, here or by another: about a second of CPU time per MiB of module.
    ///
    /// # Errors
    /// [`InvalidModule::NotCompilable`], the same each time.
    pub fn get(&self, module: &Module, engine: &Engine) -> Result<Arc<Code>, InvalidModule> {
        self.code(module, &engine.target())
    }

    fn code(&self, module: &Module, target: &Target) -> Result<Arc<Code>, InvalidModule> {
        let key = key(module, target);
        let cell = self.cell(key);
        let mut fresh = false;
        let code = cell.get_or_init(|| {
            fresh = true;
            self.load_or_compile(key, module, target).map(Arc::new)
        });
        if !fresh {
            self.memory.fetch_add(1, Relaxed);
        }
        let code = code.clone();
        if let Err(InvalidModule::NoCompiler(_)) = code {
            // No word on the module: the next one who asks may have more luck.
            let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            if cells.get(&key).is_some_and(|kept| Arc::ptr_eq(kept, &cell)) {
                cells.remove(&key);
            }
        }
        code
    }

    /// Where code came from so far.
    #[must_use]
    pub fn sources(&self) -> Sources {
        Sources {
            compiled: self.compiled.load(Relaxed),
            disk: self.disk.load(Relaxed),
            memory: self.memory.load(Relaxed),
        }
    }

    fn cell(&self, key: Key) -> Arc<Cell> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        if cells.len() >= KEPT && !cells.contains_key(&key) {
            cells.retain(|_, cell| Arc::strong_count(cell) > 1);
        }
        cells.entry(key).or_default().clone()
    }

    fn load_or_compile(
        &self,
        key: Key,
        module: &Module,
        target: &Target,
    ) -> Result<Code, InvalidModule> {
        if let Some(code) = self.cache.as_ref().and_then(|cache| cache.load(key)) {
            self.disk.fetch_add(1, Relaxed);
            return Ok(code);
        }
        self.compile(key, module, target)
    }

    /// Compiles anew what a cache gave but this engine did not take.
    pub(crate) fn recompile(
        &self,
        module: &Module,
        engine: &Engine,
    ) -> Result<Arc<Code>, InvalidModule> {
        let target = engine.target();
        let key = key(module, &target);
        let code = self.compile(key, module, &target).map(Arc::new);
        let cell = Arc::new(Cell::from(code.clone()));
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.insert(key, cell);
        code
    }

    fn compile(&self, key: Key, module: &Module, target: &Target) -> Result<Code, InvalidModule> {
        let bytes = match &self.compiler {
            Some(compiler) => compiler.compile(module, target.profile),
            None => compile::with(&target.wasmtime, module),
        }?;
        self.compiled.fetch_add(1, Relaxed);
        if let Some(cache) = &self.cache {
            cache.store(key, &bytes);
        }
        Ok(Code::new(bytes, 0))
    }
}

fn key(module: &Module, target: &Target) -> Key {
    Key {
        digest: module.digest(),
        compatibility: target.compatibility,
    }
}
