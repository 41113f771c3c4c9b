//! Who signed a message: nobody, somebody we cannot check, or the relying party itself.

use signet_model::RelyingParty;
use signet_model::relying_party::SignatureAlgorithm;
use signet_xml::{
    Document, Element, Name, Policy, SignatureError, TrustedKey, ns, verify_detached,
    verify_enveloped,
};

use super::binding::{Carried, Envelope};
use crate::error::{ProtocolError, cut};

/// What is known of the signature of a message. Kept for the audit; only [`MessageSignature::Verified`] proves anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageSignature {
    /// There is none.
    Absent,
    /// There is one, no key is registered to check it, and none is demanded: the message counts as unsigned.
    Unchecked,
    /// A registered key of the relying party made it.
    Verified {
        /// SHA-1 was used, as the relying party is set: worth an audit event.
        sha1: bool,
    },
}

impl MessageSignature {
    /// Whether a registered key made it.
    pub fn is_verified(self) -> bool {
        matches!(self, Self::Verified { .. })
    }
}

/// The element to read the message from, and what its signature is worth.
///
/// A signature is checked only with keys registered for `party`, whose name the message bears (SIG-09, SIG-13). It must
/// verify when such a key is registered. Without one, and without a demand for signatures, the message counts as
/// unsigned: service providers sign on their own account (mod_auth_mellon always does), and nothing in a
/// request that counts as unsigned is believed more for it (SIG-15).
pub(super) fn check<'d>(
    party: &RelyingParty,
    envelope: &Envelope,
    document: &'d Document<'_>,
    name: Name,
    demanded: bool,
) -> Result<(Element<'d>, MessageSignature), ProtocolError> {
    let root = document.root();
    let is_signed = match &envelope.carried {
        Carried::Redirect { signature } => signature.is_some(),
        Carried::Post => root.children_named(ns::DS, "Signature").next().is_some(),
    };
    let has_keys = !party.request_signing_certificates.is_empty();
    match (is_signed, has_keys) {
        (false, _) if demanded => Err(ProtocolError::RelyingPartySamlUnsigned {
            name: party.name.clone(),
        }),
        (false, _) => Ok((root, MessageSignature::Absent)),
        (true, false) if demanded => Err(ProtocolError::OperatorRequestKeyMissing {
            name: party.name.clone(),
        }),
        (true, false) => Ok((root, MessageSignature::Unchecked)),
        (true, true) => verify(party, envelope, document, name),
    }
}

fn verify<'d>(
    party: &RelyingParty,
    envelope: &Envelope,
    document: &'d Document<'_>,
    name: Name,
) -> Result<(Element<'d>, MessageSignature), ProtocolError> {
    let keys = load_keys(party)?;
    let policy = Policy {
        allow_sha1: party.signature_algorithm == SignatureAlgorithm::RsaSha1,
        ..Policy::default()
    };
    let refused = |error: SignatureError| match error {
        SignatureError::AlgorithmRefused(algorithm) => ProtocolError::RelyingPartySamlAlgorithm {
            name: party.name.clone(),
            algorithm: cut(&algorithm),
        },
        error => ProtocolError::RelyingPartySamlSignature {
            name: party.name.clone(),
            detail: format!("{} {error}", error.code()),
        },
    };
    match &envelope.carried {
        Carried::Post => {
            let verified =
                verify_enveloped(document, name, "ID", &keys, policy).map_err(refused)?;
            let sha1 = verified.used_sha1();
            Ok((verified.element(), MessageSignature::Verified { sha1 }))
        }
        Carried::Redirect {
            signature: Some(query),
        } => {
            // The document was read from the very octets that are verified here.
            let verified = verify_detached(
                &query.algorithm,
                &query.signed,
                &query.signature,
                &keys,
                policy,
            )
            .map_err(refused)?;
            let sha1 = verified.used_sha1();
            Ok((document.root(), MessageSignature::Verified { sha1 }))
        }
        Carried::Redirect { signature: None } => Err(ProtocolError::RelyingPartySamlUnsigned {
            name: party.name.clone(),
        }),
    }
}

/// The registered keys that can be used; unusable ones beside usable ones are passed over.
fn load_keys(party: &RelyingParty) -> Result<Vec<TrustedKey>, ProtocolError> {
    let mut keys = Vec::new();
    let mut fault = None;
    for certificate in &party.request_signing_certificates {
        match TrustedKey::from_certificate_base64(certificate) {
            Ok(key) => keys.push(key),
            Err(error) => fault = Some(error),
        }
    }
    match fault {
        Some(error) if keys.is_empty() => Err(ProtocolError::OperatorRequestKeyUnusable {
            name: party.name.clone(),
            detail: format!("{} {error}", error.code()),
        }),
        _ => Ok(keys),
    }
}
