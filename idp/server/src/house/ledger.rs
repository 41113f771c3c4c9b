//! The guard's counters, kept in the store: shared by all nodes.

use async_trait::async_trait;
use signet_authn::{
    AttemptLedger, Bucket, CountsFrom, Demand, Effect, LedgerUnavailable, NotReserved,
};
use signet_store::attempts::{Place, Reserved, Settlement};
use signet_store::{Store, StoreError};
use time::OffsetDateTime;

/// The store as the guard sees it.
pub(crate) struct StoreLedger(Store);

impl StoreLedger {
    pub(crate) fn new(store: Store) -> Self {
        Self(store)
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
            .0
            .reserve_attempt(&places, now)
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
        self.0
            .settle_attempt(&settlements, now)
            .await
            .map_err(unavailable)
    }

    async fn is_familiar(
        &self,
        account: Bucket,
        source: Bucket,
    ) -> Result<bool, LedgerUnavailable> {
        self.0
            .is_familiar(&account.to_octets(), &source.to_octets())
            .await
            .map_err(unavailable)
    }

    async fn remember(
        &self,
        account: Bucket,
        source: Bucket,
        now: OffsetDateTime,
    ) -> Result<(), LedgerUnavailable> {
        self.0
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
