//! Lists: hard and soft fail, staleness, scope, signatures, caching.

use std::sync::Arc;

use rcgen::{CrlScope, KeyUsagePurpose};
use signet_certs::client::revocation::{FetchFault, ListFault, RevocationList};
use signet_certs::client::{Authorities, Judge, JudgingPolicy, Refusal, Revocation};
use time::{Duration, OffsetDateTime};

use crate::pki::{Authority, CRL, Card, NOW, Pki, ROOT_CRL, Wanted, scoped, unreachable};

async fn verdict(judge: &Judge, card: &Card, now: OffsetDateTime) -> Result<(), Refusal> {
    let verdict = judge
        .judge(std::slice::from_ref(&card.certificate), now)
        .await;
    verdict.map(drop)
}

fn soft() -> JudgingPolicy {
    JudgingPolicy {
        revocation: Revocation::SoftFail,
        ..JudgingPolicy::default()
    }
}

#[tokio::test]
async fn sec_crt_06_a_revoked_certificate_is_refused_hard_and_soft() {
    let pki = Pki::new();
    let (card, other) = (
        Wanted::default().issue(&pki.issuing),
        Wanted::default().issue(&pki.issuing),
    );
    pki.source
        .serve(CRL, Ok(pki.issuing.list(&[&card], |_| {})));
    for policy in [JudgingPolicy::default(), soft()] {
        let judge = pki.judge(policy);
        let refusal = verdict(&judge, &card, NOW).await.unwrap_err();
        assert!(
            matches!(&refusal, Refusal::Revoked { certificate, source_of_news } if certificate.contains("Carla") && source_of_news == CRL)
        );
        assert_eq!(verdict(&judge, &other, NOW).await, Ok(()));
    }
}

#[tokio::test]
async fn sec_crt_06_a_revoked_authority_takes_its_certificates_with_it() {
    let pki = Pki::new();
    let card = Wanted::default().issue(&pki.issuing);
    let serial = signet_certs::client::ClientCertificate::read(&pki.issuing.certificate)
        .unwrap()
        .serial;
    let issuing = Card {
        certificate: pki.issuing.certificate.clone(),
        key: vec![],
        serial,
    };
    pki.source
        .serve(ROOT_CRL, Ok(pki.root.list(&[&issuing], |_| {})));
    let refusal = verdict(&pki.judge(soft()), &card, NOW).await.unwrap_err();
    assert!(
        matches!(&refusal, Refusal::Revoked { certificate, .. } if certificate.contains("Issuing, 1")),
        "{refusal:?}"
    );
    // Nobody can say anything of the card itself: what is known of the authority counts all the same, and is what is told.
    pki.source.serve(CRL, Err(unreachable(CRL)));
    for policy in [soft(), JudgingPolicy::default()] {
        let refusal = verdict(&pki.judge(policy), &card, NOW).await.unwrap_err();
        assert!(
            matches!(&refusal, Refusal::Revoked { certificate, .. } if certificate.contains("Issuing, 1")),
            "{:?}: {refusal:?}",
            policy.revocation
        );
    }
}

#[tokio::test]
async fn sec_crt_06_without_a_usable_list_it_fails_closed_unless_set_otherwise() {
    let pki = Pki::new();
    let card = Wanted::default().issue(&pki.issuing);
    let day = Duration::days(1);
    let stale = pki.issuing.list(&[], |list| {
        (list.this_update, list.next_update) = (NOW - day * 10, NOW - day);
    });
    let future = pki.issuing.list(&[], |list| list.this_update = NOW + day);
    let mut tampered = pki.issuing.list(&[], |_| {});
    let last = tampered.len() - 1;
    tampered[last] ^= 1;
    let cases: Vec<(&str, Result<Vec<u8>, FetchFault>)> = vec![
        ("down", Err(unreachable(CRL))),
        (
            "not found",
            Err(FetchFault::Status {
                url: CRL.to_owned(),
                status: 404,
            }),
        ),
        ("stale", Ok(stale)),
        ("future", Ok(future)),
        ("tampered", Ok(tampered)),
        ("empty", Ok(vec![])),
        (
            "nonsense",
            Ok(b"<html>sign in to the guest network</html>".to_vec()),
        ),
        ("another authority's", Ok(pki.root.list(&[], |_| {}))),
        (
            "a rogue's of the same name",
            Ok(pki.rogue.list(&[], |_| {})),
        ),
        (
            "authorities only",
            Ok(pki.issuing.list(&[], |list| {
                list.issuing_distribution_point = Some(scoped(CRL, Some(CrlScope::CaCertsOnly)))
            })),
        ),
        (
            "another point's",
            Ok(pki.issuing.list(&[], |list| {
                list.issuing_distribution_point =
                    Some(scoped("http://pki.corp.example/2.crl", None))
            })),
        ),
    ];
    for (what, served) in cases {
        pki.source.serve(CRL, served);
        let refusal = verdict(&pki.judge(JudgingPolicy::default()), &card, NOW)
            .await
            .unwrap_err();
        let expected = match what {
            "stale" => matches!(refusal, Refusal::RevocationStale { .. }),
            _ => matches!(refusal, Refusal::RevocationUnknown { .. }),
        };
        assert!(expected, "{what}: {refusal:?}");
        assert_eq!(
            verdict(&pki.judge(soft()), &card, NOW).await,
            Ok(()),
            "{what}"
        );
    }
    pki.source.serve(
        CRL,
        Ok(pki.issuing.list(&[], |list| {
            list.issuing_distribution_point = Some(scoped(CRL, Some(CrlScope::UserCertsOnly)))
        })),
    );
    assert_eq!(
        verdict(&pki.judge(JudgingPolicy::default()), &card, NOW).await,
        Ok(())
    );
}

#[tokio::test]
async fn sec_crt_06_addresses_that_are_not_listed_are_not_fetched() {
    let pki = Pki::new();
    for crl in [
        None,
        Some("ldap:///CN=CA,CN=CDP"),
        Some("http://169.254.169.254/latest/meta-data"),
    ] {
        let card = Wanted {
            crl,
            ..Wanted::default()
        }
        .issue(&pki.issuing);
        let refusal = verdict(&pki.judge(JudgingPolicy::default()), &card, NOW)
            .await
            .unwrap_err();
        assert!(
            matches!(refusal, Refusal::RevocationUnknown { .. }),
            "{crl:?}: {refusal:?}"
        );
    }
    let asked = pki.source.addresses();
    assert!(
        asked.iter().all(|url| url == ROOT_CRL),
        "the issuing authority is looked up: {asked:?}"
    );
}

#[tokio::test]
async fn a_list_is_fetched_once_and_stands_in_until_its_next_update() {
    let pki = Pki::new();
    let judge = Arc::new(pki.judge(JudgingPolicy::default()));
    let cards: Vec<Card> = (0..8)
        .map(|_| Wanted::default().issue(&pki.issuing))
        .collect();
    let all = cards.iter().map(|card| {
        let (judge, card) = (Arc::clone(&judge), card.clone());
        tokio::spawn(async move { verdict(&judge, &card, NOW).await })
    });
    for one in all.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), Ok(()));
    }
    assert_eq!(pki.source.count(), 2, "one list an authority, whoever asks");

    pki.source.serve(
        CRL,
        Ok(pki
            .issuing
            .list(&[&cards[0]], |list| list.this_update = NOW)),
    );
    assert_eq!(
        verdict(&judge, &cards[0], NOW + Duration::minutes(59)).await,
        Ok(())
    );
    let later = NOW + Duration::minutes(61);
    assert!(matches!(
        verdict(&judge, &cards[0], later).await,
        Err(Refusal::Revoked { .. })
    ));

    // An older list played again does not bring the card back.
    pki.source.serve(CRL, Ok(pki.issuing.list(&[], |_| {})));
    let replay = later + Duration::minutes(61);
    assert!(matches!(
        verdict(&judge, &cards[0], replay).await,
        Err(Refusal::Revoked { .. })
    ));

    // The server goes away: the list stands in until its next update, and then no longer.
    pki.source.serve(CRL, Err(unreachable(CRL)));
    pki.source.serve(
        ROOT_CRL,
        Ok(pki
            .root
            .list(&[], |list| list.next_update = NOW + Duration::days(30))),
    );
    assert_eq!(
        verdict(&judge, &cards[1], NOW + Duration::days(6)).await,
        Ok(())
    );
    let after = NOW + Duration::days(8);
    let refusal = verdict(&judge, &cards[1], after).await.unwrap_err();
    assert!(
        matches!(refusal, Refusal::RevocationStale { .. }),
        "{refusal:?}"
    );
}

#[tokio::test]
async fn an_authority_that_may_not_sign_lists_signs_none() {
    let pki = Pki::new();
    let weak = Authority::new("No lists", Some(&pki.root), |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    });
    // The same name and key, signing all the same.
    let list = weak.signing_lists().list(&[], |_| {});
    assert_eq!(
        RevocationList::read(&list, &weak.certificate, NOW).unwrap_err(),
        ListFault::MayNotSign
    );
    pki.source.serve(CRL, Ok(list));
    let judge = pki.judge(JudgingPolicy::default());
    judge.set_authorities(Authorities::new(
        [pki.root.certificate.as_ref()],
        [],
        [weak.certificate.as_ref()],
    ));
    let card = Wanted::default().issue(&weak);
    assert!(matches!(
        verdict(&judge, &card, NOW).await,
        Err(Refusal::RevocationUnknown { .. })
    ));
}
