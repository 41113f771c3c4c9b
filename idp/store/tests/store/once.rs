//! What may be used once, and what is swept away.

use signet_store::parked::{KEPT, LARGEST, MOST, MOST_OF_ONE};
use signet_store::{Secret, StoreError};
use time::Duration;

use crate::lab::{Lab, account, noon, session};

const SOURCE: [u8; 32] = [1; 32];

pub(crate) async fn of_eight_racers_one_is_first(lab: Lab) {
    let nodes = [lab.open().await, lab.open().await];
    let expires = noon() + Duration::minutes(5);
    let mut tasks = Vec::new();
    for key in 0..50u8 {
        for racer in 0..8usize {
            let store = nodes[racer % 2].clone();
            tasks.push(tokio::spawn(async move {
                store
                    .remember_once(&[key; 32], expires, noon())
                    .await
                    .unwrap()
            }));
        }
    }
    let mut first = 0;
    for task in tasks {
        first += u32::from(task.await.unwrap());
    }
    assert_eq!(first, 50);
    assert_eq!(
        nodes[0]
            .remember_once(&[1; 32], expires, expires - Duration::milliseconds(1))
            .await,
        Ok(false)
    );
    assert_eq!(
        nodes[0]
            .remember_once(&[1; 32], expires + KEPT, expires)
            .await,
        Ok(true)
    );
    assert_eq!(
        nodes[1]
            .remember_once(&[1; 32], expires + KEPT, expires)
            .await,
        Ok(false)
    );
}

pub(crate) async fn a_parked_request_is_found_again_while_it_is_fresh(lab: Lab) {
    let nodes = [lab.open().await, lab.open().await];
    let body = vec![7u8; LARGEST];
    let secret = nodes[0].park_request(&body, &SOURCE, noon()).await.unwrap();
    let (one, other) = tokio::join!(
        nodes[0].load_parked(secret.key(), noon()),
        nodes[1].load_parked(secret.key(), noon())
    );
    assert_eq!(one, Ok(Some(body.clone())));
    assert_eq!(other, Ok(Some(body)));
    let late = nodes[0].park_request(b"x", &SOURCE, noon()).await.unwrap();
    assert_eq!(
        nodes[0].load_parked(late.key(), noon() + KEPT).await,
        Ok(None)
    );
    assert_eq!(
        nodes[0]
            .load_parked(Secret::random().unwrap().key(), noon())
            .await,
        Ok(None)
    );
}

pub(crate) async fn parking_is_capped(lab: Lab) {
    let store = lab.open().await;
    let too_large = store
        .park_request(&vec![0; LARGEST + 1], &SOURCE, noon())
        .await;
    assert!(matches!(too_large, Err(StoreError::ParkingFull { .. })));
    // Fill the lot by hand: two thousand commits would only test the disk.
    let cast = if lab.is_sqlite() {
        "CAST(n AS BLOB)"
    } else {
        "decode(lpad(CAST(n AS TEXT), 8, '0'), 'hex')"
    };
    let expires = noon().unix_timestamp() * 1000 + 600_000;
    lab.by_hand(&format!(
        "INSERT INTO parked_request (id_hash, body, expires_at)
         WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MOST})
         SELECT {cast}, {cast}, {expires} FROM numbers"
    ))
    .await;
    assert!(matches!(
        store.park_request(b"x", &SOURCE, noon()).await,
        Err(StoreError::ParkingFull { .. })
    ));
    assert!(
        store
            .park_request(b"x", &SOURCE, noon() + KEPT)
            .await
            .is_ok(),
        "what has expired makes room"
    );
}

pub(crate) async fn one_source_cannot_fill_the_lot(lab: Lab) {
    let store = lab.open().await;
    for _ in 0..MOST_OF_ONE {
        store.park_request(b"x", &SOURCE, noon()).await.unwrap();
    }
    assert!(matches!(
        store.park_request(b"x", &SOURCE, noon()).await,
        Err(StoreError::ParkingFull { .. })
    ));
    assert!(store.park_request(b"x", &[2; 32], noon()).await.is_ok());
}

pub(crate) async fn a_sweep_removes_what_has_expired_and_nothing_else(lab: Lab) {
    use signet_store::attempts::Place;
    let store = lab.open().await;
    let hour = Duration::hours(1);
    let later = noon() + Duration::minutes(30);
    let key = session(&store, account(1)).await;
    store
        .remember_once(&[1; 32], noon() + Duration::minutes(1), noon())
        .await
        .unwrap();
    store
        .remember_once(&[2; 32], noon() + hour, noon())
        .await
        .unwrap();
    store.park_request(b"x", &SOURCE, noon()).await.unwrap();
    let kept = store.park_request(b"y", &SOURCE, later).await.unwrap();
    for (bucket, minutes) in [(b"a" as &[u8], 10), (b"b", 60)] {
        let place = Place {
            bucket,
            limit: 1,
            window: Duration::minutes(minutes),
            slides: true,
        };
        store.reserve_attempt(&[place], noon()).await.unwrap();
    }
    let swept = store.sweep(hour, later).await.unwrap();
    assert_eq!((swept.sessions, swept.attempts, swept.replays), (0, 1, 1));
    assert_eq!(
        store.load_parked(kept.key(), later).await,
        Ok(Some(b"y".to_vec()))
    );
    assert_eq!(
        store.remember_once(&[2; 32], noon() + hour, later).await,
        Ok(false)
    );
    assert!(
        store
            .load_session(key, None, hour, later)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(store.sweep(hour, noon() + hour).await.unwrap().sessions, 1);
}
