//! What is refused before anybody is asked, what smart lockout tells apart, and what an operator hears.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration as StdDuration;

use signet_authn::{
    BucketKind, Guard, GuardEvent, GuardSettings, Limits, LocalLedger, SignInFailure, SmartLockout,
};
use signet_directory::{DirectoryLockout, PasswordVerdict};
use signet_model::NetworkLocation;
use time::Duration;
use tokio::sync::mpsc;

use crate::fake::{RIGHT, Scene, Script, context, is_throttled, is_wrong, limits, noon, quick};

#[tokio::test]
async fn sec_pwd_03_a_braked_address_costs_the_directory_nothing() {
    let scene = Scene::new(Limits {
        address: 3,
        network: 5,
        ..Limits::default()
    });
    for number in 0..3 {
        let _ = scene.sign_in(&format!("nobody{number}"), "wrong").await;
    }
    let asked = (scene.fake.finds.load(Ordering::SeqCst), scene.fake.checks());
    for typed in ["alice", "nobody", "OTHER\\x", "twins"] {
        let refused = scene.sign_in(typed, RIGHT).await.unwrap_err();
        assert!(
            matches!(
                refused,
                SignInFailure::Throttled {
                    limit: BucketKind::Address,
                    account: None,
                    ..
                }
            ),
            "{refused:?}"
        );
    }
    for number in 0..2 {
        let from = format!("192.0.2.{}", 100 + number);
        let _ = scene.sign_in_from(&from, "bob", "wrong").await;
    }
    let after = scene.fake.finds.load(Ordering::SeqCst);
    let refused = scene
        .sign_in_from("192.0.2.200", "bob", RIGHT)
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        SignInFailure::Throttled {
            limit: BucketKind::Network,
            ..
        }
    ));
    assert_eq!(scene.fake.finds.load(Ordering::SeqCst), after);
    assert_eq!((after, scene.fake.checks()), (asked.0 + 2, asked.1 + 2));
}

#[tokio::test]
async fn a_banned_network_is_refused_before_anything_else() {
    let scene = Scene::new(GuardSettings {
        banned: vec![
            "198.51.100.0/24".parse().unwrap(),
            "2001:db8:bad::/48".parse().unwrap(),
        ],
        ..GuardSettings::default()
    });
    for from in ["198.51.100.7", "::ffff:198.51.100.7", "2001:db8:bad:1::1"] {
        for typed in ["alice", "", "nobody"] {
            let refused = scene.sign_in_from(from, typed, RIGHT).await.unwrap_err();
            assert!(
                matches!(refused, SignInFailure::Banned { .. }),
                "{refused:?}"
            );
            assert!(
                !refused.message().public.contains("198"),
                "the page names no network"
            );
        }
    }
    assert_eq!(scene.fake.finds.load(Ordering::SeqCst), 0);
    assert!(
        scene
            .sign_in_from("198.51.101.7", "alice", RIGHT)
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_a_short_queue_a_sign_in_is_told_to_come_again_and_counts_nothing() {
    let scene = Arc::new(Scene::new(GuardSettings {
        checks_at_once: 2,
        checks_waiting: 3,
        ..GuardSettings::from(limits(100))
    }));
    scene.fake.says(Script::Verdict(PasswordVerdict::Wrong));
    *scene.fake.delays.lock().unwrap() = vec![StdDuration::from_millis(200)];
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let scene = Arc::clone(&scene);
            tokio::spawn(async move { scene.sign_in("alice", "wrong").await })
        })
        .collect();
    let (mut wrong, mut busy) = (0, 0);
    for task in tasks {
        match task.await.unwrap().unwrap_err() {
            SignInFailure::WrongNameOrPassword { .. } => wrong += 1,
            SignInFailure::Busy { retry_after } => {
                assert!(retry_after > Duration::ZERO);
                busy += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((wrong, busy), (5, 45));
    assert_eq!(scene.fake.checks(), 5);
    scene.fake.delays.lock().unwrap().clear();
    assert!(
        is_wrong(&scene.sign_in("alice", "wrong").await),
        "places are given back"
    );
}

fn threshold(number: u32) -> Option<DirectoryLockout> {
    Some(DirectoryLockout {
        threshold: NonZeroU32::new(number).unwrap(),
        window: Duration::minutes(90),
        duration: None,
    })
}

#[tokio::test]
async fn sec_pwd_01_a_lower_threshold_of_the_directory_is_never_reached() {
    for lowest in [2, 3, 5] {
        let scene = Scene::new(Limits::default());
        *scene.fake.lockout.lock().unwrap() = threshold(lowest);
        scene.fake.says(Script::Verdict(PasswordVerdict::Wrong));
        let inside = context("10.0.0.1".parse().unwrap(), NetworkLocation::Inside);
        for number in 0..10 {
            let _ = scene
                .sign_in_from(&format!("198.51.100.{number}"), "alice", "wrong")
                .await;
            let _ = scene
                .authenticator
                .sign_in("alice", "wrong", &inside, noon())
                .await;
        }
        assert_eq!(scene.fake.checks(), lowest - 1, "threshold {lowest}");
        // Our count ends no sooner than the directory's own.
        let later = noon() + Duration::minutes(89);
        assert!(is_throttled(
            &scene
                .authenticator
                .sign_in("alice", "wrong", &inside, later)
                .await
        ));
        // A name that nobody has is braked after as many.
        let mut tries = 0;
        while !is_throttled(&scene.sign_in_from("203.0.113.1", "nobody", "x").await) {
            tries += 1;
            assert!(tries < lowest, "{tries}");
        }
    }
}

#[tokio::test]
async fn sec_pwd_02_modes_count_together_tell_or_refuse_apart() {
    for mode in [
        SmartLockout::Off,
        SmartLockout::LogOnly,
        SmartLockout::Enforce,
    ] {
        let (sender, mut events) = mpsc::channel(16);
        let settings = GuardSettings {
            smart_lockout: mode,
            ..GuardSettings::default()
        };
        let guard =
            Guard::new(Arc::new(LocalLedger::new()), settings, &[9; 32]).reporting_to(sender);
        let scene = Scene::around(guard, quick());
        let id = scene.fake.account("alice").await.id;
        assert!(
            scene
                .sign_in_from("203.0.113.5", "alice", RIGHT)
                .await
                .is_ok()
        );
        for _ in 0..8 {
            let _ = scene.sign_in_from("198.51.100.66", "alice", "wrong").await;
        }
        let reached = if mode == SmartLockout::Enforce { 4 } else { 8 };
        assert_eq!(scene.fake.checks(), 1 + reached, "{mode:?}");
        let mut told = Vec::new();
        while let Ok(event) = events.try_recv() {
            told.push(event);
        }
        // Four tries were over the limit of four for unknown places.
        let expected = if mode == SmartLockout::LogOnly { 4 } else { 0 };
        assert_eq!(told.len(), expected, "{mode:?} {told:?}");
        assert!(told.iter().all(|event| matches!(event, GuardEvent::WouldRefuse { account, limit: BucketKind::AccountFar, .. } if *account == id)));
        let owner = scene.sign_in_from("203.0.113.5", "alice", RIGHT).await;
        assert!(
            owner.is_ok(),
            "{mode:?}: one place is left of nine, or the near ones are untouched"
        );
    }
}

#[tokio::test]
async fn when_everything_outside_fails_familiar_places_and_the_inside_still_sign_in() {
    let scene = Scene::new(GuardSettings {
        everywhere: 10,
        ..GuardSettings::default()
    });
    assert!(
        scene
            .sign_in_from("203.0.113.5", "alice", RIGHT)
            .await
            .is_ok()
    );
    for number in 0..10 {
        let from = format!("198.{number}.100.1");
        let _ = scene
            .sign_in_from(&from, &format!("nobody{number}"), "Sommer2024")
            .await;
    }
    for typed in ["bob", "nobody"] {
        let refused = scene
            .sign_in_from("192.0.2.77", typed, RIGHT)
            .await
            .unwrap_err();
        assert!(
            matches!(
                refused,
                SignInFailure::Throttled {
                    limit: BucketKind::Everywhere,
                    ..
                }
            ),
            "{refused:?}"
        );
    }
    assert!(
        scene
            .sign_in_from("203.0.113.5", "alice", RIGHT)
            .await
            .is_ok()
    );
    let inside = context("10.0.0.1".parse().unwrap(), NetworkLocation::Inside);
    assert!(
        scene
            .authenticator
            .sign_in("bob", RIGHT, &inside, noon())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn sec_pwd_03_a_spray_is_told_once() {
    let (sender, mut events) = mpsc::channel(16);
    let settings = GuardSettings {
        spray_accounts: 6,
        ..GuardSettings::default()
    };
    let guard = Guard::new(Arc::new(LocalLedger::new()), settings, &[9; 32]).reporting_to(sender);
    let scene = Scene::around(guard, quick());
    for number in 0..40 {
        let from = format!("203.0.113.{number}");
        let _ = scene
            .sign_in_from(&from, &format!("user{number}"), "Sommer2024")
            .await;
    }
    let event = events.try_recv().unwrap();
    assert!(
        matches!(&event, GuardEvent::PasswordSpray { network, accounts: 6, .. } if network.to_string() == "203.0.113.0/24")
    );
    assert!(events.try_recv().is_err(), "once, not at every try");
}

#[tokio::test]
async fn the_help_desk_sees_the_counters_of_one_account_and_empties_them() {
    let ledger = Arc::new(LocalLedger::new());
    let scene = Scene::with(Limits::default(), Arc::clone(&ledger) as Arc<_>, quick());
    *scene.fake.lockout.lock().unwrap() = threshold(10);
    let desk = Guard::new(ledger, Limits::default(), &[9; 32]);
    let alice = scene.fake.account("alice").await.id;
    let counters = async || {
        desk.counters(alice, threshold(10).as_ref(), noon())
            .await
            .unwrap()
    };
    assert!(
        scene
            .sign_in_from("203.0.113.5", "alice", RIGHT)
            .await
            .is_ok()
    );
    for _ in 0..6 {
        let _ = scene
            .sign_in_from("198.51.100.66", "CORP\\alice", "wrong")
            .await;
    }
    assert!(is_wrong(
        &scene.sign_in_from("203.0.113.5", "alice", "wrong").await
    ));
    let seen = counters().await;
    assert_eq!(
        (seen.far.failures, seen.far.limit, seen.far.is_full()),
        (4, Some(4), true)
    );
    assert_eq!(
        (seen.near.failures, seen.near.is_full(), seen.all.limit),
        (1, false, None)
    );
    assert_eq!(seen.far.last_try, Some(noon()));
    assert_eq!(seen.familiar, [noon()]);
    desk.unlock(alice).await.unwrap();
    let seen = counters().await;
    assert_eq!(
        (seen.far.failures, seen.near.failures, seen.familiar.len()),
        (0, 0, 1)
    );
    assert!(
        scene
            .sign_in_from("198.51.100.66", "alice", RIGHT)
            .await
            .is_ok()
    );
}
