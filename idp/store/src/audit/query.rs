//! Reading the audit.

use serde_json::Value;
use time::OffsetDateTime;

use crate::engine::Row;
use crate::error::StoreError;
use crate::instant::{instant, millis};
use crate::store::Store;
use signet_model::{AccountId, ActivityId, RelyingPartyId};

/// Which rows; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// For this relying party.
    pub relying_party: Option<RelyingPartyId>,
    /// Of this request.
    pub activity: Option<ActivityId>,
    /// With this number.
    pub event: Option<u16>,
    /// `success` or `failure`.
    pub outcome: Option<super::Outcome>,
    /// Not before.
    pub from: Option<OffsetDateTime>,
    /// Before.
    pub until: Option<OffsetDateTime>,
    /// Only rows before this number: the next page of a list.
    pub before: Option<i64>,
}

/// One row as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Its number in the chain, from 1.
    pub seq: i64,
    /// When.
    pub at: OffsetDateTime,
    /// AD FS's number.
    pub event: u16,
    /// Correlation id of the request.
    pub activity: String,
    /// objectGUID of the account.
    pub account: Option<String>,
    /// Id of the relying party.
    pub relying_party: Option<String>,
    /// `success` or `failure`.
    pub outcome: String,
    /// Stable code of the reason.
    pub reason: Option<String>,
    /// Id of the token.
    pub token_id: Option<String>,
    /// The rest.
    pub details: Value,
}

const MOST: u32 = 1_000;

impl Store {
    /// The newest rows that match, newest first, at most `limit` (and at most 1,000).
    ///
    /// # Errors
    /// The database is not available.
    pub async fn list_audit(
        &self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        if filter.account.is_some() || filter.activity.is_some() {
            self.index_audit().await?;
        }
        let account = filter.account.map(|id| id.to_string());
        let party = filter.relying_party.map(|id| id.to_string());
        let activity = filter.activity.map(|id| id.to_string());
        let rows = self
            .engine
            .fetch(
                "SELECT seq, at, event, activity, account, relying_party, outcome, reason, token_id, details FROM audit
                 WHERE ($1 IS NULL OR seq IN (SELECT seq FROM audit_search WHERE word = $1)) AND ($2 IS NULL OR relying_party = $2)
                   AND ($3 IS NULL OR seq IN (SELECT seq FROM audit_search WHERE word = $3)) AND ($4 IS NULL OR event = $4) AND ($5 IS NULL OR outcome = $5)
                   AND ($6 IS NULL OR at >= $6) AND ($7 IS NULL OR at < $7) AND ($8 IS NULL OR seq < $8)
                 ORDER BY seq DESC LIMIT $9",
                &[
                    account.as_deref().into(),
                    party.as_deref().into(),
                    activity.as_deref().into(),
                    filter.event.map(i64::from).into(),
                    filter.outcome.map(super::Outcome::as_str).into(),
                    filter.from.map(millis).into(),
                    filter.until.map(millis).into(),
                    filter.before.into(),
                    i64::from(limit.min(MOST)).into(),
                ],
            )
            .await?;
        rows.iter().map(read).collect()
    }

    /// The rows after number `after`, oldest first, at most `limit` (and at most 1,000): call again with the last
    /// number to follow the audit.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn tail_audit(&self, after: i64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let rows = self
            .engine
            .fetch(
                "SELECT seq, at, event, activity, account, relying_party, outcome, reason, token_id, details FROM audit
                 WHERE seq > $1 ORDER BY seq LIMIT $2",
                &[after.into(), i64::from(limit.min(MOST)).into()],
            )
            .await?;
        rows.iter().map(read).collect()
    }

    /// How many rows have this number and outcome: tokens issued are counted so (KEY-07).
    ///
    /// # Errors
    /// The database is not available.
    pub async fn count_audit(
        &self,
        event: super::EventNumber,
        outcome: super::Outcome,
    ) -> Result<i64, StoreError> {
        let row = self
            .engine
            .fetch_one(
                "SELECT COUNT(*) FROM audit WHERE event = $1 AND outcome = $2",
                &[i64::from(event.0).into(), outcome.as_str().into()],
            )
            .await?;
        row.map_or(Ok(0), |row| row.int(0))
    }
}

fn read(row: &Row) -> Result<AuditRow, StoreError> {
    let seq = row.int(0)?;
    let unreadable = |detail: String| StoreError::UnreadableRow {
        table: "audit",
        row: seq.to_string(),
        detail,
    };
    Ok(AuditRow {
        seq,
        at: instant(row.int(1)?),
        event: u16::try_from(row.int(2)?).map_err(|error| unreadable(error.to_string()))?,
        activity: row.text(3)?,
        account: row.opt_text(4)?,
        relying_party: row.opt_text(5)?,
        outcome: row.text(6)?,
        reason: row.opt_text(7)?,
        token_id: row.opt_text(8)?,
        details: serde_json::from_str(&row.text(9)?)
            .map_err(|error| unreadable(error.to_string()))?,
    })
}
