//! The master key: 32 bytes outside the store, from which every other secret at rest is derived.

use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::error::CertError;
use crate::facts::hex_upper;
use crate::mac::MacKey;
use crate::seal::Sealer;

/// Length of the master key in bytes.
pub(crate) const MASTER_KEY_BYTES: usize = 32;
/// Extraction salt of HKDF; a change makes all that was sealed or wrapped before unreadable.
const SALT: &[u8] = b"signet master key v1";

/// The key that wraps signing keys and from which purpose keys are derived (HKDF-SHA256, RFC 5869).
///
/// Farm nodes hold the same one. It is never written anywhere but into the file it was created in.
pub struct MasterKey {
    octets: Zeroizing<[u8; MASTER_KEY_BYTES]>,
    id: [u8; 4],
}

impl MasterKey {
    /// A fresh random key, held in memory only.
    ///
    /// # Errors
    /// [`CertError::Crypto`] when the operating system gives no randomness.
    pub fn generate() -> Result<Self, CertError> {
        let mut octets = Zeroizing::new([0u8; MASTER_KEY_BYTES]);
        SystemRandom::new()
            .fill(octets.as_mut())
            .map_err(|_| CertError::Crypto("random numbers"))?;
        Self::from_octets(octets)
    }

    /// From its 32 bytes, for keys that come from elsewhere than a file (a credential, a hardware module).
    ///
    /// # Errors
    /// [`CertError::Crypto`].
    pub fn from_octets(octets: Zeroizing<[u8; MASTER_KEY_BYTES]>) -> Result<Self, CertError> {
        let mut key = Self { octets, id: [0; 4] };
        let id = key.derive("master key id")?;
        if let Some(first) = id.first_chunk::<4>() {
            key.id = *first;
        }
        Ok(key)
    }

    /// A name of the key that says nothing about it: 8 upper-case hex digits.
    pub fn id(&self) -> String {
        hex_upper(&self.id)
    }

    pub(crate) fn id_octets(&self) -> [u8; 4] {
        self.id
    }

    /// A sealer for values of one `purpose`; a value sealed for another purpose does not open.
    ///
    /// # Errors
    /// [`CertError::Crypto`].
    pub fn sealer(&self, purpose: &'static str) -> Result<Sealer, CertError> {
        let key = self.derive(&format!("seal {purpose}"))?;
        Sealer::new(&key, self.id, purpose)
    }

    /// A MAC key for one `purpose`.
    ///
    /// # Errors
    /// [`CertError::Crypto`].
    pub fn mac(&self, purpose: &'static str) -> Result<MacKey, CertError> {
        Ok(MacKey::new(
            self.derive(&format!("mac {purpose}"))?.as_ref(),
        ))
    }

    /// The key that wraps signing keys.
    pub(crate) fn wrapping_key(&self) -> Result<Zeroizing<[u8; 32]>, CertError> {
        self.derive("wrap signing key")
    }

    fn derive(&self, label: &str) -> Result<Zeroizing<[u8; 32]>, CertError> {
        let failed = |_| CertError::Crypto("HKDF");
        let extracted: Prk = Salt::new(HKDF_SHA256, SALT).extract(self.octets.as_ref());
        let info = [label.as_bytes()];
        let expanded = extracted.expand(&info, Octets32).map_err(failed)?;
        let mut out = Zeroizing::new([0u8; 32]);
        expanded.fill(out.as_mut()).map_err(failed)?;
        Ok(out)
    }

    pub(crate) fn octets(&self) -> &[u8; MASTER_KEY_BYTES] {
        &self.octets
    }
}

/// Shows the id only.
impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id())
    }
}

struct Octets32;

impl KeyType for Octets32 {
    fn len(&self) -> usize {
        32
    }
}
