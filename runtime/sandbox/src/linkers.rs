//! What a module may import: WASI, wasi:http, and podhook's own interfaces.
//!
//! Some functions of WASI are replaced: those whose limits upstream reports as text
//! only, or not at all, and those whose refusal should name an option. So the interfaces
//! are named here one by one, and not taken as upstream's whole.

use crate::bindings::podhook::lifecycle as own;
use crate::guest::Guest;
use crate::host;
use std::sync::OnceLock;
use wasmtime::component::{HasData, HasSelf, ResourceTable};
use wasmtime::{Engine, Result, component};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings as wasi;
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi_http::p2::bindings::http;
use wasmtime_wasi_http::{WasiHttp, WasiHttpView as _};

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

    /// With all interfaces.
    pub(crate) fn component(&self, engine: &Engine) -> Result<&component::Linker<Guest>> {
        if let Some(linker) = self.component.get() {
            return Ok(linker);
        }
        let mut linker = component::Linker::new(engine);
        for (_, add) in INTERFACES {
            add(&mut linker)?;
        }
        Ok(self.component.get_or_init(|| linker))
    }
}

/// A linker with the interfaces that a component imports: all of them would cost a
/// process of one hook more than the hook.
pub(crate) fn for_imports(engine: &Engine, imports: &[String]) -> Result<component::Linker<Guest>> {
    let mut linker = component::Linker::new(engine);
    for (name, add) in INTERFACES {
        let is_it = |import: &String| import.split('@').next() == Some(name);
        if imports.iter().any(is_it) {
            add(&mut linker)?;
        }
    }
    Ok(linker)
}

fn core(engine: &Engine) -> Result<wasmtime::Linker<Guest>> {
    let mut linker = wasmtime::Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, Guest::p1)?;
    linker.allow_shadowing(true);
    host::preview1::add_to_linker(&mut linker)?;
    linker.allow_shadowing(false);
    Ok(linker)
}

use wasmtime_wasi::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::LinkOptions as HttpOptions;

type Own = HasSelf<Guest>;

/// Interfaces that need nothing but the table of resources.
struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

type Add = fn(&mut component::Linker<Guest>) -> Result<()>;

/// Every interface, by name. Those that take `guest` are ours or replaced, the others
/// upstream's.
const INTERFACES: &[(&str, Add)] = &[
    ("podhook:lifecycle/types", |l| {
        own::types::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("podhook:lifecycle/log", |l| {
        own::log::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("podhook:lifecycle/budget", |l| {
        own::budget::add_to_linker::<_, Own>(l, |guest| guest)?;
        l.allow_shadowing(true);
        let added = host::interfaces::add_remaining_fuel(l);
        l.allow_shadowing(false);
        added
    }),
    ("podhook:lifecycle/clock", |l| {
        own::clock::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("podhook:lifecycle/events", |l| {
        own::events::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("podhook:lifecycle/config", |l| {
        own::config::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("podhook:lifecycle/state", |l| {
        own::state::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("podhook:lifecycle/http", |l| {
        own::http::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("podhook:lifecycle/container", |l| {
        own::container::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("wasi:io/error", |l| {
        wasi::io::error::add_to_linker::<_, Table>(l, |guest| guest.ctx().table)
    }),
    ("wasi:io/poll", |l| {
        wasi::io::poll::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("wasi:io/streams", |l| {
        wasi::io::streams::add_to_linker::<_, Table>(l, |guest| guest.ctx().table)
    }),
    ("wasi:clocks/wall-clock", |l| {
        wasi::clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, Guest::clocks)
    }),
    ("wasi:clocks/monotonic-clock", |l| {
        wasi::clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, Guest::clocks)
    }),
    ("wasi:filesystem/preopens", |l| {
        wasi::filesystem::preopens::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("wasi:filesystem/types", |l| {
        wasi::filesystem::types::add_to_linker::<_, WasiFilesystem>(l, Guest::filesystem)?;
        host::files::interface::add_to_linker(l)
    }),
    ("wasi:random/random", |l| {
        wasi::random::random::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("wasi:random/insecure", |l| {
        wasi::random::insecure::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("wasi:random/insecure-seed", |l| {
        wasi::random::insecure_seed::add_to_linker::<_, WasiRandom>(l, |guest| {
            guest.ctx().ctx.random()
        })
    }),
    ("wasi:cli/exit", |l| {
        wasi::cli::exit::add_to_linker::<_, WasiCli>(l, Guest::cli)
    }),
    ("wasi:cli/environment", |l| {
        wasi::cli::environment::add_to_linker::<_, WasiCli>(l, Guest::cli)
    }),
    ("wasi:cli/stdin", |l| {
        wasi::cli::stdin::add_to_linker::<_, WasiCli>(l, Guest::cli)
    }),
    ("wasi:cli/stdout", |l| {
        wasi::cli::stdout::add_to_linker::<_, WasiCli>(l, Guest::cli)
    }),
    ("wasi:cli/stderr", |l| {
        wasi::cli::stderr::add_to_linker::<_, WasiCli>(l, Guest::cli)
    }),
    ("wasi:cli/terminal-input", |l| {
        wasi::cli::terminal_input::add_to_linker::<_, WasiCli>(l, Guest::cli)
    }),
    ("wasi:cli/terminal-output", |l| {
        wasi::cli::terminal_output::add_to_linker::<_, WasiCli>(l, Guest::cli)
    }),
    ("wasi:cli/terminal-stdin", |l| {
        wasi::cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, Guest::cli)
    }),
    ("wasi:cli/terminal-stdout", |l| {
        wasi::cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, Guest::cli)
    }),
    ("wasi:cli/terminal-stderr", |l| {
        wasi::cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, Guest::cli)
    }),
    ("wasi:sockets/instance-network", |l| {
        wasi::sockets::instance_network::add_to_linker::<_, WasiSockets>(l, Guest::sockets)
    }),
    ("wasi:sockets/network", |l| {
        wasi::sockets::network::add_to_linker::<_, WasiSockets>(
            l,
            &LinkOptions::default().into(),
            Guest::sockets,
        )
    }),
    ("wasi:sockets/ip-name-lookup", |l| {
        wasi::sockets::ip_name_lookup::add_to_linker::<_, WasiSockets>(l, Guest::sockets)
    }),
    ("wasi:sockets/tcp", |l| {
        wasi::sockets::tcp::add_to_linker::<_, WasiSockets>(l, Guest::sockets)
    }),
    ("wasi:sockets/tcp-create-socket", |l| {
        wasi::sockets::tcp_create_socket::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("wasi:sockets/udp", |l| {
        wasi::sockets::udp::add_to_linker::<_, WasiSockets>(l, Guest::sockets)
    }),
    ("wasi:sockets/udp-create-socket", |l| {
        wasi::sockets::udp_create_socket::add_to_linker::<_, Own>(l, |guest| guest)
    }),
    ("wasi:http/outgoing-handler", |l| {
        http::outgoing_handler::add_to_linker::<_, WasiHttp>(l, Guest::http)
    }),
    ("wasi:http/types", |l| {
        http::types::add_to_linker::<_, WasiHttp>(l, &HttpOptions::default().into(), Guest::http)
    }),
];
