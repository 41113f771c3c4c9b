//! One rule set over one set of claims.
//!
//! Nothing here reads a directory: when a rule asks a store, [`Evaluation::step`] gives the query
//! away and waits for [`Evaluation::answer`].

mod tracing;

use std::collections::BTreeMap;
use std::sync::Arc;

use signet_model::Claim;
use signet_model::claim::{LOCAL_AUTHORITY, XS_STRING};

use super::budget::{Budget, Meter};
use super::compute::{ComputedPatterns, Computer};
use super::error::{EvaluationError, EvaluationFault};
use super::matching::{Found, Matches};
use super::memo::Memo;
use super::outcome::Outcome;
use super::sets::Sets;
use super::trace::{Trace, TraceLevel};
use crate::store::StoreQuery;
use crate::syntax::RuleSet;
use crate::syntax::rule::Statement;

/// A run of a rule set. Rules run once each, top to bottom; a rule does not see its own results.
#[derive(Debug)]
pub struct Evaluation<'r> {
    rules: &'r RuleSet,
    sets: Sets,
    meter: Meter,
    patterns: ComputedPatterns,
    memo: Memo,
    level: TraceLevel,
    trace: Trace,
    next_rule: usize,
    running: Option<Running>,
    waiting: Option<StoreQuery>,
    answer: Option<Vec<Vec<Option<Arc<str>>>>>,
    failed: Option<EvaluationError>,
    local: Arc<str>,
    string: Arc<str>,
}

/// What an evaluation needs or gives.
#[derive(Debug)]
pub enum Step {
    /// A store has to be asked: call [`Evaluation::answer`], or give up with one of the errors
    /// that [`StoreQuery`] makes.
    Query(StoreQuery),
    /// All rules have run.
    Done(Outcome),
}

/// The rule that is running.
#[derive(Debug)]
struct Running {
    rule: usize,
    matches: Matches,
    next: usize,
    /// Where in the trace its entry is.
    traced: Option<usize>,
    /// Queries it has made: combinations of claims often ask the same again.
    asked: Vec<StoreQuery>,
}

impl<'r> Evaluation<'r> {
    /// Begins to run `rules` over `input`. No trace is kept.
    pub fn start(rules: &'r RuleSet, input: Vec<Claim>, budget: Budget) -> Self {
        Self::start_traced(rules, input, budget, TraceLevel::Off)
    }

    /// The same, with a trace as `level` says.
    pub fn start_traced(
        rules: &'r RuleSet,
        input: Vec<Claim>,
        budget: Budget,
        level: TraceLevel,
    ) -> Self {
        let meter = Meter::new(budget);
        let failed = check_input(&meter, &input)
            .err()
            .map(|fault| EvaluationError {
                rule: 0,
                rule_name: None,
                fault,
            });
        let input = if failed.is_some() { Vec::new() } else { input };
        Self {
            rules,
            sets: Sets::new(input),
            meter,
            patterns: ComputedPatterns::new(),
            memo: Memo::default(),
            level,
            trace: Trace::default(),
            next_rule: 0,
            running: None,
            waiting: None,
            answer: None,
            failed,
            local: Arc::from(LOCAL_AUTHORITY),
            string: Arc::from(XS_STRING),
        }
    }

    /// Runs until a store has to be asked or all rules have run.
    ///
    /// While a query is open it is given again. An error ends the run for good: it is given again
    /// too. After [`Step::Done`] there is nothing more: the outcome given then is empty.
    pub fn step(&mut self) -> Result<Step, EvaluationError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.meter.begin();
        let stepped = self.run();
        self.meter.pause();
        stepped.map_err(|fault| {
            let rule = self
                .running
                .as_ref()
                .map_or(self.next_rule, |running| running.rule);
            let error = self.error(rule, fault);
            self.failed = Some(error.clone());
            error
        })
    }

    /// Gives the rows that the open query found, each with a cell for each type of the query.
    ///
    /// A query that finds nothing has no rows. Without an open query nothing happens.
    pub fn answer(&mut self, rows: Vec<Vec<Option<Arc<str>>>>) {
        if self.waiting.is_some() {
            self.answer = Some(rows);
        }
    }

    fn run(&mut self) -> Result<Step, EvaluationFault> {
        loop {
            if let Some(query) = self.waiting.take() {
                let Some(rows) = self.answer.take() else {
                    let step = Step::Query(query.clone());
                    self.waiting = Some(query);
                    return Ok(step);
                };
                self.take_rows(&query, &rows)?;
            }
            if self.running.is_none() && !self.next()? {
                let sets = std::mem::replace(&mut self.sets, Sets::new(Vec::new()));
                return Ok(Step::Done(Outcome::new(
                    sets.finish(),
                    std::mem::take(&mut self.trace),
                )));
            }
            self.run_statement()?;
        }
    }

    /// Finds the next rule whose conditions hold; `false` when there is none.
    fn next(&mut self) -> Result<bool, EvaluationFault> {
        let rules = self.rules;
        while let Some(rule) = rules.bodies().get(self.next_rule) {
            let mut computer = Computer {
                sets: &self.sets,
                meter: &mut self.meter,
                patterns: &mut self.patterns,
                memo: &mut self.memo,
            };
            let found = computer.find(&rule.body)?;
            let index = self.next_rule;
            let traced = self.trace_rule(index, rule, &found);
            self.next_rule += 1;
            if let Found::Matches(matches) = found {
                let asked = Vec::new();
                self.running = Some(Running {
                    rule: index,
                    matches,
                    next: 0,
                    traced,
                    asked,
                });
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Runs the statement of the running rule on its next match, or leaves the rule.
    fn run_statement(&mut self) -> Result<(), EvaluationFault> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let Some(rule) = self.rules.bodies().get(running.rule) else {
            return Ok(());
        };
        if running.next == running.matches.count() {
            self.running = None;
            return Ok(());
        }
        let bound = running.matches.get(running.next);
        let body = &rule.body;
        let mut computer = Computer {
            sets: &self.sets,
            meter: &mut self.meter,
            patterns: &mut self.patterns,
            memo: &mut self.memo,
        };
        match &body.statement {
            Statement::Copy { slot } => {
                let number = bound.get(*slot).copied().unwrap_or(u32::MAX);
                let fate = self.sets.copy(number, body.verb, running.rule);
                if running.traced.is_some()
                    && let Some(claim) = self.sets.claim(number).cloned()
                {
                    self.trace_made(claim, fate);
                }
            }
            Statement::New(new) => {
                let claim = computer.new_claim(new, bound, &self.local, &self.string)?;
                self.put(claim)?;
            }
            Statement::Query(statement) => {
                let query = computer.query(statement, bound, running.rule, rule)?;
                if !running.asked.contains(&query) {
                    self.meter.query()?;
                    running.asked.push(query.clone());
                    self.waiting = Some(query);
                    // The match is left when its rows have been taken.
                    return Ok(());
                }
            }
        }
        if let Some(running) = &mut self.running {
            running.next += 1;
        }
        Ok(())
    }

    fn take_rows(
        &mut self,
        query: &StoreQuery,
        rows: &[Vec<Option<Arc<str>>>],
    ) -> Result<(), EvaluationFault> {
        if let Some(wrong) = rows.iter().find(|row| row.len() != query.types.len()) {
            return Err(query.field_count_fault(wrong.len()));
        }
        self.trace_query(query, rows.len());
        for row in rows {
            for (claim_type, cell) in query.types.iter().zip(row) {
                let Some(value) = cell else { continue };
                self.put(Claim {
                    claim_type: Arc::clone(claim_type),
                    value: Arc::clone(value),
                    value_type: Arc::clone(&self.string),
                    issuer: Arc::clone(&self.local),
                    original_issuer: Arc::clone(&self.local),
                    properties: BTreeMap::new(),
                })?;
            }
        }
        if let Some(running) = &mut self.running {
            running.next += 1;
        }
        Ok(())
    }

    /// Puts a claim made by the running rule where its verb says.
    fn put(&mut self, claim: Claim) -> Result<(), EvaluationFault> {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let Some(rule) = self.rules.bodies().get(running.rule) else {
            return Ok(());
        };
        check_claim(&self.meter, &claim)?;
        // Each claim that is put is looked for among those that are there.
        self.meter.steps(1 + self.sets.len() / 16)?;
        let traced = running.traced.map(|_| claim.clone());
        let fate = self.sets.put(claim, rule.body.verb, running.rule);
        self.meter.claims(self.sets.len())?;
        if let Some(claim) = traced {
            self.trace_made(claim, fate);
        }
        Ok(())
    }

    fn error(&self, rule: usize, fault: EvaluationFault) -> EvaluationError {
        let name = self
            .rules
            .bodies()
            .get(rule)
            .and_then(|rule| rule.annotation("RuleName"));
        EvaluationError {
            rule: rule + 1,
            rule_name: name.cloned(),
            fault,
        }
    }
}

fn check_input(meter: &Meter, input: &[Claim]) -> Result<(), EvaluationFault> {
    meter.claims(input.len())?;
    input.iter().try_for_each(|claim| check_claim(meter, claim))
}

fn check_claim(meter: &Meter, claim: &Claim) -> Result<(), EvaluationFault> {
    let fields = [
        &claim.claim_type,
        &claim.value,
        &claim.value_type,
        &claim.issuer,
    ];
    let longest = fields.iter().map(|field| field.len()).max().unwrap_or(0);
    let properties = claim
        .properties
        .values()
        .map(|text| text.len())
        .max()
        .unwrap_or(0);
    meter.value(longest.max(properties).max(claim.original_issuer.len()))
}
