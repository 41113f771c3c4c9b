//! A signing key as the store holds it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::CertError;
use crate::facts::{Thumbprint, hex_upper};
use crate::master::MasterKey;
use crate::signing_key::SigningKey;

const PURPOSE: &str = "signet token-signing key v1";

/// A signing key encrypted by the master key (AES-256-GCM, fresh random nonce; the key id, which is the
/// thumbprint of the certificate, and the purpose are bound to it). Safe to store and to back up.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrappedKey {
    /// SHA-256 thumbprint of the certificate, upper-case hex.
    kid: String,
    /// Id of the master key.
    master: String,
    /// Certificate, base64 DER.
    certificate: String,
    /// Nonce and ciphertext with tag, base64.
    wrapped: String,
}

impl WrappedKey {
    pub(crate) fn wrap(
        pkcs8: &[u8],
        certificate: &[u8],
        kid: &str,
        master: &MasterKey,
    ) -> Result<Self, CertError> {
        let mut nonce = [0u8; NONCE_LEN];
        SystemRandom::new()
            .fill(&mut nonce)
            .map_err(|_| CertError::Crypto("random numbers"))?;
        let mut body = pkcs8.to_vec();
        body.reserve_exact(AES_256_GCM.tag_len());
        let sealed = cipher(master)?.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            aad(kid),
            &mut body,
        );
        if sealed.is_err() {
            zeroize::Zeroize::zeroize(&mut body);
            return Err(CertError::Crypto("AES-GCM"));
        }
        let mut wrapped = nonce.to_vec();
        wrapped.extend_from_slice(&body);
        Ok(Self {
            kid: kid.to_owned(),
            master: hex_upper(&master.id_octets()),
            certificate: STANDARD.encode(certificate),
            wrapped: STANDARD.encode(wrapped),
        })
    }

    /// Decrypts the key and joins it with its certificate again. Expiry is not checked here: an expired key
    /// must still load, so that it can be seen and replaced.
    ///
    /// # Errors
    /// [`CertError::WrappedByAnotherMasterKey`], or [`CertError::WrappedKeyTampered`] for any change.
    pub fn unwrap(&self, master: &MasterKey) -> Result<SigningKey, CertError> {
        if self.master != master.id() {
            return Err(CertError::WrappedByAnotherMasterKey {
                kid: self.kid.clone(),
                wrapped_by: self.master.clone(),
                loaded: master.id(),
            });
        }
        let tampered = || CertError::WrappedKeyTampered {
            kid: self.kid.clone(),
        };
        let certificate = STANDARD.decode(&self.certificate).map_err(|_| tampered())?;
        if Thumbprint::of(&certificate).sha256() != self.kid {
            return Err(tampered());
        }
        let wrapped = STANDARD.decode(&self.wrapped).map_err(|_| tampered())?;
        let (nonce, body) = wrapped
            .split_first_chunk::<NONCE_LEN>()
            .ok_or_else(tampered)?;
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let key = cipher(master)?
            .open_in_place(nonce, aad(&self.kid), &mut body)
            .map_err(|_| tampered())?;
        SigningKey::from_store(key, certificate)
    }

    /// Key id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The certificate, base64 DER; readable without the master key.
    pub fn certificate_base64(&self) -> &str {
        &self.certificate
    }
}

impl std::fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WrappedKey({})", self.kid)
    }
}

fn cipher(master: &MasterKey) -> Result<LessSafeKey, CertError> {
    let key = master.wrapping_key()?;
    let key =
        UnboundKey::new(&AES_256_GCM, key.as_ref()).map_err(|_| CertError::Crypto("AES-GCM"))?;
    Ok(LessSafeKey::new(key))
}

fn aad(kid: &str) -> Aad<String> {
    Aad::from(format!("{PURPOSE}\n{kid}"))
}
