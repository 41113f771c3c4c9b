//! Real handshakes, in TLS 1.2 and 1.3: who does not hold the key fails there, everybody else gets through.

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, Error, HandshakeKind,
    ServerConfig, ServerConnection, SignatureScheme, SupportedProtocolVersion,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use signet_certs::DemoAuthority;
use signet_certs::client::certificate_host_config;
use signet_certs::tls::{ReloadableTls, TlsIdentity, TlsTable, UnknownName};
use time::OffsetDateTime;

use crate::pki::{Card, Pki, Wanted};

/// Sends this certificate and signs with this key, whether they belong together or not.
#[derive(Debug)]
struct Sends(Arc<CertifiedKey>);

impl ResolvesClientCert for Sends {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The client's view of the server is not what is tested here.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
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

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn server(pki: &Pki) -> Arc<ServerConfig> {
    let now = OffsetDateTime::now_utc();
    let authority = DemoAuthority::generate(now).unwrap();
    let issued = authority
        .issue_server(&["certauth.sts.corp.example"], now)
        .unwrap();
    let identity =
        TlsIdentity::from_pem(issued.chain_pem.as_bytes(), issued.key_pem.as_bytes(), now).unwrap();
    let table = TlsTable::new(identity, UnknownName::UseDefault);
    let hints = pki.authorities().hints();
    assert_eq!(hints.len(), 1);
    Arc::new(certificate_host_config(Arc::new(ReloadableTls::new(table)), hints).unwrap())
}

fn client(
    version: &'static SupportedProtocolVersion,
    sends: Option<(&Card, &[u8])>,
) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer));
    let mut config = match sends {
        Some((card, key)) => {
            let key = PrivateKeyDer::try_from(key.to_vec()).unwrap();
            let certified = CertifiedKey::new(
                vec![card.certificate.clone()],
                any_supported_type(&key).unwrap(),
            );
            builder.with_client_cert_resolver(Arc::new(Sends(Arc::new(certified))))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Runs the handshake in memory; the server's end, or why it ended, and what the client was told.
fn shake(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
) -> Result<(ServerConnection, ClientConnection), (Error, Option<Error>)> {
    let name = ServerName::try_from("certauth.sts.corp.example").unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    for _ in 0..10 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
        }
        let processed = server.process_new_packets();
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        let mut told = None;
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            told = told.or(client.process_new_packets().err());
        }
        if let Err(error) = processed {
            return Err((error, told));
        }
        if !client.is_handshaking() && !server.is_handshaking() && !client.wants_write() {
            return Ok((server, client));
        }
    }
    panic!("the handshake does not end");
}

#[test]
fn sec_crt_12_another_ones_key_fails_in_the_handshake() {
    let pki = Pki::new();
    let (alice, mallory) = (
        Wanted::default().issue(&pki.issuing),
        Wanted::default().issue(&pki.issuing),
    );
    let server = server(&pki);
    for version in [&TLS12, &TLS13] {
        let (connection, _) = shake(&server, &client(version, Some((&alice, &alice.key)))).unwrap();
        assert_eq!(
            connection.peer_certificates().unwrap()[0],
            alice.certificate
        );
        let (error, told) =
            shake(&server, &client(version, Some((&alice, &mallory.key)))).unwrap_err();
        assert!(
            matches!(error, Error::InvalidCertificate(_)),
            "{version:?}: {error:?}"
        );
        assert_eq!(
            told,
            Some(Error::AlertReceived(AlertDescription::DecryptError)),
            "{version:?}"
        );
    }
}

#[test]
fn the_handshake_judges_nothing_else() {
    let pki = Pki::new();
    let server = server(&pki);
    let rogue = Wanted::default().issue(&pki.rogue);
    let day = time::Duration::days(1);
    let ended = Wanted {
        valid: (crate::pki::NOW - day * 9, crate::pki::NOW - day * 8),
        ..Wanted::default()
    }
    .issue(&pki.issuing);
    for version in [&TLS12, &TLS13] {
        for card in [&rogue, &ended] {
            let (connection, _) =
                shake(&server, &client(version, Some((card, &card.key)))).unwrap();
            assert_eq!(connection.peer_certificates().unwrap().len(), 1);
        }
        let (connection, _) = shake(&server, &client(version, None)).unwrap();
        assert!(
            connection.peer_certificates().is_none(),
            "no certificate is a page, not an alert"
        );
    }
}

#[test]
fn sec_crt_09_no_handshake_takes_its_certificate_from_an_earlier_one() {
    let pki = Pki::new();
    let alice = Wanted::default().issue(&pki.issuing);
    let server = server(&pki);
    for version in [&TLS12, &TLS13] {
        let client = client(version, Some((&alice, &alice.key)));
        for _ in 0..2 {
            let (server_end, client_end) = shake(&server, &client).unwrap();
            assert_eq!(
                server_end.handshake_kind(),
                Some(HandshakeKind::Full),
                "{version:?}"
            );
            assert_eq!(
                client_end.handshake_kind(),
                Some(HandshakeKind::Full),
                "{version:?}"
            );
            assert_eq!(server_end.alpn_protocol(), Some(b"http/1.1".as_slice()));
        }
    }
}
