//! What the audit keeps of each token.

use serde::{Deserialize, Serialize};
use signet_model::relying_party::{SignatureAlgorithm, TokenType};
use signet_model::{AccountId, Method, Protocol, RelyingPartyId};
use time::OffsetDateTime;

use crate::checks::RefusedClaim;

/// The facts of one issued token: enough to match it with the partner's own log, and no claim values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditFacts {
    /// `ID` or `AssertionID` of the token.
    pub token_id: String,
    /// SHA-256, lower-case hex, of the signed assertion's octets before any encryption
    /// (of the whole response where only the message is signed).
    pub token_sha256: String,
    /// Token type.
    pub token_type: TokenType,
    /// Protocol.
    pub protocol: Protocol,
    /// Relying party.
    pub relying_party: RelyingPartyId,
    /// Its display name then.
    pub relying_party_name: String,
    /// Audience of the token.
    pub audience: String,
    /// Where it was sent.
    pub reply_to: String,
    /// Issuer of the token.
    pub issuer: String,
    /// Whose token it is.
    pub account: AccountId,
    /// `NETBIOS\sam` then.
    pub account_name: String,
    /// Format of the name identifier; its value stays out.
    pub name_id_format: Option<String>,
    /// Types of the claims in the token, each once, in order.
    pub claim_types: Vec<String>,
    /// Claims that rules made and that were kept out.
    pub refused_claims: Vec<RefusedClaim>,
    /// Methods performed.
    pub methods: Vec<Method>,
    /// When the first factor was checked.
    #[serde(with = "time::serde::timestamp::milliseconds")]
    pub authenticated_at: OffsetDateTime,
    /// When the token was made.
    #[serde(with = "time::serde::timestamp::milliseconds")]
    pub issued_at: OffsetDateTime,
    /// Signature algorithm; SHA-1 shows here.
    pub algorithm: SignatureAlgorithm,
    /// SHA-1 thumbprint of the signing certificate, as admins know it.
    pub signing_thumbprint: String,
    /// Whether the assertion left encrypted.
    pub encrypted: bool,
    /// One line on the rules that ran.
    pub rules_summary: String,
}
