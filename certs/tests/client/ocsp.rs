//! OCSP: who may answer, what an answer has to be, and what follows from it.

use std::sync::atomic::Ordering;

use rcgen::{CustomExtension, ExtendedKeyUsagePurpose};
use signet_certs::client::{JudgingPolicy, Refusal, Revocation};
use time::Duration;
use x509_cert::der::Encode as _;
use x509_ocsp::OcspResponse;

use crate::pki::{CRL, Card, NOW, OCSP, Pki, Wanted, unreachable};
use crate::responder::{Answer, Say};

fn card(pki: &Pki) -> Card {
    Wanted {
        ocsp: Some(OCSP),
        ..Wanted::default()
    }
    .issue(&pki.issuing)
}

fn delegate(pki: &Pki, purposes: Vec<ExtendedKeyUsagePurpose>, days: i64) -> Card {
    let no_check = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], vec![5, 0]);
    responder(pki, purposes, days, None, vec![no_check])
}

fn responder(
    pki: &Pki,
    purposes: Vec<ExtendedKeyUsagePurpose>,
    days: i64,
    crl: Option<&'static str>,
    extensions: Vec<CustomExtension>,
) -> Card {
    let valid = (NOW - Duration::days(10), NOW + Duration::days(days));
    Wanted {
        name: "Responder",
        sid: None,
        upn: None,
        email: None,
        purposes,
        valid,
        crl,
        extensions,
        ..Wanted::default()
    }
    .issue(&pki.issuing)
}

fn serve_by_delegate(pki: &Pki, answer: Answer, responder: &Card) {
    let (key, certificate) = (responder.key.clone(), responder.certificate.clone());
    pki.source.respond(move |request| {
        let key = rcgen::KeyPair::try_from(key.as_slice()).unwrap();
        answer.to(request, &key, &certificate, true)
    });
}

fn serve_by_issuer(pki: &Pki, answer: Answer) {
    let (key, certificate) = (pki.issuing.key(), pki.issuing.certificate.clone());
    pki.source
        .respond(move |request| answer.to(request, &key, &certificate, false));
}

async fn verdict(pki: &Pki, card: &Card) -> Result<(), Refusal> {
    let judge = pki.judge(JudgingPolicy::default());
    judge
        .judge(std::slice::from_ref(&card.certificate), NOW)
        .await
        .map(drop)
}

#[tokio::test]
async fn the_issuer_or_its_responder_may_answer() {
    let pki = Pki::new();
    pki.source.serve(CRL, Err(unreachable(CRL)));
    let card = card(&pki);
    serve_by_issuer(&pki, Answer::default());
    assert_eq!(verdict(&pki, &card).await, Ok(()));
    let responder = delegate(&pki, vec![ExtendedKeyUsagePurpose::OcspSigning], 10);
    for echo_nonce in [true, false] {
        serve_by_delegate(
            &pki,
            Answer {
                echo_nonce,
                ..Answer::default()
            },
            &responder,
        );
        assert_eq!(verdict(&pki, &card).await, Ok(()));
    }
    serve_by_delegate(
        &pki,
        Answer {
            next: None,
            ..Answer::default()
        },
        &responder,
    );
    assert_eq!(
        verdict(&pki, &card).await,
        Ok(()),
        "without nextUpdate: fresh news"
    );
}

#[tokio::test]
async fn sec_crt_06_a_responder_that_may_be_revoked_is_looked_up_in_the_list() {
    let pki = Pki::new();
    let card = card(&pki);
    let purposes = || vec![ExtendedKeyUsagePurpose::OcspSigning];
    let listed = responder(&pki, purposes(), 10, Some(CRL), vec![]);
    serve_by_delegate(&pki, Answer::default(), &listed);
    assert_eq!(verdict(&pki, &card).await, Ok(()));
    // Its answer says good; the list says that it may say nothing any more. The card itself is on no list.
    pki.source
        .serve(CRL, Ok(pki.issuing.list(&[&listed], |_| {})));
    let judge = pki.judge(JudgingPolicy {
        responders_first: true,
        ..JudgingPolicy::default()
    });
    let answer = judge.judge(std::slice::from_ref(&card.certificate), NOW);
    assert!(answer.await.is_ok(), "the list itself clears the card");
    let only_responder = Wanted {
        ocsp: Some(OCSP),
        crl: None,
        ..Wanted::default()
    }
    .issue(&pki.issuing);
    let Err(Refusal::RevocationUnknown { detail, .. }) = verdict(&pki, &only_responder).await
    else {
        panic!("a revoked responder cleared a card");
    };
    assert!(detail.contains("own certificate was revoked"), "{detail}");
    for crl in [None, Some(CRL)] {
        pki.source.serve(CRL, Err(unreachable(CRL)));
        let unchecked = responder(&pki, purposes(), 10, crl, vec![]);
        serve_by_delegate(&pki, Answer::default(), &unchecked);
        let Err(Refusal::RevocationUnknown { detail, .. }) = verdict(&pki, &only_responder).await
        else {
            panic!("a responder that nobody can check cleared a card");
        };
        assert!(detail.contains("cannot be found out"), "{detail}");
    }
}

#[tokio::test]
async fn sec_crt_06_revoked_and_unknown_refuse_whatever_the_list_says() {
    let pki = Pki::new();
    let card = card(&pki);
    serve_by_issuer(
        &pki,
        Answer {
            status: Say::Revoked,
            ..Answer::default()
        },
    );
    assert!(
        matches!(verdict(&pki, &card).await, Err(Refusal::Revoked { source_of_news, .. }) if source_of_news == OCSP)
    );
    serve_by_issuer(
        &pki,
        Answer {
            status: Say::Unknown,
            ..Answer::default()
        },
    );
    assert!(matches!(
        verdict(&pki, &card).await,
        Err(Refusal::RevocationUnknown { .. })
    ));
}

#[tokio::test]
async fn sec_crt_06_a_list_that_names_a_card_counts_where_the_responder_does_not_know_it() {
    let pki = Pki::new();
    let card = card(&pki);
    serve_by_issuer(
        &pki,
        Answer {
            status: Say::Unknown,
            ..Answer::default()
        },
    );
    let soft = JudgingPolicy {
        revocation: Revocation::SoftFail,
        ..JudgingPolicy::default()
    };
    let chain = [card.certificate.clone()];
    let judge = pki.judge(soft);
    assert!(
        judge.judge(&chain, NOW).await.is_ok(),
        "unknown alone is what soft lets in"
    );
    pki.source
        .serve(CRL, Ok(pki.issuing.list(&[&card], |_| {})));
    for policy in [soft, JudgingPolicy::default()] {
        let refused = pki.judge(policy).judge(&chain, NOW).await.unwrap_err();
        assert!(
            matches!(&refused, Refusal::Revoked { source_of_news, .. } if source_of_news == CRL),
            "{:?}: {refused:?}",
            policy.revocation
        );
    }
}

#[tokio::test(start_paused = true)]
async fn sec_crt_06_a_responder_that_hangs_leaves_time_for_the_list() {
    let pki = Pki::new();
    let card = card(&pki);
    pki.source.hangs.store(true, Ordering::SeqCst);
    pki.source
        .serve(CRL, Ok(pki.issuing.list(&[&card], |_| {})));
    let soft = JudgingPolicy {
        revocation: Revocation::SoftFail,
        ..JudgingPolicy::default()
    };
    let begun = tokio::time::Instant::now();
    for policy in [soft, JudgingPolicy::default()] {
        let judge = pki.judge(policy);
        let refused = judge.judge(std::slice::from_ref(&card.certificate), NOW);
        assert!(matches!(refused.await, Err(Refusal::Revoked { .. })));
    }
    assert!(begun.elapsed() < soft.patience * 2);
    pki.source.serve(CRL, Ok(pki.issuing.list(&[], |_| {})));
    assert_eq!(verdict(&pki, &card).await, Ok(()));
    // A card that names nobody else: the whole patience, and no longer.
    let only_responder = Wanted {
        ocsp: Some(OCSP),
        crl: None,
        ..Wanted::default()
    }
    .issue(&pki.issuing);
    let begun = tokio::time::Instant::now();
    assert!(matches!(
        verdict(&pki, &only_responder).await,
        Err(Refusal::RevocationUnknown { .. })
    ));
    let waited = begun.elapsed();
    assert!(
        waited >= soft.patience && waited < soft.patience * 2,
        "{waited:?}"
    );
}

#[tokio::test]
async fn sec_crt_06_answers_by_others_for_others_or_out_of_time_are_no_answers() {
    let pki = Pki::new();
    pki.source.serve(CRL, Err(unreachable(CRL)));
    let card = card(&pki);
    let hour = Duration::hours(1);
    for (what, answer) in [
        (
            "tampered",
            Answer {
                tamper: true,
                ..Answer::default()
            },
        ),
        (
            "wrong nonce",
            Answer {
                wrong_nonce: true,
                ..Answer::default()
            },
        ),
        (
            "other serial",
            Answer {
                other_serial: true,
                ..Answer::default()
            },
        ),
        (
            "stale",
            Answer {
                made: NOW - hour * 48,
                next: Some(NOW - hour),
                ..Answer::default()
            },
        ),
        (
            "old without end",
            Answer {
                made: NOW - hour,
                next: None,
                ..Answer::default()
            },
        ),
        (
            "future",
            Answer {
                made: NOW + hour,
                next: Some(NOW + hour * 2),
                ..Answer::default()
            },
        ),
    ] {
        serve_by_issuer(&pki, answer);
        let refusal = verdict(&pki, &card).await.unwrap_err();
        let expected = match what {
            "stale" | "old without end" => matches!(refusal, Refusal::RevocationStale { .. }),
            _ => matches!(refusal, Refusal::RevocationUnknown { .. }),
        };
        assert!(expected, "{what}: {refusal:?}");
    }
    let unknown =
        |refusal: Result<(), Refusal>| matches!(refusal, Err(Refusal::RevocationUnknown { .. }));
    for (what, responder) in [
        (
            "a colleague's card",
            delegate(&pki, vec![ExtendedKeyUsagePurpose::ClientAuth], 10),
        ),
        ("no purpose", delegate(&pki, vec![], 10)),
        (
            "ended",
            delegate(&pki, vec![ExtendedKeyUsagePurpose::OcspSigning], -1),
        ),
        (
            "another authority's responder",
            Wanted {
                name: "Responder",
                purposes: vec![ExtendedKeyUsagePurpose::OcspSigning],
                ..Wanted::default()
            }
            .issue(&pki.outside),
        ),
        (
            "a rogue's responder",
            Wanted {
                name: "Responder",
                purposes: vec![ExtendedKeyUsagePurpose::OcspSigning],
                ..Wanted::default()
            }
            .issue(&pki.rogue),
        ),
    ] {
        serve_by_delegate(&pki, Answer::default(), &responder);
        assert!(unknown(verdict(&pki, &card).await), "{what}");
    }
    for (what, response) in [
        ("try later", OcspResponse::try_later()),
        ("unauthorized", OcspResponse::unauthorized()),
        ("malformed", OcspResponse::malformed_request()),
        ("internal", OcspResponse::internal_error()),
    ] {
        let der = response.to_der().unwrap();
        pki.source.respond(move |_| Ok(der.clone()));
        assert!(unknown(verdict(&pki, &card).await), "{what}");
    }
    for nonsense in [
        vec![],
        b"<html>".to_vec(),
        vec![0x30, 0x80],
        vec![0; 70_000],
    ] {
        pki.source.respond(move |_| Ok(nonsense.clone()));
        assert!(unknown(verdict(&pki, &card).await));
    }
}

#[tokio::test]
async fn one_source_stands_in_for_the_other() {
    let pki = Pki::new();
    let card = card(&pki);
    let try_later = OcspResponse::try_later().to_der().unwrap();
    pki.source.respond(move |_| Ok(try_later.clone()));
    assert_eq!(
        verdict(&pki, &card).await,
        Ok(()),
        "the list speaks where the responder is silent"
    );
    pki.source.serve(CRL, Err(unreachable(CRL)));
    serve_by_issuer(&pki, Answer::default());
    let lists_first = JudgingPolicy {
        responders_first: false,
        ..JudgingPolicy::default()
    };
    let judge = pki.judge(lists_first);
    assert!(judge.judge(&[card.certificate], NOW).await.is_ok());
}

#[tokio::test]
async fn a_kept_answer_serves_until_it_is_ten_minutes_old_or_out_of_date() {
    let pki = Pki::new();
    let card = card(&pki);
    serve_by_issuer(
        &pki,
        Answer {
            next: Some(NOW + Duration::minutes(15)),
            ..Answer::default()
        },
    );
    let judge = pki.judge(JudgingPolicy {
        revocation: Revocation::HardFail,
        ..JudgingPolicy::default()
    });
    let chain = [card.certificate.clone()];
    assert!(judge.judge(&chain, NOW).await.is_ok());
    let asked = pki.source.count();
    assert!(
        judge
            .judge(&chain, NOW + Duration::minutes(9))
            .await
            .is_ok()
    );
    assert_eq!(pki.source.count(), asked);
    pki.source.respond(|_| Err(unreachable(OCSP)));
    assert!(
        judge
            .judge(&chain, NOW + Duration::minutes(11))
            .await
            .is_ok()
    );
    pki.source.serve(CRL, Err(unreachable(CRL)));
    assert!(
        judge
            .judge(&chain, NOW + Duration::minutes(16))
            .await
            .is_err()
    );
}
