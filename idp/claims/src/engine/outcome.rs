//! What a run gives, and how its claims are read.

use signet_model::Claim;
use signet_model::uris::authn;
use signet_model::uris::claims::{AUTHENTICATION_METHOD, DENY, PERMIT};

use super::trace::Trace;

/// What a rule set made of its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The output set, in the order of issue; no two claims are equal in all six fields.
    pub issued: Vec<Claim>,
    /// For each claim of `issued` the rule that issued it first, from 0.
    pub issued_by: Vec<usize>,
    /// The input set after the last rule: what came in, was issued and was added.
    pub input_after: Vec<Claim>,
    /// What each rule did; empty unless asked for.
    pub trace: Trace,
}

impl Outcome {
    pub(super) fn new(
        (issued, input_after, issued_by): (Vec<Claim>, Vec<Claim>, Vec<usize>),
        trace: Trace,
    ) -> Self {
        Self {
            issued,
            issued_by,
            input_after,
            trace,
        }
    }

    /// The claims a token carries: of claims that differ in their issuers only, which no token
    /// shows, the first.
    pub fn for_token(&self) -> Vec<&Claim> {
        let mut kept: Vec<&Claim> = Vec::with_capacity(self.issued.len());
        for claim in &self.issued {
            let same = |own: &&Claim| {
                own.value == claim.value
                    && own.claim_type == claim.claim_type
                    && own.value_type == claim.value_type
                    && own.properties == claim.properties
            };
            if !kept.iter().any(same) {
                kept.push(claim);
            }
        }
        kept
    }
}

/// What an authorization rule set says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decision {
    /// Some permit, no deny.
    Permit,
    /// Some deny: it wins over any permit, whatever their order.
    Deny,
    /// Neither: refused.
    #[default]
    NoPermit,
}

impl Decision {
    /// Whether a token may be issued.
    pub fn permits(self) -> bool {
        self == Self::Permit
    }
}

/// Reads the output set of an authorization rule set. Only the types count, not the values.
pub fn decide_authorization(issued: &[Claim]) -> Decision {
    let has = |wanted: &str| issued.iter().any(|claim| &*claim.claim_type == wanted);
    if has(DENY) {
        Decision::Deny
    } else if has(PERMIT) {
        Decision::Permit
    } else {
        Decision::NoPermit
    }
}

/// Whether the output sets of the additional authentication rules, the service's and the relying
/// party's, ask for a second factor: either is enough.
pub fn asks_for_mfa(service: &[Claim], relying_party: &[Claim]) -> bool {
    service.iter().chain(relying_party).any(|claim| {
        &*claim.claim_type == AUTHENTICATION_METHOD && &*claim.value == authn::MULTIPLE
    })
}
