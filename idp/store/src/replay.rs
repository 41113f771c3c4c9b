//! What may be used once, on all nodes together.

use time::OffsetDateTime;

use crate::error::StoreError;
use crate::instant::millis;
use crate::store::Store;

impl Store {
    /// Remembers `key_hash` until `expires`; `true` for the one caller that was first.
    ///
    /// `key_hash` is a hash of what is used and of what for. After `expires` the same key is new
    /// again, so `expires` must not be before the used thing itself expires.
    ///
    /// # Errors
    /// The database is not available: treat as used.
    pub async fn remember_once(
        &self,
        key_hash: &[u8; 32],
        expires: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let changed = self
            .engine
            .execute(
                "INSERT INTO replay (key_hash, expires_at) VALUES ($1, $2)
                 ON CONFLICT (key_hash) DO UPDATE SET expires_at = excluded.expires_at WHERE replay.expires_at <= $3",
                &[key_hash.into(), millis(expires).into(), millis(now).into()],
            )
            .await?;
        Ok(changed == 1)
    }
}
