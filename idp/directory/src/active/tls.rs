//! Whom to trust: the roots of a PEM file, and nobody else.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// The certification authorities that a controller's certificate must lead to.
///
/// There is no way to connect without them, and the system's are not used: name their file, for
/// example `/etc/ssl/certs/ca-certificates.crt`, to trust those.
#[derive(Clone, Debug)]
pub struct TrustedRoots(Arc<ClientConfig>);

impl TrustedRoots {
    /// Reads every certificate of a PEM text.
    ///
    /// # Errors
    /// When there is none, or one cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, RootsError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| RootsError::NotPem(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| RootsError::NotACertificate(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(RootsError::Empty);
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| RootsError::NotACertificate(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

/// Why a PEM text gives no roots.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RootsError {
    /// It holds no certificate.
    #[error("there is no certificate in it")]
    Empty,
    /// It is not PEM.
    #[error("not PEM: {0}")]
    NotPem(String),
    /// A certificate in it cannot be a root.
    #[error("a certificate cannot be read: {0}")]
    NotACertificate(String),
}
