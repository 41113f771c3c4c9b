//! What must hold for the document around the signature.

use std::collections::HashSet;

use crate::document::Document;
use crate::element::Element;
use crate::name::Name;
use crate::ns::DS;
use crate::policy::Policy;
use crate::signature_error::SignatureError;

/// The one signature that is a direct child of `target`, and none elsewhere unless the policy says so.
pub(super) fn only_signature<'d>(
    document: &'d Document<'_>,
    target: Element<'d>,
    policy: Policy,
) -> Result<Element<'d>, SignatureError> {
    let mut own = target.children_named(DS, "Signature");
    let first = own.next();
    if own.next().is_some() {
        return Err(SignatureError::SecondSignature);
    }
    let tree = document.tree();
    let all = tree
        .descendants(tree.root())
        .into_iter()
        .filter(|node| Element::of(tree, *node).is(DS, "Signature"))
        .count();
    match first {
        Some(signature) if all == 1 || policy.other_signatures => Ok(signature),
        Some(_) => Err(SignatureError::SecondSignature),
        None if all == 0 => Err(SignatureError::NotSigned),
        None => Err(SignatureError::SignatureElsewhere),
    }
}

/// What holds for the whole document: no value of an ID-like attribute twice, and no relative namespace
/// names, on which canonicalization must fail (Canonical XML 1.0, section 1.3).
pub(super) fn check_document(document: &Document<'_>) -> Result<(), SignatureError> {
    let tree = document.tree();
    let mut seen = HashSet::new();
    for node in tree.descendants(tree.root()) {
        let Some(element) = tree.element(node) else {
            continue;
        };
        for attribute in &element.attributes {
            let local = attribute.name.local_name.as_ref();
            let is_id = local.eq_ignore_ascii_case("id")
                || matches!(local, "AssertionID" | "RequestID" | "ResponseID");
            if is_id && !seen.insert(attribute.value.as_ref()) {
                return Err(SignatureError::DuplicateId);
            }
        }
        for (_, uri) in &element.namespace_declarations {
            if !uri.is_empty() && !is_absolute(uri) {
                return Err(SignatureError::RelativeNamespace);
            }
        }
    }
    Ok(())
}

/// RFC 3986, section 3.1: a scheme and a colon, and no character that a URI cannot hold.
fn is_absolute(uri: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    let is_plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
    uri.split_once(':')
        .is_some_and(|(scheme, _)| is_scheme(scheme))
        && uri.chars().all(is_plain)
}

/// The element to verify: the document element, or its only child of a name that occurs nowhere else.
pub(crate) fn find_target<'d>(
    document: &'d Document<'_>,
    root: Name,
    child: Option<Name>,
) -> Result<Element<'d>, SignatureError> {
    let root = document.root().expect(root.uri, root.local)?;
    let Some(child) = child else { return Ok(root) };
    let target = root.only_child(child.uri, child.local)?;
    let tree = document.tree();
    let all = tree
        .descendants(tree.root())
        .into_iter()
        .filter(|node| Element::of(tree, *node).is(child.uri, child.local))
        .count();
    if all == 1 {
        Ok(target)
    } else {
        Err(SignatureError::SecondElement)
    }
}
