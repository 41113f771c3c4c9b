//! A client that shows one certificate and signs with another's key: no ordinary TLS library lets a test do that.
//!
//! `borrowed_card ADDRESS HOST ROOT.pem CARD.crt KEY.pem 1.2|1.3` prints what became of one request for `/adfs/certauth`: the
//! status line, or the error of the handshake.
#![allow(clippy::print_stdout, reason = "it is what this program is for")]

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SignatureScheme, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};

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

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, host, root, card, key, version] = arguments.as_slice() else {
        return Err("ADDRESS HOST ROOT.pem CARD.crt KEY.pem 1.2|1.3".into());
    };
    let mut roots = RootCertStore::empty();
    for one in CertificateDer::pem_file_iter(root)? {
        roots.add(one?)?;
    }
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(card)?.collect();
    let key = any_supported_type(&PrivateKeyDer::from_pem_file(key)?)?;
    let version = if version == "1.2" { &TLS12 } else { &TLS13 };
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[version])?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(Sends(Arc::new(CertifiedKey::new(chain?, key)))));
    let name = ServerName::try_from(host.clone())?;
    let connection = ClientConnection::new(Arc::new(config), name)?;
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    println!(
        "{}",
        ask(&mut stream, host).unwrap_or_else(|error| format!("error: {error}"))
    );
    Ok(())
}

/// In TLS 1.3 the server's refusal arrives with the first thing that is read.
fn ask(
    stream: &mut StreamOwned<ClientConnection, TcpStream>,
    host: &str,
) -> std::io::Result<String> {
    write!(
        stream,
        "GET /adfs/certauth HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => answer.extend(piece.iter().take(read)),
            Err(_) if !answer.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    let text = String::from_utf8_lossy(&answer);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
