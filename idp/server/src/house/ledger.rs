//! The guard's counters, kept in the store: shared by all nodes.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use signet_authn::{
    AttemptLedger, Bucket, Counted, CountsFrom, Demand, Effect, LedgerUnavailable, NotReserved,
};
use signet_store::attempts::{Held, Place, Reserved, Settlement};
use signet_store::{Store, StoreError};
use time::{Duration, OffsetDateTime};

use super::steady::SteadyTime;

/// The store as the guard sees it.
pub(crate) struct StoreLedger {
    store: Store,
    steady: Arc<SteadyTime>,
}

impl StoreLedger {
    /// For a process that ends soon.
    pub(crate) fn new(store: Store) -> Self {
        let steady = SteadyTime::begin(OffsetDateTime::now_utc(), Instant::now());
        Self::steady(store, Arc::new(steady))
    }

    /// For one that may see its clock being set: windows neither end early nor stay open because of it.
    pub(crate) fn steady(store: Store, steady: Arc<SteadyTime>) -> Self {
        Self { store, steady }
    }

    /// What turns `now` into the time that counters go by.
    fn correction(&self, now: OffsetDateTime) -> Duration {
        self.steady.correction(now, Instant::now())
    }
}

#[async_trait]
impl AttemptLedger for StoreLedger {
    async fn reserve(&self, demands: &[Demand], now: OffsetDateTime) -> Result<(), NotReserved> {
        let keys: Vec<_> = demands
            .iter()
            .map(|demand| demand.bucket.to_octets())
            .collect();
        let places: Vec<_> = demands
            .iter()
            .zip(&keys)
            .map(|(demand, key)| place(demand, key))
            .collect();
        match self
            .store
            .reserve_attempt(&places, now + self.correction(now))
            .await
            .map_err(unavailable)?
        {
            Reserved::Taken => Ok(()),
            Reserved::Full {
                bucket,
                retry_after,
                under_way,
            } => {
                let full = demands
                    .iter()
                    .zip(&keys)
                    .find(|(_, key)| key.as_slice() == bucket.as_slice());
                match full {
                    Some((demand, _)) => Err(NotReserved::Full {
                        bucket: demand.bucket,
                        retry_after,
                        under_way,
                    }),
                    None => Err(NotReserved::Unavailable(LedgerUnavailable {
                        detail: "the store named a counter that was not asked for".to_owned(),
                    })),
                }
            }
        }
    }

    async fn settle(
        &self,
        effects: &[(Demand, Effect)],
        now: OffsetDateTime,
    ) -> Result<(), LedgerUnavailable> {
        let keys: Vec<_> = effects
            .iter()
            .map(|(demand, _)| demand.bucket.to_octets())
            .collect();
        let settlements: Vec<_> = effects
            .iter()
            .zip(&keys)
            .map(|((demand, effect), key)| (place(demand, key), settlement(*effect)))
            .collect();
        self.store
            .settle_attempt(&settlements, now + self.correction(now))
            .await
            .map_err(unavailable)
    }

    async fn counted(
        &self,
        buckets: &[Bucket],
        now: OffsetDateTime,
    ) -> Result<Vec<Counted>, LedgerUnavailable> {
        let keys: Vec<_> = buckets.iter().map(Bucket::to_octets).collect();
        let keys: Vec<&[u8]> = keys.iter().map(<[u8; 17]>::as_slice).collect();
        let correction = self.correction(now);
        let held = self.store.count_attempts(&keys, now + correction).await;
        let counted = |held: &Held| Counted {
            failures: held.failures,
            under_way: held.under_way,
            expires: held.expires.map(|end| end - correction),
        };
        Ok(held.map_err(unavailable)?.iter().map(counted).collect())
    }

    async fn forget(&self, buckets: &[Bucket]) -> Result<(), LedgerUnavailable> {
        let keys: Vec<_> = buckets.iter().map(Bucket::to_octets).collect();
        let keys: Vec<&[u8]> = keys.iter().map(<[u8; 17]>::as_slice).collect();
        self.store.forget_attempts(&keys).await.map_err(unavailable)
    }

    async fn familiar(
        &self,
        account: Bucket,
        source: Bucket,
    ) -> Result<Option<OffsetDateTime>, LedgerUnavailable> {
        self.store
            .familiar_since(&account.to_octets(), &source.to_octets())
            .await
            .map_err(unavailable)
    }

    async fn familiar_sources(
        &self,
        account: Bucket,
    ) -> Result<Vec<OffsetDateTime>, LedgerUnavailable> {
        self.store
            .familiar_sources(&account.to_octets())
            .await
            .map_err(unavailable)
    }

    async fn remember(
        &self,
        account: Bucket,
        source: Bucket,
        now: OffsetDateTime,
    ) -> Result<(), LedgerUnavailable> {
        self.store
            .remember_familiar(&account.to_octets(), &source.to_octets(), now)
            .await
            .map_err(unavailable)
    }
}

fn place<'k>(demand: &Demand, key: &'k [u8]) -> Place<'k> {
    Place {
        bucket: key,
        limit: demand.limit,
        window: demand.window,
        slides: demand.counts_from == CountsFrom::LastTry,
    }
}

fn settlement(effect: Effect) -> Settlement {
    match effect {
        Effect::Count => Settlement::Count,
        Effect::Release => Settlement::Release,
        Effect::Clear => Settlement::Clear,
    }
}

fn unavailable(error: StoreError) -> LedgerUnavailable {
    LedgerUnavailable {
        detail: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use signet_authn::{Guard, Limits, SignInFailure, Verdict};
    use signet_model::{AccountId, ActivityId, NetworkLocation, RequestContext};
    use signet_store::MacTagger;

    use super::*;

    fn outside(number: usize) -> RequestContext {
        RequestContext {
            activity: ActivityId::random(),
            client_ip: std::net::Ipv4Addr::from(0xc633_0000 + u32::try_from(number).unwrap() * 256)
                .into(),
            forwarded_for: None,
            proxy: None,
            location: NetworkLocation::Outside,
            user_agent: None,
            client_application: None,
            endpoint_path: "/adfs/ls/".into(),
            client_request_id: None,
        }
    }

    /// Two nodes on one store: whatever the order, the limit is what reaches the directory.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sec_pwd_04_two_hundred_parallel_guesses_on_two_nodes_get_ten_permits() {
        let folder = std::env::temp_dir().join(format!("signet-guard-{}", ActivityId::random()));
        std::fs::create_dir(&folder).unwrap();
        let url = format!("sqlite://{}", folder.join("signet.db").display());
        let limits = Limits {
            account_near: 10,
            account_far: 10,
            ..Limits::default()
        };
        let mut nodes = Vec::new();
        for _ in 0..2 {
            let store = Store::open(&url, MacTagger::new(|_| [7; 32]))
                .await
                .unwrap();
            let ledger = Arc::new(StoreLedger::new(store));
            nodes.push(Arc::new(Guard::new(ledger, limits.clone(), &[9; 32])));
        }
        let account = AccountId::from_directory_octets(&[3; 16]).unwrap();
        let now = OffsetDateTime::now_utc();
        let tasks: Vec<_> = (0..200)
            .map(|number| {
                let guard = Arc::clone(&nodes[number % 2]);
                tokio::spawn(async move {
                    match guard.admit(account, &outside(number), now).await {
                        Ok((_permit, ticket)) => {
                            guard.settle(ticket, Verdict::Failure, now).await;
                            Ok(())
                        }
                        Err(refused) => Err(refused),
                    }
                })
            })
            .collect();
        let mut permits = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => permits += 1,
                Err(SignInFailure::Throttled { account: of, .. }) => assert_eq!(of, Some(account)),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(permits, 10);
        let seen = nodes[0].counters(account, None, now).await.unwrap();
        assert_eq!((seen.far.failures, seen.far.under_way), (10, 0));
        nodes[1].unlock(account).await.unwrap();
        assert_eq!(
            nodes[0]
                .counters(account, None, now)
                .await
                .unwrap()
                .far
                .failures,
            0
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
