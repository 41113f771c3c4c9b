//! Faults: restarts, kills, failing disks, silent servers.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use signet_store::audit::AuditFilter;
use signet_store::{EventNumber, Health, Store, StoreError};

use crate::children::start;
use crate::lab::{Lab, event, tagger};

pub(crate) async fn opening_again_changes_nothing(lab: Lab) {
    let store = lab.open().await;
    store
        .record(&event(EventNumber::SIGN_OUT_SUCCESS))
        .await
        .unwrap();
    let before = lab.dump("schema_step").await;
    store.close().await;
    assert_eq!(
        store.record(&event(EventNumber::SIGN_OUT_SUCCESS)).await,
        Err(StoreError::Closing)
    );
    let store = lab.open().await;
    assert_eq!(lab.dump("schema_step").await, before);
    assert_eq!(store.verify_audit().await.unwrap().rows, 1);
    assert_eq!(store.health().await, Health::Well);
}

pub(crate) async fn several_processes_may_open_an_empty_database_together(lab: Lab) {
    let open = || Store::open(&lab.url, tagger(1));
    let (one, two, three, four, five, six) =
        tokio::join!(open(), open(), open(), open(), open(), open());
    one.unwrap()
        .record(&event(EventNumber::SIGN_OUT_SUCCESS))
        .await
        .unwrap();
    for other in [two, three, four, five, six] {
        assert_eq!(other.unwrap().verify_audit().await.unwrap().rows, 1);
    }
}

pub(crate) async fn a_foreign_schema_step_is_refused_or_left_alone(lab: Lab) {
    lab.open().await.close().await;
    lab.by_hand(
        "INSERT INTO schema_step (number, name, digest) VALUES (9000, 'of a newer release', 'x')",
    )
    .await;
    lab.open().await.close().await;
    lab.by_hand("UPDATE schema_step SET digest = 'x' WHERE number = 1")
        .await;
    let refused = Store::open(&lab.url, tagger(1)).await.map(drop);
    assert_eq!(
        refused.unwrap_err(),
        StoreError::MigrationDiffers { number: 1 }
    );
}

/// `SIGNET_KILLS` is how often, for a soak.
pub(crate) async fn sec_f_14_killed_at_any_instant_every_acknowledged_row_is_there(lab: Lab) {
    lab.open().await.close().await;
    let mut acknowledged = BTreeSet::new();
    let kills: u32 = std::env::var("SIGNET_KILLS").map_or(8, |kills| kills.parse().unwrap());
    let mut random = 1u64;
    for _ in 0..kills {
        // Killed after so many acknowledgements, in the middle of whatever the other fifteen tasks do then.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let kill_after = usize::try_from(random >> 57).unwrap() + 1;
        let mut child = start("children::child_records_tokens", &lab.url, "");
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut seen = 0;
        let mut line = String::new();
        while seen < kill_after {
            line.clear();
            assert!(
                out.read_line(&mut line).unwrap() > 0,
                "the child ended by itself"
            );
            seen += usize::from(line.contains("acknowledged "));
            acknowledged.extend(token_of(&line));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died was acknowledged too; its last line may be cut.
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        let complete = rest.rsplit_once('\n').map_or("", |(complete, _)| complete);
        acknowledged.extend(complete.lines().filter_map(token_of));
    }
    let restart = Instant::now();
    let store = lab.open().await;
    store
        .record(&event(EventNumber::SIGN_OUT_SUCCESS))
        .await
        .unwrap();
    assert!(restart.elapsed().as_secs() < 2, "{:?}", restart.elapsed());
    let report = store.verify_audit().await.unwrap();
    let mut written = BTreeSet::new();
    let mut before = None;
    loop {
        let rows = store
            .list_audit(
                &AuditFilter {
                    before,
                    ..AuditFilter::default()
                },
                1_000,
            )
            .await
            .unwrap();
        let Some(last) = rows.last() else { break };
        before = Some(last.seq);
        written.extend(rows.iter().filter_map(|row| row.token_id.clone()));
    }
    let lost: Vec<_> = acknowledged.difference(&written).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    // Written but not yet told to anybody: at most what was under way at each kill.
    let untold = written.len() - acknowledged.len();
    assert!(untold <= usize::try_from(kills * 16).unwrap(), "{untold}");
    assert_eq!(
        i64::try_from(written.len()).unwrap() + i64::from(kills) + 1,
        report.rows,
        "each row is one token, or the sign-in of one child, and one is our own"
    );
}

fn token_of(line: &str) -> Option<String> {
    line.split_once("acknowledged ")
        .map(|(_, token)| token.trim().to_owned())
        .filter(|token| token.len() == 36)
}

/// `ulimit -f` makes every write past a size fail as a broken disk would.
#[tokio::test]
async fn sec_f_12_after_a_failed_write_nothing_is_acknowledged_and_nothing_is_lost() {
    let lab = Lab::sqlite();
    lab.open().await.close().await;
    let child = start(
        "children::child_writes_until_the_disk_refuses",
        &lab.url,
        "trap '' XFSZ; ulimit -f 3000;",
    );
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let count = said
        .split("acknowledged ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap();
    let acknowledged: i64 = count.parse().unwrap();
    assert!(acknowledged > 10);
    let store = lab.open().await;
    assert_eq!(store.verify_audit().await.unwrap().rows, acknowledged);
    assert_eq!(
        store.health().await,
        Health::Well,
        "a restart with a whole disk writes again"
    );
}

#[tokio::test]
async fn sec_f_13_a_damaged_database_is_refused() {
    let lab = Lab::sqlite();
    let store = lab.open().await;
    store
        .record(&event(EventNumber::SIGN_OUT_SUCCESS))
        .await
        .unwrap();
    store.close().await;
    let path = lab.url.strip_prefix("sqlite://").unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    bytes[..100].fill(0x5a);
    std::fs::write(path, bytes).unwrap();
    let refused = Store::open(&lab.url, tagger(1))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused:?}");
}

/// F-17: a server that accepts and never answers.
#[tokio::test]
async fn sec_f_17_a_silent_postgresql_is_given_up_within_two_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "postgres://signet@127.0.0.1:{}/signet",
        listener.local_addr().unwrap().port()
    );
    let start = Instant::now();
    let refused = Store::open(&url, tagger(1)).await.map(drop).unwrap_err();
    assert!(
        matches!(refused, StoreError::Unavailable { .. }),
        "{refused:?}"
    );
    assert!(start.elapsed().as_secs() < 2);
}

#[tokio::test]
async fn the_database_file_is_the_owners_only() {
    let lab = Lab::sqlite();
    let store = lab.open().await;
    store
        .record(&event(EventNumber::SIGN_OUT_SUCCESS))
        .await
        .unwrap();
    let path = lab.url.strip_prefix("sqlite://").unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let mode = std::fs::metadata(format!("{path}{suffix}"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn other_urls_are_refused() {
    for url in [
        "",
        "sqlite://",
        "mysql://x",
        "/var/lib/signet.db",
        "sqlite:x",
    ] {
        let refused = Store::open(url, tagger(1)).await.map(drop).unwrap_err();
        assert!(
            matches!(refused, StoreError::BadUrl { .. }),
            "{url}: {refused:?}"
        );
    }
}
