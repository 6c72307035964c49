//! The same module under wasmtime alone, in the same configuration: store,
//! instantiate, call, drop. No limits, no deadline, no report; WASI is there to be
//! linked, not to be used.

#![allow(unreachable_pub, clippy::all, clippy::pedantic, clippy::restriction)]

use podhook_sandbox::{Profile, bare_config};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Config, Engine, Store};

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "podhook:lifecycle/hook",
    exports: { default: async },
});

use exports::podhook::lifecycle::pre_stop::GuestIndices;
use podhook::lifecycle::{log, types};

pub(crate) struct Bare {
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
    #[allow(dead_code)]
    pub(crate) fn new(module: &[u8], pagemap_scan: bool) -> Self {
        Self::on(
            bare_config(&Profile::pooled(16), pagemap_scan).unwrap(),
            module,
        )
    }

    /// With nothing compiled in that could stop it.
    #[allow(dead_code)]
    pub(crate) fn unmetered(module: &[u8]) -> Self {
        let mut config = bare_config(&Profile::pooled(16), true).unwrap();
        config.epoch_interruption(false);
        Self::on(config, module)
    }

    fn on(config: Config, module: &[u8]) -> Self {
        let engine = Engine::new(&config).unwrap();
        let component = Component::from_binary(&engine, module).unwrap();
        let mut linker = Linker::<Host>::new(&engine);
        types::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host).unwrap();
        log::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host).unwrap();
        linker.define_unknown_imports_as_traps(&component).unwrap();
        let pre = linker.instantiate_pre(&component).unwrap();
        Self {
            indices: GuestIndices::new(&pre).unwrap(),
            engine,
            pre,
            context: context(),
        }
    }

    #[allow(dead_code)]
    pub(crate) async fn run(&self) {
        self.call(&[]).await;
    }

    pub(crate) async fn call(&self, args: &[String]) {
        let mut context = self.context.clone();
        context.args = args.to_vec();
        let mut store = Store::new(&self.engine, Host);
        store.set_epoch_deadline(1 << 40);
        let instance = self.pre.instantiate_async(&mut store).await.unwrap();
        let export = self.indices.load(&mut store, &instance).unwrap();
        export
            .call_run(&mut store, &context)
            .await
            .unwrap()
            .unwrap();
    }
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
