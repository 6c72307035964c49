//! TLS towards the outside, with the machine's own certificate authorities.

use std::sync::{Arc, LazyLock};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Read once, at the first request that needs it.
pub(crate) fn connector() -> Option<TlsConnector> {
    static CONNECTOR: LazyLock<Option<TlsConnector>> = LazyLock::new(|| match config() {
        Ok(config) => Some(TlsConnector::from(Arc::new(config))),
        Err(error) => {
            tracing::error!("TLS cannot be set up: {error}");
            None
        }
    });
    CONNECTOR.clone()
}

fn config() -> Result<ClientConfig, tokio_rustls::rustls::Error> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!("certificate authorities: {error}");
    }
    roots.add_parsable_certificates(found.certs);
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
