//! From addresses to a verified TLS stream: LDAPS, or StartTLS on the plain port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use signet_certs::CertificateFacts;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::ber::{Header, INTEGER, SEQUENCE, element, header};
use super::failure::Failure;
use super::message::extended_result;
use super::tls::TrustedRoots;
use super::verifier::refused;

/// How a connection to a controller is protected. There is no unprotected way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// TLS from the first octet, usually on port 636.
    Ldaps,
    /// The StartTLS operation, usually on port 389; refused or disturbed, the connection ends.
    StartTls,
}

impl Transport {
    /// The port when none is given.
    pub fn usual_port(self) -> u16 {
        match self {
            Self::Ldaps => 636,
            Self::StartTls => 389,
        }
    }
}

/// What a connection needs beside addresses.
pub(crate) struct Security {
    pub(crate) transport: Transport,
    pub(crate) roots: TrustedRoots,
}

/// A verified stream, and how long what it was verified by holds.
pub(crate) struct Secured {
    pub(crate) stream: TlsStream<TcpStream>,
    /// The configuration of that moment: another one trusts others.
    pub(crate) tls: Arc<ClientConfig>,
    /// When the controller's certificate ends; `None` when it cannot be told.
    pub(crate) certificate_ends: Option<OffsetDateTime>,
}

/// Connects to the first of `addresses` that takes the connection, and verifies its certificate for `name`.
pub(crate) async fn connect(
    addresses: &[SocketAddr],
    name: &ServerName<'static>,
    security: &Security,
    connect_within: Duration,
    deadline: Instant,
) -> Result<Secured, Failure> {
    let mut stream = connect_tcp(addresses, connect_within, deadline).await?;
    if security.transport == Transport::StartTls {
        let started = timeout_at(deadline, start_tls(&mut stream)).await;
        started
            .map_err(|_| late("StartTLS"))?
            .map_err(Failure::Unreachable)?;
    }
    let tls = security.roots.tls();
    let connector = TlsConnector::from(Arc::clone(&tls));
    let handshake = timeout_at(deadline, connector.connect(name.clone(), stream)).await;
    let stream = handshake
        .map_err(|_| late("TLS handshake"))?
        .map_err(|error| {
            refused(&error).map_or_else(
                || Failure::Unreachable(format!("TLS: {error}")),
                |refused| Failure::Certificate(Box::new(refused.clone())),
            )
        })?;
    let shown = stream.get_ref().1.peer_certificates();
    let certificate_ends = shown
        .and_then(<[_]>::first)
        .and_then(|leaf| CertificateFacts::read(leaf).ok())
        .map(|facts| facts.not_after);
    Ok(Secured {
        stream,
        tls,
        certificate_ends,
    })
}

async fn connect_tcp(
    addresses: &[SocketAddr],
    within: Duration,
    deadline: Instant,
) -> Result<TcpStream, Failure> {
    let mut failures = Vec::new();
    for address in addresses {
        match timeout_at(deadline, timeout(within, TcpStream::connect(address))).await {
            Ok(Ok(Ok(stream))) => {
                // Without it the first bind waits some 40 ms for an acknowledgement that is delayed.
                stream
                    .set_nodelay(true)
                    .map_err(|error| Failure::Unreachable(error.to_string()))?;
                return Ok(stream);
            }
            Ok(Ok(Err(error))) => failures.push(format!("{address}: {error}")),
            Ok(Err(_)) => failures.push(format!("{address}: no connection within {within:?}")),
            Err(_) => return Err(late("connection")),
        }
    }
    if failures.is_empty() {
        failures.push("the host name has no address".to_owned());
    }
    Err(Failure::Unreachable(failures.join("; ")))
}

/// RFC 4511 section 4.14: asks, and reads exactly the answer.
///
/// Octets that a stranger may have put behind the answer are left on the wire, where the TLS
/// handshake takes them for a broken record; nothing read in the clear is kept.
async fn start_tls(stream: &mut TcpStream) -> Result<(), String> {
    let name = element(0x80, b"1.3.6.1.4.1.1466.20037");
    let request = [element(INTEGER, &[1]), element(0x77, &name)].concat();
    stream
        .write_all(&element(SEQUENCE, &request))
        .await
        .map_err(|error| format!("StartTLS: {error}"))?;
    let mut answer = Vec::new();
    let length = loop {
        match header(&answer) {
            Ok(Header::Whole {
                header, content, ..
            }) if content <= 4096 => break header + content,
            Ok(Header::Partial) if answer.len() < 6 => {}
            _ => return Err("StartTLS: malformed answer".to_owned()),
        }
        answer.push(
            stream
                .read_u8()
                .await
                .map_err(|error| format!("StartTLS: {error}"))?,
        );
    };
    let mut rest = vec![0; length.saturating_sub(answer.len())];
    stream
        .read_exact(&mut rest)
        .await
        .map_err(|error| format!("StartTLS: {error}"))?;
    answer.append(&mut rest);
    match extended_result(&answer, 1) {
        Ok(0) => Ok(()),
        Ok(code) => Err(format!("StartTLS was refused with result {code}")),
        Err(reason) => Err(format!("StartTLS: {reason}")),
    }
}

fn late(step: &str) -> Failure {
    Failure::Unreachable(format!("{step}: time ran out"))
}
