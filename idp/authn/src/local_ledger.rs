//! Counters in this process's memory: the fall-back of the guard, and the ledger of a lone process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use crate::bucket::Bucket;
use crate::ledger::{
    AttemptLedger, Counted, CountsFrom, Demand, Effect, LedgerUnavailable, NotReserved,
};

/// The most counters kept; what does not fit is refused.
const MOST_COUNTERS: usize = 1 << 17;
/// The most accounts whose familiar addresses are kept.
const MOST_OWNERS: usize = 1 << 14;
const MOST_SOURCES: usize = 20;

/// A ledger in memory, bounded. It forgets at a restart and knows nothing of other nodes, so it is
/// used alone only while the shared ledger cannot be reached, and in tests.
#[derive(Debug, Default)]
pub struct LocalLedger {
    counters: Mutex<HashMap<Bucket, Counter>>,
    familiar: Mutex<HashMap<Bucket, VecDeque<(Bucket, OffsetDateTime)>>>,
}

#[derive(Clone, Copy, Debug)]
struct Counter {
    failures: u32,
    under_way: u32,
    expires: OffsetDateTime,
}

impl LocalLedger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn reserve(
        &self,
        demands: &[Demand],
        now: OffsetDateTime,
    ) -> Result<(), (Bucket, Duration)> {
        self.try_reserve(demands, now)
            .map_err(|(bucket, retry_after, _)| (bucket, retry_after))
    }

    pub(crate) fn settle(&self, effects: &[(Demand, Effect)], now: OffsetDateTime) {
        let mut counters = unpoisoned(&self.counters);
        for (demand, effect) in effects {
            let expires = now + demand.window;
            let counter = counters.entry(demand.bucket).or_insert(Counter {
                failures: 0,
                under_way: 0,
                expires,
            });
            counter.under_way = counter.under_way.saturating_sub(1);
            match effect {
                Effect::Count => {
                    counter.failures = counter.failures.saturating_add(1);
                    if demand.counts_from == CountsFrom::LastTry {
                        counter.expires = expires;
                    }
                }
                Effect::Clear => counter.failures = 0,
                Effect::Release => {}
            }
            if counter.failures == 0 && counter.under_way == 0 {
                counters.remove(&demand.bucket);
            }
        }
    }

    /// What one counter holds.
    pub(crate) fn held(&self, bucket: &Bucket, now: OffsetDateTime) -> Counted {
        let counters = unpoisoned(&self.counters);
        counters
            .get(bucket)
            .filter(|counter| counter.expires > now)
            .map_or_else(Counted::default, |counter| Counted {
                failures: counter.failures,
                under_way: counter.under_way,
                expires: Some(counter.expires),
            })
    }

    fn try_reserve(
        &self,
        demands: &[Demand],
        now: OffsetDateTime,
    ) -> Result<(), (Bucket, Duration, bool)> {
        let mut counters = unpoisoned(&self.counters);
        if counters.len() + demands.len() > MOST_COUNTERS {
            counters.retain(|_, counter| counter.expires > now);
        }
        for demand in demands {
            match counters
                .get(&demand.bucket)
                .filter(|counter| counter.expires > now)
            {
                Some(counter)
                    if counter.failures.saturating_add(counter.under_way) >= demand.limit =>
                {
                    return Err((
                        demand.bucket,
                        counter.expires - now,
                        counter.failures < demand.limit,
                    ));
                }
                None if demand.limit == 0 || counters.len() >= MOST_COUNTERS => {
                    return Err((demand.bucket, demand.window, false));
                }
                Some(_) | None => {}
            }
        }
        for demand in demands {
            let expires = now + demand.window;
            let fresh = Counter {
                failures: 0,
                under_way: 0,
                expires,
            };
            let counter = counters.entry(demand.bucket).or_insert(fresh);
            if counter.expires <= now {
                *counter = fresh;
            }
            counter.under_way = counter.under_way.saturating_add(1);
            if demand.counts_from == CountsFrom::LastTry {
                counter.expires = expires;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl AttemptLedger for LocalLedger {
    async fn reserve(&self, demands: &[Demand], now: OffsetDateTime) -> Result<(), NotReserved> {
        self.try_reserve(demands, now)
            .map_err(|(bucket, retry_after, under_way)| NotReserved::Full {
                bucket,
                retry_after,
                under_way,
            })
    }

    async fn settle(
        &self,
        effects: &[(Demand, Effect)],
        now: OffsetDateTime,
    ) -> Result<(), LedgerUnavailable> {
        LocalLedger::settle(self, effects, now);
        Ok(())
    }

    async fn counted(
        &self,
        buckets: &[Bucket],
        now: OffsetDateTime,
    ) -> Result<Vec<Counted>, LedgerUnavailable> {
        Ok(buckets
            .iter()
            .map(|bucket| self.held(bucket, now))
            .collect())
    }

    async fn forget(&self, buckets: &[Bucket]) -> Result<(), LedgerUnavailable> {
        let mut counters = unpoisoned(&self.counters);
        for bucket in buckets {
            counters.remove(bucket);
        }
        Ok(())
    }

    async fn familiar(
        &self,
        account: Bucket,
        source: Bucket,
    ) -> Result<Option<OffsetDateTime>, LedgerUnavailable> {
        let familiar = unpoisoned(&self.familiar);
        let sources = familiar.get(&account).into_iter().flatten();
        Ok(sources
            .filter(|(known, _)| *known == source)
            .map(|(_, at)| *at)
            .next())
    }

    async fn familiar_sources(
        &self,
        account: Bucket,
    ) -> Result<Vec<OffsetDateTime>, LedgerUnavailable> {
        let familiar = unpoisoned(&self.familiar);
        let sources = familiar.get(&account).into_iter().flatten();
        Ok(sources.rev().map(|(_, at)| *at).collect())
    }

    async fn remember(
        &self,
        account: Bucket,
        source: Bucket,
        now: OffsetDateTime,
    ) -> Result<(), LedgerUnavailable> {
        let mut familiar = unpoisoned(&self.familiar);
        if familiar.len() >= MOST_OWNERS && !familiar.contains_key(&account) {
            return Ok(());
        }
        let sources = familiar.entry(account).or_default();
        sources.retain(|(known, _)| *known != source);
        sources.push_back((source, now));
        if sources.len() > MOST_SOURCES {
            sources.pop_front();
        }
        Ok(())
    }
}

/// A panic elsewhere cannot leave a counter half written: each change is one assignment.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
