//! The steps of a SAML message, in order, on one screen.

use std::sync::Arc;

use signet_model::relying_party::TokenType;
use signet_model::request::Hints;
use signet_model::{
    AvailableMethods, Protocol, RelyingParty, RequestedAuthentication, SignInRequest,
};
use signet_xml::{Document, Limits, Name, instant, read};
use time::{Duration, OffsetDateTime};

use super::authn_request::{self, AuthnRequest};
use super::binding::{Envelope, open};
use super::names::{AUTHN_REQUEST, LOGOUT_REQUEST, LOGOUT_RESPONSE};
use super::{
    MessageSignature, OwnAddresses, ReplayKey, SamlAction, SamlRefusal, SamlSignIn, SamlStatus,
    consumer, fields, logout, signature,
};
use crate::clock::milliseconds;
use crate::decide::{Impossible, Refusal, is_possible, refuse};
use crate::error::{ProtocolError, cut};
use crate::parties::RelyingParties;
use crate::party;
use crate::wire::ProtocolRequest;
use crate::wsfed::showable;

/// How far `IssueInstant` may lie from our clock, either way: AD FS's message delivery window.
const WINDOW: Duration = Duration::minutes(5);
/// How long a used message is remembered: beyond its window, and beyond any sign-in that began with it and waits sealed.
const REMEMBERED: Duration = Duration::hours(24);

/// Reads a SAML message and checks all that can be checked before the person is known.
///
/// `own` are the addresses that a `Destination` may name; `methods` are those of this installation; `now` becomes `received_at` of the request.
pub fn receive(
    request: &ProtocolRequest<'_>,
    parties: &dyn RelyingParties,
    own: &OwnAddresses,
    methods: &AvailableMethods,
    now: OffsetDateTime,
) -> Result<SamlAction, ProtocolError> {
    let envelope = open(request)?;
    let document = read(&envelope.xml, Limits::ANONYMOUS).map_err(fields::xml)?;
    let step = Step {
        envelope: &envelope,
        document: &document,
        parties,
        own,
        methods,
        now,
    };
    match step.parse_name()? {
        AUTHN_REQUEST => sign_in(&step),
        LOGOUT_REQUEST => logout::request(&step).map_err(sign_out),
        _ => logout::answer(&step).map_err(sign_out),
    }
}

fn sign_out(error: ProtocolError) -> ProtocolError {
    ProtocolError::SignOut(Box::new(error))
}

fn sign_in(step: &Step<'_>) -> Result<SamlAction, ProtocolError> {
    let (issuer, party) = step.load_relying_party()?;
    party::check_enabled(&party)?;
    party::check_protocol(&party, Protocol::Saml2)?;
    let demanded = party.signed_requests_required;
    let (element, signed) = signature::check(
        &party,
        step.envelope,
        step.document,
        AUTHN_REQUEST,
        demanded,
    )?;
    let message = authn_request::parse(element)?;
    step.check_issue_instant(message.issue_instant)?;
    step.check_destination(message.destination.as_deref(), signed)?;
    let reply_to = consumer::decide(&message, &party)?;
    // From here on there is a registered address that a refusal can be sent to.
    let request = SignInRequest {
        protocol: Protocol::Saml2,
        relying_party: party.id,
        audience: issuer,
        reply_to,
        token_type: TokenType::Saml20,
        in_response_to: Some(message.id.clone()),
        authentication: build_authentication(&message),
        name_id_policy: message.name_id_policy.clone(),
        hints: Hints {
            username: step.envelope.username.as_deref().and_then(showable),
            ..Hints::default()
        },
        state: step.envelope.state.clone(),
        received_at: milliseconds(step.now),
    };
    if let Some(refusal) = decide_refusal(&request, &message, &party, step.methods) {
        return Ok(SamlAction::Refuse(refusal));
    }
    let replay = signed
        .is_verified()
        .then(|| step.replay_key(&party, message.id));
    Ok(SamlAction::SignIn(Box::new(SamlSignIn {
        request,
        signature: signed,
        replay,
    })))
}

/// saml-core-2.0-os 3.4.1: `ForceAuthn` "MUST authenticate the presenter directly rather than rely on a previous
/// security context"; `IsPassive` "MUST NOT visibly take control of the user interface".
fn build_authentication(message: &AuthnRequest) -> RequestedAuthentication {
    let (methods, comparison) = match &message.context {
        Some(context) => (context.classes.clone(), context.comparison),
        None => Default::default(),
    };
    RequestedAuthentication {
        methods,
        comparison,
        max_age: message.force.then_some(Duration::ZERO),
        passive: message.passive,
    }
}

/// What is understood and cannot be given is said to the relying party in its protocol.
fn decide_refusal(
    request: &SignInRequest,
    message: &AuthnRequest,
    party: &RelyingParty,
    available: &AvailableMethods,
) -> Option<SamlRefusal> {
    // 3.4.1 ties the subject of the answer to the one a request names. Tokens are about who signs in, never about whom a
    // request names, so such a request cannot be met (SAML-12).
    if message.names_subject {
        let detail = "the request names a subject";
        return Some(SamlRefusal::of(request, SamlStatus::RequestDenied, detail));
    }
    // 3.4.1.1: another namespace than the requester's own needs a membership that nobody here can have.
    let foreign = message
        .name_id_policy
        .as_ref()
        .and_then(|policy| policy.sp_name_qualifier.as_deref())
        .filter(|qualifier| !party.has_identifier(qualifier));
    if let Some(qualifier) = foreign {
        let detail = format!("SPNameQualifier {:?}", cut(qualifier));
        return Some(SamlRefusal::of(
            request,
            SamlStatus::InvalidNameIdPolicy,
            detail,
        ));
    }
    if is_possible(&request.authentication, party, available) {
        return None;
    }
    match refuse(request, party, Impossible::NoAuthnContext) {
        Refusal::Status(refusal) => Some(refusal),
        Refusal::Page(_) => None,
    }
}

/// What every step of one message sees.
pub(super) struct Step<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) document: &'a Document<'a>,
    pub(super) parties: &'a dyn RelyingParties,
    pub(super) own: &'a OwnAddresses,
    pub(super) methods: &'a AvailableMethods,
    pub(super) now: OffsetDateTime,
}

impl Step<'_> {
    /// Requests come as `SAMLRequest`, responses as `SAMLResponse`; assertions are not taken from anybody.
    fn parse_name(&self) -> Result<Name, ProtocolError> {
        let root = self.document.root();
        let served: &[Name] = if self.envelope.is_response {
            &[LOGOUT_RESPONSE]
        } else {
            &[AUTHN_REQUEST, LOGOUT_REQUEST]
        };
        served
            .iter()
            .find(|name| root.is(name.uri, name.local))
            .copied()
            .ok_or_else(|| ProtocolError::RelyingPartySamlMessageUnexpected {
                found: cut(root.local()),
            })
    }

    /// saml-profiles-2.0-os 4.1.4.1: "the Issuer element MUST be present and MUST contain the unique identifier of the
    /// requesting service provider". Compared octet by octet (SAML-27).
    pub(super) fn load_relying_party(&self) -> Result<(String, Arc<RelyingParty>), ProtocolError> {
        let protocol = Protocol::Saml2;
        let issuer = fields::issuer(self.document.root())?
            .ok_or(ProtocolError::RelyingPartyUnnamed { protocol })?;
        match self.parties.by_identifier(&issuer) {
            Some(party) => Ok((issuer, party)),
            None => Err(ProtocolError::OperatorRelyingPartyUnknown {
                protocol,
                identifier: cut(&issuer),
            }),
        }
    }

    /// A message is for now (SAML-08). Unsigned ones too: whoever bookmarks a request meets a clear page.
    pub(super) fn check_issue_instant(&self, at: OffsetDateTime) -> Result<(), ProtocolError> {
        if (self.now - at).abs() <= WINDOW {
            return Ok(());
        }
        Err(self.outside_window("IssueInstant", at))
    }

    pub(super) fn outside_window(&self, field: &'static str, at: OffsetDateTime) -> ProtocolError {
        ProtocolError::RelyingPartySamlOutsideWindow {
            field,
            instant: instant(at),
            now: instant(self.now),
        }
    }

    /// saml-bindings-2.0-os 3.4.5.2 and 3.5.5.2: "If the message is signed, the Destination … MUST contain the URL to
    /// which the sender has instructed the user agent to deliver the message". Entra's unsigned requests have none.
    pub(super) fn check_destination(
        &self,
        destination: Option<&str>,
        signed: MessageSignature,
    ) -> Result<(), ProtocolError> {
        let fits = match destination {
            Some(address) => self.own.contains(address),
            None => !signed.is_verified(),
        };
        if fits {
            return Ok(());
        }
        Err(ProtocolError::RelyingPartySamlDestination {
            destination: destination.map(cut),
        })
    }

    pub(super) fn replay_key(&self, party: &RelyingParty, id: String) -> ReplayKey {
        ReplayKey {
            relying_party: party.id,
            id,
            expires: self.now + REMEMBERED,
        }
    }
}
