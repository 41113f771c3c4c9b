//! The SAML 2.0 assertion.
//!
//! Shape: entra-federation facts 9.2; saml-core-2.0-os, section 2; saml-profiles-2.0-os 4.1.4.2.

use std::ops::Range;

use signet_model::uris::{claims as types, token};
use signet_xml::{Writer, instant};

use super::attributes::group_by_type_and;
use super::names::saml20 as names;
use super::token::Times;
use crate::name_id::NameId;
use crate::release::TokenContent;

/// Writes the assertion; gives its octets and where its signature goes: after `Issuer` (core 5.4, schema).
pub(super) fn write_assertion(
    out: &mut Writer,
    content: &TokenContent,
    id: &str,
    times: &Times,
) -> (Range<usize>, usize) {
    let start = out.mark();
    out.start(names::ASSERTION)
        .attribute("ID", id)
        .attribute("Version", "2.0")
        .attribute("IssueInstant", &times.issued)
        .element(names::ISSUER, &content.issuer);
    let signature_at = out.mark();
    write_subject(out, content, times);
    out.start(names::CONDITIONS)
        .attribute("NotBefore", &times.not_before)
        .attribute("NotOnOrAfter", &times.not_on_or_after)
        .start(names::AUDIENCE_RESTRICTION)
        .element(names::AUDIENCE, &content.audience)
        .end()
        .end();
    write_attributes(out, content);
    out.start(names::AUTHN_STATEMENT)
        .attribute("AuthnInstant", &instant(content.authentication_instant()))
        .attribute("SessionIndex", &content.session_index)
        .start(names::AUTHN_CONTEXT)
        .element(names::AUTHN_CONTEXT_CLASS_REF, &content.context_class)
        .end()
        .end()
        .end();
    (start..out.mark(), signature_at)
}

/// Bearer, for this consumer and this request, five minutes at most (SAML-16; profiles 4.1.4.2).
fn write_subject(out: &mut Writer, content: &TokenContent, times: &Times) {
    out.start(names::SUBJECT);
    if let Some(name_id) = &content.name_id {
        write_name_id(out, name_id);
    }
    out.start(names::SUBJECT_CONFIRMATION)
        .attribute("Method", names::BEARER)
        .start(names::SUBJECT_CONFIRMATION_DATA);
    if let Some(request) = &content.in_response_to {
        out.attribute("InResponseTo", request);
    }
    out.attribute("NotOnOrAfter", &times.confirm_before)
        .attribute("Recipient", &content.reply_to)
        .end()
        .end()
        .end();
}

/// Writes `saml:NameID`.
pub(super) fn write_name_id(out: &mut Writer, name_id: &NameId) {
    out.start(names::NAME_ID);
    let optional = [
        ("Format", &name_id.format),
        ("NameQualifier", &name_id.name_qualifier),
        ("SPNameQualifier", &name_id.sp_name_qualifier),
        ("SPProvidedID", &name_id.sp_provided_id),
    ];
    for (attribute, value) in optional {
        if let Some(value) = value {
            out.attribute(attribute, value);
        }
    }
    out.text(&name_id.value).end();
}

/// A statement needs at least one attribute (schema), so none is written without claims.
fn write_attributes(out: &mut Writer, content: &TokenContent) {
    let groups = group_by_type_and(&content.claims, types::PROPERTY_ATTRIBUTE_NAME_FORMAT);
    if groups.is_empty() {
        return;
    }
    out.start(names::ATTRIBUTE_STATEMENT);
    for group in groups {
        out.start(names::ATTRIBUTE)
            .attribute("Name", group.claim_type);
        if let Some(format) = group.property {
            out.attribute("NameFormat", format);
        }
        for value in group.values {
            out.element(names::ATTRIBUTE_VALUE, value);
        }
        out.end();
    }
    out.end();
}

/// `TokenType` of the RSTR, and token type and value type of a reference to the assertion.
pub(super) const REFERENCE: super::rstr::Reference = super::rstr::Reference {
    token_type: token::SAML20,
    profile: "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0",
    value_type: "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID",
};
