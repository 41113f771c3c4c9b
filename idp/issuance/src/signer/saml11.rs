//! The SAML 1.1 assertion that WS-Federation relying parties read.
//!
//! Shape: entra-federation facts 9.1, after real AD FS tokens; oasis-sstc-saml-core-1.1, section 2.

use std::ops::Range;

use signet_claims::split_claim_type;
use signet_model::uris::token;
use signet_xml::{Writer, instant};

use super::attributes::group_by_type;
use super::names::saml11 as names;
use super::token::Times;
use crate::name_id::NameId;
use crate::release::TokenContent;

/// Writes the assertion; gives its octets and where its signature goes: last (SAML 1.1 core 5.4).
pub(super) fn write_assertion(
    out: &mut Writer,
    content: &TokenContent,
    id: &str,
    times: &Times,
) -> (Range<usize>, usize) {
    let start = out.mark();
    out.start(names::ASSERTION)
        .attribute("MajorVersion", "1")
        .attribute("MinorVersion", "1")
        .attribute("AssertionID", id)
        .attribute("Issuer", &content.issuer)
        .attribute("IssueInstant", &times.issued);
    out.start(names::CONDITIONS)
        .attribute("NotBefore", &times.not_before)
        .attribute("NotOnOrAfter", &times.not_on_or_after)
        .start(names::AUDIENCE_RESTRICTION_CONDITION)
        .element(names::AUDIENCE, &content.audience)
        .end()
        .end();
    write_attributes(out, content);
    out.start(names::AUTHENTICATION_STATEMENT)
        .attribute("AuthenticationMethod", &content.context_class)
        .attribute(
            "AuthenticationInstant",
            &instant(content.authentication_instant()),
        );
    write_subject(out, content.name_id.as_ref());
    out.end();
    let signature_at = out.mark();
    out.end();
    (start..out.mark(), signature_at)
}

/// A statement needs at least one attribute (schema), so none is written without claims.
fn write_attributes(out: &mut Writer, content: &TokenContent) {
    let groups = group_by_type(&content.claims);
    if groups.is_empty() {
        return;
    }
    out.start(names::ATTRIBUTE_STATEMENT);
    write_subject(out, content.name_id.as_ref());
    for group in groups {
        // The release refused every type without a namespace.
        let Ok((namespace, name)) = split_claim_type(group.claim_type) else {
            continue;
        };
        out.start(names::ATTRIBUTE)
            .attribute("AttributeName", name)
            .attribute("AttributeNamespace", namespace);
        for value in group.values {
            out.element(names::ATTRIBUTE_VALUE, value);
        }
        out.end();
    }
    out.end();
}

fn write_subject(out: &mut Writer, name_id: Option<&NameId>) {
    out.start(names::SUBJECT);
    if let Some(name_id) = name_id {
        out.start(names::NAME_IDENTIFIER);
        if let Some(format) = &name_id.format {
            out.attribute("Format", format);
        }
        if let Some(qualifier) = &name_id.name_qualifier {
            out.attribute("NameQualifier", qualifier);
        }
        out.text(&name_id.value).end();
    }
    out.start(names::SUBJECT_CONFIRMATION)
        .element(names::CONFIRMATION_METHOD, names::BEARER)
        .end()
        .end();
}

/// `TokenType` of the RSTR, and token type and value type of a reference to the assertion.
pub(super) const REFERENCE: super::rstr::Reference = super::rstr::Reference {
    token_type: token::SAML11,
    profile: "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1",
    value_type: "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID",
};
