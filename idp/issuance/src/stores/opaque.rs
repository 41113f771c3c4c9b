//! Identifiers that say nothing about the person.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signet_certs::MacKey;
use signet_model::{AccountId, RelyingPartyId};

/// Makes persistent identifiers: keyed hashes, the same for one person at one relying party for ever.
///
/// The key comes from the service's master key, so a value cannot be computed or traced back elsewhere,
/// and two relying parties cannot compare theirs (saml-core-2.0-os 8.3.7).
pub struct OpaqueIds {
    key: MacKey,
    /// Salt of the `_OpaqueIdStore`, derived from the same key.
    store_salt: [u8; 32],
}

impl OpaqueIds {
    /// The purpose label of the key: `MasterKey::mac(OpaqueIds::PURPOSE)`.
    pub const PURPOSE: &'static str = "opaque-ids";

    /// With a key made for this purpose only.
    pub fn new(key: MacKey) -> Self {
        let store_salt = key.tag(b"_OpaqueIdStore");
        Self { key, store_salt }
    }

    /// The persistent identifier of `account` at `relying_party`: 43 base64 characters and `=`.
    pub(crate) fn pairwise(&self, relying_party: RelyingPartyId, account: AccountId) -> String {
        // Both parts are of fixed length.
        let mut message = b"pairwise".to_vec();
        message.extend(relying_party.0.as_bytes());
        message.extend(account.as_octets());
        STANDARD.encode(self.key.tag(&message))
    }

    /// The `_OpaqueIdStore` of `relying_party`: its values are this relying party's alone.
    pub(crate) fn store(&self, relying_party: RelyingPartyId) -> signet_claims::OpaqueIds {
        signet_claims::OpaqueIds::new(&self.store_salt, &relying_party.to_string())
    }
}

impl fmt::Debug for OpaqueIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueIds")
    }
}
