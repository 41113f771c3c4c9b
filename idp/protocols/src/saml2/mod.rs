//! SAML 2.0 Web Browser SSO and Single Logout, as identity provider.
//!
//! Source: saml-core-2.0-os, saml-bindings-2.0-os sections 3.4 and 3.5, saml-profiles-2.0-os sections 4.1 and 4.4,
//! with the approved errata.

mod authn_request;
mod binding;
mod consumer;
mod encoding;
mod fields;
mod idp_initiated;
mod inflate;
mod logout;
mod names;
mod own;
mod respond;
mod signature;
mod steps;
#[cfg(test)]
mod tests;

use signet_issuance::NameId;
use signet_model::{RelyingPartyId, ReplyTo, SignInRequest};
use time::OffsetDateTime;

pub(crate) use binding::has_message;
pub use idp_initiated::receive_idp_initiated;
pub(crate) use inflate::inflate;
pub use own::OwnAddresses;
pub use respond::{LogoutOutcome, LogoutReply, respond, respond_logout, respond_refusal};
pub use signature::MessageSignature;
pub use signet_issuance::SamlStatus;
pub use steps::receive;

/// What a SAML message asks for, or says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SamlAction {
    /// `AuthnRequest`: a token.
    SignIn(Box<SamlSignIn>),
    /// `AuthnRequest` of a known relying party that is answered with a status and no assertion.
    Refuse(SamlRefusal),
    /// `LogoutRequest`, signed and verified: end the session it names.
    Logout(Box<LogoutRequest>),
    /// `LogoutResponse`, signed and verified.
    LogoutAnswered(LogoutAnswer),
}

/// A checked `AuthnRequest`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SamlSignIn {
    /// What is asked for.
    pub request: SignInRequest,
    /// What its signature is worth, for the audit.
    pub signature: MessageSignature,
    /// Present when the request was signed and verified: record it when the answer is issued, refuse it the second time.
    pub replay: Option<ReplayKey>,
}

/// What makes a signed message unique. Recorded when it is acted on, not when it is read, so that reloading a
/// sign-in page is no replay.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ReplayKey {
    /// The relying party.
    pub relying_party: RelyingPartyId,
    /// `ID` of the message.
    pub id: String,
    /// The record may go after this: message and sign-in are refused for their age by then.
    pub expires: OffsetDateTime,
}

/// A status to send instead of a token: only to a registered assertion consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SamlRefusal {
    /// Who asked.
    pub relying_party: RelyingPartyId,
    /// The assertion consumer.
    pub reply_to: ReplyTo,
    /// `ID` of the request.
    pub in_response_to: Option<String>,
    /// `RelayState`.
    pub state: Option<String>,
    /// What is said.
    pub status: SamlStatus,
    /// Why, for the log.
    pub detail: String,
}

impl SamlRefusal {
    /// The status that answers `request`; `detail` is for the log.
    pub fn of(request: &SignInRequest, status: SamlStatus, detail: impl Into<String>) -> Self {
        Self {
            relying_party: request.relying_party,
            reply_to: request.reply_to.clone(),
            in_response_to: request.in_response_to.clone(),
            state: request.state.clone(),
            status,
            detail: detail.into(),
        }
    }
}

/// A verified `LogoutRequest` (saml-core-2.0-os 3.7.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutRequest {
    /// Who asks: the key that signed is this relying party's.
    pub relying_party: RelyingPartyId,
    /// The identifier it called itself by.
    pub issuer: String,
    /// `ID`.
    pub id: String,
    /// Whose sessions.
    pub name_id: NameId,
    /// Which sessions; empty means all of that person with that relying party.
    pub session_indexes: Vec<String>,
    /// `RelayState`.
    pub state: Option<String>,
    /// Where the response goes; `None` when the relying party has no logout address, so that a page of ours ends it.
    pub answer_at: Option<LogoutAddress>,
    /// To refuse it the second time.
    pub replay: ReplayKey,
}

/// A registered single logout address and its binding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogoutAddress {
    /// HTTP-POST.
    Post(ReplyTo),
    /// HTTP-Redirect.
    Redirect(ReplyTo),
}

/// A verified `LogoutResponse`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutAnswer {
    /// Who answers.
    pub relying_party: RelyingPartyId,
    /// Which request of ours.
    pub in_response_to: Option<String>,
    /// Whether the relying party says that it signed the person out.
    pub success: bool,
}
