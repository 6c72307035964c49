//! What a module may import: WASI, wasi:http, and podhook's own interfaces.
//!
//! Some functions of WASI are replaced: those whose limits upstream reports as text
//! only, or not at all, and those whose refusal should name an option.

use crate::bindings;
use crate::guest::Guest;
use crate::host;
use std::sync::OnceLock;
use wasmtime::component::HasSelf;
use wasmtime::{Engine, Result, component};
use wasmtime_wasi::p2::bindings as wasi;

/// Made when the first module of their shape comes: a linker costs more than a run.
#[derive(Default)]
pub(crate) struct Linkers {
    core: OnceLock<wasmtime::Linker<Guest>>,
    component: OnceLock<component::Linker<Guest>>,
}

impl Linkers {
    pub(crate) fn core(&self, engine: &Engine) -> Result<&wasmtime::Linker<Guest>> {
        if let Some(linker) = self.core.get() {
            return Ok(linker);
        }
        let linker = core(engine)?;
        Ok(self.core.get_or_init(|| linker))
    }

    pub(crate) fn component(&self, engine: &Engine) -> Result<&component::Linker<Guest>> {
        if let Some(linker) = self.component.get() {
            return Ok(linker);
        }
        let linker = component(engine)?;
        Ok(self.component.get_or_init(|| linker))
    }
}

fn core(engine: &Engine) -> Result<wasmtime::Linker<Guest>> {
    let mut linker = wasmtime::Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, Guest::p1)?;
    linker.allow_shadowing(true);
    host::preview1::add_to_linker(&mut linker)?;
    linker.allow_shadowing(false);
    Ok(linker)
}

fn component(engine: &Engine) -> Result<component::Linker<Guest>> {
    let mut linker = component::Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    bindings::Hook::add_to_linker::<Guest, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    linker.allow_shadowing(true);
    replace(&mut linker)?;
    linker.allow_shadowing(false);
    Ok(linker)
}

/// Functions of our own.
fn replace(linker: &mut component::Linker<Guest>) -> Result<()> {
    type Own = HasSelf<Guest>;
    wasi::random::random::add_to_linker::<Guest, Own>(linker, |guest| guest)?;
    wasi::random::insecure::add_to_linker::<Guest, Own>(linker, |guest| guest)?;
    wasi::filesystem::preopens::add_to_linker::<Guest, Own>(linker, |guest| guest)?;
    wasi::sockets::tcp_create_socket::add_to_linker::<Guest, Own>(linker, |guest| guest)?;
    wasi::sockets::udp_create_socket::add_to_linker::<Guest, Own>(linker, |guest| guest)?;
    host::interfaces::add_remaining_fuel(linker)
}
