//! `_PasswordExpiryStore`: how long the password lasts, once it lasts less than a fortnight.

use std::sync::Arc;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::placeholders::{join, pieces, split};
use super::query::StoreQuery;
use crate::engine::{EvaluationError, StoreFault};

/// From when on a password's end is told.
const TOLD_BEFORE: Duration = Duration::days(14);

/// Answers the queries of one sign-in.
#[derive(Clone, Debug)]
pub struct PasswordExpiry {
    now: OffsetDateTime,
    change_url: Arc<str>,
}

impl PasswordExpiry {
    /// At `now`; `change_url` is where a password is changed.
    pub fn new(now: OffsetDateTime, change_url: &str) -> Self {
        Self {
            now,
            change_url: Arc::from(change_url),
        }
    }

    /// Answers `query`, whose first part is a `passwordexpirationtime` claim: an instant (RFC 3339)
    /// or the seconds that are left.
    ///
    /// Columns: seconds left, whole days left, the address. No row when more than 14 days are
    /// left, or none.
    pub fn answer(
        &self,
        query: &StoreQuery,
    ) -> Result<Vec<Vec<Option<Arc<str>>>>, EvaluationError> {
        const TAKEN: &str = "`{0};` with an instant or a number of seconds, and three types";
        let fail = |fault| query.failed(fault);
        let pieces = pieces(query).map_err(fail)?;
        let parts = split(&pieces, ';');
        let expiry = parts.first().map(|part| join(part)).unwrap_or_default();
        let rest_empty = parts
            .iter()
            .skip(1)
            .all(|part| join(part).trim().is_empty());
        let left = self.left(expiry.trim()).filter(|_| rest_empty);
        let left = left.ok_or_else(|| fail(StoreFault::Query { what: TAKEN }))?;
        if query.types.len() != 3 {
            return Err(query.wrong_field_count(3));
        }
        if left <= Duration::ZERO || left > TOLD_BEFORE {
            return Ok(Vec::new());
        }
        Ok(vec![vec![
            Some(Arc::from(left.whole_seconds().to_string())),
            Some(Arc::from(left.whole_days().to_string())),
            Some(Arc::clone(&self.change_url)),
        ]])
    }

    fn left(&self, expiry: &str) -> Option<Duration> {
        if let Ok(seconds) = expiry.parse::<i64>() {
            return Some(Duration::seconds(seconds));
        }
        OffsetDateTime::parse(expiry, &Rfc3339)
            .ok()
            .map(|end| end - self.now)
    }
}
