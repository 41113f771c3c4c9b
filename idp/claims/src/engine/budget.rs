//! How much one evaluation may cost. Rules are written by admins, but claims come from outside.

use std::time::{Duration, Instant};

use super::error::EvaluationFault;

/// The bounds of one evaluation. Passing one ends it with an error: nothing is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Claims in the input set, those that came in and those that rules made.
    pub claims: usize,
    /// Octets of one value, type or property.
    pub value_octets: usize,
    /// Matches of all rules together: each runs a statement.
    pub matches: usize,
    /// Queries to stores.
    pub queries: usize,
    /// Comparisons of a claim with a condition, and searches.
    pub steps: usize,
    /// Patterns computed from claims, which have to be compiled during the run.
    pub computed_patterns: usize,
    /// Time spent computing, not counting the waits for stores.
    pub time: Duration,
}

impl Default for Budget {
    /// Room for a person in 2,000 groups under hundreds of rules; an end to anything hostile within half a second.
    fn default() -> Self {
        Self {
            claims: 10_000,
            value_octets: 256 * 1024,
            matches: 20_000,
            queries: 100,
            steps: 5_000_000,
            computed_patterns: 32,
            time: Duration::from_millis(500),
        }
    }
}

/// Which bound was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// [`Budget::claims`].
    Claims,
    /// [`Budget::value_octets`].
    ValueOctets,
    /// [`Budget::matches`].
    Matches,
    /// [`Budget::queries`].
    Queries,
    /// [`Budget::steps`].
    Steps,
    /// [`Budget::computed_patterns`].
    ComputedPatterns,
    /// [`Budget::time`].
    Time,
}

/// How many steps pass between two looks at the clock.
const STEPS_BETWEEN_LOOKS: usize = 4_096;

/// What an evaluation has spent.
#[derive(Debug)]
pub(super) struct Meter {
    budget: Budget,
    matches: usize,
    queries: usize,
    steps: usize,
    computed_patterns: usize,
    spent: Duration,
    /// When the running stretch of computing began.
    since: Option<Instant>,
    next_look: usize,
}

impl Meter {
    pub(super) fn new(budget: Budget) -> Self {
        Self {
            budget,
            matches: 0,
            queries: 0,
            steps: 0,
            computed_patterns: 0,
            spent: Duration::ZERO,
            since: None,
            next_look: STEPS_BETWEEN_LOOKS,
        }
    }

    pub(super) fn value_octets(&self) -> usize {
        self.budget.value_octets
    }

    /// A stretch of computing begins. The clock is a stopwatch: no answer depends on the time of day.
    pub(super) fn begin(&mut self) {
        self.since = Some(Instant::now());
    }

    /// It ends: a store is asked, or all is done.
    pub(super) fn pause(&mut self) {
        if let Some(since) = self.since.take() {
            self.spent += since.elapsed();
        }
    }

    pub(super) fn steps(&mut self, steps: usize) -> Result<(), EvaluationFault> {
        self.steps += steps;
        if self.steps > self.budget.steps {
            return Err(EvaluationFault::Budget(Limit::Steps));
        }
        if self.steps >= self.next_look {
            self.next_look = self.steps + STEPS_BETWEEN_LOOKS;
            self.look_at_clock()?;
        }
        Ok(())
    }

    /// After work that few steps stand for, such as a search that backtracks.
    pub(super) fn look_at_clock(&self) -> Result<(), EvaluationFault> {
        let running = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        if self.spent + running > self.budget.time {
            return Err(EvaluationFault::Budget(Limit::Time));
        }
        Ok(())
    }

    pub(super) fn matches(&mut self, matches: usize) -> Result<(), EvaluationFault> {
        self.matches += matches;
        within(self.matches, self.budget.matches, Limit::Matches)
    }

    pub(super) fn query(&mut self) -> Result<(), EvaluationFault> {
        self.queries += 1;
        within(self.queries, self.budget.queries, Limit::Queries)
    }

    pub(super) fn computed_pattern(&mut self) -> Result<(), EvaluationFault> {
        self.computed_patterns += 1;
        within(
            self.computed_patterns,
            self.budget.computed_patterns,
            Limit::ComputedPatterns,
        )
    }

    pub(super) fn claims(&self, claims: usize) -> Result<(), EvaluationFault> {
        within(claims, self.budget.claims, Limit::Claims)
    }

    pub(super) fn value(&self, octets: usize) -> Result<(), EvaluationFault> {
        within(octets, self.budget.value_octets, Limit::ValueOctets)
    }
}

fn within(spent: usize, bound: usize, limit: Limit) -> Result<(), EvaluationFault> {
    if spent > bound {
        Err(EvaluationFault::Budget(limit))
    } else {
        Ok(())
    }
}
