//! Time that nobody sets: what the wall clock said at the start, and how long ago that is by the monotonic clock.
//!
//! A wall clock can jump: somebody sets it, a time service corrects it, a machine wakes up. A jump is found by comparing the two.
//! Counters against guessing go by the steady time, so that a jump neither empties them nor locks people out. When the
//! domain controllers say that the wall clock is right, the steady time begins anew from it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use time::{Duration, OffsetDateTime};

/// A smaller difference is none: the two clocks are read one after the other.
const JUMP: Duration = Duration::seconds(2);

/// The steady time of this process.
pub(crate) struct SteadyTime(Mutex<Anchors>);

struct Anchors {
    /// What the steady time counts from.
    begun: Reading,
    /// The last look at the clocks.
    seen: Reading,
    /// When the wall clock jumped last.
    jumped: Option<Instant>,
}

#[derive(Clone, Copy)]
struct Reading {
    wall: OffsetDateTime,
    monotonic: Instant,
}

impl Reading {
    /// What the wall clock would say at `monotonic` had nobody set it.
    fn at(self, monotonic: Instant) -> OffsetDateTime {
        let passed = Duration::try_from(monotonic.saturating_duration_since(self.monotonic));
        passed
            .ok()
            .and_then(|passed| self.wall.checked_add(passed))
            .unwrap_or(self.wall)
    }
}

impl SteadyTime {
    /// Begins with what the wall clock says now.
    pub(crate) fn begin(wall: OffsetDateTime, monotonic: Instant) -> Self {
        let begun = Reading { wall, monotonic };
        Self(Mutex::new(Anchors {
            begun,
            seen: begun,
            jumped: None,
        }))
    }

    /// How far the wall clock was set since the last look, forwards or (negative) backwards; `None` when it was not.
    pub(crate) fn look(&self, wall: OffsetDateTime, monotonic: Instant) -> Option<Duration> {
        let mut anchors = self.lock();
        let jump = wall - anchors.seen.at(monotonic);
        anchors.seen = Reading { wall, monotonic };
        if jump.abs() < JUMP {
            return None;
        }
        anchors.jumped = Some(monotonic);
        Some(jump)
    }

    /// What has to be added to a `wall` time of now to have the steady time; zero unless the clock was set.
    pub(crate) fn correction(&self, wall: OffsetDateTime, monotonic: Instant) -> Duration {
        let correction = self.lock().begun.at(monotonic) - wall;
        if correction.abs() < JUMP {
            return Duration::ZERO;
        }
        correction
    }

    /// Since when somebody has to confirm the wall clock; `None` when steady and wall time are one.
    pub(crate) fn in_doubt_since(
        &self,
        wall: OffsetDateTime,
        monotonic: Instant,
    ) -> Option<Instant> {
        if self.correction(wall, monotonic).is_zero() {
            return None;
        }
        self.lock().jumped
    }

    /// The wall clock is right: count from it.
    pub(crate) fn confirm(&self, wall: OffsetDateTime, monotonic: Instant) {
        let mut anchors = self.lock();
        anchors.begun = Reading { wall, monotonic };
        anchors.seen = anchors.begun;
    }

    fn lock(&self) -> MutexGuard<'_, Anchors> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration as StdDuration;

    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    #[test]
    fn sec_f_09_a_wall_clock_that_is_set_is_found_and_the_steady_time_goes_on() {
        let zero = Instant::now();
        let steady = SteadyTime::begin(START, zero);
        let after = |seconds| zero + StdDuration::from_secs(seconds);
        let wall = |seconds: i64| START + Duration::seconds(seconds);
        assert_eq!(steady.look(wall(10), after(10)), None);
        assert_eq!(
            steady.look(wall(21), after(20)),
            None,
            "a second is no jump"
        );
        assert_eq!(
            steady.look(wall(631), after(30)),
            Some(Duration::seconds(600))
        );
        assert_eq!(steady.look(wall(641), after(40)), None, "told once");
        assert_eq!(
            steady.correction(wall(641), after(40)),
            Duration::seconds(-601)
        );
        assert_eq!(steady.in_doubt_since(wall(641), after(40)), Some(after(30)));
        assert_eq!(
            steady.look(wall(50), after(50)),
            Some(Duration::seconds(-601))
        );
        assert_eq!(steady.correction(wall(50), after(50)), Duration::ZERO);
        assert_eq!(
            steady.in_doubt_since(wall(50), after(50)),
            None,
            "set right again"
        );
    }

    #[test]
    fn sec_f_09_a_correction_that_is_confirmed_is_followed() {
        let zero = Instant::now();
        let steady = SteadyTime::begin(START, zero);
        let hour_back = START - Duration::HOUR;
        assert_eq!(steady.look(hour_back, zero), Some(-Duration::HOUR));
        steady.confirm(hour_back, zero);
        assert_eq!(steady.correction(hour_back, zero), Duration::ZERO);
        assert_eq!(steady.look(hour_back, zero), None);
    }
}
