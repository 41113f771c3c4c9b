//! Reading the signature's own elements strictly: nothing may stand where nothing belongs.

use base64::{Engine, engine::general_purpose::STANDARD};
use uppsala::NodeKind;

use crate::element::{Attribute, Element};
use crate::ns::DS;
use crate::signature_error::SignatureError;

/// The child elements of one of the signature's own elements: nothing else but white space may stand
/// between them, and no attributes but `known`.
pub(super) fn structure<'d>(
    element: Element<'d>,
    label: &'static str,
    known: &[&str],
) -> Result<Vec<Element<'d>>, SignatureError> {
    check_attributes(element, label, known)?;
    let mut children = Vec::with_capacity(4);
    for (child, kind) in element.nodes() {
        match kind {
            NodeKind::Element(_) => children.push(child),
            NodeKind::Text(text) if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() => {}
            _ => return Err(SignatureError::Shape(label)),
        }
    }
    Ok(children)
}

fn check_attributes(
    element: Element<'_>,
    label: &'static str,
    known: &[&str],
) -> Result<(), SignatureError> {
    let strange =
        |attribute: Attribute<'_>| !attribute.uri.is_empty() || !known.contains(&attribute.local);
    if element.attributes().any(strange) {
        return Err(SignatureError::Shape(label));
    }
    Ok(())
}

/// Base64 in an element that holds nothing but text.
pub(super) fn binary(
    element: Element<'_>,
    label: &'static str,
    known: &[&str],
) -> Result<Vec<u8>, SignatureError> {
    check_attributes(element, label, known)?;
    let text = element.text().map_err(|_| SignatureError::Shape(label))?;
    let packed: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        .collect();
    match STANDARD.decode(packed) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(SignatureError::Shape(label)),
    }
}

pub(super) fn algorithm_of<'d>(
    method: Element<'d>,
    label: &'static str,
) -> Result<&'d str, SignatureError> {
    method
        .attribute("Algorithm")
        .ok_or(SignatureError::Shape(label))
}

pub(super) fn is_ds(element: Element<'_>, local: &str) -> bool {
    element.is(DS, local)
}

pub(super) fn expect_ds(element: Element<'_>, local: &'static str) -> Result<(), SignatureError> {
    if is_ds(element, local) {
        Ok(())
    } else {
        Err(SignatureError::Shape(local))
    }
}
