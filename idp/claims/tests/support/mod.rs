//! Helpers of several test files.

#![allow(dead_code)]

use std::sync::Arc;

use signet_claims::{
    Budget, Evaluation, EvaluationError, Outcome, RuleSet, Step, StoreQuery, TraceLevel,
};
use signet_model::Claim;

pub(crate) type Rows = Vec<Vec<Option<Arc<str>>>>;

pub(crate) fn claim(claim_type: &str, value: &str) -> Claim {
    Claim::new(claim_type, value, "AD AUTHORITY")
}

pub(crate) fn parse(text: &str) -> RuleSet {
    RuleSet::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs `text` over `input`; no store answers.
pub(crate) fn run(text: &str, input: &[Claim]) -> Result<Outcome, EvaluationError> {
    run_with(text, input, Budget::default(), |query| {
        Err(query.unknown_store())
    })
}

pub(crate) fn run_with(
    text: &str,
    input: &[Claim],
    budget: Budget,
    mut answer: impl FnMut(&StoreQuery) -> Result<Rows, EvaluationError>,
) -> Result<Outcome, EvaluationError> {
    let rules = parse(text);
    let mut run = Evaluation::start_traced(&rules, input.to_vec(), budget, TraceLevel::Full);
    loop {
        match run.step()? {
            Step::Query(query) => run.answer(answer(&query)?),
            Step::Done(outcome) => return Ok(outcome),
        }
    }
}

/// `type=value` of each issued claim.
pub(crate) fn issued(outcome: &Outcome) -> Vec<String> {
    let claims = outcome.issued.iter();
    claims
        .map(|claim| format!("{}={}", claim.claim_type, claim.value))
        .collect()
}

pub(crate) fn row(cells: &[&str]) -> Vec<Option<Arc<str>>> {
    cells.iter().map(|cell| Some(Arc::from(*cell))).collect()
}
