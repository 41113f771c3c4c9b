//! Codes of authenticator apps.

use std::sync::Arc;

use signet_authn::factors::{Answer, FactorFailure};
use signet_model::FactorKind::Totp;
use time::Duration;

use crate::fake::noon;
use crate::lab::{Lab, check, enrol_app, somebody};

#[tokio::test]
async fn a_code_of_now_and_of_one_step_beside_is_right() {
    let lab = Lab::new().await;
    let (node, alice) = (lab.node(), somebody("alice").await);
    let app = enrol_app(&node, &alice).await;
    let mut now = noon();
    for (ahead, right) in [
        (-60, false),
        (-30, true),
        (0, true),
        (30, true),
        (60, false),
    ] {
        now += Duration::minutes(5);
        let code = app.code(now + Duration::seconds(ahead));
        let checked = check(&node, &alice, Totp, None, &code, now).await;
        assert_eq!(checked.is_ok(), right, "{ahead}: {checked:?}");
        if let Ok(proof) = checked {
            assert_eq!(proof.at(), now);
            assert!(!proof.user_verified());
        }
    }
}

#[tokio::test]
async fn sec_pwd_12_the_code_of_the_enrolment_is_used_up() {
    let lab = Lab::new().await;
    let (node, alice) = (lab.node(), somebody("alice").await);
    let app = enrol_app(&node, &alice).await;
    let again = check(&node, &alice, Totp, None, &app.code(noon()), noon()).await;
    assert!(
        matches!(again, Err(FactorFailure::UsedBefore { .. })),
        "{again:?}"
    );
}

#[tokio::test]
async fn sec_pwd_12_a_code_is_right_once_on_two_nodes_and_so_is_none_before_it() {
    let lab = Lab::new().await;
    let nodes = [Arc::new(lab.node()), Arc::new(lab.node())];
    let alice = somebody("alice").await;
    let app = Arc::new(enrol_app(&nodes[0], &alice).await);
    let now = noon() + Duration::minutes(5);
    let mut tasks = Vec::new();
    for number in 0..4usize {
        let (node, alice, app) = (nodes[number % 2].clone(), alice.clone(), app.clone());
        tasks.push(tokio::spawn(async move {
            check(&node, &alice, Totp, None, &app.code(now), now).await
        }));
    }
    let mut right = 0;
    for task in tasks {
        right += usize::from(task.await.unwrap().is_ok());
    }
    assert_eq!(right, 1);
    let before = app.code(now - Duration::seconds(30));
    let older = check(&nodes[1], &alice, Totp, None, &before, now).await;
    assert!(
        matches!(older, Err(FactorFailure::UsedBefore { .. })),
        "{older:?}"
    );
}

#[tokio::test]
async fn sec_pwd_12_of_two_hundred_parallel_guesses_five_are_checked() {
    let lab = Lab::new().await;
    let nodes = [Arc::new(lab.node()), Arc::new(lab.node())];
    let (alice, bob) = (somebody("alice").await, somebody("bob").await);
    let app = Arc::new(enrol_app(&nodes[0], &alice).await);
    let bobs = enrol_app(&nodes[0], &bob).await;
    let now = noon() + Duration::minutes(5);
    let mut tasks = Vec::new();
    for number in 0..200usize {
        let (node, alice, app) = (nodes[number % 2].clone(), alice.clone(), app.clone());
        tasks.push(tokio::spawn(async move {
            check(&node, &alice, Totp, None, &app.wrong_code(now), now).await
        }));
    }
    let (mut checked, mut throttled) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Err(FactorFailure::Wrong { .. }) => checked += 1,
            Err(FactorFailure::Throttled { retry_after }) => {
                assert!(retry_after <= Duration::minutes(15));
                throttled += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((checked, throttled), (5, 195));
    let right = check(&nodes[0], &alice, Totp, None, &app.code(now), now).await;
    assert!(
        matches!(right, Err(FactorFailure::Throttled { .. })),
        "the right code does not pass either, or the guessing would go on"
    );
    let other = check(&nodes[0], &bob, Totp, None, &bobs.code(now), now).await;
    assert!(other.is_ok(), "somebody else is not kept out: {other:?}");
    let later = now + Duration::minutes(16);
    let right = check(&nodes[0], &alice, Totp, None, &app.code(later), later).await;
    assert!(right.is_ok(), "{right:?}");
}

#[tokio::test]
async fn sec_pwd_12_a_day_of_guessing_ends_after_thirty() {
    let lab = Lab::new().await;
    let (node, alice) = (lab.node(), somebody("alice").await);
    let app = enrol_app(&node, &alice).await;
    let mut checked = 0;
    for quarter in 0..40 {
        let now = noon() + Duration::minutes(5 + quarter * 16);
        for _ in 0..6 {
            let guess = check(&node, &alice, Totp, None, &app.wrong_code(now), now).await;
            checked += usize::from(matches!(guess, Err(FactorFailure::Wrong { .. })));
        }
    }
    assert_eq!(checked, 30);
}

#[tokio::test]
async fn what_is_no_code_is_wrong_and_counted() {
    let lab = Lab::new().await;
    let (node, alice) = (lab.node(), somebody("alice").await);
    enrol_app(&node, &alice).await;
    let long = "1".repeat(10_000);
    for typed in ["", "12345", "1234567", "abcdef", long.as_str()] {
        let answer = Answer::code(typed);
        let wrong = check(&node, &alice, Totp, None, &answer, noon()).await;
        assert!(
            matches!(wrong, Err(FactorFailure::Wrong { .. })),
            "{wrong:?}"
        );
    }
    let sixth = check(&node, &alice, Totp, None, &Answer::Waited, noon()).await;
    assert!(
        matches!(sixth, Err(FactorFailure::Throttled { .. })),
        "{sixth:?}"
    );
}

#[tokio::test]
async fn sec_pwd_12_no_code_is_checked_while_tries_cannot_be_counted_or_noted() {
    let lab = Lab::new().await;
    let (node, alice) = (lab.node(), somebody("alice").await);
    let app = enrol_app(&node, &alice).await;
    lab.store.close().await;
    let now = noon() + Duration::minutes(5);
    let checked = check(&node, &alice, Totp, None, &app.code(now), now).await;
    assert!(
        matches!(checked, Err(FactorFailure::Vault(_))),
        "{checked:?}"
    );
}
