//! Conditions against the input set: every combination of claims that satisfies a rule.

use super::compute::Computer;
use super::error::EvaluationFault;
use crate::syntax::rule::{Condition, RuleBody};

/// What the conditions of a rule found.
#[derive(Debug)]
pub(super) enum Found {
    /// The first condition, from 0, that nothing satisfied.
    Unmet {
        condition: usize,
    },
    Matches(Matches),
}

/// All matches of a rule: for each of them the claim of every selector.
#[derive(Debug)]
pub(super) struct Matches {
    slots: usize,
    count: usize,
    numbers: Vec<u32>,
}

impl Matches {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The claims of match `index`, a number a slot.
    pub(super) fn get(&self, index: usize) -> &[u32] {
        let start = index * self.slots;
        self.numbers.get(start..start + self.slots).unwrap_or(&[])
    }
}

impl Computer<'_> {
    /// Matches the conditions of `body` against the input set.
    ///
    /// Selectors multiply, the first one slowest; aggregates only hold or do not.
    pub(super) fn find(&mut self, body: &RuleBody) -> Result<Found, EvaluationFault> {
        let mut candidates: Vec<Vec<u32>> = Vec::with_capacity(body.conditions.len());
        let mut relative = false;
        for (index, condition) in body.conditions.iter().enumerate() {
            let passing = self.passing_fixed(condition)?;
            let own_relative = !condition.test().relative.is_empty();
            let met = match condition {
                Condition::Selector { .. } => !passing.is_empty(),
                // An aggregate that looks at other claims is decided once they are bound.
                _ if own_relative => true,
                Condition::Exists { negated, .. } => passing.is_empty() == *negated,
                Condition::Count {
                    comparison, number, ..
                } => comparison.holds(passing.len(), *number),
            };
            if !met {
                return Ok(Found::Unmet { condition: index });
            }
            relative |= own_relative;
            candidates.push(passing);
        }
        let mut matches = Matches {
            slots: body.slots,
            count: 0,
            numbers: Vec::new(),
        };
        if body.slots == 1 && !relative {
            let mut selectors = body.conditions.iter().zip(&mut candidates);
            let only =
                selectors.find(|(condition, _)| matches!(condition, Condition::Selector { .. }));
            matches.numbers = only
                .map(|(_, numbers)| std::mem::take(numbers))
                .unwrap_or_default();
            matches.count = matches.numbers.len();
            self.meter.matches(matches.count)?;
            return Ok(Found::Matches(matches));
        }
        let mut join = Join {
            body,
            candidates: &candidates,
            bound: Vec::new(),
            deepest: 0,
        };
        self.join(&mut join, 0, &mut matches)?;
        if matches.count == 0 {
            return Ok(Found::Unmet {
                condition: join.deepest,
            });
        }
        Ok(Found::Matches(matches))
    }

    fn passing_fixed(&mut self, condition: &Condition) -> Result<Vec<u32>, EvaluationFault> {
        let sets = self.sets;
        let test = condition.test();
        self.meter.steps(sets.len())?;
        let mut passing = Vec::new();
        for (number, claim) in sets.input() {
            if self.passes_fixed(test, claim)? {
                passing.push(number);
            }
        }
        Ok(passing)
    }

    fn join(
        &mut self,
        join: &mut Join<'_>,
        index: usize,
        matches: &mut Matches,
    ) -> Result<(), EvaluationFault> {
        let Some((condition, candidates)) = join
            .body
            .conditions
            .get(index)
            .zip(join.candidates.get(index))
        else {
            matches.numbers.extend_from_slice(&join.bound);
            matches.count += 1;
            return self.meter.matches(1);
        };
        join.deepest = join.deepest.max(index);
        let test = condition.test();
        if let Condition::Selector { .. } = condition {
            for number in candidates {
                self.meter.steps(1)?;
                if !test.relative.is_empty() {
                    let Some(claim) = self.sets.claim(*number) else {
                        continue;
                    };
                    if !self.passes_relative(test, claim, &join.bound)? {
                        continue;
                    }
                }
                join.bound.push(*number);
                self.join(join, index + 1, matches)?;
                join.bound.pop();
            }
            return Ok(());
        }
        if test.relative.is_empty() || self.aggregate_holds(condition, candidates, &join.bound)? {
            self.join(join, index + 1, matches)?;
        }
        Ok(())
    }

    fn aggregate_holds(
        &mut self,
        condition: &Condition,
        candidates: &[u32],
        bound: &[u32],
    ) -> Result<bool, EvaluationFault> {
        let test = condition.test();
        let mut count = 0;
        for number in candidates {
            let Some(claim) = self.sets.claim(*number) else {
                continue;
            };
            count += usize::from(self.passes_relative(test, claim, bound)?);
        }
        Ok(match condition {
            Condition::Selector { .. } => count > 0,
            Condition::Exists { negated, .. } => (count == 0) == *negated,
            Condition::Count {
                comparison, number, ..
            } => comparison.holds(count, *number),
        })
    }
}

/// A walk through the combinations of claims.
struct Join<'j> {
    body: &'j RuleBody,
    candidates: &'j [Vec<u32>],
    bound: Vec<u32>,
    /// The furthest condition that was looked at: what a rule without match failed at.
    deepest: usize,
}
