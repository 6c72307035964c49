//! R50: TLS that trusts everyone, and finds out when the other side speaks HTTP (R51).
//!
//! Nobody is authenticated, because the kubelet authenticates nobody: the certificate is
//! the pod's own. Where a connection leads is not known here.

mod records;
mod words;

use records::Records;
use std::io;
use std::sync::{Arc, LazyLock};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

pub(super) use words::text;

/// What Go says when an answer to a TLS hello begins with `HTTP/`.
pub(super) const SCHEME_MISMATCH: &str = "http: server gave HTTP response to HTTPS client";

/// R44: without ALPN, so that a server that could speak HTTP/2 does not.
pub(super) async fn connect(
    host: &str,
    stream: TcpStream,
) -> io::Result<TlsStream<Records<TcpStream>>> {
    static CONFIG: LazyLock<Result<Arc<ClientConfig>, Error>> =
        LazyLock::new(|| config().map(Arc::new));
    let config = CONFIG.clone().map_err(io::Error::other)?;
    let connector = TlsConnector::from(config);
    let stream = Records::new(stream);
    connector.connect(server_name(host), stream).await
}

fn config() -> Result<ClientConfig, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    Ok(config)
}

/// A name is sent along; an address, or what cannot be a name, is not.
fn server_name(host: &str) -> ServerName<'static> {
    let name = host.trim_end_matches('.').to_owned();
    let nobody = std::net::Ipv4Addr::UNSPECIFIED;
    ServerName::try_from(name).unwrap_or(ServerName::IpAddress(nobody.into()))
}

/// Takes every certificate, and every signature with it: what is not trusted need not
/// be well-formed either, and certificates of version 1 are common in pods.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    /// Those that Go offers.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ED25519,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP521_SHA512,
        ]
    }
}
