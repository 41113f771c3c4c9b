//! Recovery codes: hashes of what was shown once, each taken away by its use.

use signet_model::AccountId;
use time::OffsetDateTime;

use crate::error::StoreError;
use crate::instant::millis;
use crate::store::Store;

impl Store {
    /// Puts new codes in the place of all that the account had. Each is a keyed hash, with a key that is not in the database.
    ///
    /// # Errors
    /// The database is not available; the old codes stay.
    pub async fn replace_recovery_codes(
        &self,
        account: AccountId,
        hashes: &[[u8; 32]],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let account = account.to_string();
        let mut tx = self.engine.begin().await?;
        tx.execute(
            "DELETE FROM recovery_code WHERE account = $1",
            &[account.as_str().into()],
        )
        .await?;
        for hash in hashes {
            tx.execute(
                "INSERT INTO recovery_code (account, code_hash, created_at) VALUES ($1, $2, $3)",
                &[account.as_str().into(), hash.into(), millis(now).into()],
            )
            .await?;
        }
        tx.commit().await
    }

    /// Uses a code up; `true` for the one caller that did, on all nodes together.
    ///
    /// # Errors
    /// The database is not available: treat as wrong.
    pub async fn use_recovery_code(
        &self,
        account: AccountId,
        hash: &[u8; 32],
    ) -> Result<bool, StoreError> {
        let removed = self
            .engine
            .execute(
                "DELETE FROM recovery_code WHERE account = $1 AND code_hash = $2",
                &[account.to_string().as_str().into(), hash.into()],
            )
            .await?;
        Ok(removed == 1)
    }

    /// How many codes the account has left.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn recovery_codes_left(&self, account: AccountId) -> Result<u32, StoreError> {
        let row = self
            .engine
            .fetch_one(
                "SELECT COUNT(*) FROM recovery_code WHERE account = $1",
                &[account.to_string().as_str().into()],
            )
            .await?;
        let count = row.map(|row| row.int(0)).transpose()?.unwrap_or(0);
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}
