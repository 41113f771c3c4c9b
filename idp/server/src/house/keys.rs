//! Token-signing keys, from the store into memory.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signet_certs::{KeyRing, MasterKey, SigningKey, WrappedKey};
use signet_store::{KeyRole, Store, StoredKey};

use super::open::OpenError;

/// The ring of the store's keys; `None` when there is no current key yet.
pub(crate) async fn load_ring(
    store: &Store,
    master: &MasterKey,
) -> Result<Option<KeyRing>, OpenError> {
    let trust = store
        .load_trust()
        .await
        .map_err(|error| OpenError(format!("trust configuration: {error}")))?;
    ring_of(&trust.signing_keys, master)
}

/// The ring of `keys`.
pub(crate) fn ring_of(
    keys: &[StoredKey],
    master: &MasterKey,
) -> Result<Option<KeyRing>, OpenError> {
    let with_role = |role: KeyRole| keys.iter().filter(move |key| key.role == role);
    let Some(current) = with_role(KeyRole::Current).next() else {
        return Ok(None);
    };
    let mut ring = KeyRing::new(Arc::new(unwrap(current, master)?));
    for retired in with_role(KeyRole::Retired) {
        let der = STANDARD.decode(&retired.certificate).map_err(|error| {
            OpenError(format!(
                "retired signing certificate {}: {error}",
                retired.id
            ))
        })?;
        ring = ring.with_retired(der);
    }
    if let Some(next) = with_role(KeyRole::Next).next() {
        ring = ring.with_next(Arc::new(unwrap(next, master)?))?;
    }
    Ok(Some(ring))
}

/// A key as the store keeps it.
pub(crate) fn stored(
    key: &SigningKey,
    role: KeyRole,
    master: &MasterKey,
) -> Result<StoredKey, OpenError> {
    let wrapped = key.wrap(master)?;
    let wrapped = serde_json::to_value(&wrapped)
        .map_err(|error| OpenError(format!("signing key: {error}")))?;
    Ok(StoredKey {
        id: key.thumbprint().sha1().to_owned(),
        role,
        not_after: key.not_after(),
        certificate: key.certificate_base64().to_owned(),
        wrapped,
    })
}

fn unwrap(key: &StoredKey, master: &MasterKey) -> Result<SigningKey, OpenError> {
    let fault = |detail: String| OpenError(format!("signing key {}: {detail}", key.id));
    let wrapped: WrappedKey =
        serde_json::from_value(key.wrapped.clone()).map_err(|error| fault(error.to_string()))?;
    wrapped
        .unwrap(master)
        .map_err(|error| fault(error.to_string()))
}
