//! Instants as the tables hold them: milliseconds since 1970, UTC.

use time::{Duration, OffsetDateTime};

pub(crate) fn millis(instant: OffsetDateTime) -> i64 {
    i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

pub(crate) fn span_millis(span: Duration) -> i64 {
    i64::try_from(span.whole_milliseconds()).unwrap_or(i64::MAX)
}

pub(crate) fn instant(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn sec_f_09_instants_after_2038_and_2100_are_kept() {
        for at in [
            datetime!(1970-01-01 00:00 UTC),
            datetime!(2038-01-19 03:14:08.001 UTC),
            datetime!(2100-03-01 00:00 UTC),
            datetime!(9999-12-31 23:59:59.999 UTC),
        ] {
            assert_eq!(instant(millis(at)), at);
        }
        assert_eq!(
            instant(i64::MAX),
            OffsetDateTime::UNIX_EPOCH,
            "no calendar holds it: long past"
        );
    }
}
