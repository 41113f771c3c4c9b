//! Running rules: matching, statements, budgets, traces.

mod budget;
mod compute;
mod error;
mod evaluation;
mod fingerprint;
mod make;
mod matching;
mod memo;
mod outcome;
mod sets;
mod trace;

pub use budget::{Budget, Limit};
pub use error::{EvaluationError, EvaluationFault, StoreFault};
pub use evaluation::{Evaluation, Step};
pub use outcome::{Decision, Outcome, asks_for_mfa, decide_authorization};
pub use trace::{Fate, Made, QueryTrace, RuleTrace, Trace, TraceLevel, Verdict};
