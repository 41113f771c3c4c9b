//! The guard against guessing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use signet_authn::{
    AttemptLedger, Bucket, BucketKind, Counted, Demand, Effect, LedgerUnavailable, Limits,
    LocalLedger, NotReserved, SignInFailure,
};
use signet_directory::PasswordVerdict;
use signet_model::NetworkLocation;
use time::{Duration, OffsetDateTime};

use crate::fake::{
    RIGHT, Scene, Script, context, is_throttled, is_wrong, limits, noon, outside, quick,
};

#[tokio::test]
async fn sec_pwd_01_after_the_limit_the_directory_is_not_asked() {
    let scene = Scene::new(Limits::default());
    let inside = context("10.0.0.1".parse().unwrap(), NetworkLocation::Inside);
    for number in 0..20 {
        let from = format!("198.51.100.{number}");
        let _ = scene.sign_in_from(&from, "alice", "wrong").await;
        let _ = scene
            .authenticator
            .sign_in("alice", "wrong", &inside, noon())
            .await;
    }
    assert_eq!(
        scene.fake.checks(),
        9,
        "4 from afar and 5 from near: below the 10 of Windows' security baseline"
    );
    assert!(is_throttled(&scene.sign_in("alice", RIGHT).await));
    assert!(
        scene.sign_in("bob", RIGHT).await.is_ok(),
        "nobody else is refused"
    );
}

#[tokio::test]
async fn a_success_starts_the_account_again() {
    let scene = Scene::new(limits(3));
    for _ in 0..5 {
        for _ in 0..2 {
            assert!(is_wrong(&scene.sign_in("alice", "wrong").await));
        }
        assert!(scene.sign_in("alice", RIGHT).await.is_ok());
    }
}

#[tokio::test]
async fn sec_pwd_02_the_owner_at_a_familiar_address_is_not_locked_out_by_a_stranger() {
    let scene = Scene::new(Limits::default());
    assert!(
        scene
            .sign_in_from("203.0.113.5", "alice", RIGHT)
            .await
            .is_ok()
    );
    for _ in 0..10 {
        let _ = scene.sign_in_from("198.51.100.66", "alice", "wrong").await;
    }
    assert!(is_throttled(
        &scene.sign_in_from("198.51.100.66", "alice", RIGHT).await
    ));
    assert!(
        scene
            .sign_in_from("203.0.113.5", "alice", RIGHT)
            .await
            .is_ok()
    );
    assert!(
        is_throttled(&scene.sign_in_from("203.0.113.6", "alice", RIGHT).await),
        "an address beside it is strange"
    );

    // A proxy that does not say for whom it speaks is nobody's familiar address.
    let mut hidden = outside("203.0.113.5");
    hidden.proxy = Some("edge".into());
    assert!(is_throttled(
        &scene
            .authenticator
            .sign_in("alice", RIGHT, &hidden, noon())
            .await
    ));
}

#[tokio::test]
async fn sec_pwd_03_one_password_for_many_names_is_stopped_by_address_and_network() {
    let limits = Limits {
        address: 6,
        network: 10,
        ..Limits::default()
    };
    let scene = Scene::new(limits.clone());
    for number in 0..20 {
        let _ = scene
            .sign_in_from("192.0.2.1", &format!("user{number}"), "Sommer2024")
            .await;
    }
    let refused = scene
        .sign_in_from("192.0.2.1", "alice", RIGHT)
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        SignInFailure::Throttled {
            limit: BucketKind::Address,
            ..
        }
    ));
    for number in 0..20 {
        let _ = scene
            .sign_in_from(
                &format!("192.0.2.{}", 2 + number),
                &format!("other{number}"),
                "Sommer2024",
            )
            .await;
    }
    let refused = scene
        .sign_in_from("192.0.2.99", "alice", RIGHT)
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        SignInFailure::Throttled {
            limit: BucketKind::Network,
            ..
        }
    ));
    assert!(
        scene
            .sign_in_from("192.0.3.1", "alice", RIGHT)
            .await
            .is_ok()
    );

    let scene = Scene::new(limits);
    for number in 0..10 {
        let from = format!("2001:db8:1:2::{number:x}");
        let _ = scene
            .sign_in_from(&from, &format!("user{number}"), "Sommer2024")
            .await;
    }
    assert!(
        is_throttled(
            &scene
                .sign_in_from("2001:db8:1:2:ffff::1", "alice", RIGHT)
                .await
        ),
        "one /64 is one address"
    );
    assert!(
        scene
            .sign_in_from("2001:db8:1:3::1", "alice", RIGHT)
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_pwd_04_of_two_hundred_parallel_guesses_ten_reach_the_directory() {
    let scene = Arc::new(Scene::new(limits(10)));
    scene.fake.says(Script::Verdict(PasswordVerdict::Wrong));
    *scene.fake.delays.lock().unwrap() =
        vec![StdDuration::from_millis(20), StdDuration::from_millis(3)];
    let mut tasks = Vec::new();
    for number in 0..200 {
        let scene = Arc::clone(&scene);
        tasks.push(tokio::spawn(async move {
            scene
                .sign_in_from(
                    &format!("198.51.{}.1", number % 100),
                    "alice",
                    &format!("guess{number}"),
                )
                .await
        }));
    }
    let (mut wrong, mut throttled) = (0, 0);
    for task in tasks {
        let result = task.await.unwrap();
        wrong += u32::from(is_wrong(&result));
        throttled += u32::from(is_throttled(&result));
    }
    assert_eq!((scene.fake.checks(), wrong, throttled), (10, 10, 190));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_people_behind_one_address_sign_in_at_once() {
    let limits = Limits {
        address: 2,
        network: 2,
        ..limits(5)
    };
    let scene = Arc::new(Scene::new(limits));
    *scene.fake.delays.lock().unwrap() = vec![StdDuration::from_millis(10)];
    let alice = scene.fake.account("alice").await;
    scene.fake.says(Script::Verdict(PasswordVerdict::Wrong));
    assert!(is_wrong(&scene.sign_in("bob", "wrong").await));
    scene
        .fake
        .says(Script::Verdict(PasswordVerdict::Accepted(alice.into())));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let scene = Arc::clone(&scene);
            tokio::spawn(async move { scene.sign_in("alice", "right").await })
        })
        .collect();
    for task in tasks {
        let result = task.await.unwrap();
        // One place is left to the address: each waits for it, and nobody is refused for another's try.
        assert!(!matches!(
            result,
            Err(SignInFailure::Throttled {
                limit: BucketKind::Address | BucketKind::Network,
                ..
            })
        ));
    }
}

#[tokio::test]
async fn sec_pwd_05_every_way_to_write_a_name_is_one_counter() {
    let scene = Scene::new(limits(5));
    let spellings = [
        "alice",
        "ALICE",
        "CORP\\alice",
        "corp.example\\Alice",
        "alice@example.com",
        " alice@CORP.example ",
        "alice",
    ];
    for (number, typed) in spellings.into_iter().enumerate() {
        let result = scene.sign_in(typed, "wrong").await;
        assert_eq!(is_throttled(&result), number >= 5, "{typed}: {result:?}");
    }
    assert_eq!(scene.fake.checks(), 5);
}

#[tokio::test]
async fn an_unknown_name_is_refused_after_as_many_tries_as_a_known_one() {
    for typed in [
        ["alice", "CORP\\alice", "alice@corp.example"],
        ["nobody", "CORP\\Nobody", "NOBODY@corp.example"],
    ] {
        let scene = Scene::new(Limits::default());
        let mut refused_at = None;
        for number in 0..10 {
            let result = scene.sign_in(typed[number % 3], "wrong").await;
            if is_throttled(&result) && refused_at.is_none() {
                refused_at = Some(number);
            }
        }
        assert_eq!(refused_at, Some(4), "{typed:?}");
    }
}

#[tokio::test]
async fn sec_pwd_10_a_lock_ends_after_the_window_and_refused_tries_do_not_prolong_it() {
    let scene = Scene::new(limits(3));
    let at = async |minutes: i64, password: &str| {
        let now = noon() + Duration::minutes(minutes);
        scene
            .authenticator
            .sign_in("alice", password, &outside("192.0.2.1"), now)
            .await
    };
    for minute in [0, 10, 20] {
        assert!(is_wrong(&at(minute, "wrong").await));
    }
    for minute in 21..50 {
        assert!(is_throttled(&at(minute, RIGHT).await));
    }
    let refused = at(49, RIGHT).await.unwrap_err();
    assert!(
        matches!(refused, SignInFailure::Throttled { retry_after, .. } if retry_after == Duration::minutes(1))
    );
    assert!(at(50, RIGHT).await.is_ok());
}

/// A ledger that can be cut off.
#[derive(Default)]
struct Partitioned {
    shared: LocalLedger,
    cut_off: AtomicBool,
}

impl Partitioned {
    fn check(&self) -> Result<(), LedgerUnavailable> {
        let cut_off = self.cut_off.load(Ordering::SeqCst);
        if cut_off {
            Err(LedgerUnavailable {
                detail: "stubbed".into(),
            })
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl AttemptLedger for Partitioned {
    async fn reserve(&self, demands: &[Demand], now: OffsetDateTime) -> Result<(), NotReserved> {
        self.check()?;
        AttemptLedger::reserve(&self.shared, demands, now).await
    }
    async fn settle(
        &self,
        effects: &[(Demand, Effect)],
        now: OffsetDateTime,
    ) -> Result<(), LedgerUnavailable> {
        self.check()?;
        AttemptLedger::settle(&self.shared, effects, now).await
    }
    async fn counted(
        &self,
        buckets: &[Bucket],
        now: OffsetDateTime,
    ) -> Result<Vec<Counted>, LedgerUnavailable> {
        self.check()?;
        self.shared.counted(buckets, now).await
    }
    async fn forget(&self, buckets: &[Bucket]) -> Result<(), LedgerUnavailable> {
        self.check()?;
        self.shared.forget(buckets).await
    }
    async fn familiar(
        &self,
        account: Bucket,
        source: Bucket,
    ) -> Result<Option<OffsetDateTime>, LedgerUnavailable> {
        self.check()?;
        self.shared.familiar(account, source).await
    }
    async fn familiar_sources(
        &self,
        account: Bucket,
    ) -> Result<Vec<OffsetDateTime>, LedgerUnavailable> {
        self.check()?;
        self.shared.familiar_sources(account).await
    }
    async fn remember(
        &self,
        account: Bucket,
        source: Bucket,
        now: OffsetDateTime,
    ) -> Result<(), LedgerUnavailable> {
        self.check()?;
        self.shared.remember(account, source, now).await
    }
}

#[tokio::test]
async fn sec_pwd_08_without_the_shared_counters_a_node_counts_more_strictly_itself() {
    let ledger = Arc::new(Partitioned::default());
    let scene = Scene::with(
        limits(9),
        Arc::clone(&ledger) as Arc<dyn AttemptLedger>,
        quick(),
    );
    assert!(is_wrong(&scene.sign_in("alice", "wrong").await));
    ledger.cut_off.store(true, Ordering::SeqCst);
    for _ in 0..10 {
        let _ = scene.sign_in("alice", "wrong").await;
    }
    assert_eq!(
        scene.fake.checks(),
        1 + 3,
        "a third of nine, never no limit"
    );
    assert!(
        scene.sign_in("bob", RIGHT).await.is_ok(),
        "right passwords still pass"
    );
    ledger.cut_off.store(false, Ordering::SeqCst);
    for _ in 0..10 {
        let _ = scene.sign_in("alice", "wrong").await;
    }
    assert_eq!(
        scene.fake.checks(),
        1 + 3 + 1 + 8,
        "the shared count is as it was, not reset"
    );
}
