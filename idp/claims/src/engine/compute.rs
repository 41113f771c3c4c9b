//! Expressions and constraints, computed over the claims of a run.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use signet_model::Claim;

use super::budget::{Limit, Meter};
use super::error::EvaluationFault;
use super::memo::Memo;
use super::sets::{Sets, field, shared_field};
use crate::pattern::{MatchFault, Pattern, Replacement};
use crate::syntax::rule::{
    ClaimTest, Expected, Expression, Operator, PatternSource, Replace, ReplacementSource,
};

/// Patterns computed from claims in this run, by their text.
pub(super) type ComputedPatterns = HashMap<Arc<str>, Arc<Pattern>>;

/// What a computation reads and spends.
pub(super) struct Computer<'a> {
    pub(super) sets: &'a Sets,
    pub(super) meter: &'a mut Meter,
    pub(super) patterns: &'a mut ComputedPatterns,
    pub(super) memo: &'a mut Memo,
}

impl Computer<'_> {
    /// Whether `claim` satisfies the constraints of `test` against constants.
    pub(super) fn passes_fixed(
        &mut self,
        test: &ClaimTest,
        claim: &Claim,
    ) -> Result<bool, EvaluationFault> {
        for constraint in &test.fixed {
            let text = field(claim, &constraint.property);
            let holds = match &constraint.expected {
                Expected::Equal(expected) => text == &**expected,
                Expected::NotEqual(expected) => text != &**expected,
                Expected::Match(pattern) => self.search(pattern, text)?,
                Expected::NoMatch(pattern) => !self.search(pattern, text)?,
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether `claim` satisfies the constraints of `test` against the claims of `bound`.
    pub(super) fn passes_relative(
        &mut self,
        test: &ClaimTest,
        claim: &Claim,
        bound: &[u32],
    ) -> Result<bool, EvaluationFault> {
        for constraint in &test.relative {
            self.meter.steps(1)?;
            let text = field(claim, &constraint.property);
            let right = self.text(&constraint.right, bound)?;
            let holds = match constraint.operator {
                Operator::Equal => text == &*right,
                Operator::NotEqual => text != &*right,
                Operator::Match | Operator::NoMatch => {
                    let pattern = self.computed(&right)?;
                    self.search(&pattern, text)? == (constraint.operator == Operator::Match)
                }
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The text of `expression`, with the claims of `bound` in its slots.
    pub(super) fn text(
        &mut self,
        expression: &Expression,
        bound: &[u32],
    ) -> Result<Arc<str>, EvaluationFault> {
        match expression {
            Expression::Constant(text) => Ok(Arc::clone(text)),
            Expression::Field { slot, property } => {
                let claim = bound.get(*slot).and_then(|number| self.sets.claim(*number));
                Ok(claim.map_or_else(|| Arc::from(""), |claim| shared_field(claim, property)))
            }
            Expression::Replace(replace) => self.replace(replace, bound),
            Expression::Join(parts) => {
                let mut text = String::new();
                for part in parts {
                    text.push_str(&self.text(part, bound)?);
                    self.meter.value(text.len())?;
                }
                Ok(Arc::from(text))
            }
        }
    }

    /// The text of a query, and which octets of it come from claims.
    pub(super) fn query_text(
        &mut self,
        expression: &Expression,
        bound: &[u32],
    ) -> Result<(Arc<str>, Vec<Range<usize>>), EvaluationFault> {
        let parts = match expression {
            Expression::Constant(text) => return Ok((Arc::clone(text), Vec::new())),
            Expression::Join(parts) => parts.as_slice(),
            other => std::slice::from_ref(other),
        };
        let mut text = String::new();
        let mut computed = Vec::new();
        for part in parts {
            let start = text.len();
            text.push_str(&self.text(part, bound)?);
            self.meter.value(text.len())?;
            if part.as_constant().is_none() {
                computed.push(start..text.len());
            }
        }
        Ok((Arc::from(text), computed))
    }

    fn replace(&mut self, replace: &Replace, bound: &[u32]) -> Result<Arc<str>, EvaluationFault> {
        let input = self.text(&replace.input, bound)?;
        let pattern = match &replace.pattern {
            PatternSource::Fixed(pattern) => Arc::clone(pattern),
            PatternSource::Computed(expression) => {
                let text = self.text(expression, bound)?;
                self.computed(&text)?
            }
        };
        let computed;
        let replacement = match &replace.replacement {
            ReplacementSource::Fixed(replacement) => replacement,
            ReplacementSource::Computed(expression) => {
                computed = Replacement::new(&self.text(expression, bound)?, &pattern);
                &computed
            }
        };
        self.charge(&pattern, &input)?;
        let at_most = self.meter.value_octets();
        let replaced = pattern.replace_all(&input, replacement, at_most);
        self.after(&pattern)?;
        match replaced {
            Ok(Some(text)) => Ok(Arc::from(text)),
            Ok(None) => Ok(input),
            Err(fault) => Err(explain(fault, &pattern)),
        }
    }

    fn computed(&mut self, text: &Arc<str>) -> Result<Arc<Pattern>, EvaluationFault> {
        if let Some(pattern) = self.patterns.get(text) {
            return Ok(Arc::clone(pattern));
        }
        self.meter.computed_pattern()?;
        let pattern = Arc::new(Pattern::compile(text).map_err(EvaluationFault::Pattern)?);
        self.meter.look_at_clock()?;
        self.patterns.insert(Arc::clone(text), Arc::clone(&pattern));
        Ok(pattern)
    }

    fn search(&mut self, pattern: &Pattern, text: &str) -> Result<bool, EvaluationFault> {
        if let Some(found) = self.memo.recall(pattern, text) {
            return Ok(found);
        }
        self.charge(pattern, text)?;
        let found = pattern.search(text);
        self.after(pattern)?;
        let found = found.map_err(|fault| explain(fault, pattern))?;
        self.memo.keep(pattern, text, found);
        Ok(found)
    }

    fn charge(&mut self, pattern: &Pattern, text: &str) -> Result<(), EvaluationFault> {
        // A search that backtracks is bounded by a limit of its own; the clock is read after it.
        let weight = if pattern.backtracks() { 8 } else { 1 };
        self.meter.steps(weight + text.len() / 64)
    }

    fn after(&mut self, pattern: &Pattern) -> Result<(), EvaluationFault> {
        if pattern.backtracks() {
            self.meter.look_at_clock()
        } else {
            Ok(())
        }
    }
}

fn explain(fault: MatchFault, pattern: &Pattern) -> EvaluationFault {
    match fault {
        MatchFault::Limit => EvaluationFault::PatternLimit {
            pattern: Arc::from(pattern.as_str()),
        },
        MatchFault::TooLong => EvaluationFault::Budget(Limit::ValueOctets),
    }
}
