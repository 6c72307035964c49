//! Functions of WASI 0.2 that are replaced: those without a limit over the whole
//! run, and those whose refusal should name an option.

use crate::event_loop;
use crate::guest::Guest;
use crate::record::CapMet;
use podhook_lifecycle::{Level, Resource};
use wasmtime::component::Resource as Handle;
use wasmtime::{Error, Result};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::filesystem::WasiFilesystemView as _;
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types::Descriptor};
use wasmtime_wasi::p2::bindings::io::poll;
use wasmtime_wasi::p2::bindings::random::{insecure, random};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddressFamily};
use wasmtime_wasi::p2::bindings::sockets::{tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{DynPollable, SocketError, SocketResult, TcpSocket, UdpSocket};
use wasmtime_wasi::sockets::WasiSocketsView as _;

impl Guest {
    /// Takes random bytes from the run's allowance.
    pub(crate) fn take_random(&mut self, bytes: u64) -> Result<()> {
        match self.random_left.checked_sub(bytes) {
            Some(left) => {
                self.random_left = left;
                Ok(())
            }
            None => Err(CapMet(Resource::Random).into()),
        }
    }

    fn random_bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        self.take_random(length)?;
        let mut bytes = vec![0; usize::try_from(length)?];
        getrandom::fill(&mut bytes).map_err(|error| Error::msg(error.to_string()))?;
        Ok(bytes)
    }

    fn random_number(&mut self) -> Result<u64> {
        self.take_random(8)?;
        getrandom::u64().map_err(|error| Error::msg(error.to_string()))
    }

    fn no_sockets(&self) {
        let message = "sockets are not offered to hooks; HTTP is, with --allow-host HOST:PORT";
        self.record.note(Level::Warn, message.to_owned());
    }
}

impl random::Host for Guest {
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.random_bytes(len)
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        self.random_number()
    }
}

/// The insecure source is the secure one: nobody waits for so few bytes.
impl insecure::Host for Guest {
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.random_bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        self.random_number()
    }
}

impl preopens::Host for Guest {
    fn get_directories(&mut self) -> Result<Vec<(Handle<Descriptor>, String)>> {
        self.record.looked_for_folders();
        preopens::Host::get_directories(&mut self.filesystem())
    }
}

/// As upstream has it, once there is somebody to wait.
impl poll::Host for Guest {
    async fn poll(&mut self, pollables: Vec<Handle<DynPollable>>) -> Result<Vec<u32>> {
        event_loop::need()?;
        poll::Host::poll(self.ctx().table, pollables).await
    }
}

impl poll::HostPollable for Guest {
    async fn ready(&mut self, pollable: Handle<DynPollable>) -> Result<bool> {
        event_loop::need()?;
        poll::HostPollable::ready(self.ctx().table, pollable).await
    }

    async fn block(&mut self, pollable: Handle<DynPollable>) -> Result<()> {
        event_loop::need()?;
        poll::HostPollable::block(self.ctx().table, pollable).await
    }

    fn drop(&mut self, pollable: Handle<DynPollable>) -> Result<()> {
        poll::HostPollable::drop(self.ctx().table, pollable)
    }
}

/// Names of errors: as upstream has them.
impl network::Host for Guest {
    fn convert_error_code(&mut self, error: SocketError) -> Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(&mut self, error: Handle<Error>) -> Result<Option<ErrorCode>> {
        self.sockets().network_error_code(error)
    }
}

impl network::HostNetwork for Guest {
    fn drop(&mut self, network: Handle<network::Network>) -> Result<()> {
        network::HostNetwork::drop(&mut self.sockets(), network)
    }
}

impl tcp_create_socket::Host for Guest {
    fn create_tcp_socket(&mut self, _family: IpAddressFamily) -> SocketResult<Handle<TcpSocket>> {
        self.no_sockets();
        Err(ErrorCode::AccessDenied.into())
    }
}

impl udp_create_socket::Host for Guest {
    async fn create_udp_socket(
        &mut self,
        _family: IpAddressFamily,
    ) -> SocketResult<Handle<UdpSocket>> {
        self.no_sockets();
        Err(ErrorCode::AccessDenied.into())
    }
}
