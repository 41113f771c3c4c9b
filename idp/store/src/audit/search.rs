//! Filling the table by which rows are found by account and by activity.
//!
//! An index on `audit` would change a page far from the others for each row and each index, which costs more than
//! the row itself. Filled in bulk the same pages are changed once for many rows.

use crate::error::StoreError;
use crate::store::Store;

/// Rows of one transaction: a few milliseconds, in which no token is recorded on SQLite.
const AT_ONCE: i64 = 1_000;

impl Store {
    /// Fills the search table up to the newest row. A search by account or activity calls it first, and a sweep
    /// regularly, so that a search finds little left to do.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn index_audit(&self) -> Result<(), StoreError> {
        while self.index_some().await? {}
        Ok(())
    }

    /// Whether there may be more.
    async fn index_some(&self) -> Result<bool, StoreError> {
        let due = self
            .engine
            .fetch_one(
                "SELECT h.seq - i.seq FROM audit_head h JOIN audit_indexed i ON i.id = h.id WHERE h.id = 1",
                &[],
            )
            .await?;
        if due.map_or(Ok(0), |row| row.int(0))? <= 0 {
            return Ok(false);
        }
        let mut tx = self.engine.begin().await?;
        // The change of the row is the lock: two nodes fill one after the other.
        let from = tx
            .fetch_one(
                "UPDATE audit_indexed SET seq = seq WHERE id = 1 RETURNING seq",
                &[],
            )
            .await?
            .map_or(Ok(0), |row| row.int(0))?;
        let last = tx
            .fetch_one(
                "SELECT MAX(seq) FROM audit WHERE seq > $1 AND seq <= $2",
                &[from.into(), (from + AT_ONCE).into()],
            )
            .await?
            .map_or(Ok(None), |row| row.opt_int(0))?;
        let Some(last) = last else {
            return Ok(false);
        };
        tx.execute(
            "INSERT INTO audit_search (word, seq)
             SELECT activity, seq FROM audit WHERE seq > $1 AND seq <= $2
             UNION SELECT account, seq FROM audit WHERE seq > $1 AND seq <= $2 AND account IS NOT NULL
             ON CONFLICT (word, seq) DO NOTHING",
            &[from.into(), last.into()],
        )
        .await?;
        tx.execute(
            "UPDATE audit_indexed SET seq = $1 WHERE id = 1",
            &[last.into()],
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}
