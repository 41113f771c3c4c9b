//! What would be issued, and why: for admins, about people who are not here.

use std::sync::Arc;

use signet_claims::Trace;
use signet_directory::Account;
use signet_model::{Claim, Evidence};

use crate::checks::RefusedClaim;
use crate::name_id::NameId;
use crate::refusal::Refusal;
use crate::release::TokenContent;
use crate::rules::RuleStage;
use crate::run::Record;

/// A person as an admin imagines them: an account, and evidence that nobody gave.
///
/// It has nothing in common with an [`AuthenticatedUser`](signet_authn::AuthenticatedUser), and nothing
/// turns it into one.
#[derive(Clone, Debug)]
pub struct HypotheticalUser {
    pub(crate) account: Arc<Account>,
    pub(crate) evidence: Evidence,
    pub(crate) persistent: bool,
}

impl HypotheticalUser {
    /// Someone with this account who would have proved so much, and been kept signed in or not.
    pub fn new(account: Arc<Account>, evidence: Evidence, persistent: bool) -> Self {
        Self {
            account,
            evidence,
            persistent,
        }
    }
}

/// What [`crate::Engine::permit`] would decide, with every step.
#[derive(Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// What the token would say, or why there would be none.
    pub verdict: Result<TokenPreview, Refusal>,
    /// The claims before any rule.
    pub incoming: Vec<Claim>,
    /// Each rule set that ran, in order; the last one may be the one that failed.
    pub stages: Vec<ExplainedStage>,
}

/// One rule set and what it did.
#[derive(Debug)]
#[non_exhaustive]
pub struct ExplainedStage {
    /// Which.
    pub stage: RuleStage,
    /// What it issued, in order.
    pub issued: Vec<Claim>,
    /// Which rule made which claim from what, and why a rule made none.
    pub trace: Trace,
}

/// What a token would say. Text, not a permission.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenPreview {
    /// Issuer.
    pub issuer: String,
    /// Audience.
    pub audience: String,
    /// Where it would be posted.
    pub reply_to: String,
    /// The subject. A transient one is only an example.
    pub name_id: Option<NameId>,
    /// The claims that would become attributes.
    pub claims: Vec<Claim>,
    /// Claims that rules made and that would be kept out.
    pub refused_claims: Vec<RefusedClaim>,
    /// Authentication context class.
    pub context_class: String,
}

impl Explanation {
    pub(crate) fn of(verdict: Result<TokenContent, Refusal>, record: Record) -> Self {
        let stages = record.stages.into_iter().map(|stage| ExplainedStage {
            stage: stage.stage,
            issued: stage.issued,
            trace: stage.trace,
        });
        Self {
            verdict: verdict.map(TokenPreview::of),
            incoming: record.incoming,
            stages: stages.collect(),
        }
    }
}

impl TokenPreview {
    fn of(content: TokenContent) -> Self {
        Self {
            issuer: content.issuer,
            audience: content.audience,
            reply_to: content.reply_to,
            name_id: content.name_id,
            claims: content.claims,
            refused_claims: content.refused_claims,
            context_class: content.context_class,
        }
    }
}
