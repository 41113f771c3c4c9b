//! Counters of sign-in attempts.

use signet_store::attempts::{MOST_FAMILIAR, Place, Reserved, Settlement};
use time::Duration;

use crate::lab::{Lab, noon};

const WINDOW: Duration = Duration::minutes(30);

fn place(bucket: &[u8], limit: u32) -> Place<'_> {
    Place {
        bucket,
        limit,
        window: WINDOW,
        slides: true,
    }
}

fn full(bucket: &[u8], retry_after: Duration, under_way: bool) -> Reserved {
    Reserved::Full {
        bucket: bucket.to_vec(),
        retry_after,
        under_way,
    }
}

pub(crate) async fn sec_pwd_04_two_hundred_parallel_tries_take_ten_places(lab: Lab) {
    let nodes = [lab.open().await, lab.open().await];
    let mut tasks = Vec::new();
    for number in 0..200usize {
        let store = nodes[number % 2].clone();
        tasks.push(tokio::spawn(async move {
            let places = [place(b"account", 10), place(b"address", 500)];
            let reserved = store.reserve_attempt(&places, noon()).await.unwrap();
            if reserved == Reserved::Taken {
                let failed = places.map(|place| (place, Settlement::Count));
                store.settle_attempt(&failed, noon()).await.unwrap();
            }
            reserved == Reserved::Taken
        }));
    }
    let mut taken = 0;
    for task in tasks {
        taken += u32::from(task.await.unwrap());
    }
    assert_eq!(taken, 10);
}

pub(crate) async fn a_refusal_takes_no_place_anywhere(lab: Lab) {
    let store = lab.open().await;
    let both = [place(b"a", 5), place(b"b", 1)];
    assert_eq!(
        store.reserve_attempt(&both, noon()).await,
        Ok(Reserved::Taken)
    );
    assert_eq!(
        store.reserve_attempt(&both, noon()).await,
        Ok(full(b"b", WINDOW, true))
    );
    for _ in 0..4 {
        assert_eq!(
            store.reserve_attempt(&[place(b"a", 5)], noon()).await,
            Ok(Reserved::Taken)
        );
    }
    assert_eq!(
        store.reserve_attempt(&[place(b"a", 5)], noon()).await,
        Ok(full(b"a", WINDOW, true))
    );
    assert_eq!(
        store.reserve_attempt(&[place(b"c", 0)], noon()).await,
        Ok(full(b"c", WINDOW, false))
    );
}

pub(crate) async fn windows_end_as_they_were_asked_to(lab: Lab) {
    let store = lab.open().await;
    let at = |minutes: i64| noon() + Duration::minutes(minutes);
    for (bucket, slides, free_at) in [(b"slides" as &[u8], true, 55), (b"stands", false, 30)] {
        let asked = [Place {
            bucket,
            limit: 2,
            window: WINDOW,
            slides,
        }];
        for minute in [0, 25] {
            assert_eq!(
                store.reserve_attempt(&asked, at(minute)).await,
                Ok(Reserved::Taken)
            );
            store
                .settle_attempt(&[(asked[0], Settlement::Count)], at(minute))
                .await
                .unwrap();
        }
        let refused = store.reserve_attempt(&asked, at(29)).await;
        assert_eq!(
            refused,
            Ok(full(bucket, Duration::minutes(free_at - 29), false)),
            "a refusal moves no window"
        );
        let refused = store
            .reserve_attempt(&asked, at(free_at) - Duration::milliseconds(1))
            .await;
        assert_eq!(refused, Ok(full(bucket, Duration::milliseconds(1), false)));
        assert_eq!(
            store.reserve_attempt(&asked, at(free_at)).await,
            Ok(Reserved::Taken)
        );
        assert_eq!(
            store.reserve_attempt(&asked, at(free_at)).await,
            Ok(Reserved::Taken),
            "and all of it is free"
        );
    }
}

pub(crate) async fn settlements_count_release_and_clear(lab: Lab) {
    let store = lab.open().await;
    let asked = [place(b"a", 2)];
    let take = async || store.reserve_attempt(&asked, noon()).await.unwrap() == Reserved::Taken;
    let settle = async |how| {
        store
            .settle_attempt(&[(asked[0], how)], noon())
            .await
            .unwrap()
    };
    for _ in 0..5 {
        assert!(take().await);
        settle(Settlement::Release).await;
    }
    assert!(take().await);
    settle(Settlement::Count).await;
    assert!(take().await);
    assert!(!take().await);
    settle(Settlement::Clear).await;
    assert!(take().await && take().await && !take().await);
}

pub(crate) async fn sec_pwd_08_a_restart_forgets_no_failure(lab: Lab) {
    let store = lab.open().await;
    let asked = [place(b"a", 2)];
    store.reserve_attempt(&asked, noon()).await.unwrap();
    store
        .settle_attempt(&[(asked[0], Settlement::Count)], noon())
        .await
        .unwrap();
    // This one is never settled: the process ends while the directory is asked.
    store.reserve_attempt(&asked, noon()).await.unwrap();
    store.close().await;
    let store = lab.open().await;
    assert_eq!(
        store.reserve_attempt(&asked, noon()).await,
        Ok(full(b"a", WINDOW, true))
    );
    assert_eq!(
        store.reserve_attempt(&asked, noon() + WINDOW).await,
        Ok(Reserved::Taken)
    );
}

pub(crate) async fn twenty_familiar_sources_are_kept(lab: Lab) {
    let store = lab.open().await;
    for number in 0..25u8 {
        let at = noon() + Duration::minutes(i64::from(number));
        store
            .remember_familiar(b"bob", &[number], at)
            .await
            .unwrap();
        store
            .remember_familiar(b"bob", &[0], at + Duration::seconds(1))
            .await
            .unwrap();
    }
    let mut kept = Vec::new();
    for number in 0..25u8 {
        if store
            .familiar_since(b"bob", &[number])
            .await
            .unwrap()
            .is_some()
        {
            kept.push(number);
        }
    }
    assert_eq!(kept.len(), usize::try_from(MOST_FAMILIAR).unwrap());
    assert_eq!(
        (kept[0], kept[1]),
        (0, 6),
        "the one used last stays, however old"
    );
    assert_eq!(store.familiar_since(b"eve", &[24]).await, Ok(None));
    let times = store.familiar_sources(b"bob").await.unwrap();
    assert_eq!(times.len(), kept.len());
    assert_eq!(
        times[0],
        noon() + Duration::minutes(24) + Duration::seconds(1)
    );
    assert!(times.is_sorted_by(|one, other| one >= other));
    assert_eq!(store.familiar_since(b"bob", &[0]).await, Ok(Some(times[0])));
}

pub(crate) async fn counters_are_looked_at_without_a_place_and_emptied_together(lab: Lab) {
    let store = lab.open().await;
    let names: [&[u8]; 5] = [b"a", b"b", b"never", b"c", b"a"];
    for (bucket, failures) in [(b"a" as &[u8], 2), (b"b", 1), (b"c", 0)] {
        let asked = [place(bucket, 5)];
        for _ in 0..failures {
            store.reserve_attempt(&asked, noon()).await.unwrap();
            store
                .settle_attempt(&[(asked[0], Settlement::Count)], noon())
                .await
                .unwrap();
        }
        store.reserve_attempt(&asked, noon()).await.unwrap();
    }
    let held = async |at| {
        let held = store.count_attempts(&names, at).await.unwrap();
        held.iter()
            .map(|one| (one.failures, one.under_way, one.expires))
            .collect::<Vec<_>>()
    };
    let end = Some(noon() + WINDOW);
    let full = vec![
        (2, 1, end),
        (1, 1, end),
        (0, 0, None),
        (0, 1, end),
        (2, 1, end),
    ];
    assert_eq!(held(noon()).await, full);
    assert_eq!(held(noon()).await, full, "looking takes nothing");
    assert_eq!(held(noon() + WINDOW).await, vec![(0, 0, None); 5]);
    store.forget_attempts(&[b"a", b"never"]).await.unwrap();
    assert_eq!(
        held(noon()).await,
        vec![
            (0, 0, None),
            (1, 1, end),
            (0, 0, None),
            (0, 1, end),
            (0, 0, None)
        ]
    );
    // A try that was under way when its counter was emptied still counts when it fails.
    store
        .settle_attempt(&[(place(b"a", 5), Settlement::Count)], noon())
        .await
        .unwrap();
    assert_eq!(held(noon()).await[0], (1, 0, end));
}
