//! A bounded cache whose entries are fetched by one caller at a time.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use time::{Duration, OffsetDateTime};

/// A value, and how long it is as good as new.
pub(super) struct Kept<T> {
    pub(super) value: Arc<T>,
    /// Up to here it is used without asking again.
    pub(super) fresh_until: OffsetDateTime,
    /// Up to here it may be used when asking again fails.
    pub(super) usable_until: OffsetDateTime,
}

struct Slot<T, E> {
    kept: ArcSwapOption<Kept<T>>,
    /// Held while fetching: others wait for the result instead of fetching too.
    turn: tokio::sync::Mutex<Option<Failed<E>>>,
}

struct Failed<E> {
    retry_at: OffsetDateTime,
    error: E,
}

pub(super) struct Slots<K, T, E> {
    slots: Mutex<HashMap<K, Arc<Slot<T, E>>>>,
    most: usize,
    retry_after: Duration,
}

impl<K: Eq + Hash + Clone, T, E: Clone> Slots<K, T, E> {
    pub(super) fn new(most: usize, retry_after: Duration) -> Self {
        Self {
            slots: Mutex::new(HashMap::new()),
            most,
            retry_after,
        }
    }

    /// The value of `key`: the kept one while it is fresh, else what `fetch` brings; when that fails, the kept
    /// one as long as it is usable. After a failure nobody asks again for a while.
    ///
    /// `fetch` is given what is kept.
    pub(super) async fn value<F>(
        &self,
        key: &K,
        now: OffsetDateTime,
        fetch: impl FnOnce(Option<Arc<T>>) -> F,
    ) -> Result<Arc<T>, E>
    where
        F: Future<Output = Result<Kept<T>, E>>,
    {
        let slot = self.slot(key, now);
        let usable = slot.kept.load_full().filter(|kept| now < kept.usable_until);
        if let Some(kept) = &usable
            && now < kept.fresh_until
        {
            return Ok(Arc::clone(&kept.value));
        }
        let mut turn = match (&usable, slot.turn.try_lock()) {
            (_, Ok(turn)) => turn,
            // Somebody is fetching already; what is still usable need not wait for them.
            (Some(kept), Err(_)) => return Ok(Arc::clone(&kept.value)),
            (None, Err(_)) => slot.turn.lock().await,
        };
        let kept = slot.kept.load_full();
        if let Some(kept) = &kept
            && now < kept.fresh_until
        {
            return Ok(Arc::clone(&kept.value));
        }
        let usable = kept.clone().filter(|kept| now < kept.usable_until);
        if let Some(failed) = turn.as_ref().filter(|failed| now < failed.retry_at) {
            return usable
                .map(|kept| Arc::clone(&kept.value))
                .ok_or_else(|| failed.error.clone());
        }
        match fetch(kept.map(|kept| Arc::clone(&kept.value))).await {
            Ok(fetched) => {
                *turn = None;
                let value = Arc::clone(&fetched.value);
                slot.kept.store(Some(Arc::new(fetched)));
                Ok(value)
            }
            Err(error) => {
                *turn = Some(Failed {
                    retry_at: now + self.retry_after,
                    error: error.clone(),
                });
                usable.map(|kept| Arc::clone(&kept.value)).ok_or(error)
            }
        }
    }

    fn slot(&self, key: &K, now: OffsetDateTime) -> Arc<Slot<T, E>> {
        let mut slots = self.lock();
        if let Some(slot) = slots.get(key) {
            return Arc::clone(slot);
        }
        if slots.len() >= self.most {
            make_room(&mut slots, self.most, now);
        }
        let slot = Arc::new(Slot {
            kept: ArcSwapOption::empty(),
            turn: tokio::sync::Mutex::new(None),
        });
        slots.insert(key.clone(), Arc::clone(&slot));
        slot
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<Slot<T, E>>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops what nobody uses and is out of date; when that is not enough, any quarter.
fn make_room<K: Eq + Hash + Clone, T, E>(
    slots: &mut HashMap<K, Arc<Slot<T, E>>>,
    most: usize,
    now: OffsetDateTime,
) {
    let current = |slot: &Slot<T, E>| {
        let kept = slot.kept.load();
        kept.as_ref().is_some_and(|kept| now < kept.usable_until)
    };
    slots.retain(|_, slot| Arc::strong_count(slot) > 1 || current(slot));
    if slots.len() >= most {
        let some: Vec<K> = slots.keys().take(most.div_ceil(4)).cloned().collect();
        for key in some {
            slots.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn kept(value: u32, fresh: i64, usable: i64) -> Kept<u32> {
        Kept {
            value: Arc::new(value),
            fresh_until: NOW + Duration::seconds(fresh),
            usable_until: NOW + Duration::seconds(usable),
        }
    }

    #[tokio::test]
    async fn one_fetch_serves_all_who_wait() {
        let slots: Slots<u8, u32, &str> = Slots::new(4, Duration::seconds(30));
        let fetches = AtomicUsize::new(0);
        let ask = || {
            slots.value(&1, NOW, |_| async {
                fetches.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok(kept(7, 10, 20))
            })
        };
        let all = futures_join(ask(), ask()).await;
        assert_eq!(all, (Ok(Arc::new(7)), Ok(Arc::new(7))));
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    async fn futures_join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
        tokio::join!(a, b)
    }

    #[tokio::test]
    async fn what_is_kept_outlives_a_failure_but_not_its_end() {
        let slots: Slots<u8, u32, &str> = Slots::new(4, Duration::seconds(30));
        let at = |seconds| NOW + Duration::seconds(seconds);
        let good = slots.value(&1, NOW, |_| async { Ok(kept(1, 10, 100)) });
        assert_eq!(good.await, Ok(Arc::new(1)));
        let unasked = slots.value(&1, at(9), |_| async { Ok(kept(2, 20, 100)) });
        assert_eq!(unasked.await, Ok(Arc::new(1)));
        let failed = slots.value(&1, at(11), |_| async { Err("down") });
        assert_eq!(failed.await, Ok(Arc::new(1)));
        let not_again = slots.value(&1, at(40), |_| async { Ok(kept(3, 50, 100)) });
        assert_eq!(not_again.await, Ok(Arc::new(1)));
        let ended = slots.value(&1, at(100), |_| async { Err("down") });
        assert_eq!(ended.await, Err("down"));
        let still = slots.value(&1, at(101), |_| async { Ok(kept(4, 200, 200)) });
        assert_eq!(still.await, Err("down"));
        let again = slots.value(&1, at(131), |_| async { Ok(kept(5, 200, 200)) });
        assert_eq!(again.await, Ok(Arc::new(5)));
    }

    #[tokio::test]
    async fn it_does_not_grow_without_end() {
        let slots: Slots<u32, u32, &str> = Slots::new(8, Duration::seconds(30));
        for key in 0..100 {
            let value = slots.value(&key, NOW, |_| async { Ok(kept(key, 10, 10)) });
            assert_eq!(value.await, Ok(Arc::new(key)));
            assert!(slots.lock().len() <= 8);
        }
    }
}
