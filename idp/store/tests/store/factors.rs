//! Second factors: enrolled, used once, removed, and never taken away unseen.

use signet_model::{AccountId, FactorAdded, FactorId, FactorKind, FactorRecord};
use signet_store::factors::{LARGEST_CHALLENGE, MOST_CHALLENGES_OF_ONE, MOST_FACTORS};
use signet_store::{Secret, StoreError};
use time::Duration;

use crate::lab::{Lab, account, noon};

fn factor(account: AccountId, kind: FactorKind, handle: Option<u8>) -> FactorRecord {
    FactorRecord {
        id: FactorId::random(),
        account,
        kind,
        label: "Müllers Telefon".into(),
        sealed: "sealed-by-somebody-else".into(),
        handle: handle.map(|octet| [octet; 32]),
        created_at: noon(),
        last_used_at: None,
        counter: 7,
    }
}

pub(crate) async fn factors_are_listed_as_they_were_added_and_removed(lab: Lab) {
    let nodes = [lab.open().await, lab.open().await];
    let (one, other) = (account(1), account(2));
    let totp = factor(one, FactorKind::Totp, None);
    let key = FactorRecord {
        created_at: noon() + Duration::minutes(1),
        ..factor(one, FactorKind::Passkey, Some(9))
    };
    assert_eq!(nodes[0].load_factors(one).await, Ok(vec![]));
    assert_eq!(
        nodes[0].add_factor(&totp, true).await,
        Ok(FactorAdded::Added)
    );
    assert_eq!(
        nodes[1].add_factor(&key, true).await,
        Ok(FactorAdded::NotTheFirst)
    );
    assert_eq!(
        nodes[1].add_factor(&key, false).await,
        Ok(FactorAdded::Added)
    );
    let taken = factor(other, FactorKind::Passkey, Some(9));
    assert_eq!(
        nodes[0].add_factor(&taken, true).await,
        Ok(FactorAdded::HandleTaken),
        "one passkey cannot belong to two accounts"
    );
    assert_eq!(
        nodes[1].load_factors(one).await,
        Ok(vec![totp.clone(), key.clone()])
    );
    assert_eq!(nodes[1].load_factors(other).await, Ok(vec![]));
    assert_eq!(nodes[0].remove_factor(other, totp.id).await, Ok(false));
    assert_eq!(nodes[0].remove_factor(one, totp.id).await, Ok(true));
    assert_eq!(nodes[0].remove_factor(one, totp.id).await, Ok(false));
    assert_eq!(nodes[1].load_factors(one).await, Ok(vec![key.clone()]));
    nodes[0]
        .replace_recovery_codes(one, &[[1; 32]], noon())
        .await
        .unwrap();
    assert_eq!(nodes[0].remove_factor(one, key.id).await, Ok(true));
    assert_eq!(
        nodes[0].recovery_codes_left(one).await,
        Ok(0),
        "codes do not outlive the last factor"
    );
    assert_eq!(
        nodes[0].add_factor(&totp, true).await,
        Ok(FactorAdded::Added)
    );
}

pub(crate) async fn of_many_first_factors_one_is_added(lab: Lab) {
    let nodes = [lab.open().await, lab.open().await];
    let mut tasks = Vec::new();
    for number in 0..20usize {
        let store = nodes[number % 2].clone();
        tasks.push(tokio::spawn(async move {
            let factor = factor(account(1), FactorKind::Totp, None);
            store.add_factor(&factor, true).await.unwrap() == FactorAdded::Added
        }));
    }
    let mut added = 0;
    for task in tasks {
        added += u32::from(task.await.unwrap());
    }
    assert_eq!(added, 1);
    for _ in 1..MOST_FACTORS {
        let next = factor(account(1), FactorKind::Totp, None);
        assert_eq!(
            nodes[0].add_factor(&next, false).await,
            Ok(FactorAdded::Added)
        );
    }
    let next = factor(account(1), FactorKind::Totp, None);
    assert_eq!(
        nodes[0].add_factor(&next, false).await,
        Ok(FactorAdded::TooMany)
    );
}

pub(crate) async fn sec_pwd_12_a_time_step_is_used_once_on_all_nodes_together(lab: Lab) {
    let nodes = [lab.open().await, lab.open().await];
    let totp = factor(account(1), FactorKind::Totp, None);
    let _ = nodes[0].add_factor(&totp, true).await.unwrap();
    let mut tasks = Vec::new();
    for number in 0..40usize {
        let (store, id) = (nodes[number % 2].clone(), totp.id);
        tasks.push(tokio::spawn(async move {
            store
                .use_factor(account(1), id, Some(8), noon())
                .await
                .unwrap()
        }));
    }
    let mut used = 0;
    for task in tasks {
        used += u32::from(task.await.unwrap());
    }
    assert_eq!(used, 1);
    let again = |step| nodes[1].use_factor(account(1), totp.id, Some(step), noon());
    assert_eq!(again(8).await, Ok(false));
    assert_eq!(again(7).await, Ok(false), "the step before is gone as well");
    assert_eq!(again(9).await, Ok(true));
    let touched = nodes[0].use_factor(account(1), totp.id, None, noon() + Duration::hours(1));
    assert_eq!(touched.await, Ok(true));
    let listed = nodes[1].load_factors(account(1)).await.unwrap();
    assert_eq!(listed[0].counter, 9);
    assert_eq!(listed[0].last_used_at, Some(noon() + Duration::hours(1)));
    let foreign = nodes[0].use_factor(account(2), totp.id, Some(99), noon());
    assert_eq!(foreign.await, Ok(false), "another account's factor is none");
}

pub(crate) async fn sec_pwd_12_a_recovery_code_is_used_once_on_all_nodes_together(lab: Lab) {
    let nodes = [lab.open().await, lab.open().await];
    let hashes: Vec<[u8; 32]> = (0..10).map(|number| [number; 32]).collect();
    nodes[0]
        .replace_recovery_codes(account(1), &hashes, noon())
        .await
        .unwrap();
    let mut tasks = Vec::new();
    for number in 0..40usize {
        let store = nodes[number % 2].clone();
        tasks.push(tokio::spawn(async move {
            store.use_recovery_code(account(1), &[3; 32]).await.unwrap()
        }));
    }
    let mut used = 0;
    for task in tasks {
        used += u32::from(task.await.unwrap());
    }
    assert_eq!(used, 1);
    assert_eq!(nodes[0].recovery_codes_left(account(1)).await, Ok(9));
    assert_eq!(
        nodes[0].use_recovery_code(account(2), &[4; 32]).await,
        Ok(false)
    );
    nodes[1]
        .replace_recovery_codes(account(1), &[[77; 32]], noon())
        .await
        .unwrap();
    assert_eq!(
        nodes[0].use_recovery_code(account(1), &[4; 32]).await,
        Ok(false),
        "new codes take the place of the old"
    );
}

pub(crate) async fn sec_cfg_15_a_factor_changed_added_or_removed_by_hand_is_refused(lab: Lab) {
    let store = lab.open().await;
    let refused = |result: Result<Vec<FactorRecord>, StoreError>| {
        assert!(
            matches!(
                result,
                Err(StoreError::TamperedRow {
                    table: "factor",
                    ..
                })
            ),
            "{result:?}"
        );
    };
    let columns = "id, kind, label, sealed, created_at, counter, mac";
    for (number, sql) in [
        "UPDATE factor SET counter = 0 WHERE account = 'ACCOUNT'",
        "UPDATE factor SET sealed = 'mine' WHERE account = 'ACCOUNT'",
        "DELETE FROM factor WHERE account = 'ACCOUNT'",
        "DELETE FROM factor_account WHERE account = 'ACCOUNT'",
        "UPDATE factor_account SET ids = '' WHERE account = 'ACCOUNT'; DELETE FROM factor WHERE account = 'ACCOUNT'",
        "INSERT INTO factor (account, COLUMNS) SELECT 'ACCOUNT', COLUMNS FROM factor WHERE account = 'OTHER'",
    ]
    .into_iter()
    .enumerate()
    {
        let (victim, other) = (account(number as u8 * 2 + 1), account(number as u8 * 2 + 2));
        for owner in [victim, other] {
            let first = factor(owner, FactorKind::Totp, None);
            assert_eq!(store.add_factor(&first, true).await, Ok(FactorAdded::Added));
        }
        lab.by_hand(
            &sql.replace("ACCOUNT", &victim.to_string())
                .replace("OTHER", &other.to_string())
                .replace("COLUMNS", columns),
        )
        .await;
        refused(store.load_factors(victim).await);
        let more = factor(victim, FactorKind::Totp, None);
        if !sql.starts_with("UPDATE factor SET") {
            let added = store.add_factor(&more, false).await;
            assert!(added.is_err(), "nothing is built on a tampered list: {sql}");
        }
        assert_eq!(store.load_factors(other).await.unwrap().len(), 1);
        store.reset_factors(victim).await.unwrap();
        assert_eq!(store.load_factors(victim).await, Ok(vec![]));
        assert_eq!(store.add_factor(&more, true).await, Ok(FactorAdded::Added));
    }
}

pub(crate) async fn a_reset_takes_all_of_one_account_and_nothing_of_another(lab: Lab) {
    let store = lab.open().await;
    for number in [1, 2] {
        for first in [true, false] {
            let totp = factor(account(number), FactorKind::Totp, None);
            assert_eq!(store.add_factor(&totp, first).await, Ok(FactorAdded::Added));
        }
        store
            .replace_recovery_codes(account(number), &[[number; 32]], noon())
            .await
            .unwrap();
    }
    let life = Duration::minutes(5);
    let one = store
        .keep_challenge(account(1), "one", life, noon())
        .await
        .unwrap();
    let other = store
        .keep_challenge(account(2), "other", life, noon())
        .await
        .unwrap();
    assert_eq!(store.reset_factors(account(1)).await, Ok(2));
    assert_eq!(store.reset_factors(account(1)).await, Ok(0));
    assert_eq!(store.load_factors(account(1)).await, Ok(vec![]));
    assert_eq!(store.recovery_codes_left(account(1)).await, Ok(0));
    assert_eq!(store.load_factors(account(2)).await.unwrap().len(), 2);
    assert_eq!(store.recovery_codes_left(account(2)).await, Ok(1));
    assert_eq!(
        store.take_challenge(account(1), one.key(), noon()).await,
        Ok(None)
    );
    assert_eq!(
        store.take_challenge(account(2), other.key(), noon()).await,
        Ok(Some("other".into()))
    );
}

pub(crate) async fn sec_pwd_13_a_ceremony_is_taken_once_and_by_its_account_only(lab: Lab) {
    let nodes = [lab.open().await, lab.open().await];
    let life = Duration::minutes(5);
    let secret = nodes[0]
        .keep_challenge(account(1), "state", life, noon())
        .await
        .unwrap();
    let foreign = nodes[1].take_challenge(account(2), secret.key(), noon());
    assert_eq!(foreign.await, Ok(None));
    let (one, other) = tokio::join!(
        nodes[0].take_challenge(account(1), secret.key(), noon()),
        nodes[1].take_challenge(account(1), secret.key(), noon())
    );
    let mut taken = [one.unwrap(), other.unwrap()];
    taken.sort();
    assert_eq!(taken, [None, Some("state".into())]);
    let late = nodes[0]
        .keep_challenge(account(1), "late", life, noon())
        .await
        .unwrap();
    assert_eq!(
        nodes[0]
            .take_challenge(account(1), late.key(), noon() + life)
            .await,
        Ok(None)
    );
    let never = Secret::random().unwrap().key();
    assert_eq!(
        nodes[0].take_challenge(account(1), never, noon()).await,
        Ok(None)
    );
}

pub(crate) async fn ceremonies_are_capped_and_swept(lab: Lab) {
    let store = lab.open().await;
    let life = Duration::minutes(5);
    let mut kept = Vec::new();
    for number in 0..=MOST_CHALLENGES_OF_ONE {
        let now = noon() + Duration::seconds(number);
        kept.push(
            store
                .keep_challenge(account(1), "state", life, now)
                .await
                .unwrap(),
        );
    }
    let now = noon() + Duration::minutes(1);
    assert_eq!(
        store.take_challenge(account(1), kept[0].key(), now).await,
        Ok(None),
        "the oldest made room"
    );
    assert_eq!(
        store.take_challenge(account(1), kept[1].key(), now).await,
        Ok(Some("state".into()))
    );
    let large = "x".repeat(LARGEST_CHALLENGE + 1);
    assert!(matches!(
        store.keep_challenge(account(1), &large, life, now).await,
        Err(StoreError::ParkingFull { .. })
    ));
    let swept = store
        .sweep(life, noon() + Duration::hours(1))
        .await
        .unwrap();
    assert_eq!(swept.challenges as i64, MOST_CHALLENGES_OF_ONE - 1);
}
