//! Fetching from hostile servers and hostile names.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod support;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ipnet::IpNet;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use signet_certs::DemoAuthority;
use signet_certs::tls::{ReloadableTls, TlsIdentity, TlsTable, UnknownName, server_config};
use signet_metadata::fetch::{
    FetchError, Fetcher, HostLookup, LARGEST_DOCUMENT, Resolved, SystemLookup, check_metadata_url,
};
use signet_metadata::{ImportOptions, import_service_provider};
use support::{now, sp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use url::Url;

static AUTHORITY: LazyLock<DemoAuthority> =
    LazyLock::new(|| DemoAuthority::generate(now()).unwrap());
const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Names that mean what a test says; counts how often it is asked.
#[derive(Default)]
struct Names {
    known: BTreeMap<&'static str, Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl HostLookup for Names {
    fn lookup(&self, host: &str) -> Resolved {
        // A rebinding name: the first answer is good, every later one leads inside.
        let first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
        let answer = match (host, first) {
            ("rebinding.test", false) => Some(vec!["10.0.0.1".parse().unwrap()]),
            ("rebinding.test", true) => Some(vec![LOOPBACK]),
            _ => self.known.get(host).cloned(),
        };
        Box::pin(async move { answer.ok_or_else(|| std::io::Error::other("no such host")) })
    }
}

fn names() -> Arc<Names> {
    let address = |text: &str| text.parse().unwrap();
    let known = BTreeMap::from([
        ("partner.test", vec![LOOPBACK]),
        ("unnamed.test", vec![LOOPBACK]),
        ("inner.test", vec![address("10.0.0.1")]),
        ("mapped.test", vec![address("::ffff:127.0.0.1")]),
        ("cloud.test", vec![address("169.254.169.254")]),
        (
            "mixed.test",
            vec![address("1.1.1.1"), address("192.168.0.1")],
        ),
        ("empty.test", vec![]),
    ]);
    Arc::new(Names {
        known,
        asked: AtomicUsize::new(0),
    })
}

fn fetcher(names: &Arc<Names>, allow: &[&str]) -> Fetcher {
    let allow: Vec<IpNet> = allow
        .iter()
        .map(|network| network.parse().unwrap())
        .collect();
    let authority = CertificateDer::from_pem_slice(AUTHORITY.certificate_pem().as_bytes()).unwrap();
    Fetcher::new(
        Arc::clone(names) as Arc<dyn HostLookup>,
        &allow,
        &[authority],
    )
    .unwrap()
}

/// A server that answers every request by `answer`; counts its connections.
async fn serve<F, R>(answer: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(TlsStream<TcpStream>) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let issued = AUTHORITY
        .issue_server(&["partner.test", "rebinding.test", "127.0.0.1"], now())
        .unwrap();
    let identity = TlsIdentity::from_pem(
        issued.chain_pem.as_bytes(),
        issued.key_pem.as_bytes(),
        now(),
    )
    .unwrap();
    let certificates = ReloadableTls::new(TlsTable::new(identity, UnknownName::UseDefault));
    let acceptor = TlsAcceptor::from(Arc::new(server_config(Arc::new(certificates)).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0u8; 4096];
            let _ = stream.read(&mut request).await;
            tokio::spawn(answer(stream));
        }
    });
    (address, connections)
}

/// A server that sends `head` and `body` once.
async fn serve_once(head: String, body: Vec<u8>) -> (SocketAddr, Arc<AtomicUsize>) {
    serve(move |mut stream| {
        let whole = [
            format!("HTTP/1.1 {head}\r\n\r\n").into_bytes(),
            body.clone(),
        ]
        .concat();
        async move {
            let _ = stream.write_all(&whole).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

fn at(host: &str, address: SocketAddr) -> Url {
    Url::parse(&format!("https://{host}:{}/metadata", address.port())).unwrap()
}

#[tokio::test]
async fn document_is_fetched_whatever_its_content_type() {
    for content_type in ["application/samlmetadata+xml", "text/html", "image/png", ""] {
        let body = sp("urn:partner").into_bytes();
        let head = format!(
            "200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {}",
            body.len()
        );
        let (address, _) = serve_once(head, body.clone()).await;
        let fetched = fetcher(&names(), &["127.0.0.0/8"])
            .fetch(&at("partner.test", address))
            .await
            .unwrap();
        assert_eq!(fetched.body, body);
    }
    let (address, _) = serve_once("404 Not Found\r\nContent-Length: 0".into(), Vec::new()).await;
    let refused = fetcher(&names(), &["127.0.0.0/8"])
        .fetch(&at("partner.test", address))
        .await
        .unwrap_err();
    assert_eq!(refused, FetchError::Status(404));
}

#[tokio::test]
async fn sec_cfg_01_names_that_lead_inside_are_not_connected_to() {
    let (address, connections) = serve_once("200 OK\r\nContent-Length: 0".into(), Vec::new()).await;
    for (host, leads_to) in [
        ("partner.test", "127.0.0.1"),
        ("inner.test", "10.0.0.1"),
        ("mapped.test", "::ffff:127.0.0.1"),
        ("cloud.test", "169.254.169.254"),
        ("mixed.test", "192.168.0.1"),
    ] {
        let refused = fetcher(&names(), &[])
            .fetch(&at(host, address))
            .await
            .unwrap_err();
        let expected = FetchError::ForbiddenAddress {
            host: host.into(),
            address: leads_to.parse().unwrap(),
        };
        assert_eq!(refused, expected);
        // Listing a network opens private addresses alone: the hint must not send an operator the wrong way.
        let hint = refused.message().hint;
        assert_eq!(hint.contains("allow_networks"), host != "cloud.test");
        assert!(hint.contains("--metadata FILE"), "{hint}");
    }
    let typed = at("10.0.0.1", address);
    let refused = fetcher(&names(), &[]).fetch(&typed).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "10.0.0.1 is a private address, which is not fetched from"
    );
    let refused = fetcher(&names(), &["0.0.0.0/0"])
        .fetch(&at("cloud.test", address))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, FetchError::ForbiddenAddress { .. }),
        "{refused:?}"
    );
    for host in ["empty.test", "nobody.test"] {
        let refused = fetcher(&names(), &[])
            .fetch(&at(host, address))
            .await
            .unwrap_err();
        assert!(
            matches!(refused, FetchError::UnknownHost { .. }),
            "{refused:?}"
        );
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn sec_cfg_01_rebinding_name_is_asked_once_and_that_answer_is_used() {
    let (address, connections) =
        serve_once("200 OK\r\nContent-Length: 2".into(), b"ok".to_vec()).await;
    let names = names();
    let fetched = fetcher(&names, &["127.0.0.1/32"])
        .fetch(&at("rebinding.test", address))
        .await
        .unwrap();
    assert_eq!(fetched.body, b"ok");
    assert_eq!(
        (
            names.asked.load(Ordering::SeqCst),
            connections.load(Ordering::SeqCst)
        ),
        (1, 1)
    );
    // The second answer leads inside: a later fetch is refused by it.
    let refused = fetcher(&names, &["127.0.0.1/32"])
        .fetch(&at("rebinding.test", address))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, FetchError::ForbiddenAddress { .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn sec_cfg_01_addresses_typed_as_numbers_are_judged_before_any_connection() {
    let (address, connections) = serve_once("200 OK\r\nContent-Length: 0".into(), Vec::new()).await;
    let port = address.port();
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0",
        "localhost.",
    ] {
        let url = Url::parse(&format!("https://{host}:{port}/")).unwrap();
        let refused = fetcher(&names(), &[]).fetch(&url).await.unwrap_err();
        assert!(
            matches!(
                refused,
                FetchError::ForbiddenAddress { .. } | FetchError::UnknownHost { .. }
            ),
            "{host}: {refused:?}"
        );
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    for url in [
        "http://partner.test/",
        "file:///etc/passwd",
        "gopher://partner.test/",
        "ftp://partner.test/",
        "data:text/xml,x",
    ] {
        let refused = check_metadata_url(&Url::parse(url).unwrap(), &[]).unwrap_err();
        assert!(
            matches!(refused, FetchError::Url { .. }),
            "{url}: {refused:?}"
        );
    }
    let FetchError::Url { url, .. } = check_metadata_url(
        &Url::parse("https://user:geheim@partner.test/x").unwrap(),
        &[],
    )
    .unwrap_err() else {
        panic!("another fault");
    };
    assert_eq!(
        url, "https://partner.test/x",
        "the password is not repeated"
    );
    check_metadata_url(&Url::parse("https://partner.test:8443/x").unwrap(), &[]).unwrap();
}

#[tokio::test]
async fn sec_cfg_01_redirect_is_reported_and_not_followed() {
    let (inner, inner_connections) =
        serve_once("200 OK\r\nContent-Length: 6".into(), b"secret".to_vec()).await;
    for (status, target) in [
        ("301 Moved", format!("https://127.0.0.1:{}/", inner.port())),
        ("302 Found", format!("http://127.0.0.1:{}/", inner.port())),
        (
            "307 Temporary Redirect",
            "http://169.254.169.254/latest/meta-data/".to_owned(),
        ),
        (
            "308 Permanent Redirect",
            format!("https://partner.test:{}/", inner.port()),
        ),
    ] {
        let (address, _) = serve_once(
            format!("{status}\r\nLocation: {target}\r\nContent-Length: 0"),
            Vec::new(),
        )
        .await;
        let refused = fetcher(&names(), &["127.0.0.0/8"])
            .fetch(&at("partner.test", address))
            .await
            .unwrap_err();
        let FetchError::Redirect { location, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(location, target);
    }
    assert_eq!(inner_connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn sec_cfg_02_endless_and_announced_giants_are_cut_off() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let (endless, _) = serve(move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await;
            let piece = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
            while stream.write_all(&piece).await.is_ok() {
                counter.fetch_add(0x10000, Ordering::SeqCst);
            }
        }
    })
    .await;
    let refused = fetcher(&names(), &["127.0.0.0/8"])
        .fetch(&at("partner.test", endless))
        .await
        .unwrap_err();
    assert_eq!(
        refused,
        FetchError::TooLarge {
            limit: LARGEST_DOCUMENT
        }
    );
    assert!(
        sent.load(Ordering::SeqCst) < LARGEST_DOCUMENT * 2,
        "the connection was closed"
    );

    let (giant, _) = serve_once(
        format!("200 OK\r\nContent-Length: {}", 1u64 << 30),
        vec![b'x'; 1000],
    )
    .await;
    let refused = fetcher(&names(), &["127.0.0.0/8"])
        .fetch(&at("partner.test", giant))
        .await
        .unwrap_err();
    assert_eq!(
        refused,
        FetchError::TooLarge {
            limit: LARGEST_DOCUMENT
        }
    );
}

#[tokio::test]
async fn sec_cfg_02_slow_drip_and_silence_end_in_time() {
    let (drip, _) = serve(|mut stream| async move {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            .await;
        while stream.write_all(b"x").await.is_ok() && stream.flush().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let (silent, _) = serve(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    // A server that accepts and never speaks TLS.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for address in [drip, silent, mute.local_addr().unwrap()] {
        let limit = Duration::from_secs(1);
        let started = Instant::now();
        let hurried = fetcher(&names(), &["127.0.0.0/8"]).within(limit);
        let refused = hurried
            .fetch(&at("partner.test", address))
            .await
            .unwrap_err();
        assert_eq!(refused, FetchError::TooSlow { seconds: 1 });
        assert!(started.elapsed() < limit * 4);
    }
}

#[tokio::test]
async fn sec_cfg_02_gzip_bomb_is_never_unpacked() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let head = format!(
        "200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}",
        bomb.len()
    );
    let (address, _) = serve_once(head, bomb.clone()).await;
    let refused = fetcher(&names(), &["127.0.0.0/8"])
        .fetch(&at("partner.test", address))
        .await
        .unwrap_err();
    assert_eq!(refused, FetchError::Encoded("gzip".into()));

    // The same octets without the header stay what they are, and are no XML.
    let (address, _) = serve_once(
        format!("200 OK\r\nContent-Length: {}", bomb.len()),
        bomb.clone(),
    )
    .await;
    let fetched = fetcher(&names(), &["127.0.0.0/8"])
        .fetch(&at("partner.test", address))
        .await
        .unwrap();
    assert_eq!(fetched.body, bomb);
    import_service_provider(&fetched.body, &ImportOptions::default(), now()).unwrap_err();
}

#[tokio::test]
async fn certificate_of_the_server_is_checked() {
    let (address, _) = serve_once("200 OK\r\nContent-Length: 2".into(), b"ok".to_vec()).await;
    let other_name = fetcher(&names(), &["127.0.0.0/8"])
        .fetch(&at("unnamed.test", address))
        .await
        .unwrap_err();
    assert!(
        matches!(other_name, FetchError::Connection(_)),
        "{other_name:?}"
    );
    let stranger = DemoAuthority::generate(now()).unwrap();
    let stranger = CertificateDer::from_pem_slice(stranger.certificate_pem().as_bytes()).unwrap();
    let allow = ["127.0.0.0/8".parse().unwrap()];
    let fetcher = Fetcher::new(names() as Arc<dyn HostLookup>, &allow, &[stranger]).unwrap();
    let untrusted = fetcher
        .fetch(&at("partner.test", address))
        .await
        .unwrap_err();
    assert!(
        matches!(untrusted, FetchError::Connection(_)),
        "{untrusted:?}"
    );
    assert_eq!(untrusted.message().code, "SIG-FETCH-CONNECTION");
}

#[tokio::test]
async fn system_resolver_is_checked_as_well() {
    let allow: [IpNet; 0] = [];
    let authority = CertificateDer::from_pem_slice(AUTHORITY.certificate_pem().as_bytes()).unwrap();
    let fetcher = Fetcher::new(Arc::new(SystemLookup), &allow, &[authority]).unwrap();
    let refused = fetcher
        .fetch(&Url::parse("https://localhost/").unwrap())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, FetchError::ForbiddenAddress { .. }),
        "{refused:?}"
    );
}

/// Run by the next test in a process of its own, whose environment names a proxy.
#[tokio::test]
async fn fetch_with_the_environment_as_it_is() {
    let (address, connections) =
        serve_once("200 OK\r\nContent-Length: 2".into(), b"ok".to_vec()).await;
    let fetched = fetcher(&names(), &["127.0.0.0/8"])
        .fetch(&at("partner.test", address))
        .await
        .unwrap();
    assert_eq!(
        (fetched.body, connections.load(Ordering::SeqCst)),
        (b"ok".to_vec(), 1)
    );
}

#[tokio::test]
async fn sec_cfg_01_proxy_of_the_environment_is_not_used() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fetch_with_the_environment_as_it_is"])
        .envs(
            ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
                .map(|name| (name, address.as_str())),
        )
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    assert!(proxy.accept().is_err(), "nobody came");
}
