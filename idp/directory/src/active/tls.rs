//! Whom to trust: the roots of a PEM file, and nobody else.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

use super::verifier::Verifier;

/// The certification authorities that a controller's certificate must lead to; they can be exchanged while they are in use.
///
/// There is no way to connect without them, and the system's are not used: name their file, for
/// example `/etc/ssl/certs/ca-certificates.crt`, to trust those. A clone is the same roots: what is exchanged in one is
/// exchanged in all.
#[derive(Clone, Debug)]
pub struct TrustedRoots(Arc<ArcSwap<ClientConfig>>);

impl TrustedRoots {
    /// Reads every certificate of a PEM text.
    ///
    /// # Errors
    /// When there is none, or one cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, RootsError> {
        Ok(Self(Arc::new(ArcSwap::new(client(pem)?))))
    }

    /// Takes the certificates of another PEM text from now on. Connections that are open are given up: they were made on
    /// the word of authorities that may not be trusted any more.
    ///
    /// # Errors
    /// As [`TrustedRoots::from_pem`]; the old roots stay in use.
    pub fn replace(&self, pem: &[u8]) -> Result<(), RootsError> {
        self.0.store(client(pem)?);
        Ok(())
    }

    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        self.0.load_full()
    }
}

fn client(pem: &[u8]) -> Result<Arc<ClientConfig>, RootsError> {
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
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier::new(roots, Arc::clone(&provider))
        .map_err(|error| RootsError::NotACertificate(error.to_string()))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| RootsError::NotACertificate(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    // A resumed session shows no certificate: one that has expired since would go on being good.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
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
