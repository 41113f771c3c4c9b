//! Claims of strength, time and network: a rule may repeat what this service knows, not more.

use std::fmt;

use serde::{Deserialize, Serialize};
use signet_model::uris::claims as types;
use signet_model::{Claim, Evidence, NetworkLocation};

/// A claim that rules made and that was kept out of the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedClaim {
    /// Claim type.
    pub claim_type: String,
    /// The value the rules made; empty where it is the value itself that cannot be written.
    pub value: String,
    /// What it disagrees with.
    pub because: RefusedBecause,
}

/// What a refused claim disagrees with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RefusedBecause {
    /// The method was not performed.
    MethodNotPerformed,
    /// No second factor was given.
    NoSecondFactor,
    /// The credentials were checked at another time.
    OtherInstant,
    /// The request came from elsewhere.
    OtherNetwork,
    /// The session is not persistent, or is.
    OtherPersistence,
    /// The request did not say so.
    OtherRequest,
    /// The account has another identifier, or is not in the group.
    OtherAccount,
    /// It holds characters that XML cannot carry.
    UnwritableCharacters,
}

impl fmt::Display for RefusedBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MethodNotPerformed => "the method was not performed",
            Self::NoSecondFactor => "no second factor was given",
            Self::OtherInstant => "the credentials were checked at another time",
            Self::OtherNetwork => "the request came from another network",
            Self::OtherPersistence => "the session's persistence is another",
            Self::OtherRequest => "the request says otherwise",
            Self::OtherAccount => "the account that signed in is another",
            Self::UnwritableCharacters => "it holds characters that XML cannot carry",
        })
    }
}

/// What this service itself observed, for comparison.
pub(crate) struct StatedByService<'a> {
    pub(crate) evidence: &'a Evidence,
    pub(crate) location: NetworkLocation,
    pub(crate) persistent: bool,
    /// The claims before any rule.
    pub(crate) incoming: &'a [Claim],
}

/// Keeps out claims of strength, time or network that disagree with what was observed.
///
/// Types in `trusted` pass as the rules made them: an admin said so for this relying party
/// (security cases WSF-16, CFG-11). Types are compared without regard to case, because a partner may.
pub(crate) fn check_evidence_claims(
    claims: &mut Vec<Claim>,
    observed: &StatedByService<'_>,
    trusted: &[String],
) -> Vec<RefusedClaim> {
    let mut refused = Vec::new();
    claims.retain(|claim| {
        let Some(guard) = guard_of(&claim.claim_type) else {
            return true;
        };
        if is_trusted(trusted, &claim.claim_type) {
            return true;
        }
        let Some(because) = guard.objection(claim, observed) else {
            return true;
        };
        refused.push(RefusedClaim {
            claim_type: claim.claim_type.to_string(),
            value: claim.value.to_string(),
            because,
        });
        false
    });
    refused
}

/// Whether an admin lets the rules of the relying party state this type as they please.
pub(crate) fn is_trusted(trusted: &[String], claim_type: &str) -> bool {
    trusted
        .iter()
        .any(|uri| uri.eq_ignore_ascii_case(claim_type.trim()))
}

/// What a guarded claim type speaks about.
#[derive(Clone, Copy)]
enum Guard {
    Method,
    MethodProviders,
    FirstInstant,
    SecondInstant,
    InsideNetwork,
    Persistence,
    Request,
}

const GUARDS: &[(&str, Guard)] = &[
    (types::AUTHENTICATION_METHOD, Guard::Method),
    (types::AUTHN_METHODS_REFERENCES, Guard::Method),
    (types::AUTHN_METHODS_PROVIDERS, Guard::MethodProviders),
    (types::AUTHENTICATION_INSTANT, Guard::FirstInstant),
    (types::MFA_INSTANT, Guard::SecondInstant),
    (types::INSIDE_CORPORATE_NETWORK, Guard::InsideNetwork),
    (types::PSSO, Guard::Persistence),
    (types::USER_IP, Guard::Request),
];

fn guard_of(claim_type: &str) -> Option<Guard> {
    let claim_type = claim_type.trim();
    let fixed = GUARDS
        .iter()
        .find(|(uri, _)| uri.eq_ignore_ascii_case(claim_type));
    fixed.map(|(_, guard)| *guard).or_else(|| {
        let prefix = claim_type.get(..types::REQUEST_CONTEXT.len())?;
        prefix
            .eq_ignore_ascii_case(types::REQUEST_CONTEXT)
            .then_some(Guard::Request)
    })
}

impl Guard {
    fn objection(self, claim: &Claim, observed: &StatedByService<'_>) -> Option<RefusedBecause> {
        let value = &*claim.value;
        let second = observed.evidence.second_factor();
        let (agrees, because) = match self {
            Self::Method => (
                observed.evidence.satisfies(value),
                RefusedBecause::MethodNotPerformed,
            ),
            Self::MethodProviders => (
                second.is_some_and(|one| one.method.saml2_class() == value),
                RefusedBecause::NoSecondFactor,
            ),
            Self::SecondInstant => (
                second.is_some_and(|one| is_same_instant(value, one.at)),
                RefusedBecause::NoSecondFactor,
            ),
            Self::FirstInstant => (
                is_same_instant(value, observed.evidence.authentication_instant()),
                RefusedBecause::OtherInstant,
            ),
            Self::InsideNetwork => (
                says(value, observed.location == NetworkLocation::Inside),
                RefusedBecause::OtherNetwork,
            ),
            Self::Persistence => (
                says(value, observed.persistent),
                RefusedBecause::OtherPersistence,
            ),
            Self::Request => (
                observed.incoming.iter().any(|own| {
                    own.claim_type.eq_ignore_ascii_case(claim.claim_type.trim())
                        && own.value == claim.value
                }),
                RefusedBecause::OtherRequest,
            ),
        };
        (!agrees).then_some(because)
    }
}

/// Whether `value` is the word for `truth`. Words that are neither `true` nor `false` agree with nothing.
fn says(value: &str, truth: bool) -> bool {
    value
        .trim()
        .eq_ignore_ascii_case(if truth { "true" } else { "false" })
}

/// Whether `value` is that instant, to the millisecond that tokens carry.
fn is_same_instant(value: &str, instant: time::OffsetDateTime) -> bool {
    signet_xml::parse_instant(value).is_ok_and(|stated| {
        stated.unix_timestamp_nanos() / 1_000_000 == instant.unix_timestamp_nanos() / 1_000_000
    })
}
