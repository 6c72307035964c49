//! wasmtime alone, to compare with: the same module in the same configuration, by store,
//! instantiate, call, drop. No limits, no deadline, no report; WASI is there to be linked, not
//! to be used.

use crate::config::{self, Profile};
use crate::pool::Reset;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Config, Engine, Result, Store};

mod bindings {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::pedantic,
        clippy::restriction,
        reason = "generated"
    )]
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "podhook:lifecycle/hook",
        exports: { default: async },
    });
}

use bindings::exports::podhook::lifecycle::pre_stop::GuestIndices;
use bindings::podhook::lifecycle::{log, types};

/// A preStop hook, compiled and linked.
pub struct Bare {
    engine: Engine,
    pre: InstancePre<Host>,
    indices: GuestIndices,
    context: types::Context,
}

/// A store's data, as little as there can be.
struct Host;

impl types::Host for Host {}

impl log::Host for Host {
    fn log(&mut self, _: log::Level, _: String, _: String, _: Vec<(String, String)>) {}

    fn max_level(&mut self) -> log::Level {
        log::Level::Debug
    }
}

impl Bare {
    /// `pagemap_scan: false`: as on a kernel before 6.7.
    ///
    /// # Errors
    /// Where it is no such hook, or the machine cannot hold it.
    pub fn new(module: &[u8], pagemap_scan: bool) -> std::result::Result<Self, String> {
        let reset = match pagemap_scan {
            true => Reset::WrittenPages,
            false => Reset::Prefix,
        };
        let made = config::config(&Profile::pooled(16), reset);
        made.and_then(|config| Self::on(&config, module))
            .map_err(said)
    }

    /// With nothing compiled in that could stop it.
    ///
    /// # Errors
    /// As [`Bare::new`].
    pub fn unmetered(module: &[u8]) -> std::result::Result<Self, String> {
        let made = config::config(&Profile::pooled(16), Reset::WrittenPages);
        made.and_then(|mut config| {
            config.epoch_interruption(false);
            Self::on(&config, module)
        })
        .map_err(said)
    }

    fn on(config: &Config, module: &[u8]) -> Result<Self> {
        let engine = Engine::new(config)?;
        let component = Component::from_binary(&engine, module)?;
        let mut linker = Linker::<Host>::new(&engine);
        types::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host)?;
        log::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host)?;
        linker.define_unknown_imports_as_traps(&component)?;
        let pre = linker.instantiate_pre(&component)?;
        Ok(Self {
            indices: GuestIndices::new(&pre)?,
            engine,
            pre,
            context: context(),
        })
    }

    /// One run.
    ///
    /// # Errors
    /// Where it traps, or says no.
    pub async fn run(&self, args: &[String]) -> std::result::Result<(), String> {
        self.try_run(args).await.map_err(said)
    }

    async fn try_run(&self, args: &[String]) -> Result<()> {
        let mut context = self.context.clone();
        context.args = args.to_vec();
        let mut store = Store::new(&self.engine, Host);
        store.set_epoch_deadline(1 << 40);
        let instance = self.pre.instantiate_async(&mut store).await?;
        let export = self.indices.load(&mut store, &instance)?;
        let answered = export.call_run(&mut store, &context).await?;
        answered.map_err(|why| wasmtime::format_err!("the hook said no: {why:?}"))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn said(error: wasmtime::Error) -> String {
    format!("{error:#}")
}

fn context() -> types::Context {
    types::Context {
        phase: types::Phase::PreStop,
        invocation: "01234567-89ab-4def-8123-456789abcdef".to_owned(),
        attempt: 1,
        pod: types::Pod {
            name: String::new(),
            namespace: None,
            uid: None,
            node: None,
            ip: None,
            service_account: None,
            labels: Vec::new(),
            annotations: Vec::new(),
        },
        container: types::Container {
            name: None,
            image: None,
            id: None,
        },
        args: Vec::new(),
        timeout_ms: 30_000,
        grace_ms: None,
    }
}
