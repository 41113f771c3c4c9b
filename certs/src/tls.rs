//! Server certificates: loaded with every fault named, chosen by SNI, exchanged without a restart.

mod identity;
mod resolver;

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::ResolvesServerCert;
use rustls::version::{TLS12, TLS13};
use time::OffsetDateTime;

pub use identity::TlsIdentity;
pub use resolver::{ReloadableTls, TlsTable, UnknownName};

use crate::error::CertError;

/// A configuration that serves one certificate to every client.
///
/// # Errors
/// [`CertError`], naming the file: missing, unreadable, mismatched, expired, out of order, encrypted key.
pub fn load_server_config(
    chain: &Path,
    key: &Path,
    now: OffsetDateTime,
) -> Result<ServerConfig, CertError> {
    let identity = TlsIdentity::load(chain, key, now)?;
    let table = TlsTable::new(identity, UnknownName::UseDefault);
    server_config(Arc::new(ReloadableTls::new(table)))
}

/// TLS 1.2 and 1.3 by AWS-LC, ALPN `h2` and `http/1.1`, no early data, no client certificates.
///
/// # Errors
/// [`CertError::TlsRefused`].
pub fn server_config(certificates: Arc<dyn ResolvesServerCert>) -> Result<ServerConfig, CertError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| CertError::TlsRefused(error.to_string()))?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Early data can be replayed; no sign-in is worth that (RFC 8446, 8).
    config.max_early_data_size = 0;
    Ok(config)
}
