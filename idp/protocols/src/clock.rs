//! Times as they are kept: whole milliseconds.

use time::OffsetDateTime;

/// Cuts to whole milliseconds, so that a request that travelled sealed equals the one that was sealed.
pub(crate) fn milliseconds(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_millisecond(at.millisecond()).unwrap_or(at)
}
