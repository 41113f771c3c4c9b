//! What is hashed and coded of a row and of the head.

use crate::audit::event::PreparedEvent;
use crate::mac::Canonical;

/// The hash of a row: over the hash before it, its number, and every column.
pub(crate) fn row_hash(before: &[u8; 32], seq: i64, row: &PreparedEvent) -> [u8; 32] {
    Canonical::of("audit")
        .blob(before)
        .int(seq)
        .int(row.at)
        .int(row.event)
        .text(&row.activity)
        .opt_text(row.account.as_deref())
        .opt_text(row.relying_party.as_deref())
        .text(row.outcome)
        .opt_text(row.reason.as_deref())
        .opt_text(row.token_id.as_deref())
        .text(&row.details)
        .sha256()
}

/// What the code of a row is over.
pub(crate) fn row_code(hash: &[u8; 32]) -> Canonical {
    Canonical::of("audit-row").blob(hash)
}

/// What the code of the end of the chain is over.
pub(crate) fn head_code(seq: i64, hash: &[u8]) -> Canonical {
    Canonical::of("audit-head").int(seq).blob(hash)
}
