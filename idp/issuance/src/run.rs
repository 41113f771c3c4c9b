//! Running one rule set: the claims room computes, the stores answer.

use std::fmt::Write as _;

use signet_claims::{Budget, Evaluation, Outcome, RuleSet, Step, StoreQuery, Trace, TraceLevel};
use signet_model::Claim;

use crate::refusal::Refusal;
use crate::rules::RuleStage;
use crate::stores::{BuiltinStores, StoreFailure};

/// What happened on the way to a decision.
#[derive(Debug)]
pub(crate) struct Record {
    level: TraceLevel,
    /// The claims before any rule.
    pub(crate) incoming: Vec<Claim>,
    /// What each rule set did, in order. Claims and traces only where a trace is kept.
    pub(crate) stages: Vec<StageRecord>,
}

/// What one rule set did.
#[derive(Debug)]
pub(crate) struct StageRecord {
    pub(crate) stage: RuleStage,
    pub(crate) issued: Vec<Claim>,
    pub(crate) issued_count: usize,
    /// Numbers from 1 of the rules that issued something.
    pub(crate) rules: Vec<usize>,
    pub(crate) trace: Trace,
}

impl Record {
    pub(crate) fn new(level: TraceLevel) -> Self {
        Self {
            level,
            incoming: Vec::new(),
            stages: Vec::with_capacity(4),
        }
    }

    /// One line: which rules issued how many claims.
    pub(crate) fn summary(&self) -> String {
        let mut line = String::with_capacity(160);
        for stage in &self.stages {
            if !line.is_empty() {
                line.push_str("; ");
            }
            let rules = stage
                .rules
                .iter()
                .map(usize::to_string)
                .collect::<Vec<_>>()
                .join(",");
            // Writing to a String cannot fail.
            let _ = write!(
                line,
                "{}: {} claims by {rules}",
                stage.stage, stage.issued_count
            );
        }
        line
    }
}

/// Runs rule sets with the stores of one occasion.
#[derive(Clone)]
pub(crate) struct Runner<'a> {
    pub(crate) stores: BuiltinStores<'a>,
    pub(crate) budget: Budget,
}

impl Runner<'_> {
    /// Runs `rules` over `input` and notes what they did.
    pub(crate) async fn run(
        &self,
        stage: RuleStage,
        rules: &RuleSet,
        input: Vec<Claim>,
        record: &mut Record,
    ) -> Result<Outcome, Refusal> {
        let mut run = Evaluation::start_traced(rules, input, self.budget.clone(), record.level);
        let mut outcome = loop {
            match run.step() {
                Ok(Step::Done(outcome)) => break outcome,
                Ok(Step::Query(query)) => {
                    let rows = self.stores.answer(&query).await;
                    let rows = rows.map_err(|failure| store_refusal(stage, &query, failure))?;
                    run.answer(rows.as_ref().clone());
                }
                Err(error) => {
                    let detail = error.to_string();
                    return Err(Refusal::RulesFailed {
                        rules: stage.to_string(),
                        detail,
                    });
                }
            }
        };
        let full = record.level == TraceLevel::Full;
        let mut by = outcome
            .issued_by
            .iter()
            .map(|rule| rule + 1)
            .collect::<Vec<_>>();
        by.sort_unstable();
        by.dedup();
        record.stages.push(StageRecord {
            stage,
            issued: if full {
                outcome.issued.clone()
            } else {
                Vec::new()
            },
            issued_count: outcome.issued.len(),
            rules: by,
            trace: std::mem::take(&mut outcome.trace),
        });
        Ok(outcome)
    }
}

fn store_refusal(stage: RuleStage, query: &StoreQuery, failure: StoreFailure) -> Refusal {
    let store = query.store.to_string();
    match failure {
        StoreFailure::Unknown => Refusal::UnknownStore {
            rules: stage.to_string(),
            store,
        },
        StoreFailure::Refused(detail) => Refusal::StoreFailed {
            store,
            detail: format!("{stage}, rule {}: {detail}", query.rule),
            unreachable: false,
        },
        StoreFailure::Unreachable(detail) => Refusal::StoreFailed {
            store,
            detail: format!("{stage}, rule {}: {detail}", query.rule),
            unreachable: true,
        },
    }
}
