//! What comes out of the signer.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use signet_model::relying_party::TokenType;
use signet_xml::{CanonicalXml, instant};
use time::{Duration, OffsetDateTime};

use crate::audit::AuditFacts;
use crate::name_id::NameId;
use crate::release::TokenContent;

/// A bearer may present the assertion for so long (SAML-16; saml-profiles-2.0-os 4.1.4.2 asks for "shortly").
const CONFIRMATION_WINDOW: Duration = Duration::minutes(5);

/// A signed assertion, encrypted or not, as WS-Federation carries it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedToken {
    /// `AssertionID` or `ID`.
    pub id: String,
    /// The assertion, or the `EncryptedData` that holds it: its own canonical form, which declares every prefix it uses.
    pub xml: CanonicalXml,
    /// Token type.
    pub token_type: TokenType,
    /// Issuer.
    pub issuer: String,
    /// Audience.
    pub audience: String,
    /// When it was made.
    pub issued_at: OffsetDateTime,
    /// When it ends.
    pub not_on_or_after: OffsetDateTime,
    /// The subject; sign-out names it.
    pub name_id: Option<NameId>,
    /// `SessionIndex`, in SAML 2.0.
    pub session_index: Option<String>,
    /// For the audit.
    pub facts: AuditFacts,
}

/// A SAML 2.0 response with one assertion, ready for the POST binding.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedResponse {
    /// `ID` of the response.
    pub id: String,
    /// The message, before base64.
    pub xml: CanonicalXml,
    /// `Destination`: where it is posted.
    pub destination: String,
    /// `ID` of the assertion.
    pub token_id: String,
    /// When the assertion ends.
    pub not_on_or_after: OffsetDateTime,
    /// The subject; sign-out names it.
    pub name_id: Option<NameId>,
    /// `SessionIndex`.
    pub session_index: String,
    /// For the audit.
    pub facts: AuditFacts,
}

/// The instants of one assertion, as they are written.
pub(super) struct Times {
    pub(super) issued: String,
    pub(super) not_before: String,
    pub(super) not_on_or_after: String,
    pub(super) confirm_before: String,
    pub(super) ends_at: OffsetDateTime,
}

impl Times {
    pub(super) fn of(content: &TokenContent, now: OffsetDateTime) -> Self {
        let terms = &content.terms;
        let ends_at = now + terms.lifetime;
        Self {
            issued: instant(now),
            not_before: instant(now - terms.not_before_skew),
            not_on_or_after: instant(ends_at),
            confirm_before: instant(now + terms.lifetime.min(CONFIRMATION_WINDOW)),
            ends_at,
        }
    }
}

/// SHA-256 in lower-case hex.
pub(super) fn sha256_hex(octets: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for octet in digest(&SHA256, octets).as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{octet:02x}");
    }
    hex
}
