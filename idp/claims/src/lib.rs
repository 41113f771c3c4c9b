//! The AD FS claim rule language: rules decide who may go where, and what a token says.
//!
//! A [`RuleSet`] is parsed once. An [`Evaluation`] runs it over a set of claims and gives its
//! [`Outcome`]; a [`Pipeline`] runs acceptance, authorization and issuance one after the other, as
//! a sign-in and an explanation of one both do. Neither reads anything: when a rule asks an
//! attribute store, [`Step::Query`] hands the query out and [`Evaluation::answer`] takes the rows.
//!
//! What a claim says never becomes structure: params are escaped in filters, patterns that claims
//! carry are compiled under a budget, and passing any bound of the [`Budget`] ends the run without
//! a claim. Regular expressions mean what they mean in .NET (module `pattern`).
//!
//! Errors carry the codes that admins of AD FS search for (`POLICY0002`, `POLICY0018`, …).

mod engine;
pub mod fuzz;
mod lint;
mod pattern;
mod pipeline;
mod saml11;
mod short_names;
mod store;
mod syntax;
pub mod templates;

pub use engine::{
    Budget, Decision, Evaluation, EvaluationError, EvaluationFault, Fate, Limit, Made, Outcome,
    QueryTrace, RuleTrace, Step, StoreFault, Trace, TraceLevel, Verdict, asks_for_mfa,
    decide_authorization,
};
pub use lint::{Lint, LintContext, LintKind, RuleUse, lint, lint_in};
pub use pattern::{Pattern, PatternFault, PatternFaultKind, Replacement};
pub use pipeline::{Pipeline, PipelineOutcome, PipelineRules, PipelineStep, Stage};
pub use saml11::{NoNamespace, split_claim_type};
pub use short_names::{claim_type, short_name, short_names};
pub use store::{
    ActiveDirectoryQuery, Filter, FilterError, OpaqueIds, PasswordExpiry, StoreKind, StoreQuery,
};
pub use syntax::{Annotation, ParseError, ParseFault, RuleSet, RuleView, Warning};
