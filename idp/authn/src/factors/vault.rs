//! What is kept of second factors, as this room sees it.

use async_trait::async_trait;
use signet_model::{AccountId, FactorAdded, FactorId, FactorRecord, MessagePair};
use thiserror::Error;
use time::{Duration, OffsetDateTime};

/// Factors, recovery codes and ceremonies, shared by all nodes of a farm. Each call is atomic, also against other nodes.
#[async_trait]
pub trait FactorVault: Send + Sync {
    /// The factors of an account, the oldest first.
    ///
    /// # Errors
    /// Not reachable, or tampered with: the person is refused then.
    async fn load(&self, account: AccountId) -> Result<Vec<FactorRecord>, VaultError>;

    /// Adds a factor; with `first_only` only to an account that has none.
    ///
    /// # Errors
    /// Not reachable; nothing was added.
    async fn add(&self, record: &FactorRecord, first_only: bool)
    -> Result<FactorAdded, VaultError>;

    /// Removes a factor of the account; `false` when it has none such.
    ///
    /// # Errors
    /// Not reachable; nothing was removed.
    async fn remove(&self, account: AccountId, id: FactorId) -> Result<bool, VaultError>;

    /// Notes a use; with `counter` it is `true` only for the one caller that moved the counter forward.
    ///
    /// # Errors
    /// Not reachable: the code counts as wrong.
    async fn advance(
        &self,
        account: AccountId,
        id: FactorId,
        counter: Option<i64>,
        now: OffsetDateTime,
    ) -> Result<bool, VaultError>;

    /// Puts new recovery codes, by their keyed hashes, in the place of the old.
    ///
    /// # Errors
    /// Not reachable; the old ones stay.
    async fn replace_recovery_codes(
        &self,
        account: AccountId,
        hashes: &[[u8; 32]],
        now: OffsetDateTime,
    ) -> Result<(), VaultError>;

    /// Uses a recovery code up; `true` for the one caller that did.
    ///
    /// # Errors
    /// Not reachable: the code counts as wrong.
    async fn use_recovery_code(
        &self,
        account: AccountId,
        hash: &[u8; 32],
    ) -> Result<bool, VaultError>;

    /// How many recovery codes are left.
    ///
    /// # Errors
    /// Not reachable.
    async fn recovery_codes_left(&self, account: AccountId) -> Result<u32, VaultError>;

    /// Keeps a ceremony's sealed state; the ticket and the account take it back.
    ///
    /// # Errors
    /// Not reachable, or full.
    async fn keep_challenge(
        &self,
        account: AccountId,
        body: &str,
        life: Duration,
        now: OffsetDateTime,
    ) -> Result<String, VaultError>;

    /// Takes a ceremony's state, once.
    ///
    /// # Errors
    /// Not reachable.
    async fn take_challenge(
        &self,
        account: AccountId,
        ticket: &str,
        now: OffsetDateTime,
    ) -> Result<Option<String>, VaultError>;
}

/// The vault said no; it knows best what people may read about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}: {}", .0.code, .0.private)]
pub struct VaultError(pub MessagePair);
