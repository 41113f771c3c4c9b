//! The store as the room of second factors sees it. The tests of `signet-authn` take this very file.

use async_trait::async_trait;
use signet_authn::factors::{FactorVault, VaultError};
use signet_model::{AccountId, FactorAdded, FactorId, FactorRecord};
use signet_store::{SecretHash, Store, StoreError};
use time::{Duration, OffsetDateTime};

/// Factors, recovery codes and challenges in the store.
pub(crate) struct StoreVault(pub(crate) Store);

#[async_trait]
impl FactorVault for StoreVault {
    async fn load(&self, account: AccountId) -> Result<Vec<FactorRecord>, VaultError> {
        self.0.load_factors(account).await.map_err(refused)
    }

    async fn add(
        &self,
        record: &FactorRecord,
        first_only: bool,
    ) -> Result<FactorAdded, VaultError> {
        self.0.add_factor(record, first_only).await.map_err(refused)
    }

    async fn remove(&self, account: AccountId, id: FactorId) -> Result<bool, VaultError> {
        self.0.remove_factor(account, id).await.map_err(refused)
    }

    async fn advance(
        &self,
        account: AccountId,
        id: FactorId,
        counter: Option<i64>,
        now: OffsetDateTime,
    ) -> Result<bool, VaultError> {
        self.0
            .use_factor(account, id, counter, now)
            .await
            .map_err(refused)
    }

    async fn replace_recovery_codes(
        &self,
        account: AccountId,
        hashes: &[[u8; 32]],
        now: OffsetDateTime,
    ) -> Result<(), VaultError> {
        self.0
            .replace_recovery_codes(account, hashes, now)
            .await
            .map_err(refused)
    }

    async fn use_recovery_code(
        &self,
        account: AccountId,
        hash: &[u8; 32],
    ) -> Result<bool, VaultError> {
        self.0
            .use_recovery_code(account, hash)
            .await
            .map_err(refused)
    }

    async fn recovery_codes_left(&self, account: AccountId) -> Result<u32, VaultError> {
        self.0.recovery_codes_left(account).await.map_err(refused)
    }

    async fn keep_challenge(
        &self,
        account: AccountId,
        body: &str,
        life: Duration,
        now: OffsetDateTime,
    ) -> Result<String, VaultError> {
        let secret = self.0.keep_challenge(account, body, life, now).await;
        secret
            .map(|secret| secret.expose().to_owned())
            .map_err(refused)
    }

    async fn take_challenge(
        &self,
        account: AccountId,
        ticket: &str,
        now: OffsetDateTime,
    ) -> Result<Option<String>, VaultError> {
        match SecretHash::of_cookie(ticket) {
            Some(key) => self
                .0
                .take_challenge(account, key, now)
                .await
                .map_err(refused),
            None => Ok(None),
        }
    }
}

fn refused(error: StoreError) -> VaultError {
    VaultError(error.message())
}
