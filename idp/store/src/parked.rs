//! Requests that are too large to travel sealed in a URL: kept for a short while, taken once.

use time::{Duration, OffsetDateTime};

use crate::error::StoreError;
use crate::instant::millis;
use crate::secret::{Secret, SecretHash};
use crate::store::Store;

/// The most octets of one parked request.
pub const LARGEST: usize = 96 * 1024;
/// The most parked requests at a time.
pub const MOST: i64 = 2_000;
/// How long one is kept.
pub const KEPT: Duration = Duration::minutes(10);

impl Store {
    /// Parks `body` (sealed by the caller) for [`KEPT`]; the secret takes it back.
    ///
    /// # Errors
    /// [`StoreError::ParkingFull`]: anonymous senders can fill [`MOST`] places of [`LARGEST`] octets, no more.
    pub async fn park_request(
        &self,
        body: &[u8],
        now: OffsetDateTime,
    ) -> Result<Secret, StoreError> {
        if body.len() > LARGEST {
            return Err(StoreError::ParkingFull {
                detail: "it is larger than one may be",
            });
        }
        let secret = Secret::random()?;
        let id = secret.key();
        self.engine
            .execute(
                "DELETE FROM parked_request WHERE expires_at <= $1",
                &[millis(now).into()],
            )
            .await?;
        let parked = self
            .engine
            .execute(
                "INSERT INTO parked_request (id_hash, body, expires_at)
                 SELECT $1, $2, $3 WHERE (SELECT COUNT(*) FROM parked_request) < $4",
                &[
                    id.as_octets().into(),
                    body.into(),
                    millis(now + KEPT).into(),
                    MOST.into(),
                ],
            )
            .await?;
        if parked == 0 {
            return Err(StoreError::ParkingFull {
                detail: "too many are parked",
            });
        }
        Ok(secret)
    }

    /// Takes a parked request; a second time, or after [`KEPT`], there is none.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn take_parked(
        &self,
        key: SecretHash,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self
            .engine
            .execute_returning(
                "DELETE FROM parked_request WHERE id_hash = $1 AND expires_at > $2 RETURNING body",
                &[key.as_octets().into(), millis(now).into()],
            )
            .await?;
        row.map(|row| row.blob(0)).transpose()
    }
}
