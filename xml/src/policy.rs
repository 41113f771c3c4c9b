//! Which signatures a partner may use.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};

/// What a partner's signatures may look like. The default allows only what is sound today; each switch
/// is an admin's decision for one partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Accept RSA with SHA-1, and SHA-1 digests.
    pub allow_sha1: bool,
    /// Accept inclusive canonicalization of `SignedInfo`.
    pub allow_inclusive_c14n: bool,
    /// Accept `URI=""`, which names the whole document, when the document element is what is verified.
    pub allow_empty_uri: bool,
    /// Tolerate signatures elsewhere in the document, as metadata aggregates and responses around a
    /// signed assertion have them. They are not looked at.
    pub other_signatures: bool,
}

impl Policy {
    /// The strict policy for documents that may hold further signatures: metadata, responses.
    pub const NESTED: Self = Self {
        allow_sha1: false,
        allow_inclusive_c14n: false,
        allow_empty_uri: false,
        other_signatures: true,
    };

    /// Whether signatures with this algorithm are accepted at all.
    pub(crate) fn accepts(self, algorithm: SignatureAlgorithm) -> bool {
        self.allow_sha1 || algorithm != SignatureAlgorithm::RsaSha1
    }

    /// The digest algorithm of this identifier, when accepted.
    pub(crate) fn digest(self, uri: &str) -> Option<&'static digest::Algorithm> {
        match uri {
            "http://www.w3.org/2001/04/xmlenc#sha256" => Some(&SHA256),
            "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(&SHA384),
            "http://www.w3.org/2001/04/xmlenc#sha512" => Some(&SHA512),
            "http://www.w3.org/2000/09/xmldsig#sha1" if self.allow_sha1 => {
                Some(&SHA1_FOR_LEGACY_USE_ONLY)
            }
            _ => None,
        }
    }
}

/// The signature algorithms that can be verified: public keys only, so no HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSA PKCS#1 v1.5 with SHA-1: only where [`Policy::allow_sha1`] says so.
    RsaSha1,
    /// RSA PKCS#1 v1.5 with SHA-256.
    RsaSha256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    RsaSha384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    RsaSha512,
    /// ECDSA on P-256 with SHA-256.
    EcdsaSha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaSha384,
}

impl SignatureAlgorithm {
    /// The algorithm of this identifier (RFC 9231, section 2.3; XML Signature 1.1, section 6.4).
    pub fn from_uri(uri: &str) -> Option<Self> {
        match uri {
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1" => Some(Self::RsaSha1),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" => Some(Self::RsaSha256),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384" => Some(Self::RsaSha384),
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512" => Some(Self::RsaSha512),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256" => Some(Self::EcdsaSha256),
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384" => Some(Self::EcdsaSha384),
            _ => None,
        }
    }
}
