//! Does the session answer the request, must credentials be asked for, or can it not be met?

#[cfg(test)]
mod tests;

use signet_issuance::satisfies_request;
use signet_model::{
    Evidence, Method, NetworkLocation, Performed, Protocol, RelyingParty, RequestedAuthentication,
    SignInRequest,
};
use time::{Duration, OffsetDateTime};

use crate::error::ProtocolError;
use crate::saml2::{SamlRefusal, SamlStatus};

/// The methods that this build performs.
const AVAILABLE: [Method; 1] = [Method::Password];
/// Evidence from further in the future than this is not believed: nodes' clocks may differ by seconds.
const CLOCKS_DIFFER: Duration = Duration::seconds(30);

/// What to do with a request, given what is known of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionDecision {
    /// The evidence answers it: issue.
    UseSession,
    /// Show the sign-in page.
    AskPassword {
        /// Why, for the page and the audit.
        reason: AskReason,
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

/// Whether the session's evidence answers `request`, as far as methods and freshness go.
///
/// Call it again with the new evidence after a sign-in: credentials given since `request.received_at` are fresh.
/// Sources: saml-core-2.0-os 3.4.1 (`ForceAuthn`, `IsPassive`) and 3.3.2.2.1 (`Comparison`); WS-Federation 1.2
/// 13.2.2 (`wfresh`, `wauth`); AD FS's `AlwaysRequireAuthentication`.
pub fn decide_session(
    request: &SignInRequest,
    evidence: Option<&Evidence>,
    now: OffsetDateTime,
    party: &RelyingParty,
) -> SessionDecision {
    let wanted = &request.authentication;
    if !is_possible(wanted) {
        return SessionDecision::Impossible(Impossible::NoAuthnContext);
    }
    match why_ask(request, evidence, now, party) {
        None => SessionDecision::UseSession,
        Some(_) if wanted.passive => SessionDecision::Impossible(Impossible::NoPassive),
        Some(reason) => SessionDecision::AskPassword { reason },
    }
}

fn why_ask(
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
    if request.authentication.demands_fresh() || party.always_require_authentication {
        if performed < request.received_at {
            return Some(AskReason::FreshWanted);
        }
    } else if request
        .authentication
        .max_age
        .is_some_and(|longest| now - performed > longest)
    {
        return Some(AskReason::TooOld);
    }
    let met = satisfies_request(evidence, &request.authentication);
    (!met).then_some(AskReason::OtherMethodWanted)
}

/// Whether some method of this build could meet the demand.
pub(crate) fn is_possible(wanted: &RequestedAuthentication) -> bool {
    AVAILABLE.into_iter().any(|method| {
        let at = OffsetDateTime::UNIX_EPOCH;
        let supposed = Evidence::begin(Performed { method, at }, NetworkLocation::Outside);
        satisfies_request(&supposed, wanted)
    })
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
pub fn refuse(request: &SignInRequest, why: Impossible) -> Refusal {
    let methods = || request.authentication.methods.clone();
    match request.protocol {
        Protocol::WsFederation => {
            Refusal::Page(ProtocolError::RelyingPartyMethodUnavailable { methods: methods() })
        }
        Protocol::Saml2 => {
            let (status, detail) = match why {
                Impossible::NoPassive => (
                    SamlStatus::NoPassive,
                    "a page would have to be shown".to_owned(),
                ),
                Impossible::NoAuthnContext => (
                    SamlStatus::NoAuthnContext,
                    format!("wanted one of {:?}", methods()),
                ),
            };
            Refusal::Status(SamlRefusal::of(request, status, detail))
        }
    }
}
