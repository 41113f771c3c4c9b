//! Does the session answer the request, must credentials be asked for, or can it not be met?

#[cfg(test)]
mod tests;

use signet_issuance::{demanded_classes, satisfies_demand};
use signet_model::{
    AvailableMethods, Evidence, Method, Performed, Protocol, RelyingParty, RequestedAuthentication,
    SignInRequest,
};
use time::{Duration, OffsetDateTime};

use crate::error::{ProtocolError, cut};
use crate::saml2::{SamlRefusal, SamlStatus};

/// Evidence from further in the future than this is not believed: nodes' clocks may differ by seconds.
const CLOCKS_DIFFER: Duration = Duration::seconds(30);

/// What to do with a request, given what is known of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionDecision {
    /// The evidence answers it: issue.
    UseSession,
    /// A first factor is wanted, by one of `methods`.
    AskFirst {
        /// Why, for the page and the audit.
        reason: AskReason,
        /// What would do, in the order in which they are offered; never empty.
        methods: Vec<Method>,
    },
    /// The first factor stands; one of `methods` is wanted in addition.
    AskSecond {
        /// What would do; never empty.
        methods: Vec<Method>,
    },
    /// No page can help: say so in the protocol's way ([`refuse`]).
    Impossible(Impossible),
}

/// Why credentials are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskReason {
    /// Nobody is signed in.
    NoSession,
    /// The request or the relying party wants credentials given for this very request.
    FreshWanted,
    /// The credentials were given too long ago.
    TooOld,
    /// What was performed is not what is wanted.
    OtherMethodWanted,
    /// Several factors are wanted, given for this very request, and the second one is older.
    FreshSecondWanted,
}

/// Why a request cannot be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Impossible {
    /// A page would have to be shown and must not be.
    NoPassive,
    /// A method is wanted that this service does not perform.
    NoAuthnContext,
}

/// Whether the session's evidence answers `request`, as far as methods and freshness go; if not, what to ask for.
///
/// Call it again with the new evidence after each factor: credentials given since `request.received_at` are fresh.
/// Sources: saml-core-2.0-os 3.4.1 (`ForceAuthn`, `IsPassive`) and 3.3.2.2.1 (`Comparison`); WS-Federation 1.2
/// 13.2.2 (`wfresh`, `wauth`); AD FS's `AlwaysRequireAuthentication`.
pub fn decide_session(
    request: &SignInRequest,
    evidence: Option<&Evidence>,
    now: OffsetDateTime,
    party: &RelyingParty,
    available: &AvailableMethods,
) -> SessionDecision {
    let wanted = &request.authentication;
    let firsts = possible_firsts(wanted, party, available);
    if firsts.is_empty() {
        return SessionDecision::Impossible(Impossible::NoAuthnContext);
    }
    let missing = match missing(request, evidence, now, party) {
        None => return SessionDecision::UseSession,
        Some(missing) => missing,
    };
    if wanted.passive {
        return SessionDecision::Impossible(Impossible::NoPassive);
    }
    let seconds = match (missing, evidence) {
        (AskReason::OtherMethodWanted | AskReason::FreshSecondWanted, Some(evidence)) => {
            possible_seconds(wanted, party, evidence, now, available)
        }
        _ => Vec::new(),
    };
    if seconds.is_empty() {
        return SessionDecision::AskFirst {
            reason: missing,
            methods: firsts,
        };
    }
    SessionDecision::AskSecond { methods: seconds }
}

/// What the evidence lacks.
fn missing(
    request: &SignInRequest,
    evidence: Option<&Evidence>,
    now: OffsetDateTime,
    party: &RelyingParty,
) -> Option<AskReason> {
    let Some(evidence) = evidence else {
        return Some(AskReason::NoSession);
    };
    let performed = evidence.authentication_instant();
    if performed > now + CLOCKS_DIFFER {
        return Some(AskReason::TooOld);
    }
    let fresh = request.authentication.demands_fresh() || party.always_require_authentication;
    if fresh && performed < request.received_at {
        return Some(AskReason::FreshWanted);
    }
    if !fresh
        && request
            .authentication
            .max_age
            .is_some_and(|longest| now - performed > longest)
    {
        return Some(AskReason::TooOld);
    }
    if !satisfies_demand(evidence, &request.authentication, party) {
        return Some(AskReason::OtherMethodWanted);
    }
    // Who asks for fresh credentials does not mean an old second factor, where the request is not met without it.
    let since = request.received_at;
    let old_second = || {
        let second = evidence.second_factor();
        second.is_some_and(|second| second.at < since)
    };
    let met_without_old_ones = || {
        let mut fresh_only = evidence.clone();
        fresh_only.forget_added_before(since);
        satisfies_demand(&fresh_only, &request.authentication, party)
    };
    (fresh && old_second() && !met_without_old_ones()).then_some(AskReason::FreshSecondWanted)
}

/// The first factors with which the demand can be met, alone or with another.
fn possible_firsts(
    wanted: &RequestedAuthentication,
    party: &RelyingParty,
    available: &AvailableMethods,
) -> Vec<Method> {
    let can = |method: &Method| {
        let first = Performed {
            method: *method,
            at: OffsetDateTime::UNIX_EPOCH,
        };
        available
            .possible_with(first)
            .any(|supposed| satisfies_demand(&supposed, wanted, party))
    };
    available.first().iter().copied().filter(can).collect()
}

/// The factors that, added to `evidence`, meet the demand.
fn possible_seconds(
    wanted: &RequestedAuthentication,
    party: &RelyingParty,
    evidence: &Evidence,
    now: OffsetDateTime,
    available: &AvailableMethods,
) -> Vec<Method> {
    let first = evidence.primary().method;
    let can = |method: &Method| {
        let mut supposed = evidence.clone();
        supposed.add(Performed {
            method: *method,
            at: now,
        });
        method.adds_to(first) && satisfies_demand(&supposed, wanted, party)
    };
    available.second().iter().copied().filter(can).collect()
}

/// Whether some methods of this installation could meet the demand.
pub(crate) fn is_possible(
    wanted: &RequestedAuthentication,
    party: &RelyingParty,
    available: &AvailableMethods,
) -> bool {
    !possible_firsts(wanted, party, available).is_empty()
}

/// Why none of what is performed here would do: what the request names, or what the relying party accepts.
pub(crate) fn unavailable(wanted: &RequestedAuthentication, party: &RelyingParty) -> ProtocolError {
    let named = demanded_classes(wanted, party);
    let shown = named.iter().map(|class| cut(class)).collect();
    if wanted.methods.is_empty() && !named.is_empty() {
        return ProtocolError::OperatorMethodsUnavailable {
            name: party.name.clone(),
            accepted: shown,
        };
    }
    ProtocolError::RelyingPartyMethodUnavailable { methods: shown }
}

/// How a request that cannot be met is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// On a page of ours.
    Page(ProtocolError),
    /// By a status sent to the assertion consumer.
    Status(SamlRefusal),
}

/// Turns an impossible request into the answer of its protocol: a status for SAML, a page for WS-Federation.
pub fn refuse(request: &SignInRequest, party: &RelyingParty, why: Impossible) -> Refusal {
    let wanted = &request.authentication;
    match request.protocol {
        Protocol::WsFederation => Refusal::Page(unavailable(wanted, party)),
        Protocol::Saml2 => {
            let (status, detail) = match why {
                Impossible::NoPassive => (
                    SamlStatus::NoPassive,
                    "a page would have to be shown".to_owned(),
                ),
                Impossible::NoAuthnContext => (
                    SamlStatus::NoAuthnContext,
                    unavailable(wanted, party).to_string(),
                ),
            };
            Refusal::Status(SamlRefusal::of(request, status, detail))
        }
    }
}
