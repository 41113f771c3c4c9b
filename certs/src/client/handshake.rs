//! The handshake of the certificate host: it proves possession of the key, and judges nothing else.
//!
//! Whoever sends a certificate without its key fails here, with an alert. Everything else is for a page to say, so the
//! verifier takes any certificate; [`Judge`](super::Judge) judges it at every request.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ResolvesServerCert};
use rustls::version::{TLS12, TLS13};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::error::CertError;

/// Asks for a certificate, insists on none, takes any whose key the client proves to hold.
pub struct RecordingVerifier {
    algorithms: WebPkiSupportedAlgorithms,
    hints: Vec<DistinguishedName>,
}

impl RecordingVerifier {
    /// `hints` are the subjects (DER) of the authorities that the browser may offer certificates of; none lets it
    /// offer every certificate it has.
    pub fn new(provider: &CryptoProvider, hints: Vec<DistinguishedName>) -> Self {
        Self {
            algorithms: provider.signature_verification_algorithms,
            hints,
        }
    }
}

impl fmt::Debug for RecordingVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordingVerifier({} hints)", self.hints.len())
    }
}

impl ClientCertVerifier for RecordingVerifier {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        // Who it is, and whether it is to be trusted, is judged at each request: there a refusal can be a page.
        Ok(ClientCertVerified::assertion())
    }

    // RFC 5246 section 7.4.8 and RFC 8446 section 4.4.3: the CertificateVerify message proves possession of the key.
    // With a verifier that takes any certificate these two are the whole proof.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The configuration of the certificate host: TLS 1.2 and 1.3, `http/1.1` alone, every handshake a full one.
///
/// HTTP/2 would let a browser carry requests for this host over a connection to the main one, on which no certificate
/// was asked for. Without tickets and session storage no handshake takes its certificate from an earlier one.
///
/// # Errors
/// [`CertError::TlsRefused`].
pub fn certificate_host_config(
    certificates: Arc<dyn ResolvesServerCert>,
    hints: Vec<DistinguishedName>,
) -> Result<ServerConfig, CertError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Arc::new(RecordingVerifier::new(&provider, hints));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| CertError::TlsRefused(error.to_string()))?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.max_early_data_size = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}
