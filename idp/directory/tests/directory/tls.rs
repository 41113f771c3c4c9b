//! Whom a directory talks to.

use std::sync::Arc;

use rustls::ServerConfig;
use signet_directory::{ActiveDirectory, DirectoryError, RootsError, Transport, TrustedRoots};

use crate::fake::{
    Fake, ROOT, accepted, address, config, directory, message, octets, result, sign_in, tlv,
};
use crate::pki::{Authority, expired, self_signed};

async fn refused(tls: Arc<ServerConfig>) -> String {
    let fake = Fake::start_with(Some(tls), "127.0.0.1:0").await;
    let verdict = sign_in(&directory(&[&fake]), "alice", "alice-secret").await;
    let Err(DirectoryError::Unavailable { detail, .. }) = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(fake.log(), [], "something was said to a stranger");
    detail
}

#[tokio::test]
async fn sec_ad_13_six_bad_certificates_are_refused() {
    let names = ["dc1.corp.example"];
    for (what, tls, reason) in [
        ("expired", ROOT.server(&names, expired), "expired"),
        (
            "another name",
            ROOT.server(&["dc2.corp.example"], |_| {}),
            "not valid for name",
        ),
        ("self-signed", self_signed(&names), "UnknownIssuer"),
        (
            "another authority",
            Authority::new().server(&names, |_| {}),
            "UnknownIssuer",
        ),
        (
            "no name at all",
            ROOT.server(&[], |params| {
                params.distinguished_name = rcgen::DistinguishedName::new()
            }),
            "not valid for",
        ),
        (
            "the name only as CN",
            ROOT.server(&[], |_| {}),
            "not valid for",
        ),
    ] {
        let detail = refused(tls).await;
        let known = detail.contains(reason)
            || (reason == "UnknownIssuer" && detail.contains("BadSignature"));
        assert!(known && detail.contains("127.0.0.1"), "{what}: {detail}");
    }
}

#[tokio::test]
async fn sec_f_07_a_controller_with_an_expired_certificate_is_passed_over() {
    let stale = Fake::start_with(
        Some(ROOT.server(&["dc1.corp.example"], expired)),
        "127.0.0.1:0",
    )
    .await;
    let fresh = Fake::start().await;
    let directory = directory(&[&stale, &fresh]);
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
    use signet_directory::{ControllerState, Directory as _};
    let health = directory.health().await;
    assert_eq!(health[0].state, ControllerState::Down);
    assert!(
        health[0].detail.as_ref().unwrap().contains("expired"),
        "{health:?}"
    );
}

fn start_tls(fake: &Fake) -> ActiveDirectory {
    let mut config = config(vec![address(fake.address)]);
    config.transport = Transport::StartTls;
    ActiveDirectory::start(config)
}

#[tokio::test]
async fn start_tls_protects_a_plain_port() {
    let fake = Fake::start_with(None, "127.0.0.1:0").await;
    assert!(accepted(
        &sign_in(&start_tls(&fake), "alice", "alice-secret").await
    ));
}

#[tokio::test]
async fn sec_ad_14_start_tls_that_is_refused_or_disturbed_ends_the_connection() {
    let fake = Fake::start_with(None, "127.0.0.1:0").await;
    let granted = message(1, &result(0x78, 0, ""));
    let entry = message(2, &result(0x61, 0, "injected"));
    for (what, answer) in [
        ("refused", message(1, &result(0x78, 52, "unavailable"))),
        ("refused by protocolError", message(1, &result(0x78, 2, ""))),
        (
            "plaintext behind the answer",
            [granted.clone(), entry].concat(),
        ),
        (
            "an answer to something else",
            message(7, &result(0x78, 0, "")),
        ),
        ("a bind response", message(1, &result(0x61, 0, ""))),
        ("not LDAP", b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        ("an endless answer", tlv(0x30, &octets(&[0; 5000]))),
        ("an indefinite length", vec![0x30, 0x80, 0, 0]),
    ] {
        fake.start_tls(answer);
        let verdict = sign_in(&start_tls(&fake), "alice", "alice-secret").await;
        assert!(
            matches!(verdict, Err(DirectoryError::Unavailable { .. })),
            "{what}: {verdict:?}"
        );
        assert_eq!(fake.log(), [], "{what}");
    }
}

#[test]
fn roots_have_to_be_named() {
    assert_eq!(TrustedRoots::from_pem(b"").unwrap_err(), RootsError::Empty);
    assert_eq!(
        TrustedRoots::from_pem(b"no certificate here").unwrap_err(),
        RootsError::Empty
    );
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(
        TrustedRoots::from_pem(broken.as_bytes()).unwrap_err(),
        RootsError::NotACertificate(_)
    ));
}

#[test]
fn a_configuration_that_cannot_work_is_told() {
    use signet_directory::{ConfigurationFault, ControllerAddress};
    let listed = |host: &str| ControllerAddress {
        host: host.to_owned(),
        port: None,
        tls_name: None,
    };
    assert_eq!(
        config(vec![listed("dc1.corp.example"), listed("10.0.0.1")]).check(),
        Ok(())
    );
    assert_eq!(
        config(vec![listed("not a name")]).check(),
        Err(ConfigurationFault::NoCertificateName(
            "not a name".to_owned()
        ))
    );
    assert_eq!(
        config(Vec::new()).check(),
        Err(ConfigurationFault::NoControllers)
    );
    let mut unnamed = config(vec![listed("dc1.corp.example")]);
    unnamed.dns_domain = "corp..example".to_owned();
    assert_eq!(
        unnamed.check(),
        Err(ConfigurationFault::NoDomainName("corp..example".to_owned()))
    );
}

#[tokio::test]
async fn sec_f_07_a_refused_certificate_is_told_once_with_all_that_names_it() {
    use signet_directory::DirectoryEvent;
    let names = ["dc1.corp.example"];
    let stale = Fake::start_with(Some(ROOT.server(&names, expired)), "127.0.0.1:0").await;
    let (reports, mut events) = tokio::sync::mpsc::channel(8);
    let directory = ActiveDirectory::start_reporting(config(vec![address(stale.address)]), reports);
    let event = events.recv().await.unwrap();
    assert_eq!(event.code(), "SIG-DIRECTORY-CERTIFICATE");
    let told = event.to_string();
    let DirectoryEvent::CertificateRefused {
        controller,
        certificate,
        ..
    } = event
    else {
        panic!("{event:?}")
    };
    assert_eq!(controller, stale.address.to_string());
    assert_eq!(certificate.names, names);
    assert!(certificate.not_after.unwrap() < time::OffsetDateTime::now_utc());
    assert!(told.contains("expired") && told.contains(&certificate.thumbprint));
    // It is tried again and again, and told no more.
    for _ in 0..3 {
        let verdict = sign_in(&directory, "alice", "alice-secret").await;
        assert!(matches!(verdict, Err(DirectoryError::Unavailable { .. })));
    }
    assert!(events.try_recv().is_err());
}

#[tokio::test]
async fn sec_f_07_roots_that_are_exchanged_hold_for_open_connections_too() {
    let fake = Fake::start().await;
    let settings = config(vec![address(fake.address)]);
    let roots = settings.roots.clone();
    let directory = ActiveDirectory::start(settings);
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
    assert_eq!(roots.replace(b"none"), Err(RootsError::Empty));
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
    roots.replace(Authority::new().pem().as_bytes()).unwrap();
    let verdict = sign_in(&directory, "alice", "alice-secret").await;
    let Err(DirectoryError::Unavailable { detail, .. }) = verdict else {
        panic!("{verdict:?}")
    };
    assert!(detail.contains("invalid peer certificate"), "{detail}");
    roots.replace(ROOT.pem().as_bytes()).unwrap();
    let begun = std::time::Instant::now();
    while !accepted(&sign_in(&directory, "alice", "alice-secret").await) {
        assert!(begun.elapsed().as_secs() < 30, "never taken back");
    }
}
