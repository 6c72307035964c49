//! Outgoing HTTP: one policy for wasi:http and for podhook's own `http`.
//!
//! A request goes where a grant says, and nowhere else: the name is resolved once,
//! the addresses are checked, and the connection is made to a checked address.
//! Redirects are not followed, no proxy is used, and HTTP/1.1 is spoken.

use crate::event_loop;
use crate::host::answer_body::answer_body;
use crate::host::network::{Connection, Network};
use crate::host::{address, tls};
use crate::pace::Charged;
use crate::record::Record;
use http::uri::{Authority, Uri};
use http::{HeaderMap, HeaderName, Request, Response, header};
use podhook_lifecycle::{Grants, Invocation, Level, Resource, Scheme};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, io::TokioIo};

/// Sends one run's requests.
#[derive(Clone)]
pub(crate) struct Outbound {
    call: Arc<Invocation>,
    record: Arc<Record>,
    network: Option<Arc<dyn Network>>,
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Outbound {
    /// Framing and addressing are the host's: a guest that could set them could
    /// smuggle a second request.
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_the_hosts(name)
    }

    fn forbidden_header_filter(&mut self) -> wasmtime_wasi_http::ForbiddenHeaderFilter {
        Arc::new(is_the_hosts)
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _fut: Io,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Io), Error>> + Send> {
        let ready =
            event_loop::need().map_err(|error| Error::InternalError(Some(error.to_string())));
        let outbound = self.clone();
        let record = self.record.clone();
        let sending = async move {
            ready?;
            let response = outbound.send(request, options.unwrap_or_default()).await?;
            let nothing_left: Io = Box::new(async { Ok(()) });
            Ok((response, nothing_left))
        };
        // Upstream makes a task of it.
        let task = Box::pin(sending);
        Box::new(Charged { task, record })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        64 << 10
    }
}

fn is_the_hosts(name: &HeaderName) -> bool {
    wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS.contains(name)
        || [header::TE, header::TRAILER, header::EXPECT].contains(name)
}

/// Where a request goes, as its URL says.
struct Target {
    scheme: Scheme,
    /// Lower case, without brackets.
    host: String,
    port: u16,
}

impl Target {
    fn new(uri: &Uri) -> Option<Self> {
        let scheme = match uri.scheme_str()? {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        Some(Self {
            scheme,
            host: host(authority)?,
            port: authority.port_u16().unwrap_or(scheme.default_port()),
        })
    }

    /// The option that would grant it.
    fn option(&self) -> String {
        let bracketed = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match self.port == self.scheme.default_port() {
            true => format!("--allow-host {bracketed}"),
            false => format!("--allow-host {bracketed}:{}", self.port),
        }
    }

    /// Whether the name stands for itself: a literal address, or this machine. What
    /// is granted as such is reached as such.
    fn is_literal(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok()
    }
}

/// The host of an authority; `None` for what is neither name nor address.
fn host(authority: &Authority) -> Option<String> {
    let host = authority.host();
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?,
        None => host,
    };
    let bare = bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase();
    (!bare.is_empty()).then_some(bare)
}

impl Outbound {
    /// `network`: in place of the machine's.
    pub(crate) fn new(
        call: Arc<Invocation>,
        record: Arc<Record>,
        network: Option<Arc<dyn Network>>,
    ) -> Self {
        Self {
            call,
            record,
            network,
        }
    }

    /// Sends a request; the answer's body is read as the guest reads it.
    pub(crate) async fn send(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let target = Target::new(request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
        self.check_grants(&target)?;
        self.count()?;
        let connecting = self.connect(&target);
        let stream = within(options.connect_timeout, connecting)
            .await
            .ok_or(Error::ConnectionTimeout)??;
        let handshake = hyper::client::conn::http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await?;
        let connection = async move {
            if let Err(error) = connection.await {
                tracing::debug!("connection: {error}");
            }
        };
        let connection = wasmtime_wasi::runtime::spawn(Charged {
            task: Box::pin(connection),
            record: self.record.clone(),
        });
        let sending = sender.send_request(self.rebuilt(request, &target)?);
        let response = within(options.first_byte_timeout, sending)
            .await
            .ok_or(Error::ConnectionReadTimeout)??;
        Ok(response.map(|body| {
            answer_body(
                body,
                connection,
                self.record.clone(),
                options.between_bytes_timeout,
            )
        }))
    }

    /// Whether a grant names the target.
    fn check_grants(&self, target: &Target) -> Result<(), Error> {
        let Grants { hosts, .. } = &self.call.grants;
        if hosts
            .iter()
            .any(|grant| grant.covers(target.scheme, &target.host, target.port))
        {
            return Ok(());
        }
        self.record.note(
            Level::Warn,
            format!(
                "HTTP to {}://{}:{} was refused: not granted ({})",
                target.scheme.as_str(),
                target.host,
                target.port,
                target.option()
            ),
        );
        Err(Error::HttpRequestDenied)
    }

    /// One request more; over the cap it is not sent.
    fn count(&self) -> Result<(), Error> {
        let cap = self.record.caps().requests;
        if self.record.count_request() <= cap {
            return Ok(());
        }
        self.record.met(Resource::Network);
        self.record.note(
            Level::Warn,
            format!("an HTTP request was refused: there were {cap} (--max-requests N)"),
        );
        Err(Error::ConnectionLimitReached)
    }

    async fn connect(&self, target: &Target) -> Result<Box<dyn Connection>, Error> {
        if let Some(network) = &self.network {
            let connected = network.connect(target.scheme, &target.host, target.port);
            return connected.map_err(Error::Connect);
        }
        let addresses = self.resolve(target).await?;
        let stream = TcpStream::connect(addresses.as_slice())
            .await
            .map_err(Error::Connect)?;
        // Small requests wait for nothing.
        let _ = stream.set_nodelay(true);
        match target.scheme {
            Scheme::Http => Ok(Box::new(stream)),
            Scheme::Https => {
                let connector = self.connector()?;
                let name = ServerName::try_from(target.host.clone())
                    .map_err(|_| Error::HttpRequestUriInvalid)?;
                let stream = connector.connect(name, stream).await.map_err(Error::Tls)?;
                Ok(Box::new(stream))
            }
        }
    }

    fn connector(&self) -> Result<TlsConnector, Error> {
        let given = self.call.grants.authorities.as_ref();
        tls::connector(given).map_err(|why| {
            let message = format!("HTTPS is not to be had: {why}");
            self.record.note(Level::Warn, message);
            Error::ConfigurationError
        })
    }

    /// The addresses the target may be reached at; resolved once.
    async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, Error> {
        let found: Vec<SocketAddr> = match target.host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, target.port)],
            Err(_) => tokio::net::lookup_host((target.host.as_str(), target.port))
                .await
                .map_err(|error| Error::DnsError {
                    rcode: Some(error.to_string()),
                    info_code: None,
                })?
                .collect(),
        };
        if found.is_empty() {
            return Err(Error::DestinationNotFound);
        }
        let allowed: Vec<SocketAddr> = found
            .iter()
            .filter(|found| {
                target.is_literal() && (target.host != "localhost" || found.ip().is_loopback())
                    || address::is_allowed(found.ip(), &self.call.grants.networks)
            })
            .copied()
            .collect();
        if let (true, Some(first)) = (allowed.is_empty(), found.first()) {
            self.record.note(
                Level::Warn,
                format!(
                    "HTTP to {} was refused: the name leads to {}, which is no public address (--allow-network CIDR)",
                    target.host,
                    first.ip()
                ),
            );
            return Err(Error::DestinationIpProhibited);
        }
        Ok(allowed)
    }

    /// The request as it goes out: origin form, with our own `Host`.
    fn rebuilt(
        &self,
        request: Request<WasiBody>,
        target: &Target,
    ) -> Result<Request<WasiBody>, Error> {
        let (mut parts, body) = request.into_parts();
        let authority = parts
            .uri
            .authority()
            .map(Authority::as_str)
            .unwrap_or_default();
        let host =
            http::HeaderValue::from_str(authority).map_err(|_| Error::HttpRequestUriInvalid)?;
        let path = parts.uri.path_and_query().cloned();
        parts.uri = path.map_or_else(Uri::default, Uri::from);
        let too_many = || Error::HttpRequestHeaderSectionSize(None);
        if parts.headers.len() > MAX_FIELDS {
            return Err(too_many());
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host);
        for (name, value) in &parts.headers {
            if name != header::HOST && !is_the_hosts(name) {
                headers
                    .try_append(name, value.clone())
                    .map_err(|_| too_many())?;
            }
        }
        parts.headers = headers;
        tracing::debug!(host = %target.host, port = target.port, method = %parts.method, "request");
        Ok(Request::from_parts(parts, body))
    }
}

/// Header fields of a request.
pub(crate) const MAX_FIELDS: usize = 100;
/// Bytes of an answer's status line and fields.
const MAX_HEAD: usize = 64 << 10;

/// `None` where `limit` passed first.
async fn within<F: Future>(limit: Option<Duration>, future: F) -> Option<F::Output> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, future).await.ok(),
        None => Some(future.await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Option<(String, u16)> {
        Target::new(&url.parse().ok()?).map(|target| (target.host, target.port))
    }

    #[test]
    fn a_target_is_what_the_url_says() {
        let named = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(target("http://Example.COM/x"), named("example.com", 80));
        assert_eq!(target("https://example.com./x"), named("example.com", 443));
        assert_eq!(target("http://[::1]:8080/"), named("::1", 8080));
        assert_eq!(target("http://127.0.0.1:8080/"), named("127.0.0.1", 8080));
    }

    #[test]
    fn anything_ambiguous_is_no_target() {
        for url in [
            "ftp://example.com/",
            "http://user@example.com/",
            "/path",
            "http://./",
        ] {
            assert_eq!(target(url), None, "{url}");
        }
    }
}
