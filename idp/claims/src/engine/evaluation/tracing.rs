//! Writing the trace of a run, where one is kept.

use std::sync::Arc;

use signet_model::Claim;

use super::Evaluation;
use crate::engine::matching::Found;
use crate::engine::trace::{Fate, Made, QueryTrace, RuleTrace, TraceLevel, Verdict};
use crate::store::StoreQuery;
use crate::syntax::Rule;

impl Evaluation<'_> {
    pub(super) fn trace_rule(&mut self, index: usize, rule: &Rule, found: &Found) -> Option<usize> {
        if self.level == TraceLevel::Off {
            return None;
        }
        self.trace.rules.push(RuleTrace {
            rule: index,
            name: rule.annotation("RuleName").cloned(),
            verdict: match found {
                Found::Unmet { condition } => Verdict::Unmet {
                    condition: *condition,
                },
                Found::Matches(matches) => Verdict::Ran {
                    matches: matches.count(),
                },
            },
            queries: Vec::new(),
            made: Vec::new(),
        });
        Some(self.trace.rules.len() - 1)
    }

    pub(super) fn trace_made(&mut self, claim: Claim, fate: Fate) {
        let Some(running) = &self.running else { return };
        let bound = running.matches.get(running.next);
        let from = bound
            .iter()
            .filter_map(|number| self.sets.claim(*number).cloned())
            .collect();
        if let Some(entry) = running.traced.and_then(|at| self.trace.rules.get_mut(at)) {
            entry.made.push(Made { claim, from, fate });
        }
    }

    pub(super) fn trace_query(&mut self, query: &StoreQuery, rows: usize) {
        let traced = self.running.as_ref().and_then(|running| running.traced);
        if let Some(entry) = traced.and_then(|at| self.trace.rules.get_mut(at)) {
            entry.queries.push(QueryTrace {
                store: Arc::clone(&query.store),
                query: Arc::clone(&query.query),
                params: query.params.clone(),
                rows,
            });
        }
    }
}
