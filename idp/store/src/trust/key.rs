//! Signing keys, wrapped by a key that is in neither the store nor the directory.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

/// A signing key as it rests (KEY-04): opaque here, opened by signet-certs with the master key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredKey {
    /// Key id: its certificate's thumbprint.
    pub id: String,
    /// Whether it signs, will sign, or did sign.
    pub role: KeyRole,
    /// End of its certificate.
    #[serde(with = "time::serde::timestamp")]
    pub not_after: OffsetDateTime,
    /// Its certificate, base64 DER.
    pub certificate: String,
    /// The wrapped private key.
    pub wrapped: Value,
}

/// What a signing key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyRole {
    /// Signs; published. There is one.
    Current,
    /// Published, will sign next. There is at most one.
    Next,
    /// Signed before; published for overlap.
    Retired,
}
