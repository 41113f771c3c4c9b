//! Kerberos tokens that were used, kept in the store: what one node took, no other takes again.

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use signet_authn::kerberos::{ReplayLedger, ReplayLedgerUnavailable};
use signet_store::Store;
use time::OffsetDateTime;

/// The store as the Kerberos room sees it.
pub(crate) struct StoreReplay(Store);

impl StoreReplay {
    pub(crate) fn new(store: Store) -> Self {
        Self(store)
    }
}

#[async_trait]
impl ReplayLedger for StoreReplay {
    async fn remember_once(
        &self,
        key_hash: &[u8; 32],
        expires: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool, ReplayLedgerUnavailable> {
        let first = self
            .0
            .remember_once(&purposed(key_hash), expires, now)
            .await;
        first.map_err(|error| ReplayLedgerUnavailable {
            detail: error.to_string(),
        })
    }
}

/// The table is shared with signed requests: a key says what it was used for.
fn purposed(key_hash: &[u8; 32]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(b"kerberos-authenticator\n");
    context.update(key_hash);
    context.finish().as_ref().try_into().unwrap_or_default()
}
