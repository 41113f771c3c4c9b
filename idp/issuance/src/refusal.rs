//! Why nothing is issued, by culprit.

use signet_model::relying_party::TokenType;
use signet_model::{Culprit, MessagePair};
use thiserror::Error;

/// A release that was not permitted. The variant names what stood in the way.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The relying party is switched off.
    #[error("relying party {relying_party} is disabled")]
    RelyingPartyDisabled {
        /// Its display name.
        relying_party: String,
    },
    /// The request does not fit the relying party as it is registered now.
    #[error("the request no longer fits relying party {relying_party}: {detail}")]
    RequestOutdated {
        /// Its display name.
        relying_party: String,
        /// What does not fit.
        detail: String,
    },
    /// The answer would go over plain HTTP, which the relying party does not allow.
    #[error("{address} is not https and relying party {relying_party} does not allow http")]
    PlainHttpReply {
        /// Its display name.
        relying_party: String,
        /// Where the answer would have gone.
        address: String,
    },
    /// The account may not sign in as it is now.
    #[error("account {account} is not active: {state}")]
    AccountNotActive {
        /// Down-level name.
        account: String,
        /// What the directory says.
        state: String,
    },
    /// A method the request asks for was not performed.
    #[error("the request asks for {requested} and evidence has {performed}")]
    MethodNotPerformed {
        /// What was asked for.
        requested: String,
        /// What was done.
        performed: String,
    },
    /// The credentials are older than the request allows.
    #[error("credentials were checked at {checked_at}, which is too old for this request")]
    EvidenceTooOld {
        /// When they were checked.
        checked_at: time::OffsetDateTime,
    },
    /// Rules ask for a second factor and none was given.
    #[error("the additional authentication rules of {rules} ask for a second factor")]
    SecondFactorRequired {
        /// `the service` or the relying party's name.
        rules: String,
    },
    /// An authorization rule denies.
    #[error("an authorization rule of {relying_party} denies {account}")]
    Denied {
        /// Display name of the relying party.
        relying_party: String,
        /// Down-level name.
        account: String,
    },
    /// No authorization rule permits.
    #[error("no authorization rule of {relying_party} permits {account}")]
    NotPermitted {
        /// Display name of the relying party.
        relying_party: String,
        /// Down-level name.
        account: String,
    },
    /// A rule set cannot be read.
    #[error("the {rules} cannot be read: {detail}")]
    RulesUnreadable {
        /// Which rule set.
        rules: String,
        /// Where and why.
        detail: String,
    },
    /// A rule set failed while it ran.
    #[error("the {rules} failed: {detail}")]
    RulesFailed {
        /// Which rule set.
        rules: String,
        /// What happened.
        detail: String,
    },
    /// A rule asks a store that does not exist.
    #[error("the {rules} ask the attribute store {store:?}, which does not exist")]
    UnknownStore {
        /// Which rule set.
        rules: String,
        /// The store's name.
        store: String,
    },
    /// A store could not be asked.
    #[error("attribute store {store:?} cannot be reached: {detail}")]
    StoreUnreachable {
        /// The store's name.
        store: String,
        /// What happened.
        detail: String,
    },
    /// The account has no user principal name, and the issuer is chosen by its suffix.
    #[error("account {account} has no userPrincipalName, and the issuer is chosen by its suffix")]
    NoUserPrincipalName {
        /// Down-level name.
        account: String,
    },
    /// The user's domain is not in the table of federated domains.
    #[error("the domain {domain} is not federated here: it is missing in the domain table")]
    DomainNotFederated {
        /// What follows the `@`.
        domain: String,
    },
    /// Entra finds a user by `ImmutableID`, and the rules made none.
    #[error("the rules made no ImmutableID and no NameID for {account}")]
    ImmutableIdMissing {
        /// Down-level name.
        account: String,
    },
    /// An identity claim does not belong to the account that signed in.
    #[error("the rules made {claim_type} = {value:?}, which is not of account {account}")]
    IdentityOfAnother {
        /// The claim type.
        claim_type: String,
        /// The value the rules made.
        value: String,
        /// Down-level name of who signed in.
        account: String,
    },
    /// The request wants a `NameID` format that the rules do not make (MSIS7070).
    #[error("MSIS7070: the request asks for NameID format {asked} and the rules make {made}")]
    NameIdFormatUnavailable {
        /// The format asked for.
        asked: String,
        /// The formats of the `nameidentifier` claims, or `none`.
        made: String,
    },
    /// The request wants a `NameID` in the name space of another relying party.
    #[error("the request asks for SPNameQualifier {asked}, which is not of this relying party")]
    NameQualifierForeign {
        /// The qualifier asked for.
        asked: String,
    },
    /// The rules made several `nameidentifier` claims and nothing says which one counts.
    #[error("the rules made {count} nameidentifier claims")]
    SeveralNameIdentifiers {
        /// How many.
        count: usize,
    },
    /// A SAML 1.1 attribute needs a namespace, and the claim type has none (ID4216).
    #[error("ID4216: claim type {claim_type:?} must be of the form namespace/name in {}", token_type.uri())]
    ClaimTypeWithoutNamespace {
        /// The claim type.
        claim_type: String,
        /// The token type.
        token_type: TokenType,
    },
    /// The snapshot is of another account than the one that signed in: a fault of ours.
    #[error("the account snapshot is of {snapshot} and {account} signed in")]
    SnapshotOfAnother {
        /// Whose snapshot it is.
        snapshot: signet_model::AccountId,
        /// Who signed in.
        account: signet_model::AccountId,
    },
}

impl Refusal {
    /// The two faces of the refusal.
    pub fn message(&self) -> MessagePair {
        let (code, culprit, public, hint) = self.faces();
        MessagePair {
            code,
            culprit,
            public,
            hint,
            private: self.to_string(),
        }
    }

    /// The SAML 2.0 status that says this to the relying party, generic on purpose (SAML-17).
    ///
    /// Source: saml-core-2.0-os 3.2.2.2.
    pub fn saml_status(&self) -> SamlStatus {
        match self {
            Self::MethodNotPerformed { .. } | Self::SecondFactorRequired { .. } => {
                SamlStatus::NoAuthnContext
            }
            Self::NameIdFormatUnavailable { .. } | Self::NameQualifierForeign { .. } => {
                SamlStatus::InvalidNameIdPolicy
            }
            Self::Denied { .. } | Self::NotPermitted { .. } => SamlStatus::RequestDenied,
            Self::RelyingPartyDisabled { .. }
            | Self::RequestOutdated { .. }
            | Self::PlainHttpReply { .. } => SamlStatus::RequestDenied,
            _ => SamlStatus::AuthnFailed,
        }
    }

    fn faces(&self) -> (&'static str, Culprit, &'static str, &'static str) {
        const APPLICATION: &str = "This application cannot be signed in to right now.";
        const OPERATOR_HINT: &str = "Tell your administrator the activity id below.";
        match self {
            Self::RelyingPartyDisabled { .. } => (
                "SIG-ISS-DISABLED",
                Culprit::Operator,
                "Signing in to this application is switched off.",
                OPERATOR_HINT,
            ),
            Self::RequestOutdated { .. } => (
                "SIG-ISS-OUTDATED",
                Culprit::RelyingParty,
                "The application's sign-in request is no longer valid.",
                "Go back to the application and start again.",
            ),
            Self::PlainHttpReply { .. } => (
                "SIG-ISS-HTTP",
                Culprit::RelyingParty,
                "The application asks for the answer over an unprotected connection.",
                OPERATOR_HINT,
            ),
            Self::AccountNotActive { .. } => (
                "SIG-ISS-ACCOUNT",
                Culprit::User,
                "Your account cannot sign in.",
                "Ask your administrator to look at the state of your account.",
            ),
            Self::MethodNotPerformed { .. } => (
                "SIG-ISS-METHOD",
                Culprit::RelyingParty,
                "The application asks for a way of signing in that is not available to you here.",
                OPERATOR_HINT,
            ),
            Self::EvidenceTooOld { .. } => (
                "SIG-ISS-STALE",
                Culprit::User,
                "The application asks you to sign in again.",
                "Go back to the application and start again.",
            ),
            Self::SecondFactorRequired { .. } => (
                "SIG-ISS-SECOND-FACTOR",
                Culprit::Operator,
                "This application asks for a second step, and none is set up here.",
                OPERATOR_HINT,
            ),
            Self::Denied { .. } | Self::NotPermitted { .. } => (
                "SIG-ISS-DENIED",
                Culprit::User,
                "You do not have access to this application.",
                "If you need it, ask your administrator for access.",
            ),
            Self::RulesUnreadable { .. } => (
                "SIG-ISS-RULES-UNREADABLE",
                Culprit::Operator,
                APPLICATION,
                OPERATOR_HINT,
            ),
            Self::RulesFailed { .. } => (
                "SIG-ISS-RULES-FAILED",
                Culprit::Operator,
                APPLICATION,
                OPERATOR_HINT,
            ),
            Self::UnknownStore { .. } => (
                "SIG-ISS-STORE-UNKNOWN",
                Culprit::Operator,
                APPLICATION,
                OPERATOR_HINT,
            ),
            Self::StoreUnreachable { .. } => (
                "SIG-ISS-STORE-UNREACHABLE",
                Culprit::Directory,
                "Your organisation's directory cannot be reached right now.",
                "Nothing is wrong with your password. Try again in a few minutes.",
            ),
            Self::NoUserPrincipalName { .. } => (
                "SIG-ISS-NO-UPN",
                Culprit::Operator,
                "Your account lacks what this application needs to know you.",
                OPERATOR_HINT,
            ),
            Self::DomainNotFederated { .. } => (
                "SIG-ISS-DOMAIN",
                Culprit::Operator,
                "The domain of your user name is not set up for this application.",
                OPERATOR_HINT,
            ),
            Self::ImmutableIdMissing { .. } => (
                "SIG-ISS-IMMUTABLEID",
                Culprit::Operator,
                "Your account lacks what this application needs to know you.",
                OPERATOR_HINT,
            ),
            Self::IdentityOfAnother { .. } => (
                "SIG-ISS-IDENTITY",
                Culprit::Operator,
                APPLICATION,
                OPERATOR_HINT,
            ),
            Self::NameIdFormatUnavailable { .. } => (
                "SIG-ISS-NAMEID-FORMAT",
                Culprit::Operator,
                APPLICATION,
                OPERATOR_HINT,
            ),
            Self::NameQualifierForeign { .. } => (
                "SIG-ISS-NAMEID-QUALIFIER",
                Culprit::RelyingParty,
                APPLICATION,
                OPERATOR_HINT,
            ),
            Self::SeveralNameIdentifiers { .. } => (
                "SIG-ISS-NAMEID-SEVERAL",
                Culprit::Operator,
                APPLICATION,
                OPERATOR_HINT,
            ),
            Self::ClaimTypeWithoutNamespace { .. } => (
                "SIG-ISS-CLAIM-NAMESPACE",
                Culprit::Operator,
                APPLICATION,
                OPERATOR_HINT,
            ),
            Self::SnapshotOfAnother { .. } => (
                "SIG-ISS-SNAPSHOT",
                Culprit::Us,
                "Something went wrong here.",
                "Try again. If it happens again, tell your administrator the activity id below.",
            ),
        }
    }
}

/// The status codes that an error response may carry (saml-core-2.0-os 3.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SamlStatus {
    /// The responder could not authenticate the person.
    AuthnFailed,
    /// The requested authentication context cannot be met.
    NoAuthnContext,
    /// The person cannot be authenticated without showing a page.
    NoPassive,
    /// The requested `NameID` format or name space cannot be met.
    InvalidNameIdPolicy,
    /// The responder will not answer this request.
    RequestDenied,
    /// The responder does not support the request.
    RequestUnsupported,
    /// A session participant could not be told of a sign-out.
    PartialLogout,
    /// The responder does not know the principal.
    UnknownPrincipal,
    /// The protocol version is not 2.0.
    VersionMismatch,
}

impl SamlStatus {
    /// Top-level and second-level status code.
    pub fn codes(self) -> (&'static str, Option<&'static str>) {
        const REQUESTER: &str = "urn:oasis:names:tc:SAML:2.0:status:Requester";
        const RESPONDER: &str = "urn:oasis:names:tc:SAML:2.0:status:Responder";
        match self {
            Self::AuthnFailed => (
                RESPONDER,
                Some("urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"),
            ),
            Self::NoAuthnContext => (
                RESPONDER,
                Some("urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"),
            ),
            Self::NoPassive => (
                RESPONDER,
                Some("urn:oasis:names:tc:SAML:2.0:status:NoPassive"),
            ),
            Self::InvalidNameIdPolicy => (
                REQUESTER,
                Some("urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"),
            ),
            Self::RequestDenied => (
                RESPONDER,
                Some("urn:oasis:names:tc:SAML:2.0:status:RequestDenied"),
            ),
            Self::RequestUnsupported => (
                REQUESTER,
                Some("urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported"),
            ),
            Self::PartialLogout => (
                RESPONDER,
                Some("urn:oasis:names:tc:SAML:2.0:status:PartialLogout"),
            ),
            Self::UnknownPrincipal => (
                RESPONDER,
                Some("urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal"),
            ),
            Self::VersionMismatch => ("urn:oasis:names:tc:SAML:2.0:status:VersionMismatch", None),
        }
    }
}
