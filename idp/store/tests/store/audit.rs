//! The audit chain.

use serde_json::json;
use signet_model::RelyingPartyId;
use signet_store::audit::{AuditFilter, Break, BreakKind, ChainError};
use signet_store::{EventNumber, Outcome, Secret, Store, StoreError};
use time::Duration;
use tokio::task::JoinSet;

use crate::lab::{Lab, account, event, issuance, new_session, noon, session};

async fn filled(lab: &Lab, rows: usize) -> Store {
    let store = lab.open().await;
    for _ in 0..rows {
        store
            .record(&event(EventNumber::CREDENTIALS_SUCCESS))
            .await
            .unwrap();
    }
    store
}

async fn break_of(store: &Store) -> Break {
    match store.verify_audit().await {
        Err(ChainError::Broken(found)) => found,
        other => panic!("the chain should break: {other:?}"),
    }
}

pub(crate) async fn the_chain_is_whole_and_can_be_searched(lab: Lab) {
    let store = lab.open().await;
    assert_eq!(store.verify_audit().await.unwrap().rows, 0);
    let mut wrong = event(EventNumber::CREDENTIALS_FAILURE);
    wrong.account = Some(account(9));
    wrong.outcome = Outcome::Failure;
    wrong.reason = Some("SIG-AUTHN-WRONG".into());
    wrong.details = json!({ "user_agent": "x\r\n\u{1b}[31m\u{202e}y" });
    wrong.at = noon() + Duration::seconds(1);
    let right = event(EventNumber::CREDENTIALS_SUCCESS);
    assert_eq!(store.record(&right).await, Ok(1));
    assert_eq!(store.record(&wrong).await, Ok(2));
    assert_eq!(store.record(&right).await, Ok(3));

    let seqs = async |filter: AuditFilter| {
        store
            .list_audit(&filter, 10)
            .await
            .unwrap()
            .iter()
            .map(|row| row.seq)
            .collect::<Vec<_>>()
    };
    let all = AuditFilter::default;
    assert_eq!(seqs(all()).await, [3, 2, 1]);
    assert_eq!(
        seqs(AuditFilter {
            before: Some(3),
            ..all()
        })
        .await,
        [2, 1]
    );
    assert_eq!(
        seqs(AuditFilter {
            account: Some(account(9)),
            ..all()
        })
        .await,
        [2]
    );
    assert_eq!(
        seqs(AuditFilter {
            activity: Some(right.activity),
            ..all()
        })
        .await,
        [3, 1]
    );
    assert_eq!(
        seqs(AuditFilter {
            event: Some(1203),
            ..all()
        })
        .await,
        [2]
    );
    assert_eq!(
        seqs(AuditFilter {
            outcome: Some(Outcome::Success),
            ..all()
        })
        .await,
        [3, 1]
    );
    assert_eq!(
        seqs(AuditFilter {
            from: Some(wrong.at),
            ..all()
        })
        .await,
        [2]
    );
    assert_eq!(
        seqs(AuditFilter {
            until: Some(wrong.at),
            ..all()
        })
        .await,
        [3, 1]
    );
    assert_eq!(
        seqs(AuditFilter {
            relying_party: Some(RelyingPartyId::random()),
            ..all()
        })
        .await,
        [0i64; 0]
    );
    let row = &store.tail_audit(1, 1).await.unwrap()[0];
    assert_eq!(
        (row.seq, row.event, row.outcome.as_str()),
        (2, 1203, "failure")
    );
    assert_eq!(
        (row.reason.as_deref(), &row.details),
        (Some("SIG-AUTHN-WRONG"), &wrong.details)
    );
    let report = store.verify_audit().await.unwrap();
    assert_eq!((report.rows, report.last_hash.len()), (3, 64));
}

pub(crate) async fn two_nodes_write_one_line(lab: Lab) {
    let (one, other) = (lab.open().await, lab.open().await);
    let key = session(&one, account(1)).await;
    let party = RelyingPartyId::random();
    let mut tasks = Vec::new();
    for number in 0..200 {
        let store = if number % 2 == 0 {
            one.clone()
        } else {
            other.clone()
        };
        tasks.push(tokio::spawn(async move {
            store
                .record_issuance(&issuance(key, party, &format!("T{number}")))
                .await
        }));
    }
    let mut seqs = Vec::new();
    for task in tasks {
        seqs.push(task.await.unwrap().unwrap());
    }
    seqs.sort_unstable();
    // The first row is the sign-in's.
    assert_eq!(seqs, (2..=201).collect::<Vec<i64>>());
    assert_eq!(one.verify_audit().await.unwrap().rows, 201);
    assert_eq!(other.participants(key).await.unwrap()[0].tokens, 200);
}

pub(crate) async fn sec_log_04_a_token_whose_row_cannot_be_written_is_refused(lab: Lab) {
    let store = filled(&lab, 1).await;
    let key = session(&store, account(1)).await;
    lab.by_hand("ALTER TABLE audit RENAME TO gone").await;
    let refused = store
        .record_issuance(&issuance(key, RelyingPartyId::random(), "T"))
        .await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable { .. })),
        "{refused:?}"
    );
    assert_eq!(
        store.participants(key).await,
        Ok(vec![]),
        "nothing of it was written"
    );
    lab.by_hand("ALTER TABLE gone RENAME TO audit").await;
    assert_eq!(
        store
            .record_issuance(&issuance(key, RelyingPartyId::random(), "T"))
            .await,
        Ok(3)
    );
    assert_eq!(store.verify_audit().await.unwrap().rows, 3);
}

pub(crate) async fn sec_log_04_a_session_and_its_sign_in_stand_both_or_neither(lab: Lab) {
    let store = filled(&lab, 1).await;
    let begin = |key| {
        let store = store.clone();
        async move {
            let signed_in = event(EventNumber::CREDENTIALS_SUCCESS);
            let new = new_session(account(1));
            let begun = store.begin_session(key, &new, &signed_in).await;
            begun.map(|_| key)
        }
    };
    let alive = async |key| {
        let found = store.load_session(key, None, Duration::hours(1), noon());
        found.await.unwrap().is_some()
    };
    let key = Secret::random().unwrap().key();
    lab.by_hand("ALTER TABLE audit RENAME TO gone").await;
    assert!(begin(key).await.is_err());
    lab.by_hand("ALTER TABLE gone RENAME TO audit").await;
    assert!(!alive(key).await, "nobody wrote down whose it is");

    // Many at once, which share commits.
    let mut tasks = JoinSet::new();
    for _ in 0..40 {
        tasks.spawn(begin(Secret::random().unwrap().key()));
    }
    for key in tasks.join_all().await {
        assert!(alive(key.unwrap()).await);
    }
    assert_eq!(store.verify_audit().await.unwrap().rows, 41);
}

pub(crate) async fn sec_log_05_a_changed_row_is_named(lab: Lab) {
    let store = filled(&lab, 5).await;
    for change in [
        "details = '{}'",
        "account = NULL",
        "at = at + 1",
        "outcome = 'failure'",
        "token_id = 'T'",
        "event = 1",
    ] {
        lab.by_hand("CREATE TABLE kept AS SELECT * FROM audit")
            .await;
        lab.by_hand(&format!("UPDATE audit SET {change} WHERE seq = 3"))
            .await;
        assert_eq!(
            break_of(&store).await,
            Break {
                row: 3,
                kind: BreakKind::Changed
            },
            "{change}"
        );
        lab.by_hand("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept")
            .await;
        assert_eq!(store.verify_audit().await.unwrap().rows, 5);
    }
}

pub(crate) async fn sec_log_05_a_removed_row_is_named(lab: Lab) {
    let store = filled(&lab, 5).await;
    lab.by_hand("DELETE FROM audit WHERE seq = 2").await;
    assert_eq!(
        break_of(&store).await,
        Break {
            row: 2,
            kind: BreakKind::Missing
        }
    );
    lab.by_hand("UPDATE audit SET seq = seq - 1 WHERE seq = 3")
        .await;
    assert_eq!(
        break_of(&store).await,
        Break {
            row: 2,
            kind: BreakKind::Changed
        }
    );
}

pub(crate) async fn sec_log_05_rows_cut_off_the_end_are_missed(lab: Lab) {
    let store = filled(&lab, 5).await;
    lab.by_hand("DELETE FROM audit WHERE seq > 3").await;
    assert_eq!(
        break_of(&store).await,
        Break {
            row: 4,
            kind: BreakKind::Missing
        }
    );
    // With the end moved back to a row that was once the last, by somebody without the key.
    lab.by_hand("UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)")
        .await;
    assert_eq!(
        break_of(&store).await,
        Break {
            row: 3,
            kind: BreakKind::CutOff
        }
    );
    lab.by_hand("UPDATE audit_head SET mac = (SELECT mac FROM audit WHERE seq = 3)")
        .await;
    assert_eq!(
        break_of(&store).await,
        Break {
            row: 3,
            kind: BreakKind::CutOff
        }
    );
    let refused = store.record(&event(EventNumber::SIGN_OUT_SUCCESS)).await;
    assert!(
        matches!(
            refused,
            Err(StoreError::TamperedRow {
                table: "audit_head",
                ..
            })
        ),
        "no row hides the cut"
    );
}

pub(crate) async fn sec_log_05_a_chain_rehashed_without_the_key_is_named(lab: Lab) {
    // The hashes need no key: another store with another key makes them as an attacker would.
    let store = filled(&lab, 3).await;
    let forged = signet_store::Store::open(&lab.url, crate::lab::tagger(2))
        .await
        .unwrap();
    assert!(matches!(
        forged.record(&event(EventNumber::SIGN_OUT_SUCCESS)).await,
        Err(StoreError::TamperedRow { .. })
    ));
    lab.by_hand("UPDATE audit SET mac = (SELECT mac FROM audit WHERE seq = 1) WHERE seq = 2")
        .await;
    assert_eq!(
        break_of(&store).await,
        Break {
            row: 2,
            kind: BreakKind::Forged
        }
    );
}

pub(crate) async fn sec_log_05_an_emptied_audit_is_missed(lab: Lab) {
    let store = filled(&lab, 3).await;
    lab.by_hand("DELETE FROM audit; DELETE FROM audit_head")
        .await;
    assert_eq!(break_of(&store).await.kind, BreakKind::CutOff);
    let again = lab.open().await;
    assert_eq!(
        break_of(&again).await.kind,
        BreakKind::CutOff,
        "opening again begins no new chain"
    );
    assert!(
        again
            .record(&event(EventNumber::SIGN_OUT_SUCCESS))
            .await
            .is_err()
    );
}

pub(crate) async fn sec_key_07_rows_are_as_many_as_acknowledgements(lab: Lab) {
    let store = lab.open().await;
    let (alive, dead) = (
        session(&store, account(1)).await,
        session(&store, account(2)).await,
    );
    let mut tasks = Vec::new();
    for number in 0..120 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            if number == 60 {
                store.end_session(dead).await.unwrap();
            }
            let key = if number % 3 == 0 { dead } else { alive };
            store
                .record_issuance(&issuance(
                    key,
                    RelyingPartyId::random(),
                    &format!("T{number}"),
                ))
                .await
        }));
    }
    let mut acknowledged = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => acknowledged += 1,
            Err(error) => assert_eq!(error, StoreError::SessionEnded),
        }
    }
    assert!(acknowledged >= 80);
    assert_eq!(
        store
            .count_audit(EventNumber::APP_TOKEN_SUCCESS, Outcome::Success)
            .await,
        Ok(acknowledged)
    );
    // Beside them stand the two sign-ins.
    assert_eq!(store.verify_audit().await.unwrap().rows, acknowledged + 2);
}

pub(crate) async fn a_token_for_an_ended_session_is_refused_alone(lab: Lab) {
    let store = lab.open().await;
    let (alive, dead) = (
        session(&store, account(1)).await,
        session(&store, account(1)).await,
    );
    store.end_session(dead).await.unwrap();
    let party = RelyingPartyId::random();
    let issued = [
        issuance(alive, party, "A"),
        issuance(dead, party, "B"),
        issuance(alive, party, "C"),
    ];
    let (key, new) = (Secret::random().unwrap().key(), new_session(account(3)));
    let signed_in = event(EventNumber::CREDENTIALS_SUCCESS);
    let (a, b, c, begun) = tokio::join!(
        store.record_issuance(&issued[0]),
        store.record_issuance(&issued[1]),
        store.record_issuance(&issued[2]),
        store.begin_session(key, &new, &signed_in)
    );
    assert!(
        a.is_ok() && c.is_ok() && begun.is_ok(),
        "{a:?} {c:?} {begun:?}"
    );
    assert_eq!(b, Err(StoreError::SessionEnded));
    let found = store.load_session(key, None, Duration::hours(1), noon());
    assert!(found.await.unwrap().is_some());
    assert_eq!(store.verify_audit().await.unwrap().rows, 5);
}
