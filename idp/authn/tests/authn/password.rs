//! Right passwords, states, and what is refused before anybody is asked.

use std::sync::atomic::Ordering;
use std::time::Duration;

use signet_authn::{Limits, SignInFailure};
use signet_directory::{DirectoryError, PasswordVerdict};
use signet_model::{Method, NetworkLocation};

use crate::fake::{RIGHT, Scene, Script, context, is_throttled, is_wrong, limits, noon, outside};

#[tokio::test]
async fn a_right_password_makes_a_user_with_exactly_its_evidence() {
    let scene = Scene::new(Limits::default());
    for typed in [
        "alice",
        "CORP\\Alice",
        "alice@example.com",
        "ALICE@corp.example",
    ] {
        let user = scene.sign_in(typed, RIGHT).await.unwrap();
        assert_eq!(user.account().sam, "alice");
        let performed: Vec<_> = user.evidence().performed().collect();
        assert_eq!(performed.len(), 1);
        assert_eq!(
            (performed[0].method, performed[0].at),
            (Method::Password, noon())
        );
        assert_eq!(user.evidence().location(), NetworkLocation::Outside);
        assert_eq!(
            (user.persistent(), user.is_resumed(), user.signed_in_at()),
            (false, false, noon())
        );
        assert!(user.kept_signed_in(true).persistent());
    }
    let inside = context("10.0.0.1".parse().unwrap(), NetworkLocation::Inside);
    let user = scene
        .authenticator
        .sign_in("alice", RIGHT, &inside, noon())
        .await
        .unwrap();
    assert_eq!(user.evidence().location(), NetworkLocation::Inside);
}

#[tokio::test]
async fn sec_ad_01_an_empty_password_never_reaches_the_directory() {
    let scene = Scene::new(Limits::default());
    assert_eq!(
        scene.sign_in("alice", "").await.unwrap_err(),
        SignInFailure::NoPassword
    );
    assert_eq!(
        (scene.fake.checks(), scene.fake.finds.load(Ordering::SeqCst)),
        (0, 0)
    );
}

#[tokio::test]
async fn sec_ad_02_a_password_is_sent_byte_for_byte_or_not_at_all() {
    let scene = Scene::new(limits(100));
    assert!(
        scene.sign_in("alice", RIGHT).await.is_ok(),
        "with its spaces and its combining accent"
    );
    for other in [
        RIGHT.trim(),
        "  Sommer 2024 \u{e9}\u{1f5dd} ",
        &RIGHT[..RIGHT.len() - 1],
    ] {
        assert!(is_wrong(&scene.sign_in("alice", other).await), "{other:?}");
    }
    let asked = scene.fake.checks();
    let too_long = "x".repeat(4097);
    for refused in ["\0", "abc\0", too_long.as_str()] {
        assert!(is_wrong(&scene.sign_in("alice", refused).await));
    }
    assert_eq!(scene.fake.checks(), asked);
    assert!(is_wrong(&scene.sign_in("alice", &"x".repeat(4096)).await));
    assert_eq!(scene.fake.checks(), asked + 1);
}

#[tokio::test]
async fn what_is_no_name_is_said_before_anybody_is_asked() {
    let scene = Scene::new(Limits::default());
    for typed in [
        "",
        "   ",
        "a\0b",
        "@example.com",
        "CORP\\",
        &"x".repeat(5_000),
    ] {
        assert!(
            matches!(
                scene.sign_in(typed, RIGHT).await,
                Err(SignInFailure::NameForm(_))
            ),
            "{typed:.20}"
        );
    }
    assert_eq!(scene.fake.finds.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn states_are_told_after_a_right_password_only_and_count_nothing() {
    let scene = Scene::new(limits(2));
    let id = scene.fake.account("disabled").await.id;
    assert_eq!(
        scene.sign_in("disabled", RIGHT).await.unwrap_err(),
        SignInFailure::AccountDisabled(id)
    );
    assert!(is_wrong(&scene.sign_in("disabled", "wrong").await));

    let id = scene.fake.account("alice").await.id;
    for (verdict, failure, code) in [
        (
            PasswordVerdict::Disabled,
            SignInFailure::AccountDisabled(id),
            "SIG-AUTHN-DISABLED",
        ),
        (
            PasswordVerdict::AccountExpired,
            SignInFailure::AccountExpired(id),
            "SIG-AUTHN-EXPIRED",
        ),
        (
            PasswordVerdict::LogonHours,
            SignInFailure::LogonHours(id),
            "SIG-AUTHN-HOURS",
        ),
        (
            PasswordVerdict::Workstation,
            SignInFailure::Workstation(id),
            "SIG-AUTHN-WORKSTATION",
        ),
    ] {
        scene.fake.says(Script::Verdict(verdict));
        let failed = scene.sign_in("alice", RIGHT).await.unwrap_err();
        assert_eq!(failed, failure);
        assert_eq!((failed.message().code, failed.account()), (code, Some(id)));
    }
    scene
        .fake
        .says(Script::Verdict(PasswordVerdict::PasswordExpired));
    let failed = scene.sign_in("alice", RIGHT).await.unwrap_err();
    assert!(
        matches!(&failed, SignInFailure::PasswordExpired(due) if due.account() == id && due.directory() == "corp.example")
    );
    scene
        .fake
        .says(Script::Verdict(PasswordVerdict::MustChange));
    let failed = scene.sign_in("alice", RIGHT).await.unwrap_err();
    assert!(matches!(&failed, SignInFailure::MustChangePassword(due) if due.account() == id));
    assert_eq!(
        (failed.message().code, failed.account()),
        ("SIG-AUTHN-MUST-CHANGE", Some(id))
    );
}

#[tokio::test]
async fn sec_ad_03_a_directory_without_a_verdict_counts_nothing() {
    let scene = Scene::new(limits(2));
    scene.fake.says(Script::Unavailable);
    for typed in ["alice", "nobody"] {
        for _ in 0..10 {
            let failed = scene.sign_in(typed, "wrong").await.unwrap_err();
            assert!(
                matches!(
                    failed,
                    SignInFailure::Directory(DirectoryError::Unavailable { .. })
                ),
                "{failed:?}"
            );
        }
    }
    scene.fake.says(Script::Truth);
    assert!(scene.sign_in("alice", RIGHT).await.is_ok());
}

#[tokio::test]
async fn an_account_that_is_another_one_after_the_bind_is_refused() {
    let scene = Scene::new(Limits::default());
    let bob = scene.fake.account("bob").await;
    scene
        .fake
        .says(Script::Verdict(PasswordVerdict::Accepted(bob.into())));
    let failed = scene.sign_in("alice", RIGHT).await.unwrap_err();
    assert!(matches!(
        failed,
        SignInFailure::Directory(DirectoryError::AccountChanged { .. })
    ));
    // The directory took the password, but the attributes say that nobody may sign in so.
    let locked = scene.fake.account("locked").await;
    scene
        .fake
        .says(Script::Verdict(PasswordVerdict::Accepted(locked.into())));
    assert!(is_wrong(&scene.sign_in("locked", RIGHT).await));
}

#[tokio::test]
async fn somebody_who_hangs_up_leaves_no_try_unsettled() {
    let scene = Scene::new(limits(3));
    *scene.fake.delays.lock().unwrap() = vec![Duration::from_millis(30)];
    scene.fake.says(Script::Unavailable);
    let context = outside("192.0.2.1");
    for expected in 1..=3 {
        // Polled until the directory is asked, then dropped, as a closed connection drops it.
        tokio::select! {
            biased;
            _ = scene.authenticator.sign_in("alice", "wrong", &context, noon()) => panic!("it should still be under way"),
            () = async { while scene.fake.checks() < expected { tokio::task::yield_now().await } } => {}
        }
    }
    assert!(
        is_throttled(&scene.sign_in("alice", RIGHT).await),
        "three are under way"
    );
    // Their tasks go on to the end, find no verdict, and give their places back.
    let settled = async {
        while is_throttled(&scene.sign_in("alice", RIGHT).await) {
            tokio::task::yield_now().await;
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(10), settled)
            .await
            .is_ok()
    );
}
