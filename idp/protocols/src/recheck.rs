//! A request that travelled, held against its relying party as it is now.
//!
//! A sign-in may wait an hour at a page. What was true when the request came is checked again before a token is
//! made: the relying party may have been disabled, renamed or moved (SAML-07).

use signet_model::relying_party::{ReplyMatch, TokenType};
use signet_model::{Protocol, RelyingParty, SignInRequest};

use crate::error::{ProtocolError, cut};
use crate::{party, reply};

/// Refuses a request that would not be accepted from `relying_party` today.
///
/// Identity, enabled, protocol, identifier, reply address (registered and safe) and token type are compared.
pub fn recheck(request: &SignInRequest, relying_party: &RelyingParty) -> Result<(), ProtocolError> {
    check_same_party(request, relying_party)?;
    party::check_enabled(relying_party)?;
    party::check_protocol(relying_party, request.protocol)?;
    check_identifier(request, relying_party)?;
    check_reply(request, relying_party)?;
    check_beginning(request, relying_party)?;
    check_token_type(request, relying_party)
}

fn check_same_party(request: &SignInRequest, party: &RelyingParty) -> Result<(), ProtocolError> {
    if request.relying_party == party.id {
        return Ok(());
    }
    Err(ProtocolError::OursInconsistentRequest {
        detail: "another relying party",
    })
}

fn check_identifier(request: &SignInRequest, party: &RelyingParty) -> Result<(), ProtocolError> {
    if party.has_identifier(&request.audience) {
        return Ok(());
    }
    Err(ProtocolError::OperatorIdentifierRemoved {
        name: party.name.clone(),
        identifier: cut(&request.audience),
    })
}

fn check_reply(request: &SignInRequest, party: &RelyingParty) -> Result<(), ProtocolError> {
    let wanted = request.reply_to.as_str();
    let found = match request.protocol {
        Protocol::WsFederation => {
            let endpoints = party.wsfed_endpoints.iter().map(String::as_str);
            reply::find(wanted, endpoints, party.reply_match)
        }
        Protocol::Saml2 => {
            let consumers = party.assertion_consumers.iter().filter(|acs| acs.is_post());
            reply::find(
                wanted,
                consumers.map(|acs| acs.location.as_str()),
                ReplyMatch::Exact,
            )
        }
    };
    let found = found.ok_or_else(|| reply::unregistered(party, wanted))?;
    reply::check_safe(party, found).map(drop)
}

/// A SAML request without an `ID` to answer began here.
fn check_beginning(request: &SignInRequest, party: &RelyingParty) -> Result<(), ProtocolError> {
    let began_here = request.protocol == Protocol::Saml2 && request.in_response_to.is_none();
    if began_here && !party.idp_initiated {
        return Err(ProtocolError::OperatorIdpInitiatedOff {
            name: party.name.clone(),
        });
    }
    Ok(())
}

fn check_token_type(request: &SignInRequest, party: &RelyingParty) -> Result<(), ProtocolError> {
    let expected = match request.protocol {
        Protocol::WsFederation => party.wsfed_token,
        Protocol::Saml2 => TokenType::Saml20,
    };
    if request.token_type == expected {
        return Ok(());
    }
    Err(ProtocolError::OursInconsistentRequest {
        detail: "another token type",
    })
}
