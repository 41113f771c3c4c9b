//! How long a wrong password has taken lately, so that a name that nobody has takes as long.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

/// How many durations are remembered.
const REMEMBERED: usize = 32;
/// The longest pause for nobody.
const LONGEST: Duration = Duration::from_secs(1);

/// The latest durations of binds with a wrong password.
#[derive(Default)]
pub(crate) struct Pace(Mutex<VecDeque<Duration>>);

impl Pace {
    pub(crate) fn note(&self, took: Duration) {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() == REMEMBERED {
            latest.pop_front();
        }
        latest.push_back(took.min(LONGEST));
    }

    /// One of the latest durations, at random: a mean would be told apart by its steadiness.
    pub(crate) fn sample(&self) -> Duration {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at =
            usize::try_from(Uuid::new_v4().as_u128() % (latest.len().max(1) as u128)).unwrap_or(0);
        latest.get(at).copied().unwrap_or_default()
    }
}
