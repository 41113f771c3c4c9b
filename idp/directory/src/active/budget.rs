//! Bounds second requests to a share of first ones, so that slow controllers are not asked twice as much.

use std::sync::atomic::{AtomicI64, Ordering};

/// What one second request costs; every first request earns one.
const COST: i64 = 10;
/// The most that is saved up: ten second requests.
const MOST: i64 = 100;

/// One second request for ten first ones, after ten that are free.
pub(crate) struct Budget(AtomicI64);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(MOST))
    }

    pub(crate) fn earn(&self) {
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                (saved < MOST).then_some(saved + 1)
            });
    }

    /// Whether a second request may be made now.
    pub(crate) fn spend(&self) -> bool {
        let spent = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                (saved >= COST).then_some(saved - COST)
            });
        spent.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_requests_are_a_tenth_of_first_ones() {
        let budget = Budget::new();
        let mut second = 0;
        for _ in 0..1000 {
            budget.earn();
            second += u32::from(budget.spend());
        }
        assert!((100..=111).contains(&second), "{second}");
    }
}
