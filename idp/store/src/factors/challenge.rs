//! Ceremonies under way: kept for minutes, taken once, by the account they were begun for.

use signet_model::AccountId;
use time::{Duration, OffsetDateTime};

use crate::error::StoreError;
use crate::instant::{millis, span_millis};
use crate::secret::{Secret, SecretHash};
use crate::store::Store;

/// The most octets of one ceremony's state.
pub const LARGEST_CHALLENGE: usize = 16 * 1024;
/// The most ceremonies of one account at a time; the oldest makes room.
pub const MOST_CHALLENGES_OF_ONE: i64 = 8;
/// The most ceremonies at a time, all accounts together.
pub const MOST_CHALLENGES: i64 = 10_000;

impl Store {
    /// Keeps `body` (sealed by the caller) for `life`; the secret and the account together take it back.
    ///
    /// # Errors
    /// [`StoreError::ParkingFull`], or the database is not available.
    pub async fn keep_challenge(
        &self,
        account: AccountId,
        body: &str,
        life: Duration,
        now: OffsetDateTime,
    ) -> Result<Secret, StoreError> {
        if body.len() > LARGEST_CHALLENGE {
            return Err(StoreError::ParkingFull {
                detail: "it is larger than one may be",
            });
        }
        let secret = Secret::random()?;
        let account = account.to_string();
        let mut tx = self.engine.begin().await?;
        tx.execute(
            "DELETE FROM factor_challenge WHERE account = $1 AND (expires_at <= $2 OR id_hash NOT IN
             (SELECT id_hash FROM factor_challenge WHERE account = $1 ORDER BY expires_at DESC, id_hash LIMIT $3))",
            &[
                account.as_str().into(),
                millis(now).into(),
                (MOST_CHALLENGES_OF_ONE - 1).into(),
            ],
        )
        .await?;
        let kept = tx
            .execute(
                "INSERT INTO factor_challenge (id_hash, account, body, expires_at)
                 SELECT $1, $2, $3, $4 WHERE (SELECT COUNT(*) FROM factor_challenge WHERE expires_at > $5) < $6",
                &[
                    secret.key().as_octets().into(),
                    account.as_str().into(),
                    body.into(),
                    millis(now).saturating_add(span_millis(life)).into(),
                    millis(now).into(),
                    MOST_CHALLENGES.into(),
                ],
            )
            .await?;
        if kept == 0 {
            return Err(StoreError::ParkingFull {
                detail: "too many second factors are under way",
            });
        }
        tx.commit().await?;
        Ok(secret)
    }

    /// Takes a ceremony's state; a second time, for another account, or too late there is none.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn take_challenge(
        &self,
        account: AccountId,
        key: SecretHash,
        now: OffsetDateTime,
    ) -> Result<Option<String>, StoreError> {
        let row = self
            .engine
            .execute_returning(
                "DELETE FROM factor_challenge WHERE id_hash = $1 AND account = $2 AND expires_at > $3 RETURNING body",
                &[
                    key.as_octets().into(),
                    account.to_string().as_str().into(),
                    millis(now).into(),
                ],
            )
            .await?;
        row.map(|row| row.text(0)).transpose()
    }
}
