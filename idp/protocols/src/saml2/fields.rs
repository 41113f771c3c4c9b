//! Values of SAML messages, by their XML types.

use signet_xml::{Element, XmlError, parse_instant};
use time::OffsetDateTime;

use super::names::SAML;
use crate::error::{ProtocolError, cut};

const LONGEST_ID: usize = 256;
const LONGEST_URI: usize = 2048;
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

/// A refusal by the XML room.
pub(super) fn xml(error: XmlError) -> ProtocolError {
    ProtocolError::RelyingPartySamlXml {
        detail: format!("{} {error}", error.code()),
    }
}

/// A value that is not in its form.
pub(super) fn invalid(field: &'static str, detail: impl Into<String>) -> ProtocolError {
    ProtocolError::RelyingPartySamlField {
        field,
        detail: detail.into(),
    }
}

/// `Issuer`, octet by octet (saml-core-2.0-os 2.2.5; a profile that names another format than entity is refused,
/// 4.1.4.1 of saml-profiles).
pub(super) fn issuer(message: Element<'_>) -> Result<Option<String>, ProtocolError> {
    let Some(element) = message.optional_child(SAML, "Issuer").map_err(xml)? else {
        return Ok(None);
    };
    if element
        .attribute("Format")
        .is_some_and(|format| format != ENTITY)
    {
        return Err(invalid("Issuer", "its format is not entity"));
    }
    let text = element.text().map_err(xml)?.into_owned();
    if text.len() > LONGEST_URI {
        return Err(invalid("Issuer", "too long"));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// `ID`: an `xs:NCName` (saml-core-2.0-os 1.3.4).
pub(super) fn id(message: Element<'_>) -> Result<String, ProtocolError> {
    let id = message.required_attribute("ID").map_err(xml)?;
    let mut letters = id.chars();
    let starts = letters
        .next()
        .is_some_and(|first| first == '_' || first.is_alphabetic());
    let continues =
        letters.all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.'));
    if id.len() > LONGEST_ID || !starts || !continues {
        return Err(invalid(
            "ID",
            format!("{:?} is not an NCName of at most 256 octets", cut(id)),
        ));
    }
    Ok(id.to_owned())
}

/// `Version`: exactly `2.0`.
pub(super) fn check_version(message: Element<'_>) -> Result<(), ProtocolError> {
    match message.required_attribute("Version").map_err(xml)? {
        "2.0" => Ok(()),
        other => Err(invalid("Version", format!("{:?}", cut(other)))),
    }
}

/// A required instant.
pub(super) fn instant(
    message: Element<'_>,
    name: &'static str,
) -> Result<OffsetDateTime, ProtocolError> {
    parse_instant(message.required_attribute(name).map_err(xml)?).map_err(xml)
}

/// An optional instant.
pub(super) fn optional_instant(
    message: Element<'_>,
    name: &'static str,
) -> Result<Option<OffsetDateTime>, ProtocolError> {
    message
        .attribute(name)
        .map(parse_instant)
        .transpose()
        .map_err(xml)
}

/// An optional `xs:boolean`; absent is false.
pub(super) fn boolean(message: Element<'_>, name: &'static str) -> Result<bool, ProtocolError> {
    match message.attribute(name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => Err(invalid(name, format!("{:?} is not a boolean", cut(other)))),
    }
}

/// An optional attribute of at most 2048 octets.
pub(super) fn text(
    element: Element<'_>,
    name: &'static str,
) -> Result<Option<String>, ProtocolError> {
    match element.attribute(name) {
        Some(value) if value.len() > LONGEST_URI => Err(invalid(name, "too long")),
        value => Ok(value.map(str::to_owned)),
    }
}

/// An optional `xs:unsignedShort`, written in ASCII digits and nothing else (SAML-04).
pub(super) fn index(
    element: Element<'_>,
    name: &'static str,
) -> Result<Option<u16>, ProtocolError> {
    let Some(value) = element.attribute(name) else {
        return Ok(None);
    };
    let digits =
        (1..=5).contains(&value.len()) && value.bytes().all(|octet| octet.is_ascii_digit());
    match value.parse() {
        Ok(index) if digits => Ok(Some(index)),
        _ => Err(invalid(
            name,
            format!("{:?} is not a number from 0 to 65535", cut(value)),
        )),
    }
}
