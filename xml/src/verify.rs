//! Verifying: from a document and pinned keys to values that somebody signed.
//!
//! The order is part of the security: shape first, then the signature over `SignedInfo`, and only then
//! the digest, so that an unknown sender buys no canonicalization of his document. What is returned
//! are the very nodes that were digested.

use std::ops::Deref;

use aws_lc_rs::digest::digest;

use crate::canonical::{Form, canonicalize};
use crate::document::Document;
use crate::element::Element;
use crate::error::excerpt;
use crate::key::TrustedKey;
use crate::name::Name;
use crate::policy::{Policy, SignatureAlgorithm};
use crate::profile::{Shape, find_target};
use crate::signature_error::SignatureError;

/// An element whose content a pinned key signed. Only the functions of this module make one.
///
/// It cannot be built elsewhere:
///
/// ```compile_fail
/// fn forge(element: signet_xml::Element<'_>) -> signet_xml::Verified<'_> {
///     signet_xml::Verified { element, key: 0, used: todo!() }
/// }
/// ```
///
/// and an element that was only read is not one:
///
/// ```compile_fail
/// fn decide(message: &signet_xml::Verified<'_>) {}
/// fn misuse(document: &signet_xml::Document<'_>) {
///     decide(&document.root());
/// }
/// ```
///
/// The `ds:Signature` inside it is the one part that nobody signed: `KeyInfo` says nothing.
#[must_use = "values of a signed message are read from here"]
#[derive(Clone, Copy, Debug)]
pub struct Verified<'d> {
    element: Element<'d>,
    key: usize,
    used: Used,
}

/// What a signature was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Used {
    algorithm: SignatureAlgorithm,
    sha1: bool,
}

impl<'d> Verified<'d> {
    /// The element, exactly as it was digested.
    pub fn element(&self) -> Element<'d> {
        self.element
    }

    /// Which of the keys given made the signature.
    pub fn key_index(&self) -> usize {
        self.key
    }

    /// The algorithm of the signature.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.used.algorithm
    }

    /// Whether SHA-1 signed or digested it: allowed by the policy, and worth an audit event.
    pub fn used_sha1(&self) -> bool {
        self.used.sha1
    }
}

impl<'d> Deref for Verified<'d> {
    type Target = Element<'d>;

    fn deref(&self) -> &Element<'d> {
        &self.element
    }
}

/// Verifies the enveloped signature of the document element, which must have the name `root`.
///
/// `id_attribute` is the attribute, without a namespace, that the reference names: `ID` in SAML 2.0.
/// `keys` are those pinned for the sender; with none of them everything is refused.
pub fn verify_enveloped<'d>(
    document: &'d Document<'_>,
    root: Name,
    id_attribute: &str,
    keys: &[TrustedKey],
    policy: Policy,
) -> Result<Verified<'d>, SignatureError> {
    verify(
        document,
        find_target(document, root, None)?,
        id_attribute,
        keys,
        policy,
    )
}

/// Verifies the enveloped signature of the only child `child` of the document element `root`, such as
/// the assertion of a response. A second element of that name anywhere is refused.
pub fn verify_only_child<'d>(
    document: &'d Document<'_>,
    root: Name,
    child: Name,
    id_attribute: &str,
    keys: &[TrustedKey],
    policy: Policy,
) -> Result<Verified<'d>, SignatureError> {
    verify(
        document,
        find_target(document, root, Some(child))?,
        id_attribute,
        keys,
        policy,
    )
}

fn verify<'d>(
    document: &'d Document<'_>,
    target: Element<'d>,
    id_attribute: &str,
    keys: &[TrustedKey],
    policy: Policy,
) -> Result<Verified<'d>, SignatureError> {
    let shape = Shape::check(document, target, id_attribute, policy)?;
    let tree = document.tree();
    let signed_info = canonicalize(
        tree,
        shape.signed_info.node(),
        None,
        shape.signed_info_form,
        &shape.signed_info_prefixes,
    )
    .ok_or(SignatureError::Canonicalization)?;
    let key = find_key(keys, shape.algorithm, &signed_info, &shape.signature_value)?;

    let content = canonicalize(
        tree,
        shape.target.node(),
        Some(shape.signature.node()),
        Form::Exclusive,
        &shape.target_prefixes,
    )
    .ok_or(SignatureError::Canonicalization)?;
    if digest(shape.digest, &content).as_ref() != shape.digest_value {
        return Err(SignatureError::Changed);
    }
    let sha1 = shape.algorithm == SignatureAlgorithm::RsaSha1 || shape.digest.output_len() == 20;
    Ok(Verified {
        element: shape.target,
        key,
        used: Used {
            algorithm: shape.algorithm,
            sha1,
        },
    })
}

/// Octets that a pinned key signed outside of XML. Only [`verify_detached`] makes one.
#[must_use = "values of a signed message are read from here"]
#[derive(Clone, Copy, Debug)]
pub struct VerifiedMessage<'m> {
    message: &'m [u8],
    key: usize,
    used: Used,
}

impl<'m> VerifiedMessage<'m> {
    /// The octets, exactly as they were signed.
    pub fn message(&self) -> &'m [u8] {
        self.message
    }

    /// Which of the keys given made the signature.
    pub fn key_index(&self) -> usize {
        self.key
    }

    /// The algorithm of the signature.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.used.algorithm
    }

    /// Whether SHA-1 was used: allowed by the policy, and worth an audit event.
    pub fn used_sha1(&self) -> bool {
        self.used.sha1
    }
}

/// Verifies the signature of the redirect binding (SAML bindings, section 3.4.4.1).
///
/// `message` are the octets `SAMLRequest=…&RelayState=…&SigAlg=…` as they were received, never
/// encoded anew; `algorithm_uri` is the decoded `SigAlg`, `signature` the decoded `Signature`.
pub fn verify_detached<'m>(
    algorithm_uri: &str,
    message: &'m [u8],
    signature: &[u8],
    keys: &[TrustedKey],
    policy: Policy,
) -> Result<VerifiedMessage<'m>, SignatureError> {
    let algorithm = SignatureAlgorithm::from_uri(algorithm_uri)
        .filter(|algorithm| policy.accepts(*algorithm))
        .ok_or_else(|| SignatureError::AlgorithmRefused(excerpt(algorithm_uri)))?;
    let key = find_key(keys, algorithm, message, signature)?;
    let sha1 = algorithm == SignatureAlgorithm::RsaSha1;
    Ok(VerifiedMessage {
        message,
        key,
        used: Used { algorithm, sha1 },
    })
}

fn find_key(
    keys: &[TrustedKey],
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<usize, SignatureError> {
    if keys.is_empty() {
        return Err(SignatureError::NoKeys);
    }
    keys.iter()
        .position(|key| key.check(algorithm, message, signature).is_ok())
        .ok_or(SignatureError::OtherKey { keys: keys.len() })
}
