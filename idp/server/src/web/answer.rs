//! From a raw HTTP request to a handler and back: what every route has in common.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{HOST, LOCATION};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use hyper::body::Incoming;
use signet_model::ActivityId;
use tokio::sync::watch;
use tower::ServiceExt;
use tracing::{Instrument, error, info_span};

use super::caller::{Caller, CallerReader};
use super::certificate::CertificateFront;
use super::listen::{Answer, Held, Link};
use super::outlive::Outlive;
use super::{headers, path};

/// From the request head to the answer's head; the body of the request counts.
const WHOLE_REQUEST: Duration = Duration::from_secs(30);

/// More header fields than any browser sends, cookies that HTTP/2 splits among them; each costs far more memory than octets.
const MOST_FIELDS: usize = 256;

/// Names the activity in every answer.
const ACTIVITY: &str = "activity-id";

/// The router with what surrounds it.
pub(crate) struct Front {
    router: Router,
    reader: CallerReader,
    /// `https://HOST` or `https://HOST:PORT`.
    origin: String,
    /// `HOST` and `HOST:PORT`: what a Host header may say.
    hosts: Vec<String>,
    /// The host that asks for certificates, when there is one.
    certificate: Option<CertificateFront>,
    /// Answers of last resort, as pages.
    pages: Arc<dyn LastResort>,
    /// Has a receiver for every request that is under way.
    under_way: watch::Sender<()>,
}

/// Pages for requests that reach no handler.
pub(crate) trait LastResort: Send + Sync {
    /// A page for `status` in the caller's language.
    fn page(&self, status: StatusCode, caller: &Caller) -> Response<Body>;
}

impl Front {
    pub(crate) fn new(
        router: Router,
        reader: CallerReader,
        origin: &str,
        host: &str,
        port: u16,
        pages: Arc<dyn LastResort>,
    ) -> Self {
        let hosts = vec![
            host.to_ascii_lowercase(),
            format!("{}:{port}", host.to_ascii_lowercase()),
        ];
        Self {
            router,
            reader,
            origin: origin.to_owned(),
            hosts,
            certificate: None,
            pages,
            under_way: watch::Sender::new(()),
        }
    }

    /// Until no request is under way, those included whose sender has hung up.
    pub(crate) async fn finished(&self) {
        self.under_way.closed().await;
    }

    /// The same with a host that asks for certificates.
    pub(crate) fn with_certificate_host(mut self, host: Option<CertificateFront>) -> Self {
        self.certificate = host;
        self
    }

    async fn route(
        &self,
        mut request: Request<Incoming>,
        caller: Caller,
        link: Link,
    ) -> Response<Body> {
        let Some(canonical) = path::canonical(request.uri().path()) else {
            return self.pages.page(StatusCode::BAD_REQUEST, &caller);
        };
        // First of all: what a header says about a certificate is the word of whoever sent it.
        let forwarded = CertificateFront::take_headers(request.headers_mut());
        if canonical == "/adfs/probe" {
            return self.dispatch(request, caller, &canonical).await;
        }
        // A request whose Host is that of the other kind of connection came over a connection that a browser shares between
        // them: sent again over one of its own it is right (RFC 9110 section 15.5.20).
        let hosts = match (&link, &self.certificate) {
            (Link::Plain, _) => return self.to_https(&request, &caller),
            (Link::Certificate(_), Some(certificate)) => certificate.hosts(),
            (Link::Main | Link::Certificate(_), _) => &self.hosts,
        };
        if !host_is_among(hosts, &request) {
            return self.pages.page(StatusCode::MISDIRECTED_REQUEST, &caller);
        }
        if let (Link::Certificate(sent), Some(certificate)) = (link, &self.certificate) {
            if !CertificateFront::serves(&canonical) {
                return self.pages.page(StatusCode::NOT_FOUND, &caller);
            }
            let presented = certificate.presented(sent, forwarded, &caller);
            request.extensions_mut().insert(presented);
        }
        self.dispatch(request, caller, &canonical).await
    }

    async fn dispatch(
        &self,
        request: Request<Incoming>,
        mut caller: Caller,
        canonical: &str,
    ) -> Response<Body> {
        if !matches!(*request.method(), Method::GET | Method::POST) {
            return self.pages.page(StatusCode::METHOD_NOT_ALLOWED, &caller);
        }
        let (mut parts, body) = request.into_parts();
        let target = match parts.uri.query() {
            Some(query) => format!("{canonical}?{query}"),
            None => canonical.to_owned(),
        };
        let Ok(uri) = target.parse::<Uri>() else {
            return self.pages.page(StatusCode::BAD_REQUEST, &caller);
        };
        parts.uri = uri;
        caller.context.endpoint_path = if canonical == "/" {
            "/".to_owned()
        } else {
            format!("{canonical}/")
        };
        parts.extensions.insert(caller);
        let request = Request::from_parts(parts, Body::new(body));
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn to_https(&self, request: &Request<Incoming>, caller: &Caller) -> Response<Body> {
        let target = request
            .uri()
            .path_and_query()
            .map_or("/", |both| both.as_str());
        match HeaderValue::from_str(&format!("{}{target}", self.origin)) {
            Ok(location) if request.method() == Method::GET => {
                (StatusCode::MOVED_PERMANENTLY, [(LOCATION, location)]).into_response()
            }
            _ => self.pages.page(StatusCode::BAD_REQUEST, caller),
        }
    }
}

/// HTTP/2 has `:authority`, HTTP/1.1 exactly one `Host`; both must name this service.
fn host_is_among(hosts: &[String], request: &Request<Incoming>) -> bool {
    let mut named = request.headers().get_all(HOST).iter();
    let header = match (named.next(), named.next()) {
        (first, None) => first.and_then(|value| value.to_str().ok()),
        _ => return false,
    };
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let is_ours = |name: &str| hosts.iter().any(|host| host.eq_ignore_ascii_case(name));
    match (authority, header) {
        (None, None) => false,
        (authority, header) => authority.is_none_or(is_ours) && header.is_none_or(is_ours),
    }
}

impl Answer for Front {
    /// Whoever hangs up loses the answer and nothing else: what the request began is finished and written down. A sign-in that
    /// was tried leaves its row in the audit, a password that was changed ends the sessions that were begun by the old one.
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
        link: Link,
    ) -> Response<Body> {
        let activity = ActivityId::random();
        let caller = self.reader.read(&request, peer, activity);
        let last_resort = caller.clone();
        let front = Arc::clone(&self);
        let held = request.extensions().get::<Arc<Held>>().cloned();
        let whole = async move {
            let (_held, _under_way) = (held, front.under_way.subscribe());
            if request.headers().len() > MOST_FIELDS {
                return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
            }
            let routed = front.route(request, caller, link);
            tokio::time::timeout(WHOLE_REQUEST, routed)
                .await
                .map_err(|_| StatusCode::REQUEST_TIMEOUT)
        };
        let span = info_span!("request", %activity);
        let done = Outlive::new(whole.instrument(span)).await;
        let mut response = match done {
            Ok(Ok(response)) => response,
            Ok(Err(status)) => self.pages.page(status, &last_resort),
            // The panic's own message is in the log already.
            Err(_panic) => {
                error!(%activity, "a request handler panicked; the request failed, the service goes on");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                self.pages.page(status, &last_resort)
            }
        };
        headers::add(response.headers_mut());
        if let Ok(value) = HeaderValue::from_str(&activity.to_string()) {
            response.headers_mut().insert(ACTIVITY, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::extract::RawQuery;
    use axum::routing::get;
    use signet_authn::NetworkMap;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::{Semaphore, mpsc};

    use super::*;
    use crate::web::listen::{self, Slots};

    const CONNECTIONS: usize = 8;

    struct Bare;

    impl LastResort for Bare {
        fn page(&self, status: StatusCode, _: &Caller) -> Response<Body> {
            status.into_response()
        }
    }

    /// A listener whose one route does as its query says.
    struct Served {
        address: SocketAddr,
        front: Arc<Front>,
        /// What the handlers began and finished.
        told: mpsc::Receiver<String>,
        stop: watch::Sender<bool>,
        /// A slow handler ends when it gets a permit.
        gate: Arc<Semaphore>,
    }

    impl Served {
        async fn hears(&mut self, what: &str) {
            assert_eq!(self.told.recv().await.as_deref(), Some(what));
        }
    }

    async fn serve() -> Served {
        let (tell, told) = mpsc::channel(4 * CONNECTIONS);
        let gate = Arc::new(Semaphore::new(0));
        let handlers_gate = Arc::clone(&gate);
        let handler = move |RawQuery(query): RawQuery| async move {
            let wish = query.unwrap_or_default();
            assert_ne!(wish, "panic", "as asked for");
            if wish == "slow" {
                let _ = tell.send("begun".to_owned()).await;
                handlers_gate.acquire().await.unwrap().forget();
            }
            let _ = tell.send(wish).await;
            "done"
        };
        let router = Router::new().route("/adfs/probe", get(handler));
        let reader = CallerReader::new(NetworkMap::new(Vec::new(), Vec::new(), false));
        let front = Front::new(
            router,
            reader,
            "https://sts.test",
            "sts.test",
            443,
            Arc::new(Bare),
        );
        let front = Arc::new(front);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopping) = watch::channel(false);
        let slots = Slots::new(CONNECTIONS, CONNECTIONS);
        tokio::spawn(listen::http(listener, Arc::clone(&front), slots, stopping));
        Served {
            address,
            front,
            told,
            stop,
            gate,
        }
    }

    async fn send(address: SocketAddr, query: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /adfs/probe?{query} HTTP/1.1\r\nHost: sts.test\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn ask(address: SocketAddr, query: &str) -> String {
        let mut text = String::new();
        let mut stream = send(address, query).await;
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn sec_web_14_a_handler_that_panics_fails_its_own_request_only() {
        let mut served = serve().await;
        let address = served.address;
        let slow = tokio::spawn(async move { ask(address, "slow").await });
        served.hears("begun").await;
        let failed = ask(address, "panic").await;
        assert!(failed.starts_with("HTTP/1.1 500 "), "{failed}");
        assert!(failed.contains("\r\nactivity-id: "), "{failed}");
        assert!(!failed.contains("as asked for"), "{failed}");
        served.gate.add_permits(1);
        assert!(slow.await.unwrap().starts_with("HTTP/1.1 200 "));
        assert!(ask(address, "again").await.starts_with("HTTP/1.1 200 "));
    }

    #[tokio::test]
    async fn whoever_hangs_up_loses_the_answer_alone_and_a_stop_waits_for_it() {
        let mut served = serve().await;
        let stream = send(served.address, "slow").await;
        served.hears("begun").await;
        drop(stream);
        served.stop.send(true).unwrap();
        let Served { front, gate, .. } = &served;
        let early = tokio::time::timeout(Duration::from_millis(100), front.finished()).await;
        assert!(early.is_err(), "it is still under way");
        gate.add_permits(1);
        front.finished().await;
        assert_eq!(served.told.try_recv().as_deref(), Ok("slow"));
    }

    #[tokio::test]
    async fn whoever_hangs_up_keeps_the_place_until_the_work_is_done() {
        let mut served = serve().await;
        let mut streams = Vec::new();
        for _ in 0..CONNECTIONS {
            streams.push(send(served.address, "slow").await);
        }
        for _ in 0..CONNECTIONS {
            served.hears("begun").await;
        }
        drop(streams);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut refused = send(served.address, "more").await;
        let mut text = String::new();
        let _ = refused.read_to_string(&mut text).await;
        assert_eq!(text, "");
        served.gate.add_permits(CONNECTIONS);
        served.front.finished().await;
        let answer = ask(served.address, "more").await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}
