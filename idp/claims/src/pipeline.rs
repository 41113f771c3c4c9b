//! Acceptance, additional authentication, authorization, issuance: one after the other.
//!
//! Sign-ins, explanations and policy tests drive the same pipeline: what is explained is what is issued.

use std::sync::Arc;

use signet_model::Claim;

use crate::engine::{
    Budget, Decision, Evaluation, EvaluationError, Outcome, Step, TraceLevel, asks_for_mfa,
    decide_authorization,
};
use crate::store::StoreQuery;
use crate::syntax::RuleSet;

/// The rule sets of one relying party.
#[derive(Clone, Copy, Debug)]
pub struct PipelineRules<'r> {
    /// Acceptance rules of where the claims come from.
    pub acceptance: &'r RuleSet,
    /// Additional authentication rules of the service.
    pub service_additional: Option<&'r RuleSet>,
    /// Additional authentication rules of the relying party.
    pub additional: Option<&'r RuleSet>,
    /// Authorization rules of the relying party.
    pub authorization: &'r RuleSet,
    /// Issuance rules of the relying party.
    pub issuance: &'r RuleSet,
}

/// A part of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What the service believes.
    Acceptance,
    /// Whether the service's rules ask for a second factor.
    ServiceAdditional,
    /// Whether the relying party's rules ask for one.
    Additional,
    /// Whether a token may be issued.
    Authorization,
    /// What it says.
    Issuance,
}

/// A run of the pipeline. Each stage has the whole budget for itself.
#[derive(Debug)]
pub struct Pipeline<'r> {
    rules: PipelineRules<'r>,
    budget: Budget,
    level: TraceLevel,
    stage: Stage,
    running: Evaluation<'r>,
    context: Vec<Claim>,
    result: PipelineOutcome,
    finished: bool,
}

/// What a pipeline needs or gives.
#[derive(Debug)]
pub enum PipelineStep {
    /// A store has to be asked: call [`Pipeline::answer`], or give up with an error of [`StoreQuery`].
    Query(StoreQuery),
    /// All stages have run, or authorization has refused.
    Done(Box<PipelineOutcome>),
}

/// What the stages made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PipelineOutcome {
    /// The acceptance stage.
    pub acceptance: Outcome,
    /// What authorization and issuance were given: the output of acceptance, and the claims of the
    /// request that it has no rule for.
    pub accepted: Vec<Claim>,
    /// The service's additional authentication rules; empty without any.
    pub service_additional: Outcome,
    /// The relying party's; empty without any.
    pub additional: Outcome,
    /// Whether either asks for a second factor.
    pub asks_for_mfa: bool,
    /// The authorization stage.
    pub authorization: Outcome,
    /// What it decided. Nothing is issued unless it permits.
    pub decision: Decision,
    /// The issuance stage; empty unless permitted.
    pub issuance: Outcome,
}

impl<'r> Pipeline<'r> {
    /// Begins with `incoming`, the claims about the person, and `context`, those about the request.
    ///
    /// Acceptance rules see both. Claims of `context` reach the later stages even when no
    /// acceptance rule passes them on.
    pub fn start(
        rules: PipelineRules<'r>,
        incoming: Vec<Claim>,
        context: Vec<Claim>,
        budget: Budget,
        level: TraceLevel,
    ) -> Self {
        let mut input = incoming;
        input.extend(context.iter().cloned());
        Self {
            rules,
            running: Evaluation::start_traced(rules.acceptance, input, budget.clone(), level),
            budget,
            level,
            stage: Stage::Acceptance,
            context,
            result: PipelineOutcome::default(),
            finished: false,
        }
    }

    /// The stage that runs now; the one at fault when [`Pipeline::step`] gives an error.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Runs until a store has to be asked or the pipeline has ended. An error ends it for good.
    /// After [`PipelineStep::Done`] there is nothing more: the outcome given then is empty and refuses.
    pub fn step(&mut self) -> Result<PipelineStep, EvaluationError> {
        while !self.finished {
            match self.running.step()? {
                Step::Query(query) => return Ok(PipelineStep::Query(query)),
                Step::Done(outcome) => self.leave_stage(outcome),
            }
        }
        Ok(PipelineStep::Done(Box::new(std::mem::take(
            &mut self.result,
        ))))
    }

    /// Gives the rows of the open query: see [`Evaluation::answer`].
    pub fn answer(&mut self, rows: Vec<Vec<Option<Arc<str>>>>) {
        self.running.answer(rows);
    }

    fn leave_stage(&mut self, outcome: Outcome) {
        let result = &mut self.result;
        match self.stage {
            Stage::Acceptance => {
                result.accepted = outcome.issued.clone();
                for claim in &self.context {
                    if !result.accepted.contains(claim) {
                        result.accepted.push(claim.clone());
                    }
                }
                result.acceptance = outcome;
            }
            Stage::ServiceAdditional => result.service_additional = outcome,
            Stage::Additional => result.additional = outcome,
            Stage::Authorization => {
                result.decision = decide_authorization(&outcome.issued);
                result.authorization = outcome;
            }
            Stage::Issuance => result.issuance = outcome,
        }
        result.asks_for_mfa =
            asks_for_mfa(&result.service_additional.issued, &result.additional.issued);
        match self.next_stage() {
            Some((stage, rules)) => {
                self.stage = stage;
                let input = self.result.accepted.clone();
                self.running =
                    Evaluation::start_traced(rules, input, self.budget.clone(), self.level);
            }
            None => self.finished = true,
        }
    }

    fn next_stage(&self) -> Option<(Stage, &'r RuleSet)> {
        let rules = &self.rules;
        let service = rules
            .service_additional
            .map(|own| (Stage::ServiceAdditional, own));
        let additional = rules.additional.map(|own| (Stage::Additional, own));
        let authorization = Some((Stage::Authorization, rules.authorization));
        match self.stage {
            Stage::Acceptance => service.or(additional).or(authorization),
            Stage::ServiceAdditional => additional.or(authorization),
            Stage::Additional => authorization,
            Stage::Authorization if self.result.decision.permits() => {
                Some((Stage::Issuance, rules.issuance))
            }
            Stage::Authorization | Stage::Issuance => None,
        }
    }
}
