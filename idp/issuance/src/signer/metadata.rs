//! Our metadata, signed. The document comes from the metadata room; only an `EntityDescriptor` is signed.

use signet_model::relying_party::SignatureAlgorithm;
use signet_xml::{CanonicalXml, Limits, read, sign_element};

use super::keys::{Kind, RingKey};
use super::{Signer, SignerError, algorithm_of};

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

/// Metadata as the metadata room wrote it, with the place of its signature.
#[derive(Clone, Debug)]
pub struct UnsignedMetadata {
    /// The document: one `md:EntityDescriptor`.
    pub document: CanonicalXml,
    /// Its `ID`.
    pub id: String,
    /// Where the signature goes: right after the start tag (saml-metadata-2.0-os 2.3.2).
    pub insert_at: usize,
    /// Prefixes used only inside `xsi:type` values.
    pub prefixes: &'static [&'static str],
}

impl Signer {
    /// Signs our metadata with the token-signing key, as AD FS does.
    ///
    /// What is signed must be an `EntityDescriptor` with the given `ID` and without an assertion's
    /// namespace anywhere on its root: this is no way to have a token signed.
    ///
    /// # Errors
    /// [`SignerError::NotMetadata`], [`SignerError::Signing`].
    pub fn sign_metadata(
        &self,
        metadata: UnsignedMetadata,
        algorithm: SignatureAlgorithm,
    ) -> Result<CanonicalXml, SignerError> {
        let UnsignedMetadata {
            mut document,
            id,
            insert_at,
            prefixes,
        } = metadata;
        check_is_entity_descriptor(&document, &id)?;
        let ring = self.ring.load();
        let key = RingKey::new(ring.current(), &self.counters, Kind::Metadata);
        let whole = 0..document.len();
        let algorithm = algorithm_of(algorithm);
        sign_element(
            &mut document,
            whole,
            insert_at,
            &id,
            prefixes,
            algorithm,
            &key,
        )?;
        Ok(document)
    }
}

/// Reads the document back: parse, don't trust the caller.
fn check_is_entity_descriptor(document: &CanonicalXml, id: &str) -> Result<(), SignerError> {
    let refused = |detail: &str| Err(SignerError::NotMetadata(detail.to_owned()));
    let parsed = match read(document.as_bytes(), Limits::METADATA) {
        Ok(parsed) => parsed,
        Err(error) => return refused(&error.to_string()),
    };
    let root = parsed.root();
    if !root.is(MD, "EntityDescriptor") {
        return refused("the root is another element");
    }
    if root.attribute("ID") != Some(id) || id.is_empty() {
        return refused("its ID is another");
    }
    Ok(())
}
