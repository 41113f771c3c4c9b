//! The answers of SAML: a response with a token, a response without one, a logout response.
//!
//! Source: saml-bindings-2.0-os 3.4 and 3.5; saml-profiles-2.0-os 4.1.4.2 and 4.4.4.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signet_issuance::{
    ErrorResponse, LogoutMessage, LogoutResponse, SignedResponse, Signer, write_error_response,
};
use signet_model::relying_party::SignatureAlgorithm;
use signet_model::{Protocol, ReplyTo, SignInRequest};
use time::OffsetDateTime;

use super::{LogoutAddress, LogoutRequest, SamlRefusal, SamlStatus};
use crate::answer::{FormPost, Redirect};
use crate::error::ProtocolError;

/// The form that posts `response` to where `request` wants it: `SAMLResponse` (base64) and `RelayState` unchanged.
///
/// A response that is not for this request is an error of ours, and no form.
pub fn respond(
    request: &SignInRequest,
    response: &SignedResponse,
) -> Result<FormPost, ProtocolError> {
    if request.protocol != Protocol::Saml2 {
        return Err(ProtocolError::OursInconsistentRequest { detail: "not SAML" });
    }
    if response.destination != request.reply_to.as_str() {
        let detail = "the response is for another request".to_owned();
        return Err(ProtocolError::OursAnswer { detail });
    }
    Ok(build_form(
        &request.reply_to,
        "SAMLResponse",
        &response.xml,
        request.state.as_deref(),
    ))
}

/// The form that posts a status without a token. It is unsigned, and says only status codes (SAML-17, SAML-18).
///
/// `issuer` is the entity id of this service; `now` the time written into it.
pub fn respond_refusal(
    refusal: &SamlRefusal,
    issuer: &str,
    now: OffsetDateTime,
) -> Result<FormPost, ProtocolError> {
    let response = ErrorResponse {
        issuer: issuer.to_owned(),
        destination: refusal.reply_to.as_str().to_owned(),
        in_response_to: refusal.in_response_to.clone(),
        status: refusal.status,
    };
    let written = write_error_response(&response, now).map_err(answer_failed)?;
    Ok(build_form(
        &refusal.reply_to,
        "SAMLResponse",
        &written.xml,
        refusal.state.as_deref(),
    ))
}

/// How a logout response reaches the relying party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutReply {
    /// By an auto-posted form.
    Post(FormPost),
    /// By a redirect.
    Redirect(Redirect),
}

/// What a `LogoutRequest` brought about (saml-core-2.0-os 3.7.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutOutcome {
    /// The session has ended, or had ended before.
    SignedOut,
    /// The session has ended here, but not every partner of it could be told.
    Partial,
    /// There is a session, but not one that the request names: it goes on.
    NotThisSession,
}

/// The signed `LogoutResponse` to `request`; `None` when the relying party has no logout address.
///
/// `issuer` is who issued the tokens of the session (the entity id when no domain chose another); `algorithm` is the
/// relying party's.
pub fn respond_logout(
    request: &LogoutRequest,
    issuer: &str,
    outcome: LogoutOutcome,
    algorithm: SignatureAlgorithm,
    signer: &Signer,
    now: OffsetDateTime,
) -> Result<Option<LogoutReply>, ProtocolError> {
    let Some(address) = &request.answer_at else {
        return Ok(None);
    };
    let (LogoutAddress::Post(to) | LogoutAddress::Redirect(to)) = address;
    let message = LogoutMessage::Response(LogoutResponse {
        issuer: issuer.to_owned(),
        destination: to.as_str().to_owned(),
        in_response_to: request.id.clone(),
        status: match outcome {
            LogoutOutcome::SignedOut => None,
            LogoutOutcome::Partial => Some(SamlStatus::PartialLogout),
            LogoutOutcome::NotThisSession => Some(SamlStatus::UnknownPrincipal),
        },
    });
    let state = request.state.as_deref();
    Ok(Some(match address {
        LogoutAddress::Post(to) => {
            let signed = signer
                .sign_logout_post(&message, algorithm, now)
                .map_err(answer_failed)?;
            LogoutReply::Post(build_form(to, signed.parameter, &signed.xml, state))
        }
        LogoutAddress::Redirect(to) => {
            let signed = signer
                .sign_logout_redirect(&message, state, algorithm, now)
                .map_err(answer_failed)?;
            let redirect = Redirect::with_query(to.as_str(), &signed.query).ok_or_else(|| {
                answer_failed("the registered logout address does not fit into a header")
            })?;
            LogoutReply::Redirect(redirect)
        }
    }))
}

/// saml-bindings-2.0-os 3.5.3 and 3.5.4: base64, and "the exact RelayState data it received"; absent in, absent out.
pub(super) fn build_form(
    to: &ReplyTo,
    parameter: &'static str,
    xml: &str,
    state: Option<&str>,
) -> FormPost {
    let form = FormPost::to(to).field(parameter, STANDARD.encode(xml));
    match state {
        Some(state) => form.field("RelayState", state),
        None => form,
    }
}

fn answer_failed(error: impl ToString) -> ProtocolError {
    ProtocolError::OursAnswer {
        detail: error.to_string(),
    }
}
