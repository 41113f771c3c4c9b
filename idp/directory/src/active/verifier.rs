//! The TLS library's own judgement of a controller's certificate; when it refuses, the error names the certificate.
//!
//! Nothing is decided here: every verdict is that of [`WebPkiServerVerifier`].

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::VerifierBuilderError;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use signet_certs::{CertificateFacts, Thumbprint};

use crate::event::RefusedCertificate;

#[derive(Debug)]
pub(super) struct Verifier(Arc<WebPkiServerVerifier>);

impl Verifier {
    pub(super) fn new(
        roots: RootCertStore,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map(Self)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| named(&error, end_entity))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn named(error: &Error, certificate: &CertificateDer<'_>) -> Error {
    let reason = error.to_string();
    let refused = match CertificateFacts::read(certificate) {
        Ok(facts) => RefusedCertificate {
            reason,
            subject: facts.subject,
            issuer: facts.issuer,
            names: facts.names,
            not_before: Some(facts.not_before),
            not_after: Some(facts.not_after),
            thumbprint: facts.thumbprint.sha1().to_owned(),
        },
        Err(unreadable) => RefusedCertificate {
            reason: format!("{reason}; {unreadable}"),
            subject: String::new(),
            issuer: String::new(),
            names: Vec::new(),
            not_before: None,
            not_after: None,
            thumbprint: Thumbprint::of(certificate).sha1().to_owned(),
        },
    };
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refused))))
}

/// The refused certificate that a failed handshake was about.
pub(super) fn refused(error: &std::io::Error) -> Option<&RefusedCertificate> {
    match error.get_ref()?.downcast_ref::<Error>()? {
        Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
            inner.downcast_ref::<RefusedCertificate>()
        }
        _ => None,
    }
}
