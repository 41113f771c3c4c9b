//! The request is held against the relying party again: it may have travelled for an hour.

use signet_authn::may_go_on;
use signet_directory::Account;
use signet_model::relying_party::{ReplyMatch, TokenType};
use signet_model::{Evidence, Protocol, RelyingParty, SignInRequest};
use time::{Duration, OffsetDateTime};
use url::Url;

use super::context::{demanded_classes, satisfies_demand};
use crate::address::is_below;
use crate::refusal::Refusal;

/// Clocks of two nodes may differ by so much: one notes the request, the other the password.
const FARM_CLOCK_SKEW: Duration = Duration::seconds(3);

/// Refuses a request that the relying party, as it is registered now, could not make.
pub(crate) fn check_request(
    relying_party: &RelyingParty,
    request: &SignInRequest,
    evidence: &Evidence,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    if !relying_party.enabled {
        return Err(Refusal::RelyingPartyDisabled {
            relying_party: relying_party.name.clone(),
        });
    }
    check_registration(relying_party, request)?;
    check_transport(relying_party, request.reply_to.as_str())?;
    check_methods(relying_party, request, evidence)?;
    check_freshness(relying_party, request, evidence, now)
}

/// Refuses an account that may not sign in any more; a session can outlive it.
pub(crate) fn check_account(account: &Account, evidence: &Evidence) -> Result<(), Refusal> {
    if may_go_on(account, evidence) {
        return Ok(());
    }
    Err(Refusal::AccountNotActive {
        account: account.down_level_name(),
        state: format!("{:?}", account.state),
    })
}

fn check_registration(
    relying_party: &RelyingParty,
    request: &SignInRequest,
) -> Result<(), Refusal> {
    let outdated = |detail: String| {
        Err(Refusal::RequestOutdated {
            relying_party: relying_party.name.clone(),
            detail,
        })
    };
    if request.relying_party != relying_party.id {
        return outdated(format!("it is for relying party {}", request.relying_party));
    }
    if !relying_party.has_identifier(&request.audience) {
        return outdated(format!(
            "{} is not one of its identifiers",
            request.audience
        ));
    }
    let allowed = match request.protocol {
        Protocol::WsFederation => relying_party.protocols.allows_wsfed(),
        Protocol::Saml2 => relying_party.protocols.allows_saml(),
    };
    if !allowed {
        return outdated(format!(
            "{} is not one of its protocols",
            request.protocol.as_str()
        ));
    }
    if request.protocol == Protocol::Saml2 && request.token_type != TokenType::Saml20 {
        return outdated("a SAML 2.0 answer carries a SAML 2.0 assertion".to_owned());
    }
    if !is_registered(relying_party, request) {
        return outdated(format!(
            "{} is not one of its endpoints",
            request.reply_to.as_str()
        ));
    }
    Ok(())
}

/// Whether the answer still goes to a registered endpoint.
fn is_registered(relying_party: &RelyingParty, request: &SignInRequest) -> bool {
    let address = request.reply_to.as_str();
    match request.protocol {
        Protocol::Saml2 => relying_party
            .assertion_consumers
            .iter()
            .any(|acs| acs.is_post() && acs.location == address),
        Protocol::WsFederation => {
            relying_party
                .wsfed_endpoints
                .iter()
                .any(|own| match relying_party.reply_match {
                    ReplyMatch::Exact => own == address,
                    ReplyMatch::PathPrefix => own == address || is_below(address, own),
                })
        }
    }
}

/// Tokens go over TLS (WSF-11).
fn check_transport(relying_party: &RelyingParty, address: &str) -> Result<(), Refusal> {
    let secure = Url::parse(address).is_ok_and(|url| url.scheme() == "https");
    let tolerated = relying_party.allow_http_endpoints
        && Url::parse(address).is_ok_and(|url| url.scheme() == "http");
    if secure || tolerated {
        return Ok(());
    }
    Err(Refusal::PlainHttpReply {
        relying_party: relying_party.name.clone(),
        address: address.to_owned(),
    })
}

/// saml-core-2.0-os 3.3.2.2.1; `wauth` of WS-Federation 1.2, 13.2.2; AD FS's `AllowedAuthenticationClassReferences`.
fn check_methods(
    relying_party: &RelyingParty,
    request: &SignInRequest,
    evidence: &Evidence,
) -> Result<(), Refusal> {
    if satisfies_demand(evidence, &request.authentication, relying_party) {
        return Ok(());
    }
    let performed = evidence
        .performed()
        .map(|one| one.method.saml2_class())
        .collect::<Vec<_>>();
    Err(Refusal::MethodNotPerformed {
        requested: demanded_classes(&request.authentication, relying_party).join(" "),
        performed: performed.join(" "),
    })
}

/// `ForceAuthn` (saml-core-2.0-os 3.4.1), `wfresh` (WS-Federation 1.2, 13.2.2) and the relying party's own wish:
/// whoever asks for fresh credentials gets such as were checked since the request came.
fn check_freshness(
    relying_party: &RelyingParty,
    request: &SignInRequest,
    evidence: &Evidence,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let checked_at = evidence.authentication_instant();
    let fresh =
        request.authentication.demands_fresh() || relying_party.always_require_authentication;
    let too_old = match request.authentication.max_age {
        _ if fresh => checked_at + FARM_CLOCK_SKEW < request.received_at,
        Some(age) => now - checked_at > age + FARM_CLOCK_SKEW,
        None => false,
    };
    if too_old {
        return Err(Refusal::EvidenceTooOld { checked_at });
    }
    Ok(())
}
