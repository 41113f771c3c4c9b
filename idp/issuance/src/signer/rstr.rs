//! The answer of WS-Federation: a token in a response of WS-Trust, February 2005.
//!
//! Nothing here is signed; the token inside is, and its octets are put in as they are.

use signet_model::relying_party::TokenType;
use signet_xml::{CanonicalXml, Writer, instant};

use super::names::trust as names;
use super::token::SignedToken;
use super::{saml11, saml20};

/// How a reference names an assertion (WSS SAML token profile 1.1, 3.4).
pub(super) struct Reference {
    pub(super) token_type: &'static str,
    pub(super) profile: &'static str,
    pub(super) value_type: &'static str,
}

/// The `RequestSecurityTokenResponse` around a signed token: `wresult` of a WS-Federation answer.
///
/// A single response, no collection, no white space before the assertion (relying-parties facts: Shibboleth,
/// passport-wsfed-saml2). Shape: entra-federation facts 1.4 and 9.1.
pub fn wrap_in_rstr(token: &SignedToken) -> CanonicalXml {
    let reference = match token.token_type {
        TokenType::Saml11 => saml11::REFERENCE,
        TokenType::Saml20 => saml20::REFERENCE,
    };
    let mut out = Writer::with_capacity(token.xml.len() + 3072);
    out.start(names::RSTR);
    out.start(names::LIFETIME)
        .element(names::CREATED, &instant(token.issued_at))
        .element(names::EXPIRES, &instant(token.not_on_or_after))
        .end();
    out.start(names::APPLIES_TO)
        .start(names::ENDPOINT_REFERENCE)
        .element(names::ADDRESS, &token.audience)
        .end()
        .end();
    out.start(names::REQUESTED_SECURITY_TOKEN)
        .splice(&token.xml)
        .end();
    for name in [
        names::REQUESTED_ATTACHED_REFERENCE,
        names::REQUESTED_UNATTACHED_REFERENCE,
    ] {
        out.start(name);
        write_reference(&mut out, &reference, &token.id);
        out.end();
    }
    out.element(names::TOKEN_TYPE, reference.token_type)
        .element(names::REQUEST_TYPE, names::ISSUE)
        .element(names::KEY_TYPE, names::NO_PROOF_KEY)
        .end();
    out.finish()
}

fn write_reference(out: &mut Writer, reference: &Reference, id: &str) {
    out.start(names::SECURITY_TOKEN_REFERENCE)
        .attribute_ns(names::K_TOKEN_TYPE, reference.profile)
        .start(names::KEY_IDENTIFIER)
        .attribute("ValueType", reference.value_type)
        .text(id)
        .end()
        .end();
}
