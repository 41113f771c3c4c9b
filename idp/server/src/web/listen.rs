//! Listeners: accept, bound, TLS, HTTP, drain.
//!
//! Each connection is one task with its own deadlines. Nothing a peer does or omits holds a slot for
//! longer than the limits here; what exceeds them is closed without an answer.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use rustls_pki_types::CertificateDer;
use signet_authn::kerberos::ChannelBinding;
use signet_authn::network_of;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;
use tracing::{debug, info, warn};

use super::tls::{Door, TlsFiles};

/// From the first octet of a connection to the end of its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// For one request head, and for an idle HTTP/1.1 connection.
const REQUEST_HEAD: Duration = Duration::from_secs(10);
/// A connection without a request for so long is closed.
const IDLE: Duration = Duration::from_secs(60);
/// How often that is looked at.
const PULSE: Duration = Duration::from_secs(5);
/// Largest set of request headers: a Kerberos ticket of somebody in many groups fills 64 KiB, and the rest comes beside it.
const HEADERS: u32 = 128 * 1024;
/// Requests of one connection that may be under way, those included whose stream the client has reset.
const REQUESTS_AT_ONCE: usize = 64;
/// How long running requests may take after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(25);

/// What a connection is.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    /// Plain HTTP.
    Plain,
    /// HTTPS to the federation host.
    Main,
    /// HTTPS to the host that asks for certificates: what the client sent in this very handshake, the key of the first one
    /// proved; empty when it sent none.
    Certificate(Arc<[CertificateDer<'static>]>),
}

/// What answers requests.
pub(crate) trait Answer: Send + Sync + 'static {
    /// The answer to one request of `peer` over `link`.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
        link: Link,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// Bounds on open connections, shared by all listeners.
pub(crate) struct Slots {
    all: Arc<Semaphore>,
    per_address: Mutex<HashMap<IpAddr, usize>>,
    most_per_address: usize,
}

impl Slots {
    pub(crate) fn new(all: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            all: Arc::new(Semaphore::new(all)),
            per_address: Mutex::new(HashMap::new()),
            most_per_address: per_address,
        })
    }

    fn take(self: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        let address = network_of(address);
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let mut counts = self
            .per_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_insert(0);
        if *count >= self.most_per_address {
            return None;
        }
        *count += 1;
        Some(Slot {
            slots: Arc::clone(self),
            address,
            _permit: permit,
        })
    }
}

/// One open connection; gives its place back when dropped.
struct Slot {
    slots: Arc<Slots>,
    address: IpAddr,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self
            .slots
            .per_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// The TLS of one listener.
#[derive(Clone)]
pub(crate) struct Secured {
    pub(crate) tls: Arc<TlsFiles>,
    /// Whether every connection to this listener is asked for a certificate, whatever name it asks for.
    pub(crate) certificates_only: bool,
}

/// Serves HTTPS on `listener` until `stop` turns true, then drains.
pub(crate) async fn https<A: Answer>(
    listener: TcpListener,
    secured: Secured,
    answer: Arc<A>,
    slots: Arc<Slots>,
    stop: watch::Receiver<bool>,
) {
    serve(listener, Some(secured), answer, slots, stop).await;
}

/// Serves plain HTTP on `listener` until `stop` turns true, then drains.
pub(crate) async fn http<A: Answer>(
    listener: TcpListener,
    answer: Arc<A>,
    slots: Arc<Slots>,
    stop: watch::Receiver<bool>,
) {
    serve(listener, None, answer, slots, stop).await;
}

async fn serve<A: Answer>(
    listener: TcpListener,
    secured: Option<Secured>,
    answer: Arc<A>,
    slots: Arc<Slots>,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let builders = Arc::new(Builders {
        any: http_builder(),
        // HTTP/2 would let a browser bring requests for one host over a connection to the other.
        one_only: http_builder().http1_only(),
    });
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stopping| *stopping) => break,
        };
        let (stream, peer) = match accepted {
            Ok(pair) => pair,
            Err(error) => {
                // Out of file descriptors, mostly: wait for some to be given back instead of spinning.
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(slot) = slots.take(peer.ip()) else {
            debug!(peer = %peer.ip(), "connection refused: too many are open");
            continue;
        };
        let _ = stream.set_nodelay(true);
        let connection = Connection {
            secured: secured.clone(),
            answer: Arc::clone(&answer),
            builders: Arc::clone(&builders),
            peer,
            slot: Arc::new(slot),
        };
        let watcher = graceful.watcher();
        tokio::spawn(async move { connection.run(stream, watcher).await });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown())
        .await
        .is_err()
    {
        info!("requests still running after the drain time are cut");
    }
}

fn http_builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Without a timer hyper silently ignores the timeout below.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD)
        .max_buf_size(HEADERS as usize)
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADERS)
        .max_concurrent_streams(32)
        .max_pending_accept_reset_streams(16)
        .max_local_error_reset_streams(128)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

/// HTTP as the main host speaks it, and HTTP/1.1 alone.
struct Builders {
    any: auto::Builder<TokioExecutor>,
    one_only: auto::Builder<TokioExecutor>,
}

struct Connection<A> {
    secured: Option<Secured>,
    answer: Arc<A>,
    builders: Arc<Builders>,
    peer: SocketAddr,
    slot: Arc<Slot>,
}

/// What a request holds while it is under way, also when its connection is gone: the connection's slot, and a place among
/// the connection's requests. So no client has more work under way than its connections allow.
pub(crate) struct Held {
    _slot: Arc<Slot>,
    _place: Option<OwnedSemaphorePermit>,
}

impl<A: Answer> Connection<A> {
    async fn run(self, stream: TcpStream, watcher: hyper_util::server::graceful::Watcher) {
        let Some(Secured {
            tls,
            certificates_only,
        }) = self.secured.clone()
        else {
            return self.http(stream, watcher, Link::Plain, None).await;
        };
        let handshake = async {
            let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
            let chosen = tls.choose(certificates_only, start.client_hello().server_name());
            let stream = start.into_stream(Arc::clone(&chosen.config)).await?;
            std::io::Result::Ok((stream, chosen))
        };
        match tokio::time::timeout(HANDSHAKE, handshake).await {
            Ok(Ok((stream, chosen))) => {
                let link = match chosen.door {
                    Door::Main => Link::Main,
                    Door::Certificate => {
                        let sent = stream.get_ref().1.peer_certificates().unwrap_or_default();
                        Link::Certificate(sent.iter().map(|one| one.clone().into_owned()).collect())
                    }
                };
                self.http(stream, watcher, link, chosen.binding).await;
            }
            Ok(Err(error)) => debug!(peer = %self.peer.ip(), %error, "TLS handshake failed"),
            Err(_) => debug!(peer = %self.peer.ip(), "TLS handshake took too long"),
        }
    }

    /// `binding` is what clients bind Kerberos tokens to that come over this connection.
    async fn http<S>(
        self,
        stream: S,
        watcher: hyper_util::server::graceful::Watcher,
        link: Link,
        binding: Option<Arc<ChannelBinding>>,
    ) where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (answer, peer, slot) = (self.answer, self.peer, self.slot);
        let places = Arc::new(Semaphore::new(REQUESTS_AT_ONCE));
        let builder = match link {
            Link::Certificate(_) => &self.builders.one_only,
            Link::Plain | Link::Main => &self.builders.any,
        };
        let pulse = Arc::new(Pulse::default());
        let beating = Arc::clone(&pulse);
        let service = service_fn(move |mut request: Request<Incoming>| {
            let (answer, running) = (Arc::clone(&answer), Beat::of(&beating));
            if let Some(binding) = &binding {
                request.extensions_mut().insert(Arc::clone(binding));
            }
            let link = link.clone();
            let (slot, places) = (Arc::clone(&slot), Arc::clone(&places));
            async move {
                let held = Held {
                    _slot: slot,
                    _place: places.acquire_owned().await.ok(),
                };
                request.extensions_mut().insert(Arc::new(held));
                let response = answer.answer(request, peer, link).await;
                drop(running);
                Ok::<_, Infallible>(response)
            }
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        tokio::select! {
            ended = watcher.watch(connection) => if let Err(error) = ended {
                debug!(peer = %peer.ip(), error = %error, "connection ended early");
            },
            () = pulse.stops() => debug!(peer = %peer.ip(), "idle connection closed"),
        }
    }
}

/// The requests of one connection. The library's own timers begin with the first octets of a request, and an HTTP/2
/// connection that only answers pings has none: without this a silent peer would keep its slot for ever.
#[derive(Default)]
struct Pulse {
    begun: AtomicUsize,
    running: AtomicUsize,
}

impl Pulse {
    /// Until the connection carried no request for too long.
    async fn stops(&self) {
        let (mut seen, mut idle) = (0, Duration::ZERO);
        loop {
            tokio::time::sleep(PULSE).await;
            let begun = self.begun.load(Ordering::Relaxed);
            if begun != seen || self.running.load(Ordering::Relaxed) > 0 {
                (seen, idle) = (begun, Duration::ZERO);
                continue;
            }
            idle += PULSE;
            let longest = if begun == 0 { REQUEST_HEAD } else { IDLE };
            if idle >= longest {
                return;
            }
        }
    }
}

/// One running request.
struct Beat(Arc<Pulse>);

impl Beat {
    fn of(pulse: &Arc<Pulse>) -> Self {
        pulse.begun.fetch_add(1, Ordering::Relaxed);
        pulse.running.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(pulse))
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
