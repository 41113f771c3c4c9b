//! Recovery codes.

use std::collections::HashSet;

use signet_authn::factors::{Answer, CODES, FEW, FactorFailure};
use signet_model::FactorKind;

use crate::fake::noon;
use crate::lab::{Lab, check, enrol_app, permit, somebody};

const KIND: FactorKind = FactorKind::RecoveryCode;

#[tokio::test]
async fn sec_pwd_12_each_of_ten_codes_is_right_once_for_its_owner_only() {
    let lab = Lab::new().await;
    let nodes = [lab.node(), lab.node()];
    let (alice, bob) = (somebody("alice").await, somebody("bob").await);
    let first = permit(&nodes[0], &alice, None, noon()).await;
    enrol_app(&nodes[0], &alice).await;
    let codes = nodes[0]
        .renew_recovery_codes(&first, &alice, noon())
        .await
        .unwrap();
    let different: HashSet<&str> = codes.iter().map(|code| code.as_str()).collect();
    assert_eq!((codes.len(), different.len()), (CODES, CODES));
    let bobs = permit(&nodes[0], &bob, None, noon()).await;
    enrol_app(&nodes[0], &bob).await;
    nodes[0]
        .renew_recovery_codes(&bobs, &bob, noon())
        .await
        .unwrap();
    let stolen = Answer::code(&codes[0]);
    let foreign = check(&nodes[0], &bob, KIND, None, &stolen, noon()).await;
    assert!(matches!(foreign, Err(FactorFailure::Wrong { .. })));
    for (used, code) in codes.iter().enumerate() {
        let offers = nodes[1].offers(&alice).await.unwrap();
        let left = (CODES - used) as u32;
        assert_eq!(offers.recovery_codes(), left);
        assert_eq!(offers.few_recovery_codes(), left <= FEW, "{left} left");
        assert!(offers.kinds().contains(&KIND));
        let typed = Answer::code(&code.to_lowercase().replace('-', " "));
        let right = check(&nodes[used % 2], &alice, KIND, None, &typed, noon()).await;
        assert!(right.is_ok(), "{right:?}");
        let again = check(&nodes[(used + 1) % 2], &alice, KIND, None, &typed, noon()).await;
        let gone = match used + 1 == CODES {
            true => matches!(again, Err(FactorFailure::NotHeld { .. })),
            false => matches!(again, Err(FactorFailure::Wrong { .. })),
        };
        assert!(gone, "{again:?}");
    }
    let offers = nodes[0].offers(&alice).await.unwrap();
    assert_eq!(offers.kinds(), [FactorKind::Totp]);
}

#[tokio::test]
async fn sec_key_04_neither_codes_nor_secrets_are_in_the_database() {
    let lab = Lab::new().await;
    let (node, alice) = (lab.node(), somebody("alice").await);
    let first = permit(&node, &alice, None, noon()).await;
    let asked = node
        .begin_enrolment(&first, &alice, crate::lab::FLOW, FactorKind::Totp, noon())
        .await
        .unwrap();
    let signet_authn::factors::EnrolmentPrompt::Totp { secret, .. } = &asked.prompt else {
        panic!("no secret");
    };
    let octets = totp_rs::Secret::try_from_base32(secret.as_str()).unwrap();
    let app = crate::lab::App::scan(&asked);
    node.finish_enrolment(
        &first,
        &alice,
        crate::lab::FLOW,
        FactorKind::Totp,
        &asked.ticket,
        &app.code(noon()),
        "phone",
        noon(),
    )
    .await
    .unwrap();
    let codes = node
        .renew_recovery_codes(&first, &alice, noon())
        .await
        .unwrap();
    let dumped = lab.dump().await;
    assert!(holds(&dumped, b"phone"), "the dump has the rows");
    assert!(!holds(&dumped, secret.as_bytes()) && !holds(&dumped, octets.as_ref()));
    for code in &codes {
        let bare = code.replace('-', "");
        assert!(!holds(&dumped, code.as_bytes()) && !holds(&dumped, bare.as_bytes()));
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bare.as_bytes());
        assert!(!holds(&dumped, hash.as_ref()), "the hash is keyed");
    }
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}
