//! What child processes do: this same binary, started with one test named and the store's URL in the environment.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use signet_model::RelyingPartyId;
use signet_store::{EventNumber, Health, Store};

use crate::lab::{account, event, issuance, session, tagger};

const URL: &str = "SIGNET_TEST_STORE_URL";

/// Starts `case` of this module in a process of its own, under a shell that first runs `before`.
pub(crate) fn start(case: &str, url: &str, before: &str) -> Child {
    let binary = std::env::current_exe().unwrap();
    Command::new("sh")
        .args(["-c", &format!("{before} exec \"$0\" \"$@\"")])
        .arg(binary)
        .args([
            "--exact",
            case,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(URL, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn open() -> Store {
    let url = std::env::var(URL).expect("run by another test only");
    Store::open(&url, tagger(1)).await.unwrap()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Records tokens from 16 tasks and says which were acknowledged, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child process of sec_f_14"]
async fn child_records_tokens() {
    let store = open().await;
    let key = session(&store, account(1)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let store = store.clone();
        tasks.spawn(async move {
            loop {
                let token = RelyingPartyId::random().to_string();
                let issued = issuance(key, RelyingPartyId::random(), &token);
                if let Err(error) = store.record_issuance(&issued).await {
                    return error;
                }
                say(&format!("acknowledged {token}"));
            }
        });
    }
    panic!("stopped by {:?}", tasks.join_next().await);
}

/// Records events until the disk refuses, then says how many were acknowledged and how the store is.
#[tokio::test]
#[ignore = "a child process of sec_f_12"]
async fn child_writes_until_the_disk_refuses() {
    let store = open().await;
    let mut acknowledged = 0;
    let mut sample = event(EventNumber::CREDENTIALS_SUCCESS);
    sample.details = serde_json::json!({ "padding": "x".repeat(2_000) });
    while store.record(&sample).await.is_ok() {
        acknowledged += 1;
        assert!(acknowledged < 100_000, "the disk never refused");
    }
    for _ in 0..3 {
        assert!(
            store
                .record(&event(EventNumber::SIGN_OUT_SUCCESS))
                .await
                .is_err(),
            "a failed disk is not tried again"
        );
    }
    assert_eq!(store.health().await, Health::Broken);
    say(&format!("acknowledged {acknowledged}"));
}
