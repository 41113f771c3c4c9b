//! A signed assertion, encrypted to its relying party.

use signet_model::relying_party::EncryptionAlgorithm;
use signet_xml::{CanonicalXml, ContentEncryption, RecipientKey, encrypt_element};

use super::SignerError;
use crate::release::TokenContent;

/// The `EncryptedData` that holds `plain`, for the key in `certificate` (base64 DER).
pub(super) fn encrypt(
    content: &TokenContent,
    plain: &CanonicalXml,
    certificate: &str,
    algorithm: EncryptionAlgorithm,
) -> Result<CanonicalXml, SignerError> {
    let failed = |detail: String| SignerError::Encryption {
        relying_party: content.relying_party_name.clone(),
        detail,
    };
    let recipient = RecipientKey::from_certificate_base64(certificate)
        .map_err(|refused| failed(refused.to_string()))?;
    let method = match algorithm {
        EncryptionAlgorithm::Aes256Gcm => ContentEncryption::Aes256Gcm,
        EncryptionAlgorithm::Aes256Cbc => ContentEncryption::Aes256Cbc,
        EncryptionAlgorithm::Aes128Cbc => ContentEncryption::Aes128Cbc,
    };
    encrypt_element(plain, &recipient, method).map_err(|error| failed(error.to_string()))
}
