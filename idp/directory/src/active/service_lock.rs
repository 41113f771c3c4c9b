//! Keeps a wrong service password from locking the service account.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::codes::{BindOutcome, bind_outcome};

/// The pause after the first wrong password; each further one doubles it.
const FIRST: Duration = Duration::from_secs(30);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(600);
/// The pause after another refusal, such as of a locked or disabled account: it counts nothing.
const UNCOUNTED: Duration = Duration::from_secs(10);

/// After a refusal of the service account no controller is tried with it for a while.
#[derive(Default)]
pub(crate) struct ServiceLock(Mutex<Option<Refusal>>);

struct Refusal {
    until: Instant,
    pause: Duration,
    diagnostic: String,
}

impl ServiceLock {
    /// Whether a bind may be tried now.
    ///
    /// # Errors
    /// The diagnostic of the last refusal.
    pub(crate) fn check(&self, now: Instant) -> Result<(), String> {
        let refusal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match refusal.as_ref() {
            Some(refusal) if now < refusal.until => Err(refusal.diagnostic.clone()),
            _ => Ok(()),
        }
    }

    pub(crate) fn refuse(&self, diagnostic: &str, now: Instant) {
        let mut refusal = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = match (bind_outcome(49, diagnostic), refusal.as_ref()) {
            (BindOutcome::Wrong, Some(before)) => FIRST.max(LONGEST.min(before.pause * 2)),
            (BindOutcome::Wrong, None) => FIRST,
            _ => UNCOUNTED,
        };
        tracing::error!(
            diagnostic,
            pause_s = pause.as_secs(),
            "the directory refuses the service account"
        );
        *refusal = Some(Refusal {
            until: now + pause,
            pause,
            diagnostic: diagnostic.to_owned(),
        });
    }

    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_service_account_is_tried_ever_less_often() {
        let lock = ServiceLock::default();
        let start = Instant::now();
        let mut tries = 0;
        for second in 0..1800 {
            let now = start + Duration::from_secs(second);
            if lock.check(now).is_ok() {
                tries += 1;
                lock.refuse("data 52e", now);
            }
        }
        assert!(
            tries <= 7,
            "{tries} tries in 30 minutes can lock an account"
        );
        lock.clear();
        lock.refuse("data 775", start);
        assert!(lock.check(start).is_err() && lock.check(start + UNCOUNTED).is_ok());
        lock.clear();
        assert_eq!(lock.check(start), Ok(()));
    }
}
