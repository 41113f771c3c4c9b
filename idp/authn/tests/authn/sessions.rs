//! Sessions: what was sealed, and who may come back by it.

use std::sync::Arc;

use signet_authn::{AuthenticatedUser, NotResumed, SessionSeal};
use signet_directory::AccountState;
use signet_model::{Method, Sid};
use time::Duration;

use crate::fake::{RIGHT, Scene, limits, noon};

const BINDING: &[u8] = b"hash of the cookie";

async fn user() -> (Scene, AuthenticatedUser) {
    let scene = Scene::new(limits(10));
    let user = scene
        .sign_in("alice", RIGHT)
        .await
        .unwrap()
        .kept_signed_in(true);
    (scene, user)
}

#[tokio::test]
async fn a_sealed_session_resumes_as_it_was() {
    let (scene, user) = user().await;
    let seal = SessionSeal::new(&[1; 32]);
    let text = seal.seal(&user, BINDING);
    let stored = seal.open(&text, BINDING).unwrap();
    assert_eq!(
        (stored.account(), stored.persistent()),
        (user.account().id, true)
    );
    let account = Arc::new(scene.fake.account("alice").await);
    let resumed = AuthenticatedUser::resume(stored, account).unwrap();
    assert_eq!(resumed.evidence(), user.evidence());
    assert_eq!(resumed.evidence().primary().method, Method::Password);
    assert_eq!(
        (
            resumed.signed_in_at(),
            resumed.is_resumed(),
            resumed.persistent()
        ),
        (noon(), true, true)
    );
    assert!(text.len() < 512, "{}", text.len());
}

#[tokio::test]
async fn sec_ses_05_no_flipped_bit_other_row_other_key_or_cut_text_opens() {
    let (_, user) = user().await;
    let seal = SessionSeal::new(&[1; 32]);
    let text = seal.seal(&user, BINDING);
    for at in 0..text.len() {
        let mut octets = text.clone().into_bytes();
        octets[at] ^= 1;
        if let Ok(flipped) = String::from_utf8(octets) {
            assert!(
                seal.open(&flipped, BINDING).is_err(),
                "bit flipped in octet {at}"
            );
        }
        assert!(seal.open(&text[..at], BINDING).is_err(), "cut at {at}");
    }
    assert!(seal.open(&text, b"hash of another cookie").is_err());
    assert!(seal.open(&text, b"").is_err());
    assert!(SessionSeal::new(&[2; 32]).open(&text, BINDING).is_err());
    assert!(seal.open(&format!("{text} "), BINDING).is_err());
    assert!(seal.open(&"e2.".repeat(5_000), BINDING).is_err());
}

#[tokio::test]
async fn sec_ses_06_a_session_ends_with_its_account_or_password() {
    let (scene, user) = user().await;
    let seal = SessionSeal::new(&[1; 32]);
    let text = seal.seal(&user, BINDING);
    let now = scene.fake.account("alice").await;
    let resume = |change: &dyn Fn(&mut signet_directory::Account)| {
        let mut account = now.clone();
        change(&mut account);
        AuthenticatedUser::resume(seal.open(&text, BINDING).unwrap(), Arc::new(account)).map(drop)
    };
    assert_eq!(resume(&|_| {}), Ok(()));
    for state in [
        AccountState::Disabled,
        AccountState::Expired,
        AccountState::LockedOut,
        AccountState::MustChangePassword,
        AccountState::PasswordExpired,
    ] {
        assert_eq!(
            resume(&|account| account.state = state),
            Err(NotResumed::Account(state))
        );
    }
    let changed = noon() + Duration::minutes(1);
    assert_eq!(
        resume(&|account| account.password_last_set = Some(changed)),
        Err(NotResumed::PasswordChanged)
    );
    assert_eq!(
        resume(&|account| account.kind = signet_directory::AccountKind::Computer),
        Err(NotResumed::NotAPerson)
    );
    // An object of another directory with the same identifier, as whoever runs that one could make.
    assert_eq!(
        resume(&|account| account.sid = Sid::parse("S-1-5-21-9-9-9-1104").unwrap()),
        Err(NotResumed::AnotherAccount)
    );
    let bob = scene.fake.account("bob").await;
    let stored = seal.open(&text, BINDING).unwrap();
    assert_eq!(
        AuthenticatedUser::resume(stored, Arc::new(bob)).map(drop),
        Err(NotResumed::AnotherAccount)
    );
}
