//! A module's code linked to the host: everything that can be done before a run.

use crate::bindings;
use crate::code::CodeStore;
use crate::compiled::Code;
use crate::engine::Engine;
use crate::guest::Guest;
use crate::invalid_module::InvalidModule;
use crate::linkers;
use crate::module::{Module, Shape};
use crate::precompiled::Precompiled;
use podhook_lifecycle::{Hook, ModuleKind};
use wasmtime::component::{self, Component};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// A module ready to be instantiated on one engine, any number of times.
pub struct HandlerPre {
    pub(crate) entry: Entry,
    /// A core module that could open files: preview 1 looks for folders in the
    /// guest itself, where the host does not see it.
    pub(crate) may_open_files: bool,
    /// A core module that could wait, which the host does not see either.
    pub(crate) may_wait: bool,
    kind: ModuleKind,
    hooks: Vec<Hook>,
}

/// What is called, by kind of module.
pub(crate) enum Entry {
    Core(wasmtime::InstancePre<Guest>),
    Command(CommandPre<Guest>),
    Lifecycle(Lifecycle),
    Http(ProxyPre<Guest>),
}

pub(crate) struct Lifecycle {
    pub(crate) pre: component::InstancePre<Guest>,
    pub(crate) post_start: Option<bindings::exports::podhook::lifecycle::post_start::GuestIndices>,
    pub(crate) pre_stop: Option<bindings::exports::podhook::lifecycle::pre_stop::GuestIndices>,
}

impl HandlerPre {
    /// Compiles `module`, or finds it compiled, and links it.
    ///
    /// # Errors
    /// [`InvalidModule`], where it cannot be compiled or asks for what is not there.
    pub fn new(engine: &Engine, module: &Module, codes: &CodeStore) -> Result<Self, InvalidModule> {
        let code = codes.get(module, engine)?;
        let entry = match Loaded::new(engine, module, &code) {
            Ok(loaded) => loaded.link(engine, module.kind(), module.hooks())?,
            // Right MAC, wrong code: of a build whose hash collides, for example.
            Err(error) => {
                tracing::warn!(
                    "compiled code of {} is not taken: {error:#}",
                    module.digest()
                );
                let code = codes.recompile(module, engine)?;
                Loaded::new(engine, module, &code)
                    .map_err(|error| InvalidModule::NotCompilable(format!("{error:#}")))?
                    .link(engine, module.kind(), module.hooks())?
            }
        };
        Ok(Self::of(entry, module.kind(), module.hooks().to_vec()))
    }

    /// Links what was compiled elsewhere. It is trusted like an executable.
    ///
    /// # Errors
    /// [`InvalidModule`], where it was compiled for another engine, or asks for what is
    /// not there.
    pub fn precompiled(engine: &Engine, compiled: &Precompiled) -> Result<Self, InvalidModule> {
        let note = &compiled.note;
        let loaded = Loaded::mapped(engine, compiled)
            .map_err(|error| InvalidModule::OtherTarget(format!("{error:#}")))?;
        let linker = linkers::for_imports(&engine.wasmtime, &note.imports).map_err(not_linkable)?;
        let entry = match loaded {
            Loaded::Core(core) => link_core(engine, &core)?,
            Loaded::Component(component) => {
                link_component(&linker, &component, note.kind, &note.hooks)?
            }
        };
        Ok(Self::of(entry, note.kind, note.hooks.clone()))
    }

    fn of(entry: Entry, kind: ModuleKind, hooks: Vec<Hook>) -> Self {
        let imports = |name: &str| match &entry {
            Entry::Core(pre) => pre.module().imports().any(|import| import.name() == name),
            Entry::Command(_) | Entry::Lifecycle(_) | Entry::Http(_) => false,
        };
        Self {
            may_open_files: imports("path_open"),
            may_wait: imports("poll_oneoff"),
            entry,
            kind,
            hooks,
        }
    }

    /// Which kind of module this is.
    #[must_use]
    pub fn kind(&self) -> ModuleKind {
        self.kind
    }

    /// The phase that is run when `asked` for, if there is exactly one.
    ///
    /// # Errors
    /// A sentence for a person.
    pub(crate) fn phase(&self, asked: Option<Hook>) -> Result<Option<Hook>, String> {
        match (asked, self.hooks.as_slice()) {
            (asked, []) => Ok(asked),
            (None, [only]) => Ok(Some(*only)),
            (Some(hook), offered) if offered.contains(&hook) => Ok(Some(hook)),
            (Some(hook), offered) => Err(format!(
                "the module has no {} hook, only {}",
                hook.kebab(),
                offered
                    .iter()
                    .map(|hook| hook.kebab())
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
            (None, _) => Err("the module has hooks for both phases; one must be named".to_owned()),
        }
    }
}

/// Code in executable memory.
enum Loaded {
    Core(wasmtime::Module),
    Component(Component),
}

impl Loaded {
    #[expect(
        unsafe_code,
        reason = "the one place where compiled code becomes executable"
    )]
    fn new(engine: &Engine, module: &Module, code: &Code) -> wasmtime::Result<Self> {
        let engine = &engine.wasmtime;
        // SAFETY: `Code` is made in two places: by our own compiler, in this process,
        // or by `Cache::load`, which has checked a keyed MAC over exactly these bytes,
        // in memory, where nobody else writes.
        match module.shape() {
            Shape::Core => {
                unsafe { wasmtime::Module::deserialize(engine, code.bytes()) }.map(Self::Core)
            }
            Shape::Component => {
                unsafe { Component::deserialize(engine, code.bytes()) }.map(Self::Component)
            }
        }
    }

    #[expect(
        unsafe_code,
        reason = "the one place where code compiled elsewhere becomes executable"
    )]
    fn mapped(engine: &Engine, compiled: &Precompiled) -> wasmtime::Result<Self> {
        let (engine, code) = (&engine.wasmtime, compiled.code());
        // SAFETY: whoever made the file is trusted as whoever made the executable that
        // is running; the mapping is private, and stays for good.
        match compiled.note.shape {
            Shape::Core => {
                unsafe { wasmtime::Module::deserialize_raw(engine, code) }.map(Self::Core)
            }
            Shape::Component => {
                unsafe { Component::deserialize_raw(engine, code) }.map(Self::Component)
            }
        }
    }

    fn link(
        self,
        engine: &Engine,
        kind: ModuleKind,
        hooks: &[Hook],
    ) -> Result<Entry, InvalidModule> {
        match self {
            Self::Core(core) => link_core(engine, &core),
            Self::Component(component) => {
                let linker = engine.linkers.component(&engine.wasmtime);
                link_component(linker.map_err(not_linkable)?, &component, kind, hooks)
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err asks for")]
fn not_linkable(error: wasmtime::Error) -> InvalidModule {
    let text = format!("{error:#}");
    InvalidModule::NotLinkable(text.chars().take(500).collect())
}

fn wrong_entry(entry: &str) -> impl FnOnce(wasmtime::Error) -> InvalidModule {
    let entry = entry.to_owned();
    move |error| InvalidModule::WrongEntry {
        entry,
        why: error.root_cause().to_string(),
    }
}

fn link_core(engine: &Engine, module: &wasmtime::Module) -> Result<Entry, InvalidModule> {
    let is_command = match module.get_export("_start") {
        Some(wasmtime::ExternType::Func(start)) => {
            start.params().len() == 0 && start.results().len() == 0
        }
        _ => false,
    };
    if !is_command {
        return Err(InvalidModule::WrongEntry {
            entry: "_start".to_owned(),
            why: "it must be a function without parameters and results".to_owned(),
        });
    }
    let linker = engine
        .linkers
        .core(&engine.wasmtime)
        .map_err(not_linkable)?;
    linker
        .instantiate_pre(module)
        .map(Entry::Core)
        .map_err(not_linkable)
}

fn link_component(
    linker: &component::Linker<Guest>,
    component: &Component,
    kind: ModuleKind,
    hooks: &[Hook],
) -> Result<Entry, InvalidModule> {
    let pre = linker.instantiate_pre(component).map_err(not_linkable)?;
    match kind {
        ModuleKind::Command => CommandPre::new(pre)
            .map(Entry::Command)
            .map_err(wrong_entry("wasi:cli/run")),
        ModuleKind::Http => ProxyPre::new(pre)
            .map(Entry::Http)
            .map_err(wrong_entry("wasi:http/incoming-handler")),
        ModuleKind::Lifecycle => Lifecycle::new(pre, hooks).map(Entry::Lifecycle),
    }
}

impl Lifecycle {
    fn new(pre: component::InstancePre<Guest>, hooks: &[Hook]) -> Result<Self, InvalidModule> {
        use bindings::exports::podhook::lifecycle::{post_start, pre_stop};
        let post_start = hooks
            .contains(&Hook::PostStart)
            .then(|| post_start::GuestIndices::new(&pre))
            .transpose()
            .map_err(wrong_entry("podhook:lifecycle/post-start"))?;
        let pre_stop = hooks
            .contains(&Hook::PreStop)
            .then(|| pre_stop::GuestIndices::new(&pre))
            .transpose()
            .map_err(wrong_entry("podhook:lifecycle/pre-stop"))?;
        Ok(Self {
            pre,
            post_start,
            pre_stop,
        })
    }
}
