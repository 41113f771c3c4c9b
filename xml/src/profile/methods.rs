//! The algorithms that a signature names, with their parameters.

use crate::canonical::Form;
use crate::element::Element;
use crate::error::excerpt;
use crate::ns::EXC_C14N;
use crate::policy::{Policy, SignatureAlgorithm};
use crate::profile::parts::{algorithm_of, expect_ds, is_ds, structure};
use crate::signature_error::SignatureError;

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const INCLUSIVE_C14N: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
/// More prefixes than any partner lists.
const MOST_PREFIXES: usize = 32;

pub(super) fn signed_info_form<'d>(
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
        other => Err(SignatureError::AlgorithmRefused(excerpt(other))),
    }
}

/// No parameters: `HMACOutputLength` has none to shorten here.
pub(super) fn signature_algorithm(
    method: Element<'_>,
    policy: Policy,
) -> Result<SignatureAlgorithm, SignatureError> {
    expect_ds(method, "SignatureMethod")?;
    let uri = algorithm_of(method, "SignatureMethod")?;
    let algorithm = SignatureAlgorithm::from_uri(uri)
        .filter(|algorithm| policy.accepts(*algorithm))
        .ok_or_else(|| SignatureError::AlgorithmRefused(excerpt(uri)))?;
    if !structure(method, "SignatureMethod", &["Algorithm"])?.is_empty() {
        return Err(SignatureError::Shape("parameters of SignatureMethod"));
    }
    Ok(algorithm)
}

/// SAML core, section 5.4.4: the enveloped-signature transform, then exclusive canonicalization.
pub(super) fn transforms_prefixes(transforms: Element<'_>) -> Result<Vec<&str>, SignatureError> {
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
