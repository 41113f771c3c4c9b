//! Server certificates: what is loaded is served, what is wrong is named.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail the test"
)]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use rustls::ServerConnection;
use signet_certs::tls::{
    ReloadableTls, TlsIdentity, TlsTable, UnknownName, load_server_config, server_config,
};
use signet_certs::{CertError, DemoAuthority, FileFault, IssuedServer};
use support::{Bench, chmod, days, now};

fn identity(issued: &IssuedServer) -> TlsIdentity {
    TlsIdentity::from_pem(
        issued.chain_pem.as_bytes(),
        issued.key_pem.as_bytes(),
        now(),
    )
    .unwrap()
}

/// Serves one line to each client, in TLS.
fn serve(config: rustls::ServerConfig) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = Arc::new(config);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), Ok(mut tls)) =
                (stream, ServerConnection::new(Arc::clone(&config)))
            else {
                return;
            };
            let mut client = rustls::Stream::new(&mut tls, &mut stream);
            // A client that is refused ends the handshake; the next one is served all the same.
            let _ = client
                .write_all(b"served by us\n")
                .and_then(|()| client.flush());
            tls.send_close_notify();
            let _ = tls.complete_io(&mut stream);
            let _ = stream.read(&mut [0; 1]);
        }
    });
    address
}

/// What `openssl s_client` saw: its output, and whether it verified the certificate for `host`.
fn s_client(bench: &Bench, address: SocketAddr, host: &str, more: &str) -> (bool, String) {
    let output = Command::new("openssl")
        .args([
            "s_client",
            "-connect",
            &address.to_string(),
            "-CAfile",
            "ca.pem",
            "-verify_return_error",
        ])
        .args(["-servername", host, "-verify_hostname", host])
        .args(more.split_whitespace())
        .current_dir(bench.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        output.status.success() && text.contains("Verify return code: 0"),
        text,
    )
}

#[test]
fn openssl_accepts_the_demo_certificate_in_both_versions_with_alpn() {
    let bench = Bench::new();
    let authority = DemoAuthority::generate(now()).unwrap();
    bench.write("ca.pem", authority.certificate_pem().as_bytes());
    let issued = authority
        .issue_server(&["localhost", "fs.demo.test", "127.0.0.1", "::1"], now())
        .unwrap();
    let chain = bench.write("chain.pem", issued.chain_pem.as_bytes());
    let key = bench.write("key.pem", issued.key_pem.as_bytes());
    chmod(&key, 0o600);
    let config = load_server_config(&chain, &key, now()).unwrap();
    assert_eq!(config.max_early_data_size, 0);
    let address = serve(config);
    for (version, protocol, alpn) in [
        ("-tls1_3", "TLSv1.3", "h2"),
        ("-tls1_2", "TLSv1.2", "http/1.1"),
    ] {
        for host in ["localhost", "fs.demo.test"] {
            let (verified, text) =
                s_client(&bench, address, host, &format!("{version} -alpn {alpn}"));
            assert!(verified && text.contains(protocol), "{text}");
            assert!(text.contains(&format!("ALPN protocol: {alpn}")), "{text}");
        }
    }
    let (verified, text) = s_client(&bench, address, "other.test", "");
    assert!(
        !verified && !text.contains("Verify return code: 0"),
        "{text}"
    );
    let identity = identity(&issued);
    for host in ["localhost", "127.0.0.1", "::1"] {
        identity.check_covers(host).unwrap();
    }
    assert!(matches!(
        identity.check_covers("127.0.0.2"),
        Err(CertError::HostNotCovered { .. })
    ));
    assert!(matches!(
        identity.check_covers("not a host"),
        Err(CertError::HostNotCovered { .. })
    ));
}

#[test]
fn certificate_follows_the_name_asked_for_and_changes_without_restart() {
    let bench = Bench::new();
    let authority = DemoAuthority::generate(now()).unwrap();
    bench.write("ca.pem", authority.certificate_pem().as_bytes());
    let issue = |name: &str| identity(&authority.issue_server(&[name], now()).unwrap());
    let main = issue("fs.demo.test");
    let certauth = issue("certauth.fs.demo.test");
    let table = TlsTable::new(main.clone(), UnknownName::UseDefault)
        .with_host("FS.demo.test", main.clone())
        .unwrap()
        .with_host("certauth.fs.demo.test", certauth.clone())
        .unwrap();
    let shown: Vec<_> = table
        .identities()
        .map(|(host, _)| host.unwrap_or("default").to_owned())
        .collect();
    assert_eq!(shown, ["default", "certauth.fs.demo.test", "fs.demo.test"]);
    assert!(matches!(
        table.clone().with_host("fs.demo.test", main.clone()),
        Err(CertError::HostTwice(_))
    ));
    assert!(matches!(
        table.clone().with_host("other.test", main.clone()),
        Err(CertError::HostNotCovered { .. })
    ));

    let reloadable = Arc::new(ReloadableTls::new(table));
    let address = serve(server_config(Arc::clone(&reloadable) as _).unwrap());
    assert!(s_client(&bench, address, "fs.demo.test", "").0);
    assert!(s_client(&bench, address, "CERTAUTH.fs.demo.test", "").0);
    let subject = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("subject="))
            .unwrap_or("")
            .to_owned()
    };
    let (_, text) = s_client(&bench, address, "unknown.test", "-verify_quiet");
    assert!(!text.contains("Verify return code: 0"), "{text}");

    let renewed = issue("fs.demo.test");
    let before = reloadable
        .table()
        .identities()
        .next()
        .unwrap()
        .1
        .facts()
        .thumbprint
        .clone();
    assert_ne!(before, renewed.facts().thumbprint);
    let strict = TlsTable::new(renewed.clone(), UnknownName::Refuse)
        .with_host("fs.demo.test", renewed)
        .unwrap();
    reloadable.swap(strict);
    let (verified, text) = s_client(&bench, address, "fs.demo.test", "");
    assert!(verified, "{text}");
    for unknown in ["unknown.test", "certauth.fs.demo.test"] {
        let (verified, text) = s_client(&bench, address, unknown, "");
        assert!(!verified && subject(&text).is_empty(), "{text}");
    }
}

#[test]
fn sec_key_10_tls_faults_name_the_file_and_the_fault() {
    let bench = Bench::new();
    bench.openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.crt -subj /CN=root -days 30",
    );
    bench.write("v3", b"basicConstraints=CA:TRUE\n");
    bench.openssl("req -new -newkey rsa:2048 -nodes -keyout mid.key -out mid.csr -subj /CN=mid");
    bench.openssl(
        "x509 -req -in mid.csr -CA root.crt -CAkey root.key -out mid.crt -days 20 -extfile v3",
    );
    bench.write(
        "san",
        b"subjectAltName=DNS:fs.example.com,DNS:*.apps.example.com\n",
    );
    bench.openssl("req -new -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf");
    bench.openssl(
        "x509 -req -in leaf.csr -CA mid.crt -CAkey mid.key -out leaf.crt -days 10 -extfile san",
    );
    let join = |name: &str, parts: &[&str]| {
        bench.write(
            name,
            &parts
                .iter()
                .flat_map(|part| bench.read(part))
                .collect::<Vec<u8>>(),
        )
    };
    let key = bench.path("leaf.key");
    chmod(&key, 0o640);
    let good = join("good.pem", &["leaf.crt", "mid.crt", "root.crt"]);
    let loaded = TlsIdentity::load(&good, &key, now()).unwrap();
    loaded.check_covers("fs.example.com").unwrap();
    loaded.check_covers("a.apps.example.com").unwrap();
    loaded.check_covers("a.b.apps.example.com").unwrap_err();
    load_server_config(&join("alone.pem", &["leaf.crt"]), &key, now()).unwrap();

    let fault = |chain: &Path, key: &Path, ahead: i64| match TlsIdentity::load(
        chain,
        key,
        now() + days(ahead),
    ) {
        Err(CertError::InFile { path, fault }) => (path, *fault),
        other => panic!("{other:?}"),
    };
    let wrong = join("wrong.pem", &["leaf.crt", "root.crt", "mid.crt"]);
    let (path, found) = fault(&wrong, &key, 0);
    assert_eq!(path, wrong);
    let expected = CertError::ChainOutOfOrder {
        position: 2,
        subject: "CN=root".to_owned(),
        child: "CN=leaf".to_owned(),
    };
    assert_eq!(found, expected);
    let (_, found) = fault(&join("root-first.pem", &["root.crt", "leaf.crt"]), &key, 0);
    assert!(
        matches!(found, CertError::ChainOutOfOrder { position: 2, .. }),
        "{found:?}"
    );
    // Same name, another key: the signature decides, not the name.
    bench.openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout twin.key -out twin.crt -subj /CN=mid -days 30",
    );
    let (_, found) = fault(&join("twin.pem", &["leaf.crt", "twin.crt"]), &key, 0);
    assert!(
        matches!(found, CertError::ChainOutOfOrder { .. }),
        "{found:?}"
    );

    let (path, found) = fault(&good, &key, 15);
    assert_eq!(path, good);
    assert!(
        matches!(&found, CertError::CertificateExpired { subject, .. } if subject == "CN=leaf"),
        "{found:?}"
    );
    let (_, found) = fault(&good, &key, -5);
    assert!(
        matches!(found, CertError::CertificateNotYetValid { .. }),
        "{found:?}"
    );

    let other = bench.path("mid.key");
    chmod(&other, 0o600);
    let (path, found) = fault(&good, &other, 0);
    assert_eq!(path, other);
    assert!(
        matches!(found, CertError::KeyDoesNotMatchCertificate { .. }),
        "{found:?}"
    );

    bench.openssl("pkcs8 -topk8 -v2 aes-256-cbc -in leaf.key -out locked.key -passout pass:p");
    let locked = bench.path("locked.key");
    chmod(&locked, 0o600);
    assert_eq!(
        fault(&good, &locked, 0),
        (locked.clone(), CertError::PemKeyEncrypted)
    );
    assert_eq!(
        fault(&key, &key, 0),
        (key.clone(), CertError::PemWithoutCertificate)
    );
    let public = bench.path("good.pem");
    chmod(&public, 0o600);
    assert_eq!(fault(&good, &public, 0), (public, CertError::PemWithoutKey));

    let of_file = |chain: &Path, key: &Path| match TlsIdentity::load(chain, key, now()) {
        Err(CertError::File { path, fault }) => (path, fault),
        other => panic!("{other:?}"),
    };
    let none = bench.path("none.pem");
    assert_eq!(of_file(&none, &key), (none.clone(), FileFault::Missing));
    assert_eq!(of_file(&good, &none), (none, FileFault::Missing));
    let folder = bench.path("");
    assert_eq!(of_file(&folder, &key).1, FileFault::NotAFile);
    chmod(&key, 0o644);
    assert_eq!(
        of_file(&good, &key),
        (key.clone(), FileFault::OpenToOthers { mode: 0o644 })
    );
    let huge = bench.write("huge.pem", &vec![b'x'; 300_000]);
    assert!(matches!(of_file(&huge, &key).1, FileFault::TooLarge { .. }));
}

#[test]
fn sec_key_10_certificate_not_meant_for_servers_refused() {
    let bench = Bench::new();
    bench.openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout c.key -out c.crt -subj /CN=client -days 10 \
         -addext extendedKeyUsage=clientAuth",
    );
    let refused =
        TlsIdentity::from_pem(&bench.read("c.crt"), &bench.read("c.key"), now()).unwrap_err();
    assert!(
        matches!(refused, CertError::CertificateForOtherUse { .. }),
        "{refused:?}"
    );
}
