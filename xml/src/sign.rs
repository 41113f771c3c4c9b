//! Enveloped signatures over what [`crate::Writer`] wrote.
//!
//! The element's bytes already are their exclusive canonical form, so signing is one hash, one
//! signature and one insertion. `SignedInfo` is rendered twice: with its own declaration of `ds` for the
//! signature value, without it inside `ds:Signature`, where the declaration stands on the parent.

use std::ops::Range;

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::canonical_xml::CanonicalXml;
use crate::escape::{push_attribute, push_text};
use crate::ns::{DS, EXC_C14N};

/// How a token or message is signed; SHA-1 only where a relying party's setting asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA PKCS#1 v1.5 with SHA-256, digests with SHA-256.
    #[default]
    RsaSha256,
    /// RSA PKCS#1 v1.5 with SHA-1, digests with SHA-1.
    RsaSha1,
}

impl Algorithm {
    /// The identifier of the signature method, as `SignatureMethod` and `SigAlg` carry it.
    pub fn uri(self) -> &'static str {
        match self {
            Self::RsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::RsaSha1 => "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        }
    }

    fn digest_uri(self) -> &'static str {
        match self {
            Self::RsaSha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::RsaSha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
        }
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::RsaSha256 => &SHA256,
            Self::RsaSha1 => &SHA1_FOR_LEGACY_USE_ONLY,
        }
    }
}

/// Holds a private key and signs with it. Implemented where keys live, used where tokens are made.
pub trait SignatureMaker {
    /// The raw signature over `message` (big-endian bytes as PKCS#1 gives them).
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, SigningFailed>;

    /// The certificate that `KeyInfo` names: DER in base64, without line breaks.
    fn certificate_base64(&self) -> &str;
}

/// A signature could not be made. The fault is ours: a key, an HSM or a caller's position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningFailed {
    /// The key, or what guards it, refused.
    #[error("the signing key refused: {0}")]
    Key(String),
    /// The element or the place of the signature is not inside the document.
    #[error("the element to sign is not where the caller said")]
    Position,
}

impl SigningFailed {
    /// A refusal of the key, or of what guards it; `detail` goes to the log.
    pub fn key(detail: impl Into<String>) -> Self {
        Self::Key(detail.into())
    }

    /// A stable code that admins search for.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key(_) => "SIG-SIGN-KEY",
            Self::Position => "SIG-SIGN-POSITION",
        }
    }
}

/// Signs `document[element]` and inserts the `ds:Signature` at `insert_at`.
///
/// `id` is the value of the element's ID attribute (`ID`, `AssertionID`); `insert_at` lies inside the
/// element: after `Issuer` in SAML 2.0 (SAML core, section 5.4), at the end in SAML 1.1, first in
/// metadata. `inclusive_prefixes` are those that [`crate::Writer::declare`] forced and that only
/// attribute values use. Inner elements are signed before outer ones.
pub fn sign_element(
    document: &mut CanonicalXml,
    element: Range<usize>,
    insert_at: usize,
    id: &str,
    inclusive_prefixes: &[&str],
    algorithm: Algorithm,
    maker: &dyn SignatureMaker,
) -> Result<(), SigningFailed> {
    let signed = document
        .get(element.clone())
        .ok_or(SigningFailed::Position)?;
    let is_element = signed.starts_with('<') && signed.ends_with('>');
    let inside = element.start < insert_at && insert_at < element.end;
    if !is_element || !inside || !document.is_char_boundary(insert_at) {
        return Err(SigningFailed::Position);
    }
    let digest_value = digest(algorithm.digest(), signed.as_bytes());
    let body = signed_info_body(id, inclusive_prefixes, algorithm, digest_value.as_ref());

    let alone = format!("<ds:SignedInfo xmlns:ds=\"{DS}\">{body}");
    let value = maker.sign(algorithm, alone.as_bytes())?;

    let mut signature = String::with_capacity(body.len() + maker.certificate_base64().len() + 1024);
    signature.push_str("<ds:Signature xmlns:ds=\"");
    signature.push_str(DS);
    signature.push_str("\"><ds:SignedInfo>");
    signature.push_str(&body);
    signature.push_str("<ds:SignatureValue>");
    STANDARD.encode_string(&value, &mut signature);
    signature.push_str("</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>");
    push_text(&mut signature, maker.certificate_base64());
    signature.push_str("</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>");
    document.insert(insert_at, &signature);
    Ok(())
}

/// The children of `SignedInfo` and its end tag.
fn signed_info_body(
    id: &str,
    inclusive_prefixes: &[&str],
    algorithm: Algorithm,
    digest_value: &[u8],
) -> String {
    let mut out = String::with_capacity(1024);
    let method = |out: &mut String, name: &str, uri: &str| {
        out.push_str("<ds:");
        out.push_str(name);
        out.push_str(" Algorithm=\"");
        out.push_str(uri);
        out.push_str("\"></ds:");
        out.push_str(name);
        out.push('>');
    };
    method(&mut out, "CanonicalizationMethod", EXC_C14N);
    method(&mut out, "SignatureMethod", algorithm.uri());
    out.push_str("<ds:Reference URI=\"#");
    push_attribute(&mut out, id);
    out.push_str("\"><ds:Transforms>");
    method(
        &mut out,
        "Transform",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    );
    if inclusive_prefixes.is_empty() {
        method(&mut out, "Transform", EXC_C14N);
    } else {
        out.push_str("<ds:Transform Algorithm=\"");
        out.push_str(EXC_C14N);
        out.push_str("\"><ec:InclusiveNamespaces xmlns:ec=\"");
        out.push_str(EXC_C14N);
        out.push_str("\" PrefixList=\"");
        push_attribute(&mut out, &inclusive_prefixes.join(" "));
        out.push_str("\"></ec:InclusiveNamespaces></ds:Transform>");
    }
    out.push_str("</ds:Transforms>");
    method(&mut out, "DigestMethod", algorithm.digest_uri());
    out.push_str("<ds:DigestValue>");
    STANDARD.encode_string(digest_value, &mut out);
    out.push_str("</ds:DigestValue></ds:Reference></ds:SignedInfo>");
    out
}
