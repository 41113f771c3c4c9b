//! Why a request was not taken up. Each variant is one refusal; its name begins with who can mend it.

use signet_model::{MessagePair, Protocol};
use thiserror::Error;

mod message;

/// A refusal that is shown on a page of ours and never sent to the relying party.
///
/// Texts in the fields come from the request: they belong in a log, cut and quoted, never on a page unescaped.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A query, a form or a field of it cannot be read.
    #[error("{part}: {detail}")]
    RequestMalformed {
        /// Query, body or the parameter's name.
        part: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// More octets or fields than are read.
    #[error("{part} is larger than {limit}")]
    RequestTooLarge {
        /// Query, body or the parameter's name.
        part: &'static str,
        /// The cap.
        limit: usize,
    },
    /// A parameter that must be single came twice.
    #[error("parameter {name} came more than once")]
    RequestRepeatsParameter {
        /// Its name.
        name: &'static str,
    },
    /// Some protocol parameters in the query and others in the body.
    #[error("parameter {name} is in the body, but the message is in the query, or the reverse")]
    RequestSplit {
        /// The one in the wrong place.
        name: &'static str,
    },
    /// WS-Federation and SAML, or a SAML request and a response, in one request.
    #[error("more than one protocol message")]
    RequestMixesMessages,
    /// No protocol message at all.
    #[error("no protocol message")]
    RequestHasNoMessage,
    /// A `wa` that is not served.
    #[error("wa {action:?} is not served")]
    RelyingPartyActionUnknown {
        /// The value.
        action: String,
    },
    /// The request does not say who asks.
    #[error("the request names no relying party")]
    RelyingPartyUnnamed {
        /// By which protocol.
        protocol: Protocol,
    },
    /// Nobody is registered under that name.
    #[error("no relying party is registered as {identifier:?}")]
    OperatorRelyingPartyUnknown {
        /// By which protocol.
        protocol: Protocol,
        /// The name, octet by octet, cut.
        identifier: String,
    },
    /// Registered, but switched off.
    #[error("relying party {name:?} is disabled")]
    OperatorRelyingPartyDisabled {
        /// Display name.
        name: String,
    },
    /// Registered for the other protocol only.
    #[error("relying party {name:?} may not use {protocol:?}")]
    OperatorProtocolNotAllowed {
        /// Display name.
        name: String,
        /// The protocol it used.
        protocol: Protocol,
    },
    /// The request travelled sealed, and its relying party no longer has the identifier it was made for.
    #[error("relying party {name:?} no longer has the identifier {identifier:?}")]
    OperatorIdentifierRemoved {
        /// Display name.
        name: String,
        /// The identifier.
        identifier: String,
    },
    /// The answer is wanted at an address that is not registered.
    #[error("relying party {name:?} has no reply address {address:?}")]
    RelyingPartyReplyUnregistered {
        /// Display name.
        name: String,
        /// The address, cut.
        address: String,
    },
    /// No address is registered for the protocol.
    #[error("relying party {name:?} has no reply address for {protocol:?}")]
    OperatorReplyMissing {
        /// Display name.
        name: String,
        /// The protocol.
        protocol: Protocol,
    },
    /// The registered address is plain `http`, or no web address at all.
    #[error("relying party {name:?}: registered address {address:?}: {reason}")]
    OperatorReplyUnsafe {
        /// Display name.
        name: String,
        /// The address.
        address: String,
        /// Why no token goes there.
        reason: &'static str,
    },
    /// A sign-in without a request for a relying party that is not set so.
    #[error("relying party {name:?} does not allow sign-ins that begin here")]
    OperatorIdpInitiatedOff {
        /// Display name.
        name: String,
    },
    /// `wfresh` is not a number of minutes.
    #[error("wfresh {value:?} is not a number of minutes")]
    RelyingPartyFreshnessInvalid {
        /// The value, cut.
        value: String,
    },
    /// `wauth` or `acr` names no method known here.
    #[error("authentication method {method:?} is not known")]
    RelyingPartyMethodUnknown {
        /// The value, cut.
        method: String,
    },
    /// A known method that this service cannot perform (yet).
    #[error("authentication methods {methods:?} are not available")]
    RelyingPartyMethodUnavailable {
        /// What was asked for.
        methods: Vec<String>,
    },
    /// The relying party accepts only methods that this service does not perform.
    #[error(
        "relying party {name:?} accepts {accepted:?} only, which this service does not perform: see its allowed_authentication_classes"
    )]
    OperatorMethodsUnavailable {
        /// Display name.
        name: String,
        /// Its `allowed_authentication_classes`.
        accepted: Vec<String>,
    },
    /// Base64, DEFLATE or UTF-8 of a SAML message is broken.
    #[error("SAML message encoding: {detail}")]
    RelyingPartySamlEncoding {
        /// What is wrong with it.
        detail: String,
    },
    /// The XML of a SAML message is refused.
    #[error("SAML message: {detail}")]
    RelyingPartySamlXml {
        /// What is wrong with it.
        detail: String,
    },
    /// One value of a SAML message is missing, repeated or outside its form.
    #[error("SAML message, {field}: {detail}")]
    RelyingPartySamlField {
        /// Element or attribute.
        field: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// Another message than those served, or in the wrong parameter.
    #[error("SAML message {found:?} is not served here")]
    RelyingPartySamlMessageUnexpected {
        /// Name of the root element.
        found: String,
    },
    /// `IssueInstant` or `NotOnOrAfter` lies outside the window: old message, or clocks that differ.
    #[error("SAML message, {field} {instant} is outside the accepted window around {now}")]
    RelyingPartySamlOutsideWindow {
        /// Which.
        field: &'static str,
        /// Its value.
        instant: String,
        /// Our time.
        now: String,
    },
    /// `Destination` is another service, or missing where a signature demands it.
    #[error("SAML message, Destination {destination:?} is not an address of this service")]
    RelyingPartySamlDestination {
        /// Its value.
        destination: Option<String>,
    },
    /// Unsigned, where a signature is demanded.
    #[error("relying party {name:?}: the message must be signed and is not")]
    RelyingPartySamlUnsigned {
        /// Display name.
        name: String,
    },
    /// A signature is demanded, but no key to check it is registered.
    #[error(
        "relying party {name:?}: a signature is demanded, but no signing certificate is registered"
    )]
    OperatorRequestKeyMissing {
        /// Display name.
        name: String,
    },
    /// A registered signing certificate cannot be used.
    #[error("relying party {name:?}: registered signing certificate: {detail}")]
    OperatorRequestKeyUnusable {
        /// Display name.
        name: String,
        /// Why.
        detail: String,
    },
    /// The signature does not verify with a key registered for this relying party.
    #[error("relying party {name:?}: signature: {detail}")]
    RelyingPartySamlSignature {
        /// Display name.
        name: String,
        /// Why.
        detail: String,
    },
    /// The request is signed by an algorithm that is not accepted from this relying party.
    #[error(
        "relying party {name:?}: signature algorithm {algorithm} is not accepted; have it sign with RSA-SHA256, or, if it only knows SHA-1, let it: signet rp set NAME --property signature_algorithm=rsa-sha1"
    )]
    RelyingPartySamlAlgorithm {
        /// Display name.
        name: String,
        /// Its URI.
        algorithm: String,
    },
    /// A message about signing out was refused; why is inside.
    #[error("signing out: {0}")]
    SignOut(Box<ProtocolError>),
    /// A sealed request does not agree with itself: it was not made here.
    #[error("inconsistent sign-in request: {detail}")]
    OursInconsistentRequest {
        /// What.
        detail: &'static str,
    },
    /// An answer could not be written.
    #[error("answer: {detail}")]
    OursAnswer {
        /// What.
        detail: String,
    },
}

impl ProtocolError {
    /// Both faces of the refusal.
    pub fn message(&self) -> MessagePair {
        message::message(self)
    }

    /// The HTTP status of the page that shows it.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::RequestTooLarge { .. } => 413,
            Self::OursInconsistentRequest { .. } | Self::OursAnswer { .. } => 500,
            Self::SignOut(inner) => inner.http_status(),
            _ => 400,
        }
    }
}

/// A text of a request, cut for a log.
pub(crate) fn cut(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
