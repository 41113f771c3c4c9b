//! A request for a token, after the protocol room has checked it.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::ids::RelyingPartyId;
use crate::relying_party::TokenType;

/// The protocol a request came by and its answer leaves by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// WS-Federation passive requestor.
    WsFederation,
    /// SAML 2.0 Web Browser SSO.
    Saml2,
}

impl Protocol {
    /// The word for audit and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WsFederation => "ws-federation",
            Self::Saml2 => "saml2",
        }
    }
}

/// A checked wish for a token: which relying party, where the answer goes, what must be proved.
///
/// Made only by the protocol rooms, after `reply_to` was compared with the relying party's registered endpoints.
/// It travels sealed through an interrupted sign-in, and is checked against the relying party again at issuance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInRequest {
    /// Protocol.
    pub protocol: Protocol,
    /// Who asks.
    pub relying_party: RelyingPartyId,
    /// The identifier it called itself by: the audience of the token.
    pub audience: String,
    /// Where the answer is posted.
    pub reply_to: ReplyTo,
    /// Token type of the answer.
    pub token_type: TokenType,
    /// `ID` of the `AuthnRequest`; `None` for WS-Federation and IdP-initiated sign-ins.
    pub in_response_to: Option<String>,
    /// What has to be proved.
    pub authentication: RequestedAuthentication,
    /// `NameIDPolicy` of the request.
    pub name_id_policy: Option<NameIdPolicy>,
    /// What the request says about the person; never evidence.
    pub hints: Hints,
    /// `wctx` or `RelayState`: echoed octet by octet.
    pub state: Option<String>,
    /// When this service received it.
    #[serde(with = "time::serde::timestamp::milliseconds")]
    pub received_at: OffsetDateTime,
}

/// An address that was found among the registered endpoints of the relying party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplyTo(String);

impl ReplyTo {
    /// States that `address` was compared with the registered endpoints and found.
    pub fn registered(address: &str) -> Self {
        Self(address.to_owned())
    }

    /// The address, octet by octet as registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a request demands of the authentication.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedAuthentication {
    /// Any one of these methods or context classes will do; empty means the service chooses.
    pub methods: Vec<String>,
    /// How SAML's `methods` are compared.
    pub comparison: Comparison,
    /// The greatest age of the first factor; zero asks for fresh credentials.
    pub max_age: Option<Duration>,
    /// No page may be shown: answer from the session or say no (`IsPassive`).
    pub passive: bool,
}

impl RequestedAuthentication {
    /// Whether credentials must be asked for even with a session.
    pub fn demands_fresh(&self) -> bool {
        self.max_age.is_some_and(|age| age <= Duration::ZERO)
    }
}

/// `Comparison` of `RequestedAuthnContext` (saml-core-2.0-os 3.3.2.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// One of the named.
    #[default]
    Exact,
    /// At least as strong as one of the named.
    Minimum,
    /// As strong as possible without exceeding one of the named.
    Maximum,
    /// Stronger than each of the named.
    Better,
}

/// `NameIDPolicy` of an `AuthnRequest`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameIdPolicy {
    /// Format asked for.
    pub format: Option<String>,
    /// `SPNameQualifier` asked for.
    pub sp_name_qualifier: Option<String>,
    /// `AllowCreate`.
    pub allow_create: bool,
}

/// What a request says about the person. Never evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hints {
    /// `username` or `login_hint`: fills the form.
    pub username: Option<String>,
    /// `whr`: home realm.
    pub home_realm: Option<String>,
    /// `mkt`, `lc`, `ui_locales`: a BCP 47 language tag.
    pub language: Option<String>,
}
