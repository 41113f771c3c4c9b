//! Running one rule set: the claims room computes, the stores answer.

use std::fmt::Write as _;

use signet_claims::{
    Budget, Evaluation, EvaluationError, EvaluationFault, Outcome, RuleSet, Step, StoreFault,
    Trace, TraceLevel,
};
use signet_model::Claim;

use crate::refusal::Refusal;
use crate::rules::RuleStage;
use crate::stores::Stores;

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
    pub(crate) stores: Stores<'a>,
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
                    run.answer(rows.map_err(|error| refusal(stage, &error))?);
                }
                Err(error) => return Err(refusal(stage, &error)),
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

/// Names what failed: an unreachable directory is nobody's rule.
fn refusal(stage: RuleStage, error: &EvaluationError) -> Refusal {
    let rules = stage.to_string();
    let detail = error.to_string();
    match &error.fault {
        EvaluationFault::UnknownStore { store } => Refusal::UnknownStore {
            rules,
            store: store.to_string(),
        },
        EvaluationFault::Store {
            store,
            inner: StoreFault::Unavailable { .. },
            ..
        } => Refusal::StoreUnreachable {
            store: store.to_string(),
            detail,
        },
        _ => Refusal::RulesFailed { rules, detail },
    }
}
