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
}

impl OpaqueIds {
    /// With a key made for this purpose only: [`OpaqueIds::PURPOSE`].
    pub fn new(key: MacKey) -> Self {
        Self { key }
    }

    /// The purpose label of the key.
    pub const PURPOSE: &'static str = "opaque-ids";

    /// The persistent identifier of `account` at `relying_party`: 43 base64 characters and `=`.
    pub(crate) fn pairwise(&self, relying_party: RelyingPartyId, account: AccountId) -> String {
        self.tag(relying_party, &["pairwise", &account.to_string()])
    }

    /// A value for parts that a rule names, this relying party's alone.
    pub(crate) fn of_parts(&self, relying_party: RelyingPartyId, parts: &[&str]) -> String {
        self.tag(relying_party, parts)
    }

    fn tag(&self, relying_party: RelyingPartyId, parts: &[&str]) -> String {
        let mut message = relying_party.to_string().into_bytes();
        // Each part goes with its length, so that no two lists of parts give one message.
        for part in parts {
            message.extend((part.len() as u64).to_be_bytes());
            message.extend(part.as_bytes());
        }
        STANDARD.encode(self.key.tag(&message))
    }
}

impl fmt::Debug for OpaqueIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueIds")
    }
}
