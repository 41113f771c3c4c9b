//! A relying party, in the words of an AD FS relying party trust.
//!
//! A property is here when something behaves by it. What a trust says beside is left out, so that nobody sets what does
//! nothing: `AccessControlPolicyName` with its parameters (authorization is by rules), `DelegationAuthorizationRules` and
//! `ImpersonationAuthorizationRules` (nobody acts for another here), `ClaimsProviderName` and
//! `RequestMFAFromClaimsProviders` (no other claims provider is asked), the revocation checks of a partner's
//! certificates (its keys are pinned), `EncryptedNameIdRequired`, `MonitoringEnabled` and `AutoUpdateEnabled` (metadata is
//! read again by command), the properties of OAuth clients, of devices and of the web application proxy, and what is
//! published or shown only (`ClaimsAccepted`, `OrganizationInfo`, `ScopeGroupId`).

use serde::{Deserialize, Serialize};

use crate::ids::RelyingPartyId;
use crate::uris::{algorithm, token};

/// An application that trusts tokens of this service.
///
/// Source of the properties and their defaults: the published reference of `Get-AdfsRelyingPartyTrust`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelyingParty {
    /// Stable id.
    pub id: RelyingPartyId,
    /// Display name, unique regardless of case; people read it on the sign-in page.
    pub name: String,
    /// Realms, entity ids: exact octets. The first is the audience of tokens asked for by none of them.
    pub identifiers: Vec<String>,
    /// A disabled relying party is refused everywhere.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Protocols it may use.
    #[serde(default)]
    pub protocols: ProtocolProfile,
    /// Where WS-Federation tokens go; the first is the default.
    #[serde(default)]
    pub wsfed_endpoints: Vec<String>,
    /// How `wreply` is compared with `wsfed_endpoints`.
    #[serde(default)]
    pub reply_match: ReplyMatch,
    /// SAML assertion consumer services.
    #[serde(default)]
    pub assertion_consumers: Vec<AssertionConsumer>,
    /// SAML single logout services.
    #[serde(default)]
    pub logout_services: Vec<LogoutService>,
    /// Token type of WS-Federation answers: SAML 1.1 (default) or 2.0.
    #[serde(default)]
    pub wsfed_token: TokenType,
    /// What a SAML 2.0 answer signs.
    #[serde(default)]
    pub saml_response_signature: ResponseSignature,
    /// Signature algorithm of what is sent, and the least accepted in its requests.
    #[serde(default)]
    pub signature_algorithm: SignatureAlgorithm,
    /// Refuse unsigned `AuthnRequest`s.
    #[serde(default)]
    pub signed_requests_required: bool,
    /// Certificates (base64 DER) whose keys sign its requests.
    #[serde(default)]
    pub request_signing_certificates: Vec<String>,
    /// Certificate (base64 DER) that assertions are encrypted to.
    #[serde(default)]
    pub encryption_certificate: Option<String>,
    /// Encrypt assertions when there is a certificate.
    #[serde(default = "yes")]
    pub encrypt_claims: bool,
    /// Content encryption algorithm.
    #[serde(default)]
    pub encryption_algorithm: EncryptionAlgorithm,
    /// Token lifetime in minutes, at most 1440 when saved; 0 means 60.
    #[serde(default)]
    pub token_lifetime_minutes: u32,
    /// `NotBefore` is moved into the past by so many minutes (0 to 15).
    #[serde(default)]
    pub not_before_skew_minutes: u32,
    /// Ask for fresh credentials at every sign-in.
    #[serde(default)]
    pub always_require_authentication: bool,
    /// Authentication methods that are accepted for it; empty means any.
    #[serde(default)]
    pub allowed_authentication_classes: Vec<String>,
    /// Sends `NameID` characters outside `[A-Za-z0-9]` as `.XX` hex, as an old Entra document asks.
    #[serde(default)]
    pub escape_name_id: bool,
    /// Lets SAML sign-ins begin here, without a request.
    #[serde(default)]
    pub idp_initiated: bool,
    /// Plain `http` reply addresses are tolerated.
    #[serde(default)]
    pub allow_http_endpoints: bool,
    /// The federated-domain table chooses the issuer of its tokens, by the user's UPN suffix.
    #[serde(default)]
    pub issuer_by_domain: bool,
    /// Claim types of strength, time or network that its rules may state against the evidence.
    #[serde(default)]
    pub trusted_evidence_claims: Vec<String>,
    /// Claim rules: identity claims to token claims.
    #[serde(default)]
    pub issuance_transform_rules: String,
    /// Claim rules: identity claims to permit or deny. Empty denies everyone.
    #[serde(default)]
    pub issuance_authorization_rules: String,
    /// Claim rules that ask for a further factor, beside the global ones.
    #[serde(default)]
    pub additional_authentication_rules: String,
    /// Where its metadata came from, when by URL.
    #[serde(default)]
    pub metadata_url: Option<String>,
    /// Free text of admins.
    #[serde(default)]
    pub notes: String,
    /// Id of the same trust in the system it was imported from.
    #[serde(default)]
    pub external_id: Option<String>,
}

fn yes() -> bool {
    true
}

impl RelyingParty {
    /// A relying party with one identifier and the defaults of AD FS; permits nobody until it has rules.
    pub fn new(name: &str, identifier: &str) -> Self {
        Self {
            id: RelyingPartyId::random(),
            name: name.to_owned(),
            identifiers: vec![identifier.to_owned()],
            enabled: true,
            protocols: ProtocolProfile::default(),
            wsfed_endpoints: Vec::new(),
            reply_match: ReplyMatch::default(),
            assertion_consumers: Vec::new(),
            logout_services: Vec::new(),
            wsfed_token: TokenType::default(),
            saml_response_signature: ResponseSignature::default(),
            signature_algorithm: SignatureAlgorithm::default(),
            signed_requests_required: false,
            request_signing_certificates: Vec::new(),
            encryption_certificate: None,
            encrypt_claims: true,
            encryption_algorithm: EncryptionAlgorithm::default(),
            token_lifetime_minutes: 0,
            not_before_skew_minutes: 0,
            always_require_authentication: false,
            allowed_authentication_classes: Vec::new(),
            escape_name_id: false,
            idp_initiated: false,
            allow_http_endpoints: false,
            issuer_by_domain: false,
            trusted_evidence_claims: Vec::new(),
            issuance_transform_rules: String::new(),
            issuance_authorization_rules: String::new(),
            additional_authentication_rules: String::new(),
            metadata_url: None,
            notes: String::new(),
            external_id: None,
        }
    }

    /// Token lifetime: never 0, and a day at most, whatever an older store says. A token cannot be called back
    /// (SAML-16, WSF-12).
    pub fn token_lifetime(&self) -> time::Duration {
        let minutes = if self.token_lifetime_minutes == 0 {
            60
        } else {
            self.token_lifetime_minutes
        };
        time::Duration::minutes(i64::from(minutes)).min(time::Duration::DAY)
    }

    /// Whether `identifier` is one of its identifiers, octet by octet.
    pub fn has_identifier(&self, identifier: &str) -> bool {
        self.identifiers.iter().any(|own| own == identifier)
    }

    /// The first identifier: its name in tokens when the request named none.
    pub fn primary_identifier(&self) -> &str {
        self.identifiers.first().map_or("", String::as_str)
    }

    /// The assertion consumer used when a request names none: `isDefault`, else the lowest index.
    ///
    /// Source: saml-metadata-2.0-os 2.2.3 and 2.4.4.
    pub fn default_assertion_consumer(&self) -> Option<&AssertionConsumer> {
        let posts = || self.assertion_consumers.iter().filter(|acs| acs.is_post());
        posts()
            .find(|acs| acs.is_default)
            .or_else(|| posts().min_by_key(|acs| acs.index))
    }
}

/// Protocols of a trust.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProtocolProfile {
    /// Both.
    #[default]
    #[serde(rename = "WsFed-SAML")]
    WsFedAndSaml,
    /// WS-Federation only.
    #[serde(rename = "WSFederation")]
    WsFederation,
    /// SAML only.
    #[serde(rename = "SAML")]
    Saml,
}

impl ProtocolProfile {
    /// Whether WS-Federation is allowed.
    pub fn allows_wsfed(self) -> bool {
        self != Self::Saml
    }

    /// Whether SAML is allowed.
    pub fn allows_saml(self) -> bool {
        self != Self::WsFederation
    }
}

/// How a reply address in a request is compared with the registered ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplyMatch {
    /// Octet by octet.
    #[default]
    Exact,
    /// Same origin and a path below a registered one at a segment boundary: what AD FS accepts.
    PathPrefix,
}

/// One assertion consumer service (saml-metadata-2.0-os 2.4.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionConsumer {
    /// Binding URI.
    pub binding: String,
    /// Index, unique within the relying party.
    pub index: u16,
    /// `isDefault`.
    #[serde(default)]
    pub is_default: bool,
    /// Address that answers are posted to.
    pub location: String,
}

impl AssertionConsumer {
    /// Whether it takes HTTP-POST.
    pub fn is_post(&self) -> bool {
        self.binding == crate::uris::binding::HTTP_POST
    }
}

/// One single logout service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutService {
    /// Binding URI.
    pub binding: String,
    /// Address for requests.
    pub location: String,
    /// Address for responses, when different.
    #[serde(default)]
    pub response_location: Option<String>,
}

/// Token types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenType {
    /// SAML 1.1 assertion.
    #[default]
    Saml11,
    /// SAML 2.0 assertion.
    Saml20,
}

impl TokenType {
    /// The URI of the token type.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Saml11 => token::SAML11,
            Self::Saml20 => token::SAML20,
        }
    }
}

/// What a SAML 2.0 answer signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseSignature {
    /// The assertion.
    #[default]
    AssertionOnly,
    /// The response message.
    MessageOnly,
    /// Both.
    MessageAndAssertion,
}

/// Signature algorithms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureAlgorithm {
    /// RSA with SHA-256.
    #[default]
    RsaSha256,
    /// RSA with SHA-1, for partners that know nothing better; audited at every use.
    RsaSha1,
}

impl SignatureAlgorithm {
    /// The XML-DSig URI.
    pub fn uri(self) -> &'static str {
        match self {
            Self::RsaSha256 => algorithm::RSA_SHA256,
            Self::RsaSha1 => algorithm::RSA_SHA1,
        }
    }
}

/// Content encryption of an assertion; the key goes by RSA-OAEP in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncryptionAlgorithm {
    /// AES-256-GCM.
    #[default]
    Aes256Gcm,
    /// AES-256-CBC, AD FS's default, for partners without GCM.
    Aes256Cbc,
    /// AES-128-CBC, for old partners.
    Aes128Cbc,
}
