//! The one shape of signature that is looked at: checked on the tree before any cryptography.
//!
//! XML Signature can say almost anything; SAML core, section 5.4, allows a narrow profile, and that is
//! what stands here: one `ds:Signature`, a direct child of the element consumed; one `Reference` to that
//! element's own ID; the enveloped-signature transform, then exclusive canonicalization; algorithms
//! from a list; `KeyInfo` ignored. Whatever differs is refused, so the signature cannot cover another
//! element than the one that is read.

use std::collections::HashSet;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use uppsala::NodeKind;

use crate::canonical::Form;
use crate::document::{Document, Element};
use crate::name::Name;
use crate::ns::{DS, EXC_C14N};
use crate::policy::{Policy, SignatureAlgorithm};
use crate::verify::SignatureError;

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const INCLUSIVE_C14N: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
/// More prefixes than any partner lists.
const MOST_PREFIXES: usize = 32;

/// Everything the cryptography needs, taken from a signature of the right shape.
pub(crate) struct Shape<'d> {
    pub(crate) target: Element<'d>,
    pub(crate) signature: Element<'d>,
    pub(crate) signed_info: Element<'d>,
    pub(crate) signed_info_form: Form,
    pub(crate) signed_info_prefixes: Vec<&'d str>,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) signature_value: Vec<u8>,
    pub(crate) target_prefixes: Vec<&'d str>,
    pub(crate) digest: &'static digest::Algorithm,
    pub(crate) digest_value: Vec<u8>,
}

impl<'d> Shape<'d> {
    /// Checks the signature of `target`, whose ID stands in the attribute `id_attribute`.
    pub(crate) fn check(
        document: &'d Document<'_>,
        target: Element<'d>,
        id_attribute: &str,
        policy: Policy,
    ) -> Result<Self, SignatureError> {
        let signature = only_signature(document, target, policy)?;
        let id = target
            .attribute(id_attribute)
            .filter(|id| !id.is_empty())
            .ok_or(SignatureError::MissingId)?;
        check_document(document)?;

        let (signed_info, value) = match *structure(signature, "Signature", &["Id"])? {
            [info, value] if is_ds(info, "SignedInfo") && is_ds(value, "SignatureValue") => {
                (info, value)
            }
            [info, value, key_info]
                if is_ds(info, "SignedInfo")
                    && is_ds(value, "SignatureValue")
                    && is_ds(key_info, "KeyInfo") =>
            {
                (info, value)
            }
            _ => return Err(SignatureError::Shape("children of Signature")),
        };
        let [canonicalization, method, reference] = *structure(signed_info, "SignedInfo", &["Id"])?
        else {
            return Err(SignatureError::Shape("children of SignedInfo"));
        };
        let (signed_info_form, signed_info_prefixes) = signed_info_form(canonicalization, policy)?;
        let algorithm = signature_algorithm(method, policy)?;
        let reference = Reference::check(reference, id, document.root(), target, policy)?;
        Ok(Self {
            target,
            signature,
            signed_info,
            signed_info_form,
            signed_info_prefixes,
            algorithm,
            signature_value: binary(value, "SignatureValue", &["Id"])?,
            target_prefixes: reference.prefixes,
            digest: reference.digest,
            digest_value: reference.digest_value,
        })
    }
}

struct Reference<'d> {
    prefixes: Vec<&'d str>,
    digest: &'static digest::Algorithm,
    digest_value: Vec<u8>,
}

impl<'d> Reference<'d> {
    /// SAML core, section 5.4.2: a single reference to the ID of the root of what is signed.
    fn check(
        reference: Element<'d>,
        id: &str,
        root: Element<'_>,
        target: Element<'_>,
        policy: Policy,
    ) -> Result<Self, SignatureError> {
        expect_ds(reference, "Reference")?;
        let [transforms, method, value] =
            *structure(reference, "Reference", &["URI", "Id", "Type"])?
        else {
            return Err(SignatureError::Shape("children of Reference"));
        };
        let names_target = match reference.attribute("URI") {
            Some("") => policy.allow_empty_uri && target.node() == root.node(),
            Some(uri) => uri.strip_prefix('#') == Some(id),
            None => false,
        };
        if !names_target {
            return Err(SignatureError::OtherElementReferenced);
        }
        let prefixes = transforms_prefixes(transforms)?;
        expect_ds(method, "DigestMethod")?;
        let uri = algorithm_of(method, "DigestMethod")?;
        let digest = policy
            .digest(uri)
            .ok_or_else(|| SignatureError::AlgorithmRefused(crate::error::excerpt(uri)))?;
        if !structure(method, "DigestMethod", &["Algorithm"])?.is_empty() {
            return Err(SignatureError::Shape("parameters of DigestMethod"));
        }
        expect_ds(value, "DigestValue")?;
        Ok(Self {
            prefixes,
            digest,
            digest_value: binary(value, "DigestValue", &[])?,
        })
    }
}

/// The one signature that is a direct child of `target`, and none elsewhere unless the policy says so.
fn only_signature<'d>(
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
fn check_document(document: &Document<'_>) -> Result<(), SignatureError> {
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

fn signed_info_form<'d>(
    method: Element<'d>,
    policy: Policy,
) -> Result<(Form, Vec<&'d str>), SignatureError> {
    expect_ds(method, "CanonicalizationMethod")?;
    match algorithm_of(method, "CanonicalizationMethod")? {
        EXC_C14N => Ok((Form::Exclusive, prefix_list(method)?)),
        INCLUSIVE_C14N
            if policy.allow_inclusive_c14n
                && structure(method, "CanonicalizationMethod", &["Algorithm"])?.is_empty() =>
        {
            Ok((Form::Inclusive, Vec::new()))
        }
        other => Err(SignatureError::AlgorithmRefused(crate::error::excerpt(
            other,
        ))),
    }
}

/// No parameters: `HMACOutputLength` has none to shorten here.
fn signature_algorithm(
    method: Element<'_>,
    policy: Policy,
) -> Result<SignatureAlgorithm, SignatureError> {
    expect_ds(method, "SignatureMethod")?;
    let uri = algorithm_of(method, "SignatureMethod")?;
    let algorithm = SignatureAlgorithm::from_uri(uri)
        .filter(|algorithm| policy.accepts(*algorithm))
        .ok_or_else(|| SignatureError::AlgorithmRefused(crate::error::excerpt(uri)))?;
    if !structure(method, "SignatureMethod", &["Algorithm"])?.is_empty() {
        return Err(SignatureError::Shape("parameters of SignatureMethod"));
    }
    Ok(algorithm)
}

/// SAML core, section 5.4.4: the enveloped-signature transform, then exclusive canonicalization.
fn transforms_prefixes(transforms: Element<'_>) -> Result<Vec<&str>, SignatureError> {
    expect_ds(transforms, "Transforms")?;
    let [enveloped, exclusive] = *structure(transforms, "Transforms", &[])? else {
        return Err(SignatureError::Transforms);
    };
    let is = |transform: Element<'_>, algorithm: &str| {
        is_ds(transform, "Transform") && transform.attribute("Algorithm") == Some(algorithm)
    };
    let plain = structure(enveloped, "Transform", &["Algorithm"])?.is_empty();
    if !plain || !is(enveloped, ENVELOPED) || !is(exclusive, EXC_C14N) {
        return Err(SignatureError::Transforms);
    }
    prefix_list(exclusive)
}

/// The prefixes of an `InclusiveNamespaces`, the only parameter of exclusive canonicalization.
fn prefix_list(method: Element<'_>) -> Result<Vec<&str>, SignatureError> {
    let list = match *structure(method, "canonicalization", &["Algorithm"])? {
        [] => return Ok(Vec::new()),
        [list] if list.is(EXC_C14N, "InclusiveNamespaces") => list,
        _ => return Err(SignatureError::Shape("parameters of canonicalization")),
    };
    if !structure(list, "InclusiveNamespaces", &["PrefixList"])?.is_empty() {
        return Err(SignatureError::Shape("content of InclusiveNamespaces"));
    }
    let prefixes: Vec<&str> = list
        .attribute("PrefixList")
        .unwrap_or_default()
        .split_ascii_whitespace()
        .collect();
    if prefixes.len() > MOST_PREFIXES || prefixes.iter().any(|prefix| prefix.contains(':')) {
        return Err(SignatureError::Shape("prefixes of InclusiveNamespaces"));
    }
    Ok(prefixes)
}

/// The child elements of one of the signature's own elements: nothing else but white space may stand
/// between them, and no attributes but `known`.
fn structure<'d>(
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
    let strange = |attribute: crate::document::Attribute<'_>| {
        !attribute.uri.is_empty() || !known.contains(&attribute.local)
    };
    if element.attributes().any(strange) {
        return Err(SignatureError::Shape(label));
    }
    Ok(())
}

/// Base64 in an element that holds nothing but text.
fn binary(
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

fn algorithm_of<'d>(method: Element<'d>, label: &'static str) -> Result<&'d str, SignatureError> {
    method
        .attribute("Algorithm")
        .ok_or(SignatureError::Shape(label))
}

fn is_ds(element: Element<'_>, local: &str) -> bool {
    element.is(DS, local)
}

fn expect_ds(element: Element<'_>, local: &'static str) -> Result<(), SignatureError> {
    if is_ds(element, local) {
        Ok(())
    } else {
        Err(SignatureError::Shape(local))
    }
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
