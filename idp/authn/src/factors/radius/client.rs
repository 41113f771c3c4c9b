//! Asking the servers: one after the other, each a few times, all within one deadline.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::factors::radius::error::RadiusError;
use crate::factors::radius::packet::{LARGEST, Request, Response, read_response};
use crate::factors::radius::{RadiusServer, RadiusSettings};

/// The most questions under way at a time.
const AT_ONCE: usize = 128;

pub(super) struct Client {
    settings: RadiusSettings,
    /// The server that answered last.
    preferred: AtomicUsize,
    slots: Semaphore,
}

/// What a server said.
#[derive(Debug)]
pub(super) enum Verdict {
    Accepted,
    Rejected,
    Challenged {
        message: Option<String>,
        /// Which server, and its State.
        state: Vec<u8>,
    },
}

impl Client {
    pub(super) fn new(settings: RadiusSettings) -> Self {
        Self {
            settings,
            preferred: AtomicUsize::new(0),
            slots: Semaphore::new(AT_ONCE),
        }
    }

    /// Asks about `password` of `user_name`; with `state` the server that gave it, else any.
    pub(super) async fn ask(
        &self,
        user_name: &str,
        password: &str,
        state: Option<&[u8]>,
    ) -> Result<Verdict, RadiusError> {
        let _slot = self.slots.try_acquire().map_err(|_| RadiusError::Busy)?;
        let deadline = Instant::now() + self.settings.deadline;
        let (only, state) = match state.and_then(<[u8]>::split_first) {
            Some((server, state)) => (Some(usize::from(*server)), Some(state)),
            None => (None, None),
        };
        let mut faults = String::new();
        for (number, server) in self.in_turn(only) {
            let answer = self
                .ask_one(server, user_name, password, state, deadline)
                .await;
            match answer {
                Ok(response) => {
                    self.preferred.store(number, Ordering::Relaxed);
                    return Ok(verdict(number, response));
                }
                Err(Unanswered::Ours(error)) => return Err(error),
                Err(Unanswered::Silent(fault)) => {
                    warn!(server = %server.address, %fault, "a RADIUS server gave no answer");
                    faults.push_str(&format!("{}: {fault}; ", server.address));
                }
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        Err(RadiusError::NoAnswer { detail: faults })
    }

    /// The servers, the one that answered last first; or only the one of a challenge.
    fn in_turn(&self, only: Option<usize>) -> impl Iterator<Item = (usize, &RadiusServer)> {
        let count = self.settings.servers.len();
        let first = only.unwrap_or_else(|| self.preferred.load(Ordering::Relaxed));
        let taken = if only.is_some() { 1 } else { count };
        (0..taken).filter_map(move |step| {
            let number = if only.is_some() {
                first
            } else {
                (first + step) % count
            };
            self.settings
                .servers
                .get(number)
                .map(|server| (number, server))
        })
    }

    async fn ask_one(
        &self,
        server: &RadiusServer,
        user_name: &str,
        password: &str,
        state: Option<&[u8]>,
        deadline: Instant,
    ) -> Result<Response, Unanswered> {
        let mut random = [0u8; 17];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| Unanswered::Ours(RadiusError::NoRandomness))?;
        let [identifier, authenticator @ ..] = random;
        let request = Request {
            identifier,
            authenticator,
            user_name,
            password,
            nas_identifier: &self.settings.nas_identifier,
            state,
        };
        let secret = server.secret.expose();
        let packet = request
            .write(secret)
            .ok_or(Unanswered::Ours(RadiusError::DoesNotFit {
                what: "the user name or the NAS-Identifier",
            }))?;
        // A socket and a port of its own for each question: nobody who does not see it can answer it.
        let socket = open(server.address).await?;
        let mut fault = "no answer".to_owned();
        for _ in 0..self.settings.tries.max(1) {
            // The same packet again: the server knows it for a repetition (RFC 2865 2.5).
            if let Err(error) = socket.send(&packet).await {
                fault = error.to_string();
            }
            let until = deadline.min(Instant::now() + self.settings.timeout);
            let accept =
                |datagram: &[u8]| read_response(datagram, identifier, &authenticator, secret);
            match receive(&socket, until, accept, &mut fault).await {
                Some(response) => return Ok(response),
                None if Instant::now() >= deadline => break,
                None => {}
            }
        }
        Err(Unanswered::Silent(fault))
    }
}

enum Unanswered {
    /// The next server may do better.
    Silent(String),
    /// No server will.
    Ours(RadiusError),
}

async fn open(server: SocketAddr) -> Result<UdpSocket, Unanswered> {
    let any: SocketAddr = if server.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let silent = |error: std::io::Error| Unanswered::Silent(error.to_string());
    let socket = UdpSocket::bind(any).await.map_err(silent)?;
    // Only datagrams of this server are taken from now on, and a closed port is told at once.
    socket.connect(server).await.map_err(silent)?;
    Ok(socket)
}

/// Waits for an answer that is believed; others are dropped.
async fn receive<E: std::fmt::Display>(
    socket: &UdpSocket,
    until: Instant,
    accept: impl Fn(&[u8]) -> Result<Response, E>,
    fault: &mut String,
) -> Option<Response> {
    let mut buffer = vec![0u8; LARGEST + 1];
    loop {
        match timeout_at(until, socket.recv(&mut buffer)).await {
            Ok(Ok(length)) => match accept(buffer.get(..length)?) {
                Ok(response) => return Some(response),
                Err(reason) => *fault = reason.to_string(),
            },
            Ok(Err(error)) => {
                *fault = error.to_string();
                // A refused port is known at once; the next try must not be at once.
                tokio::time::sleep_until(until.min(Instant::now() + Duration::from_millis(200)))
                    .await;
                return None;
            }
            Err(_) => return None,
        }
    }
}

fn verdict(server: usize, response: Response) -> Verdict {
    match response {
        Response::Accept => Verdict::Accepted,
        Response::Reject => Verdict::Rejected,
        Response::Challenge { message, state } => {
            let mut kept = vec![u8::try_from(server).unwrap_or(u8::MAX)];
            kept.extend(state);
            Verdict::Challenged {
                message,
                state: kept,
            }
        }
    }
}
