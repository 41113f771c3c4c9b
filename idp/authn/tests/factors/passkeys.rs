//! Passkeys and security keys, made and used by a software authenticator.

use signet_authn::AuthenticatedUser;
use signet_authn::factors::{
    Answer, Asked, Checkout, EnrolmentPrompt, EnrolmentStep, FactorFailure, Prompt,
    SecondFactorProof, SecondFactors,
};
use signet_model::{FactorId, FactorKind};
use time::Duration;
use url::Url;
use webauthn_authenticator_rs::AuthenticatorBackend as _;
use webauthn_authenticator_rs::softpasskey::SoftPasskey;
use webauthn_rs::prelude::{CreationChallengeResponse, RequestChallengeResponse};

use crate::fake::noon;
use crate::lab::{FLOW, Lab, ORIGIN, begin, check, enrol_app, permit, somebody};

const KIND: FactorKind = FactorKind::Passkey;

/// Registers `key` as a browser at `origin` would.
async fn enrol(
    node: &SecondFactors,
    user: &AuthenticatedUser,
    proof: Option<&SecondFactorProof>,
    key: &mut SoftPasskey,
    origin: &str,
) -> Result<FactorId, FactorFailure> {
    let now = proof.map_or(noon(), SecondFactorProof::at);
    let permit = permit(node, user, proof, now).await;
    let asked = node
        .begin_enrolment(&permit, user, FLOW, KIND, noon())
        .await
        .unwrap();
    let EnrolmentPrompt::WebAuthn { options } = &asked.prompt else {
        panic!("no options");
    };
    let options: CreationChallengeResponse = serde_json::from_str(options).unwrap();
    assert_eq!(options.public_key.rp.id, "sts.example.com");
    let made = key
        .perform_register(Url::parse(origin).unwrap(), options.public_key, 1000)
        .unwrap();
    let answer = Answer::WebAuthn(serde_json::to_string(&made).unwrap());
    let step = node
        .finish_enrolment(
            &permit,
            user,
            FLOW,
            KIND,
            &asked.ticket,
            &answer,
            "key",
            noon(),
        )
        .await?;
    match step {
        EnrolmentStep::Enrolled(enrolled) => {
            assert_eq!(enrolled.proof, None, "that it was made is no sign-in");
            Ok(enrolled.record.id)
        }
        EnrolmentStep::Again(_) => panic!("a challenge is used once"),
    }
}

fn answer(asked: &Asked, key: &mut SoftPasskey, origin: &str) -> Answer {
    let Prompt::WebAuthn { options } = &asked.prompt else {
        panic!("no options");
    };
    let options: RequestChallengeResponse = serde_json::from_str(options).unwrap();
    let signed = key
        .perform_auth(Url::parse(origin).unwrap(), options.public_key, 1000)
        .unwrap();
    Answer::WebAuthn(serde_json::to_string(&signed).unwrap())
}

async fn finish(
    node: &SecondFactors,
    user: &AuthenticatedUser,
    asked: &Asked,
    answer: &Answer,
) -> Result<SecondFactorProof, FactorFailure> {
    check(node, user, KIND, asked.ticket.as_deref(), answer, noon()).await
}

/// The software key verifies its owner only when told to; one with a PIN or a finger does so when wished for.
fn with_owner_checked(asked: Asked) -> Asked {
    let Prompt::WebAuthn { options } = &asked.prompt else {
        panic!("no options");
    };
    assert!(
        options.contains(r#""userVerification":"preferred""#),
        "{options}"
    );
    let options = options.replace(r#":"preferred""#, r#":"required""#);
    Asked {
        prompt: Prompt::WebAuthn { options },
        ..asked
    }
}

#[tokio::test]
async fn a_passkey_is_made_and_used_and_says_whether_it_checked_its_owner() {
    let lab = Lab::new().await;
    let (node, alice) = (lab.node(), somebody("alice").await);
    let mut key = SoftPasskey::new(true);
    let id = enrol(&node, &alice, None, &mut key, ORIGIN).await.unwrap();
    for verifies in [true, false] {
        let offers = node.offers(&alice).await.unwrap();
        assert_eq!(offers.kinds(), [KIND]);
        for _ in 0..3 {
            let mut asked = begin(&node, &alice, KIND).await;
            if verifies {
                asked = with_owner_checked(asked);
            }
            let answer = answer(&asked, &mut key, ORIGIN);
            let proof = finish(&node, &alice, &asked, &answer).await.unwrap();
            assert_eq!(proof.factor(), Some(id));
            assert_eq!(proof.user_verified(), verifies);
            let again = finish(&node, &alice, &asked, &answer).await;
            assert!(
                matches!(again, Err(FactorFailure::CeremonyGone)),
                "{again:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_for_another_origin_is_refused() {
    let lab = Lab::new().await;
    let (node, alice) = (lab.node(), somebody("alice").await);
    let foreign = [
        "https://sts.example.com:8443",
        "https://login.sts.example.com",
        "https://sts.example.org",
        "http://sts.example.com",
    ];
    for origin in foreign {
        let refused = enrol(&node, &alice, None, &mut SoftPasskey::new(true), origin).await;
        assert!(
            matches!(refused, Err(FactorFailure::Wrong { .. })),
            "{origin}"
        );
    }
    let mut key = SoftPasskey::new(true);
    enrol(&node, &alice, None, &mut key, ORIGIN).await.unwrap();
    for origin in foreign {
        let asked = begin(&node, &alice, KIND).await;
        let answer = answer(&asked, &mut key, origin);
        let refused = finish(&node, &alice, &asked, &answer).await;
        assert!(
            matches!(refused, Err(FactorFailure::Wrong { .. })),
            "{origin}"
        );
    }
}

#[tokio::test]
async fn sec_pwd_13_a_passkey_of_another_person_or_sign_in_is_refused() {
    let lab = Lab::new().await;
    let (node, alice, bob) = (lab.node(), somebody("alice").await, somebody("bob").await);
    let (mut alices, mut bobs) = (SoftPasskey::new(true), SoftPasskey::new(true));
    enrol(&node, &alice, None, &mut alices, ORIGIN)
        .await
        .unwrap();
    enrol(&node, &bob, None, &mut bobs, ORIGIN).await.unwrap();
    // Bob, who knows Alice's password, signs his own challenge and sends it in her sign-in.
    let (hers, his) = (
        begin(&node, &alice, KIND).await,
        begin(&node, &bob, KIND).await,
    );
    let signed = answer(&his, &mut bobs, ORIGIN);
    let with_his_ticket = finish(&node, &alice, &his, &signed).await;
    assert!(matches!(with_his_ticket, Err(FactorFailure::CeremonyGone)));
    let with_her_ticket = finish(&node, &alice, &hers, &signed).await;
    assert!(matches!(with_her_ticket, Err(FactorFailure::Wrong { .. })));
    let his = begin(&node, &bob, KIND).await;
    let signed = answer(&his, &mut bobs, ORIGIN);
    let elsewhere = node
        .check(
            &bob,
            b"another sign-in",
            KIND,
            his.ticket.as_deref(),
            &signed,
            noon(),
        )
        .await;
    assert!(matches!(elsewhere, Err(FactorFailure::CeremonyGone)));
    let first = begin(&node, &bob, KIND).await;
    let second = begin(&node, &bob, KIND).await;
    let signed = answer(&first, &mut bobs, ORIGIN);
    let crossed = finish(&node, &bob, &second, &signed).await;
    assert!(
        matches!(crossed, Err(FactorFailure::Wrong { .. })),
        "another challenge"
    );
    let without = node.check(&bob, FLOW, KIND, None, &signed, noon()).await;
    assert!(matches!(without, Err(FactorFailure::CeremonyGone)));
}

#[tokio::test]
async fn a_counter_that_goes_back_is_told_and_refused() {
    let lab = Lab::new().await;
    let nodes = [lab.node(), lab.node()];
    let alice = somebody("alice").await;
    let mut key = SoftPasskey::new(true);
    let id = enrol(&nodes[0], &alice, None, &mut key, ORIGIN)
        .await
        .unwrap();
    // Two ceremonies under way: the copy's answer is older than the one that arrived first.
    let (older, newer) = (
        begin(&nodes[0], &alice, KIND).await,
        begin(&nodes[1], &alice, KIND).await,
    );
    let old = answer(&older, &mut key, ORIGIN);
    let new = answer(&newer, &mut key, ORIGIN);
    finish(&nodes[1], &alice, &newer, &new).await.unwrap();
    let copied = finish(&nodes[0], &alice, &older, &old).await;
    assert!(
        matches!(copied, Err(FactorFailure::PossiblyCopied { id: told }) if told == id),
        "{copied:?}"
    );
    // The owner's key has been used a hundred times since the copy was made.
    let account = alice.account().id;
    assert_eq!(
        lab.store.use_factor(account, id, Some(100), noon()).await,
        Ok(true)
    );
    let asked = begin(&nodes[0], &alice, KIND).await;
    let old = answer(&asked, &mut key, ORIGIN);
    let copied = finish(&nodes[0], &alice, &asked, &old).await;
    assert!(
        matches!(copied, Err(FactorFailure::PossiblyCopied { .. })),
        "{copied:?}"
    );
}

#[tokio::test]
async fn one_passkey_is_enrolled_once_in_the_whole_service() {
    let lab = Lab::new().await;
    let (node, alice, bob) = (lab.node(), somebody("alice").await, somebody("bob").await);
    let first = permit(&node, &alice, None, noon()).await;
    let mut key = SoftPasskey::new(true);
    enrol(&node, &alice, None, &mut key, ORIGIN).await.unwrap();
    let asked = node
        .begin_enrolment(&first, &alice, FLOW, KIND, noon())
        .await
        .unwrap();
    let EnrolmentPrompt::WebAuthn { options } = &asked.prompt else {
        panic!("no options");
    };
    let options: CreationChallengeResponse = serde_json::from_str(options).unwrap();
    assert_eq!(
        options
            .public_key
            .exclude_credentials
            .map(|known| known.len()),
        Some(1),
        "the browser is told which it has"
    );
    // A browser that does not care, and another person's account: the row of the first has the handle.
    let record = lab
        .store
        .load_factors(alice.account().id)
        .await
        .unwrap()
        .remove(0);
    let stolen = signet_model::FactorRecord {
        account: bob.account().id,
        ..record
    };
    let added = lab.store.add_factor(&stolen, true).await;
    assert_eq!(added, Ok(signet_model::FactorAdded::HandleTaken));
}

#[tokio::test]
async fn sec_pwd_10_whoever_hammers_codes_does_not_keep_the_owner_of_a_passkey_out() {
    let lab = Lab::new().await;
    let (node, alice) = (lab.node(), somebody("alice").await);
    let app = enrol_app(&node, &alice).await;
    let now = noon() + Duration::minutes(5);
    let proof = check(&node, &alice, FactorKind::Totp, None, &app.code(now), now)
        .await
        .unwrap();
    let mut key = SoftPasskey::new(true);
    enrol(&node, &alice, Some(&proof), &mut key, ORIGIN)
        .await
        .unwrap_or_else(|failure| panic!("{failure}"));
    for _ in 0..6 {
        let _ = check(
            &node,
            &alice,
            FactorKind::Totp,
            None,
            &app.wrong_code(now),
            now,
        )
        .await;
    }
    let blocked = check(
        &node,
        &alice,
        FactorKind::Totp,
        None,
        &app.wrong_code(now),
        now,
    )
    .await;
    assert!(matches!(blocked, Err(FactorFailure::Throttled { .. })));
    let asked = begin(&node, &alice, KIND).await;
    let answer = answer(&asked, &mut key, ORIGIN);
    assert!(finish(&node, &alice, &asked, &answer).await.is_ok());
}

#[tokio::test]
async fn what_is_no_answer_of_a_passkey_is_refused() {
    let lab = Lab::new().await;
    let (node, alice) = (lab.node(), somebody("alice").await);
    let mut key = SoftPasskey::new(true);
    enrol(&node, &alice, None, &mut key, ORIGIN).await.unwrap();
    let deep = "[".repeat(20_000);
    let long = format!("\"{}\"", "x".repeat(40_000));
    for text in ["", "{}", "null", deep.as_str(), long.as_str()] {
        let asked = begin(&node, &alice, KIND).await;
        let refused = finish(&node, &alice, &asked, &Answer::WebAuthn(text.into())).await;
        assert!(
            matches!(refused, Err(FactorFailure::Wrong { .. })),
            "{refused:?}"
        );
    }
    let asked = begin(&node, &alice, KIND).await;
    let Answer::WebAuthn(json) = answer(&asked, &mut key, ORIGIN) else {
        panic!("no answer");
    };
    let mut changed: serde_json::Value = serde_json::from_str(&json).unwrap();
    let signature = changed["response"]["signature"].as_str().unwrap();
    let middle = signature.len() / 2;
    let other = if &signature[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    let forged = format!(
        "{}{other}{}",
        &signature[..middle],
        &signature[middle + 1..]
    );
    changed["response"]["signature"] = forged.into();
    let forged = Answer::WebAuthn(changed.to_string());
    let refused = node
        .check(&alice, FLOW, KIND, asked.ticket.as_deref(), &forged, noon())
        .await;
    assert!(!matches!(refused, Ok(Checkout::Proved(_))), "{refused:?}");
}
