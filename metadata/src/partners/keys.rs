//! The keys of a role.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use signet_certs::{CertificateFacts, read_certificate};
use signet_model::relying_party::EncryptionAlgorithm;
use signet_xml::{Element, RecipientKey, TrustedKey, ns};
use time::OffsetDateTime;

use super::note::Note;
use crate::error::MetadataError;
use crate::names::MD;

const MOST_KEYS: usize = 32;

/// What the `KeyDescriptor`s of a role give.
#[derive(Default)]
pub(super) struct RoleKeys {
    /// Certificates (base64 DER) whose keys sign requests.
    pub(super) signing: Vec<String>,
    /// Certificate that assertions are encrypted to.
    pub(super) encryption: Option<String>,
    /// The strongest content encryption that the partner names.
    pub(super) algorithm: Option<EncryptionAlgorithm>,
}

/// Reads every `KeyDescriptor` (saml-metadata-2.0-os 2.4.1.1); one without `use` serves both.
pub(super) fn read(
    role: Element<'_>,
    now: OffsetDateTime,
    notes: &mut Vec<Note>,
) -> Result<RoleKeys, MetadataError> {
    let mut keys = RoleKeys::default();
    let mut encryption_keys = 0usize;
    for (count, descriptor) in role.children_named(MD, "KeyDescriptor").enumerate() {
        if count == MOST_KEYS {
            return Err(MetadataError::TooMany {
                what: "keys",
                limit: MOST_KEYS,
            });
        }
        let usage = descriptor.attribute("use");
        let Some((der, facts)) = certificate(descriptor, usage_name(usage), notes)? else {
            continue;
        };
        if facts.not_after < now {
            notes.push(Note::CertificateExpired {
                subject: facts.subject.clone(),
                not_after: facts.not_after,
            });
        }
        if usage != Some("encryption") {
            match TrustedKey::from_certificate_der(&der) {
                Ok(_) => keys.signing.push(STANDARD.encode(&der)),
                Err(refused) => notes.push(left_out("signing", &refused)),
            }
        }
        if usage != Some("signing") {
            match RecipientKey::from_certificate_der(&der) {
                Ok(_) => {
                    encryption_keys += 1;
                    if keys.encryption.is_none() {
                        keys.encryption = Some(STANDARD.encode(&der));
                        keys.algorithm = algorithm(descriptor);
                    }
                }
                // A key for both uses that cannot encrypt still signs: nothing is missing.
                Err(_) if usage.is_none() => {}
                Err(refused) => notes.push(left_out("encryption", &refused)),
            }
        }
    }
    if encryption_keys > 1 {
        notes.push(Note::SeveralEncryptionKeys);
    }
    Ok(keys)
}

/// The first certificate of the descriptor: the others are its chain, and a chain's keys must not be pinned.
fn certificate(
    descriptor: Element<'_>,
    usage: &'static str,
    notes: &mut Vec<Note>,
) -> Result<Option<(Vec<u8>, CertificateFacts)>, MetadataError> {
    let first = descriptor
        .children_named(ns::DS, "KeyInfo")
        .flat_map(|info| info.children_named(ns::DS, "X509Data"))
        .flat_map(|data| data.children_named(ns::DS, "X509Certificate"))
        .next();
    let Some(element) = first else {
        notes.push(Note::KeyWithoutCertificate);
        return Ok(None);
    };
    match read_certificate(element.trimmed_text()?.as_bytes()) {
        Ok(read) => Ok(Some(read)),
        Err(refused) => {
            notes.push(left_out(usage, &refused));
            Ok(None)
        }
    }
}

/// The best of the named content encryptions that is offered; `None` when none is named.
fn algorithm(descriptor: Element<'_>) -> Option<EncryptionAlgorithm> {
    let named: Vec<&str> = descriptor
        .children_named(MD, "EncryptionMethod")
        .filter_map(|method| method.attribute("Algorithm"))
        .collect();
    [
        (
            "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            EncryptionAlgorithm::Aes256Gcm,
        ),
        (
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
            EncryptionAlgorithm::Aes256Cbc,
        ),
        (
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            EncryptionAlgorithm::Aes128Cbc,
        ),
    ]
    .into_iter()
    .find_map(|(uri, algorithm)| named.contains(&uri).then_some(algorithm))
}

fn usage_name(usage: Option<&str>) -> &'static str {
    match usage {
        Some("encryption") => "encryption",
        _ => "signing",
    }
}

fn left_out(usage: &'static str, reason: &dyn std::fmt::Display) -> Note {
    Note::CertificateLeftOut {
        usage,
        reason: reason.to_string(),
    }
}
