//! Channel bindings of our end: the hash of the certificate that TLS showed.
//!
//! Source: RFC 5929 section 4 (tls-server-end-point), RFC 4055 section 3.1 (the parameters of RSASSA-PSS).

use aws_lc_rs::digest::{self, Algorithm, SHA224, SHA256, SHA384, SHA512};
use signet_model::{Culprit, MessagePair};
use thiserror::Error;

use super::der::{Der, NotDer, OBJECT_IDENTIFIER, SEQUENCE, context};

/// A certificate is smaller.
const MOST_OCTETS: usize = 64 * 1024;
const PREFIX: &[u8] = b"tls-server-end-point:";

/// How strictly a token is bound to the TLS connection it came over ("extended protection").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExtendedProtection {
    /// Bindings are not looked at.
    None,
    /// Bindings that a client gives have to be right; a client that knows of none is taken.
    #[default]
    Allow,
    /// Every client has to give right bindings.
    Require,
}

/// What a client's channel bindings have to equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelBinding(Vec<u8>);

/// The certificate gives no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NoChannelBinding {
    /// The octets are no certificate.
    #[error("the certificate is not in its form")]
    NotACertificate,
    /// The standard defines no hash for its signature, as for Ed25519.
    #[error("RFC 5929 defines no channel binding for the signature algorithm of the certificate")]
    NoHash,
}

impl ChannelBinding {
    /// The binding of a TLS server's own certificate (DER): the one that this very connection showed.
    ///
    /// The hash is that of the certificate's signature; MD5 and SHA-1 become SHA-256.
    ///
    /// # Errors
    /// [`NoChannelBinding`].
    pub fn tls_server_end_point(certificate: &[u8]) -> Result<Self, NoChannelBinding> {
        if certificate.len() > MOST_OCTETS {
            return Err(NoChannelBinding::NotACertificate);
        }
        let hash = signature_hash(certificate)
            .map_err(|NotDer| NoChannelBinding::NotACertificate)?
            .ok_or(NoChannelBinding::NoHash)?;
        let mut data = PREFIX.to_vec();
        data.extend(digest::digest(hash, certificate).as_ref());
        Ok(Self(data))
    }

    pub(super) fn application_data(&self) -> &[u8] {
        &self.0
    }
}

impl NoChannelBinding {
    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        MessagePair {
            code: "SIG-KRB-CHANNEL",
            culprit: Culprit::Operator,
            public: "Automatic sign-in is not available.",
            hint: "Sign in with your user name and password.",
            private: format!(
                "{self}: use a certificate signed with RSA or ECDSA, or set extended protection to none"
            ),
        }
    }
}

/// Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature } (RFC 5280, 4.1).
fn signature_hash(certificate: &[u8]) -> Result<Option<&'static Algorithm>, NotDer> {
    let mut outer = Der::new(certificate);
    let mut whole = outer.enter(SEQUENCE)?;
    outer.end()?;
    whole.take(SEQUENCE)?;
    let mut algorithm = whole.enter(SEQUENCE)?;
    let identifier = algorithm.take(OBJECT_IDENTIFIER)?;
    if identifier == b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a" {
        return pss_hash(algorithm).map(Some);
    }
    Ok(match identifier {
        // 1.2.840.113549.1.1: 4 and 5 are MD5 and SHA-1 with RSA, 11 to 14 the SHA-2 family.
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"
        | b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"
        | b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b" => Some(&SHA256),
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c" => Some(&SHA384),
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d" => Some(&SHA512),
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e" => Some(&SHA224),
        // 1.2.840.10045.4: 1 is ECDSA with SHA-1, 3.1 to 3.4 the SHA-2 family.
        b"\x2a\x86\x48\xce\x3d\x04\x01" => Some(&SHA256),
        b"\x2a\x86\x48\xce\x3d\x04\x03\x01" => Some(&SHA224),
        b"\x2a\x86\x48\xce\x3d\x04\x03\x02" => Some(&SHA256),
        b"\x2a\x86\x48\xce\x3d\x04\x03\x03" => Some(&SHA384),
        b"\x2a\x86\x48\xce\x3d\x04\x03\x04" => Some(&SHA512),
        _ => None,
    })
}

/// RSASSA-PSS-params: `[0]` hashAlgorithm, SHA-1 when it is absent.
fn pss_hash(mut algorithm: Der<'_>) -> Result<&'static Algorithm, NotDer> {
    let mut parameters = algorithm.enter(SEQUENCE)?;
    let Some(mut tagged) = parameters.optional(context(0))? else {
        return Ok(&SHA256);
    };
    let mut hash = tagged.enter(SEQUENCE)?;
    match hash.take(OBJECT_IDENTIFIER)? {
        b"\x2b\x0e\x03\x02\x1a" | b"\x60\x86\x48\x01\x65\x03\x04\x02\x01" => Ok(&SHA256),
        b"\x60\x86\x48\x01\x65\x03\x04\x02\x02" => Ok(&SHA384),
        b"\x60\x86\x48\x01\x65\x03\x04\x02\x03" => Ok(&SHA512),
        b"\x60\x86\x48\x01\x65\x03\x04\x02\x04" => Ok(&SHA224),
        _ => Err(NotDer),
    }
}

/// Fuzz target: no octets panic.
pub fn fuzz_end_point(bytes: &[u8]) {
    drop(ChannelBinding::tls_server_end_point(bytes));
}

#[cfg(test)]
mod tests;
