//! Requests that are too large to travel sealed in a URL: kept for a short while.

use time::{Duration, OffsetDateTime};

use crate::error::StoreError;
use crate::instant::millis;
use crate::secret::{Secret, SecretHash};
use crate::store::Store;

/// The most octets of one parked request.
pub const LARGEST: usize = 96 * 1024;
/// The most parked requests at a time.
pub const MOST: i64 = 2_000;
/// The most parked requests of one source at a time.
pub const MOST_OF_ONE: i64 = 100;
/// How long one is kept.
pub const KEPT: Duration = Duration::minutes(10);

impl Store {
    /// Parks `body` (sealed by the caller) for [`KEPT`]; the secret finds it again. `source` is the sender's network in
    /// the caller's keyed form, 32 octets.
    ///
    /// # Errors
    /// [`StoreError::ParkingFull`]: anonymous senders can fill [`MOST`] places of [`LARGEST`] octets, one of them
    /// [`MOST_OF_ONE`], no more.
    pub async fn park_request(
        &self,
        body: &[u8],
        source: &[u8; 32],
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
                "INSERT INTO parked_request (id_hash, body, expires_at, source)
                 SELECT $1, $2, $3, $5 WHERE (SELECT COUNT(*) FROM parked_request) < $4
                    AND (SELECT COUNT(*) FROM parked_request WHERE source = $5) < $6",
                &[
                    id.as_octets().into(),
                    body.into(),
                    millis(now + KEPT).into(),
                    MOST.into(),
                    source.into(),
                    MOST_OF_ONE.into(),
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

    /// A parked request, any number of times until [`KEPT`] has passed: people reload pages.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn load_parked(
        &self,
        key: SecretHash,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self
            .engine
            .fetch_one(
                "SELECT body FROM parked_request WHERE id_hash = $1 AND expires_at > $2",
                &[key.as_octets().into(), millis(now).into()],
            )
            .await?;
        row.map(|row| row.blob(0)).transpose()
    }
}
