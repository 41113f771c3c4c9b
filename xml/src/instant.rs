//! Instants and durations as SAML and WS-Trust write them (XML Schema 1.0 part 2, 3.2.6 and 3.2.7).

use time::{Date, Duration, Month, OffsetDateTime, Time, UtcOffset};

use crate::error::{XmlError, excerpt};

/// Writes an instant in UTC with milliseconds: `2026-01-02T03:04:05.678Z`.
///
/// SAML core, section 1.3.3: UTC form, and resolution finer than milliseconds should not be relied on.
pub fn instant(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let mut text = String::with_capacity("2026-01-02T03:04:05.678Z".len());
    if at.year() < 0 {
        text.push('-');
    }
    push_digits(&mut text, at.year().unsigned_abs(), 4);
    for (before, part, count) in [
        ('-', u32::from(u8::from(at.month())), 2),
        ('-', at.day().into(), 2),
        ('T', at.hour().into(), 2),
        (':', at.minute().into(), 2),
        (':', at.second().into(), 2),
        ('.', at.millisecond().into(), 3),
    ] {
        text.push(before);
        push_digits(&mut text, part, count);
    }
    text.push('Z');
    text
}

/// The last `count` decimal digits of `number`.
fn push_digits(text: &mut String, number: u32, count: u32) {
    for place in (0..count).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        text.push(char::from_digit(digit, 10).unwrap_or('0'));
    }
}

/// Reads an instant: years 0001 to 9999, a fraction of any length, `Z` or an offset of up to 14 hours.
///
/// An instant without a zone, `24:00:00` and leap seconds are refused.
pub fn parse_instant(text: &str) -> Result<OffsetDateTime, XmlError> {
    instant_parts(text.trim_matches([' ', '\t', '\r', '\n']))
        .ok_or_else(|| XmlError::Instant(excerpt(text)))
}

fn instant_parts(text: &str) -> Option<OffsetDateTime> {
    const LONGEST: usize = 64;
    if text.len() > LONGEST {
        return None;
    }
    let (date, rest) = text.split_once('T')?;
    let (year, rest_of_date) = date.split_once('-')?;
    let (month, day) = rest_of_date.split_once('-')?;
    let month = Month::try_from(u8::try_from(digits(month, 2)?).ok()?).ok()?;
    let year = i32::try_from(digits(year, 4)?)
        .ok()
        .filter(|year| *year > 0)?;
    let date = Date::from_calendar_date(year, month, u8::try_from(digits(day, 2)?).ok()?).ok()?;

    let zone_at = rest.find(['Z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone_at);
    let (clock, nanoseconds) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, parse_fraction(fraction)?),
        None => (clock, 0),
    };
    let (hour, rest) = clock.split_once(':')?;
    let (minute, second) = rest.split_once(':')?;
    let part = |text| digits(text, 2).and_then(|value| u8::try_from(value).ok());
    let clock = Time::from_hms_nano(part(hour)?, part(minute)?, part(second)?, nanoseconds).ok()?;

    let local = date.with_time(clock).assume_utc();
    local
        .checked_sub(parse_zone(zone)?)
        .filter(|at| (1..=9999).contains(&at.year()))
}

/// `Z`, or an offset of at most 14 hours east or west.
fn parse_zone(zone: &str) -> Option<Duration> {
    const FARTHEST: i64 = 14 * 60;
    if zone == "Z" {
        return Some(Duration::ZERO);
    }
    let (sign, clock) = match zone.strip_prefix('+') {
        Some(clock) => (1, clock),
        None => (-1, zone.strip_prefix('-')?),
    };
    let (hours, minutes) = clock.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let offset = i64::from(hours * 60 + minutes);
    (minutes < 60 && offset <= FARTHEST).then(|| Duration::minutes(sign * offset))
}

/// Exactly `count` decimal digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Nanoseconds of a decimal fraction; further digits are cut off.
fn parse_fraction(text: &str) -> Option<u32> {
    const NANO_DIGITS: usize = 9;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept: String = text
        .chars()
        .chain(std::iter::repeat('0'))
        .take(NANO_DIGITS)
        .collect();
    kept.parse().ok()
}

/// Reads a positive duration such as `PT1H30M`, `P7D` or `P1Y`; a year counts 365 days, a month 30.
///
/// Meant for `cacheDuration` and the like. Durations beyond 100 years are refused.
pub fn parse_duration(text: &str) -> Result<Duration, XmlError> {
    duration_parts(text.trim_matches([' ', '\t', '\r', '\n']))
        .ok_or_else(|| XmlError::Duration(excerpt(text)))
}

fn duration_parts(text: &str) -> Option<Duration> {
    const DAY: u64 = 86_400;
    const LONGEST: usize = 64;
    if text.len() > LONGEST {
        return None;
    }
    let text = text.strip_prefix('P')?;
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    if time == Some("") || (date.is_empty() && time.is_none()) {
        return None;
    }
    let days = designators(date, &[('Y', 365 * DAY), ('M', 30 * DAY), ('D', DAY)])?;
    let (clock, fraction) = split_fraction(time.unwrap_or_default())?;
    let seconds = designators(&clock, &[('H', 3600), ('M', 60), ('S', 1)])?;
    let total = days
        .checked_add(seconds)
        .filter(|total| *total <= 100 * 366 * DAY)?;
    Some(Duration::new(
        i64::try_from(total).ok()?,
        i32::try_from(fraction).ok()?,
    ))
}

/// Takes the fraction out of the seconds: `1M2.5S` becomes `1M2S` and its nanoseconds.
fn split_fraction(clock: &str) -> Option<(String, u32)> {
    match clock.split_once('.') {
        None => Some((clock.to_owned(), 0)),
        Some((whole, fraction)) => Some((
            format!("{whole}S"),
            parse_fraction(fraction.strip_suffix('S')?)?,
        )),
    }
}

/// Sums `<number><designator>` pairs, each designator at most once and in the order given.
fn designators(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut total = 0_u64;
    for (designator, seconds) in units {
        let Some((number, rest)) = text.split_once(*designator) else {
            continue;
        };
        // A later unit before this one leaves a letter in the number.
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*seconds)?)?;
        text = rest;
    }
    text.is_empty().then_some(total)
}
