//! The memory of tokens that all nodes of a farm share.

use async_trait::async_trait;
use thiserror::Error;
use time::OffsetDateTime;

/// Remembers what may be used once.
#[async_trait]
pub trait ReplayLedger: Send + Sync {
    /// Remembers `key_hash` until `expires`; `true` for the one caller of all nodes that was first.
    ///
    /// # Errors
    /// The memory cannot be asked: the token is then refused.
    async fn remember_once(
        &self,
        key_hash: &[u8; 32],
        expires: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool, ReplayLedgerUnavailable>;
}

/// The shared memory could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the memory of used tokens cannot be reached: {detail}")]
pub struct ReplayLedgerUnavailable {
    /// For the log.
    pub detail: String,
}
