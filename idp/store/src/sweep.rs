//! Removing what has expired.

use time::{Duration, OffsetDateTime};

use crate::engine::Bind;
use crate::error::StoreError;
use crate::instant::{millis, span_millis};
use crate::store::Store;

/// How many rows of each table were removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Sessions past their end or their idle time.
    pub sessions: u64,
    /// Counters of attempts whose window has passed.
    pub attempts: u64,
    /// Used-once keys that have expired.
    pub replays: u64,
    /// Parked requests that nobody took.
    pub parked: u64,
    /// Ceremonies of second factors that nobody finished.
    pub challenges: u64,
}

/// Rows a statement removes at most, so that a sweep never holds the writer for long.
const AT_ONCE: i64 = 500;

impl Store {
    /// Removes what has expired, and fills the audit's search table; call it every few minutes on any node. `idle` is the greatest idle time of a session.
    ///
    /// # Errors
    /// The database is not available; what was removed so far stays removed.
    pub async fn sweep(&self, idle: Duration, now: OffsetDateTime) -> Result<Swept, StoreError> {
        self.index_audit().await?;
        let idle_since = millis(now).saturating_sub(span_millis(idle));
        Ok(Swept {
            sessions: self
                .remove(
                    "DELETE FROM session WHERE id_hash IN
                     (SELECT id_hash FROM session WHERE expires_at <= $1 OR last_seen_at <= $3 LIMIT $2)",
                    now,
                    Some(idle_since),
                )
                .await?,
            attempts: self
                .remove(
                    "DELETE FROM attempt WHERE bucket IN (SELECT bucket FROM attempt WHERE expires_at <= $1 LIMIT $2)",
                    now,
                    None,
                )
                .await?,
            replays: self
                .remove(
                    "DELETE FROM replay WHERE key_hash IN
                     (SELECT key_hash FROM replay WHERE expires_at <= $1 LIMIT $2)",
                    now,
                    None,
                )
                .await?,
            parked: self
                .remove(
                    "DELETE FROM parked_request WHERE id_hash IN
                     (SELECT id_hash FROM parked_request WHERE expires_at <= $1 LIMIT $2)",
                    now,
                    None,
                )
                .await?,
            challenges: self
                .remove(
                    "DELETE FROM factor_challenge WHERE id_hash IN
                     (SELECT id_hash FROM factor_challenge WHERE expires_at <= $1 LIMIT $2)",
                    now,
                    None,
                )
                .await?,
        })
    }

    async fn remove(
        &self,
        sql: &'static str,
        now: OffsetDateTime,
        third: Option<i64>,
    ) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let mut binds = vec![Bind::from(millis(now)), AT_ONCE.into()];
            binds.extend(third.map(Bind::from));
            let removed = self.engine.execute(sql, &binds).await?;
            total += removed;
            if i64::try_from(removed).unwrap_or(0) < AT_ONCE {
                return Ok(total);
            }
        }
    }
}
