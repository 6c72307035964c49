//! TLS towards the outside, with the machine's own certificate authorities or those
//! that were granted.

use podhook_lifecycle::Authorities;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Sets of granted authorities that are kept ready.
const KEPT: usize = 16;

type Made = Result<TlsConnector, String>;

/// For `given` authorities, else the machine's. Each set is read once, at the first
/// request that needs it.
///
/// # Errors
/// Why there is none.
pub(crate) fn connector(given: Option<&Authorities>) -> Made {
    static MACHINES: LazyLock<Made> = LazyLock::new(|| with(machines()));
    static GIVEN: Mutex<Vec<(Authorities, Made)>> = Mutex::new(Vec::new());
    let Some(given) = given else {
        return MACHINES.clone();
    };
    let mut known = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, made)) = known.iter().find(|(known, _)| known == given) {
        return made.clone();
    }
    let made = read(given).and_then(with);
    if known.len() >= KEPT {
        known.clear();
    }
    known.push((given.clone(), made.clone()));
    made
}

/// `SSL_CERT_FILE` is honoured.
fn machines() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!("certificate authorities: {error}");
    }
    roots.add_parsable_certificates(found.certs);
    roots
}

fn read(given: &Authorities) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&given.pem) {
        let certificate = certificate.map_err(|why| format!("--ca-file: {why}"))?;
        roots
            .add(certificate)
            .map_err(|why| format!("--ca-file: {why}"))?;
    }
    match roots.is_empty() {
        true => Err("--ca-file: no certificate in it".to_owned()),
        false => Ok(roots),
    }
}

fn with(roots: RootCertStore) -> Made {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
