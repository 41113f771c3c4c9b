//! Makes failed sign-ins take alike, whether or not the name exists (PWD-09).
//!
//! A wrong password costs a bind at a domain controller; an unknown name has nobody to bind as. So:
//!
//! - every failure takes at least a *floor*, longer than a healthy controller needs for a bind;
//! - when binds are slower than the floor, an unknown name takes as long as one of the last 64 wrong
//!   passwords really took, drawn at random: the same distribution, not only the same mean;
//! - both end on the same *grid* of time since their start, so that the granularity of timers,
//!   which only a waiting task meets, shows on both sides.
//!
//! A bind against a decoy account was the other choice. It would double the controllers' load under
//! attack, and it needs an account that exists, may not be locked out, and is not watched.
//! A success is never delayed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use tokio::time::{Instant, sleep_until};

const REMEMBERED: usize = 64;

/// How failures are paced.
#[derive(Debug)]
pub struct Pacing {
    floor: Duration,
    grid: Duration,
    recent: Mutex<Recent>,
    random: SystemRandom,
}

#[derive(Debug, Default)]
struct Recent {
    durations: Vec<Duration>,
    next: usize,
}

impl Default for Pacing {
    /// A floor of 100 ms and a grid of 10 ms.
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_millis(10))
    }
}

impl Pacing {
    /// Failures take at least `floor`, and a multiple of `grid`.
    pub fn new(floor: Duration, grid: Duration) -> Self {
        Self {
            floor,
            grid,
            recent: Mutex::default(),
            random: SystemRandom::new(),
        }
    }

    /// Another one with the same floor and grid, and its own memory of durations.
    pub(crate) fn alike(&self) -> Self {
        Self::new(self.floor, self.grid)
    }

    /// Ends a failure for which the directory really checked a password.
    pub(crate) async fn end_checked(&self, start: Instant) {
        let took = start.elapsed();
        self.remember(took);
        self.wait(start, took).await;
    }

    /// Ends a failure for which the directory checked no password, or answered early.
    pub(crate) async fn end_unchecked(&self, start: Instant) {
        let pretended = self.any_recent();
        self.wait(start, pretended.max(start.elapsed())).await;
    }

    async fn wait(&self, start: Instant, took: Duration) {
        sleep_until(start + on_grid(took.max(self.floor), self.grid)).await;
    }

    fn remember(&self, took: Duration) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let at = recent.next;
        match recent.durations.get_mut(at) {
            Some(slot) => *slot = took,
            None => recent.durations.push(took),
        }
        recent.next = (at + 1) % REMEMBERED;
    }

    fn any_recent(&self) -> Duration {
        let mut octets = [0u8; 8];
        // Without randomness the first is taken: the pace is then less like, never less safe.
        let drawn = self
            .random
            .fill(&mut octets)
            .map_or(0, |()| u64::from_le_bytes(octets));
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let count = recent.durations.len().max(1) as u64;
        usize::try_from(drawn % count)
            .ok()
            .and_then(|at| recent.durations.get(at))
            .copied()
            .unwrap_or_default()
    }
}

fn on_grid(took: Duration, grid: Duration) -> Duration {
    let (took, grid) = (took.as_nanos(), grid.as_nanos().max(1));
    Duration::from_nanos(u64::try_from(took.div_ceil(grid) * grid).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_up_to_the_grid() {
        let ms = Duration::from_millis;
        assert_eq!(on_grid(ms(21), ms(10)), ms(30));
        assert_eq!(on_grid(ms(30), ms(10)), ms(30));
        assert_eq!(on_grid(ms(0), ms(10)), ms(0));
        assert_eq!(on_grid(ms(7), ms(0)), ms(7));
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_name_takes_as_long_as_a_wrong_password_took() {
        let pacing = Pacing::new(Duration::from_millis(5), Duration::from_millis(1));
        let start = Instant::now();
        tokio::time::sleep(Duration::from_millis(40)).await;
        pacing.end_checked(start).await;
        let start = Instant::now();
        pacing.end_unchecked(start).await;
        assert_eq!(start.elapsed().as_millis(), 40);
    }
}
