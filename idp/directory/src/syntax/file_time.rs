//! Instants as Active Directory keeps them: 100 ns since 1601-01-01 UTC, 0 and the largest number for "never".
//!
//! Source: MS-DTYP 2.3.3, MS-ADA1 2.5 (accountExpires).

use time::{Duration, OffsetDateTime};

/// Seconds from 1601-01-01 to 1970-01-01.
const EPOCH: i64 = 11_644_473_600;

/// The instant; `None` for 0, for "never" and for what no calendar holds.
pub(crate) fn instant(file_time: i64) -> Option<OffsetDateTime> {
    if file_time <= 0 || file_time == i64::MAX {
        return None;
    }
    let (seconds, rest) = (file_time / 10_000_000, file_time % 10_000_000);
    let whole = OffsetDateTime::from_unix_timestamp(seconds.checked_sub(EPOCH)?).ok()?;
    whole.checked_add(Duration::nanoseconds(rest * 100))
}

/// The number for an instant; never 0 or "never".
pub(crate) fn number(instant: OffsetDateTime) -> i64 {
    let ticks = instant.unix_timestamp_nanos() / 100 + i128::from(EPOCH) * 10_000_000;
    i64::try_from(ticks.max(1)).unwrap_or(i64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn sec_f_09_file_times_go_on_after_2038_and_2100() {
        for at in [
            datetime!(2038-01-19 03:14:08 UTC),
            datetime!(2100-03-01 00:00 UTC),
            datetime!(2400-02-29 23:59:59.9999999 UTC),
        ] {
            assert_eq!(instant(number(at)), Some(at));
        }
    }

    #[test]
    fn file_times_are_read() {
        assert_eq!(
            instant(116_444_736_000_000_000),
            Some(datetime!(1970-01-01 00:00 UTC))
        );
        assert_eq!(
            instant(132_539_328_000_000_000),
            Some(datetime!(2021-01-01 00:00 UTC))
        );
        let now = datetime!(2026-11-21 14:55:01.1234567 UTC);
        assert_eq!(instant(number(now)), Some(now));
        for never in [0, -1, i64::MAX, i64::MIN, i64::MAX - 1] {
            assert_eq!(instant(never), None, "{never}");
        }
    }
}
