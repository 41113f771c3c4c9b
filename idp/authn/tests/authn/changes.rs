//! Passwords changed by their owners.

use std::sync::atomic::Ordering;

use signet_authn::{Cause, ChangeFailure, Changed, Limits, SignInFailure, TypedChange};
use signet_directory::{DirectoryError, PasswordRule};
use signet_model::Method;

use crate::fake::{RIGHT, Scene, Script, is_throttled, limits, noon, outside};

const NEW: &str = "Neues-Kennwort 7 ☂";

async fn change(scene: &Scene, name: &str, old: &str, new: &str) -> Result<Changed, ChangeFailure> {
    let typed = TypedChange {
        name,
        old,
        new,
        confirmation: new,
    };
    scene
        .authenticator
        .change_password(typed, &outside("192.0.2.1"), noon())
        .await
}

#[tokio::test]
async fn a_changed_password_signs_in_without_being_typed_again() {
    let scene = Scene::new(limits(10));
    for name in ["alice", "CORP\\mustchange"] {
        let changed = change(&scene, name, RIGHT, NEW).await.unwrap();
        let user = changed.sign_in.unwrap();
        assert_eq!(user.account().id, changed.account);
        let performed: Vec<_> = user.evidence().performed().collect();
        assert_eq!(
            (performed.len(), performed[0].method, performed[0].at),
            (1, Method::Password, noon())
        );
        assert!(scene.sign_in(name, NEW).await.is_ok());
        assert!(scene.sign_in(name, RIGHT).await.is_err());
    }
}

#[tokio::test]
async fn a_password_that_is_due_is_told_after_the_right_one_with_its_rules() {
    let scene = Scene::new(limits(10));
    let failed = scene.sign_in("mustchange", RIGHT).await.unwrap_err();
    let SignInFailure::MustChangePassword(due) = failed else {
        panic!("{failed:?}");
    };
    let rules = scene.authenticator.rules_due(&due).await.unwrap().rules();
    assert_eq!(
        rules,
        [
            PasswordRule::Length(8),
            PasswordRule::Complexity,
            PasswordRule::NoName,
            PasswordRule::History(3)
        ]
    );
    for typed in ["", "nobody", "alice", "x@nowhere.example"] {
        let shown = scene
            .authenticator
            .rules_of_domain(typed)
            .await
            .unwrap()
            .rules();
        assert_eq!(shown, rules, "{typed}: says nothing of an account");
    }
}

#[tokio::test]
async fn sec_pwd_11_and_sec_ad_21_wrong_old_passwords_count_with_the_form_and_look_like_unknown_names()
 {
    for name in ["alice", "nobody", "locked", "pc1$", "OTHER\\alice", "twins"] {
        let scene = Scene::new(Limits::default());
        let mut codes = Vec::new();
        for _ in 0..6 {
            let failed = change(&scene, name, "wrong-old", NEW).await.unwrap_err();
            let message = failed.message();
            codes.push((message.code, message.public, message.hint));
        }
        assert!(
            codes[..4].iter().all(|seen| seen.0 == "SIG-AUTHN-WRONG"),
            "{name}: {codes:?}"
        );
        assert!(
            codes[4..]
                .iter()
                .all(|seen| seen.0 == "SIG-AUTHN-THROTTLED"),
            "{name}: {codes:?}"
        );
        assert!(
            is_throttled(&scene.sign_in(name, RIGHT).await),
            "one counter with the form"
        );
        assert!(scene.fake.changes.load(Ordering::SeqCst) <= 4);
    }
}

#[tokio::test]
async fn sec_ad_21_a_refusal_names_the_broken_rules_and_counts_nothing() {
    let scene = Scene::new(limits(2));
    let id = scene.fake.account("alice").await.id;
    for (new, broken) in [
        ("Ab1!", vec![PasswordRule::Length(8)]),
        ("einfachlang", vec![PasswordRule::Complexity]),
        ("xALICEx-1234", vec![PasswordRule::NoName]),
        (
            "abc",
            vec![PasswordRule::Length(8), PasswordRule::Complexity],
        ),
    ] {
        let failed = change(&scene, "alice", RIGHT, new).await.unwrap_err();
        assert_eq!(
            (failed.account(), failed.message().code),
            (Some(id), "SIG-AUTHN-CHANGE-REFUSED")
        );
        let ChangeFailure::Refused { refusal, .. } = failed else {
            panic!("{new}");
        };
        assert_eq!((refusal.broken, refusal.rules.len()), (broken, 4), "{new}");
    }
    // Only the directory knows what was used before.
    assert!(change(&scene, "alice", RIGHT, NEW).await.is_ok());
    let failed = change(&scene, "alice", NEW, RIGHT).await.unwrap_err();
    assert!(
        matches!(&failed, ChangeFailure::Refused { refusal, .. } if refusal.broken.is_empty() && refusal.perhaps == [PasswordRule::History(3)]),
        "{failed:?}"
    );
    assert!(
        scene.sign_in("alice", NEW).await.is_ok(),
        "nothing was counted"
    );
    assert_eq!(
        change(&scene, "fixed", RIGHT, NEW)
            .await
            .unwrap_err()
            .message()
            .code,
        "SIG-AUTHN-CHANGE-NOT-ALLOWED"
    );
}

#[tokio::test]
async fn what_can_be_said_without_asking_is_said_without_asking() {
    let scene = Scene::new(Limits::default());
    let long = "x".repeat(257);
    for (old, new, confirmation, code) in [
        ("", NEW, NEW, "SIG-AUTHN-NO-PASSWORD"),
        (RIGHT, "", "", "SIG-AUTHN-CHANGE-EMPTY"),
        (RIGHT, NEW, "other", "SIG-AUTHN-CHANGE-UNCONFIRMED"),
        (RIGHT, RIGHT, RIGHT, "SIG-AUTHN-CHANGE-SAME"),
        (RIGHT, "a\0b", "a\0b", "SIG-AUTHN-CHANGE-UNUSABLE"),
        (
            RIGHT,
            long.as_str(),
            long.as_str(),
            "SIG-AUTHN-CHANGE-UNUSABLE",
        ),
    ] {
        let typed = TypedChange {
            name: "alice",
            old,
            new,
            confirmation,
        };
        let failed = scene
            .authenticator
            .change_password(typed, &outside("192.0.2.1"), noon())
            .await
            .unwrap_err();
        assert_eq!(failed.message().code, code);
        assert!(!failed.message().private.contains(NEW));
    }
    assert_eq!(scene.fake.finds.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn sec_ad_03_a_directory_that_does_not_answer_counts_nothing() {
    let scene = Scene::new(limits(2));
    scene.fake.says(Script::Unavailable);
    for _ in 0..5 {
        let failed = change(&scene, "alice", RIGHT, NEW).await.unwrap_err();
        assert!(matches!(
            failed,
            ChangeFailure::SignIn(SignInFailure::Directory(DirectoryError::Unavailable { .. }))
        ));
    }
    scene.fake.says(Script::Truth);
    let failed = change(&scene, "alice", "wrong", NEW).await.unwrap_err();
    assert!(matches!(
        failed,
        ChangeFailure::SignIn(SignInFailure::WrongNameOrPassword {
            cause: Cause::WrongPassword,
            ..
        })
    ));
    assert!(change(&scene, "alice", RIGHT, NEW).await.is_ok());
}

/// A directory may refuse before it looks at the old password: then only who knows that one is told.
#[tokio::test]
async fn sec_pwd_09_that_a_password_may_not_be_changed_is_told_to_its_owner_alone() {
    let scene = Scene::new(limits(3));
    scene.fake.forbids_changes.store(true, Ordering::SeqCst);
    let unknown = change(&scene, "nobody", "Guess-1", NEW).await.unwrap_err();
    for _ in 0..3 {
        let guessed = change(&scene, "alice", "Guess-1", NEW).await.unwrap_err();
        assert_eq!(guessed.message().code, unknown.message().code);
        assert_eq!(guessed.message().public, unknown.message().public);
    }
    let braked = change(&scene, "alice", RIGHT, NEW).await.unwrap_err();
    assert!(
        matches!(
            &braked,
            ChangeFailure::SignIn(SignInFailure::Throttled { .. })
        ),
        "guesses were not counted: {braked:?}"
    );
    for owner in ["bob", "mustchange"] {
        let told = change(&scene, owner, RIGHT, NEW).await.unwrap_err();
        assert!(matches!(told, ChangeFailure::NotAllowed(_)), "{told:?}");
    }
}
