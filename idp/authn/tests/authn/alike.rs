//! What must look and take alike (PWD-09).

use std::sync::Arc;
use std::time::{Duration, Instant};

use signet_authn::{LocalLedger, Pacing, SignInFailure};
use signet_directory::PasswordVerdict;

use crate::fake::{RIGHT, Scene, Script, limits};

/// Names that do not lead to a sign-in, whatever the reason.
const REFUSED: [&str; 8] = [
    "nobody",
    "nobody@example.com",
    "OTHER\\alice",
    "alice@other.example",
    "twins",
    "pc1$",
    "krbtgt",
    "CORP\\guest",
];

#[tokio::test]
async fn sec_pwd_09_unknown_wrong_disabled_and_locked_look_alike() {
    let scene = Scene::new(limits(100));
    let wrong = scene.sign_in("alice", "wrong").await.unwrap_err().message();
    for typed in REFUSED.into_iter().chain(["disabled", "locked"]) {
        for password in ["wrong", RIGHT] {
            if typed == "disabled" && password == RIGHT {
                continue;
            }
            let failed = scene.sign_in(typed, password).await.unwrap_err();
            let message = failed.message();
            assert!(
                matches!(failed, SignInFailure::WrongNameOrPassword { .. }),
                "{typed}: {failed:?}"
            );
            assert_eq!(
                (message.code, message.public, message.hint, message.culprit),
                (wrong.code, wrong.public, wrong.hint, wrong.culprit),
                "{typed}"
            );
        }
    }
}

#[tokio::test]
async fn sec_ad_10_accounts_of_machines_never_reach_a_password_check() {
    let scene = Scene::new(limits(100));
    for typed in REFUSED {
        assert!(scene.sign_in(typed, RIGHT).await.is_err());
    }
    assert_eq!(scene.fake.checks(), 0);
}

#[tokio::test]
async fn sec_pwd_15_what_was_typed_as_a_name_is_in_no_log_line() {
    let scene = Scene::new(limits(100));
    for typed in ["MyS3cretPassword", "MyS3cretPassword@other.example"] {
        let message = scene.sign_in(typed, "wrong").await.unwrap_err().message();
        assert!(
            !message.log_line().to_string().contains("S3cret"),
            "{}",
            message.log_line()
        );
        assert!(
            message.private.contains("tag "),
            "equal names can be told: {}",
            message.private
        );
    }
}

/// Welch's t over two groups of milliseconds.
fn welch_t(one: &[f64], other: &[f64]) -> f64 {
    let moments = |sample: &[f64]| {
        let count = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / count;
        let variance = sample
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / (count - 1.0);
        (mean, variance / count)
    };
    let ((mean_one, error_one), (mean_other, error_other)) = (moments(one), moments(other));
    (mean_one - mean_other).abs() / (error_one + error_other).sqrt()
}

async fn took(scene: &Scene, typed: &str) -> f64 {
    let start = Instant::now();
    assert!(scene.sign_in(typed, "wrong").await.is_err());
    start.elapsed().as_secs_f64() * 1e3
}

/// 2 x 2,000 samples, wrong passwords and unknown names in turn, of a directory that needs 2 to 9 ms.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_pwd_09_an_unknown_name_takes_as_long_as_a_wrong_password() {
    let pacing = Pacing::new(Duration::ZERO, Duration::from_millis(2));
    let scene = Arc::new(Scene::with(
        limits(100_000),
        Arc::new(LocalLedger::new()),
        pacing,
    ));
    scene.fake.says(Script::Verdict(PasswordVerdict::Wrong));
    *scene.fake.delays.lock().unwrap() = [2, 3, 4, 9, 3, 2, 5, 3, 7]
        .map(Duration::from_millis)
        .to_vec();
    for _ in 0..64 {
        took(&scene, "alice").await;
    }
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let scene = Arc::clone(&scene);
            tokio::spawn(async move {
                let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
                for _ in 0..200 {
                    wrong.push(took(&scene, "alice").await);
                    unknown.push(took(&scene, "nobody").await);
                }
                (wrong, unknown)
            })
        })
        .collect();
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for task in tasks {
        let (one, other) = task.await.unwrap();
        wrong.extend(one);
        unknown.extend(other);
    }
    assert_eq!((wrong.len(), unknown.len()), (2_000, 2_000));
    let t = welch_t(&wrong, &unknown);
    assert!(t < 4.5, "Welch t = {t:.2}");
    // The measure itself sees a difference of half a millisecond.
    let shifted: Vec<f64> = unknown.iter().map(|value| value + 0.5).collect();
    assert!(welch_t(&unknown, &shifted) > 4.5);
}

/// Before any wrong password was measured, the floor alone hides who exists.
#[tokio::test(start_paused = true)]
async fn sec_pwd_09_the_first_failures_after_a_start_take_the_floor() {
    let scene = Scene::with(limits(100), Arc::new(LocalLedger::new()), Pacing::default());
    scene.fake.says(Script::Verdict(PasswordVerdict::Wrong));
    *scene.fake.delays.lock().unwrap() = vec![Duration::from_millis(30)];
    for typed in ["nobody", "alice", "OTHER\\x", "locked"] {
        let start = tokio::time::Instant::now();
        assert!(scene.sign_in(typed, "wrong").await.is_err());
        assert_eq!(start.elapsed().as_millis(), 100, "{typed}");
    }
    scene.fake.says(Script::Truth);
}

/// A brake that comes after the name was looked up tells nobody whether it was found.
#[tokio::test(start_paused = true)]
async fn sec_pwd_09_a_braked_try_takes_as_long_whoever_it_is_for() {
    let scene = Scene::with(limits(2), Arc::new(LocalLedger::new()), Pacing::default());
    scene.fake.says(Script::Verdict(PasswordVerdict::Wrong));
    *scene.fake.delays.lock().unwrap() = vec![Duration::from_millis(30)];
    for typed in ["nobody", "alice"] {
        for at in 0..4 {
            let start = tokio::time::Instant::now();
            let failed = scene.sign_in(typed, "wrong").await.unwrap_err();
            let braked = matches!(failed, SignInFailure::Throttled { .. });
            assert_eq!(braked, at >= 2, "{typed}: {failed:?}");
            assert_eq!(start.elapsed().as_millis(), 100, "{typed}, try {at}");
        }
    }
}
