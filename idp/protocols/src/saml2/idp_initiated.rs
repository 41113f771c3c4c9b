//! Sign-ins that begin here: AD FS's `/adfs/ls/idpinitiatedsignon.aspx?loginToRp=…`.
//!
//! Source: saml-profiles-2.0-os 4.1.5 (unsolicited responses); AD FS's `loginToRp` and its `RelayState` of the form
//! `RPID=…&RelayState=…`. Only for relying parties set so (SAML-19).

use signet_model::relying_party::TokenType;
use signet_model::request::Hints;
use signet_model::{Protocol, RequestedAuthentication, SignInRequest};
use time::OffsetDateTime;

use super::consumer;
use crate::clock::milliseconds;
use crate::error::{ProtocolError, cut};
use crate::parameters::{Names, Parameters};
use crate::parties::RelyingParties;
use crate::wire::ProtocolRequest;
use crate::{party, reply};

const LONGEST_IDENTIFIER: usize = 2048;
const LONGEST_STATE: usize = 1024;

/// The sign-in that the query asks for; `None` when it names no relying party: who may sign in where is not listed to strangers.
pub fn receive_idp_initiated(
    request: &ProtocolRequest<'_>,
    parties: &dyn RelyingParties,
    now: OffsetDateTime,
) -> Result<Option<SignInRequest>, ProtocolError> {
    let Some((identifier, state)) = parse(request)? else {
        return Ok(None);
    };
    let protocol = Protocol::Saml2;
    let Some(party) = parties.by_identifier(&identifier) else {
        let identifier = cut(&identifier);
        return Err(ProtocolError::OperatorRelyingPartyUnknown {
            protocol,
            identifier,
        });
    };
    party::check_enabled(&party)?;
    party::check_protocol(&party, protocol)?;
    party::check_idp_initiated(&party)?;
    let reply_to = reply::check_safe(&party, consumer::default(&party)?)?;
    Ok(Some(SignInRequest {
        protocol,
        relying_party: party.id,
        audience: identifier,
        reply_to,
        token_type: TokenType::Saml20,
        in_response_to: None,
        authentication: RequestedAuthentication::default(),
        name_id_policy: None,
        hints: Hints::default(),
        state,
        received_at: milliseconds(now),
    }))
}

/// `loginToRp` with a plain `RelayState`, or a `RelayState` that holds both.
fn parse(request: &ProtocolRequest<'_>) -> Result<Option<(String, Option<String>)>, ProtocolError> {
    let query = Parameters::of_query(request.query)?;
    let named = query.filled(Names::AnyCase, "loginToRp", LONGEST_IDENTIFIER)?;
    let nested = LONGEST_IDENTIFIER + 3 * LONGEST_STATE;
    let state = query.opaque(Names::AnyCase, "RelayState", nested)?;
    if let Some(identifier) = named {
        let state = query.opaque(Names::AnyCase, "RelayState", LONGEST_STATE)?;
        return Ok(Some((identifier, state)));
    }
    let Some(state) = state else { return Ok(None) };
    let inner = Parameters::of_query(state.as_bytes())?;
    let named = inner.filled(Names::AnyCase, "RPID", LONGEST_IDENTIFIER)?;
    let state = inner.opaque(Names::AnyCase, "RelayState", LONGEST_STATE)?;
    Ok(named.map(|identifier| (identifier, state)))
}
