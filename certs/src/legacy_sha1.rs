//! RSA with SHA-1, for relying parties that are set so.
//!
//! aws-lc-rs verifies such signatures but does not make them, so this module calls the library below it.
//! It is the only unsafe code of the house outside Kerberos. The key is parsed at each call: nothing of it
//! stays behind, and the few relying parties that need SHA-1 can bear the half millisecond.
#![expect(
    unsafe_code,
    reason = "aws-lc-rs has no RSA-SHA1 signing; the calls and their contracts are below"
)]

use std::ptr::NonNull;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_sys::{
    CBS, CBS_init, EVP_PKEY, EVP_PKEY_free, EVP_PKEY_get0_RSA, EVP_parse_private_key, NID_sha1,
    RSA_sign, RSA_size,
};

use crate::error::CertError;

/// RSASSA-PKCS1-v1_5 with SHA-1 over `message` by the PKCS#8 key `pkcs8` (RFC 8017, 8.2.1).
pub(crate) fn sign(pkcs8: &[u8], message: &[u8]) -> Result<Vec<u8>, CertError> {
    let failed = || CertError::Crypto("RSA-SHA1");
    let key = ParsedKey::from_pkcs8(pkcs8).ok_or_else(failed)?;
    // SAFETY: `key` holds a valid EVP_PKEY for the whole function; the RSA pointer is borrowed from it and not freed.
    let rsa = unsafe { EVP_PKEY_get0_RSA(key.0.as_ptr()) };
    let rsa = NonNull::new(rsa).ok_or_else(failed)?;
    // SAFETY: `rsa` is a valid RSA object.
    let size = unsafe { RSA_size(rsa.as_ptr()) };
    let mut signature = vec![0u8; usize::try_from(size).map_err(|_| failed())?];
    let mut written = 0;
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
    let hash = hash.as_ref();
    // SAFETY: `hash` is readable for its length, `signature` is writable for RSA_size octets as RSA_sign demands,
    // `written` and `rsa` are valid for the call, which keeps none of the pointers.
    let done = unsafe {
        RSA_sign(
            NID_sha1,
            hash.as_ptr(),
            hash.len(),
            signature.as_mut_ptr(),
            &raw mut written,
            rsa.as_ptr(),
        )
    };
    if done != 1 || usize::try_from(written).ok() != Some(signature.len()) {
        return Err(failed());
    }
    Ok(signature)
}

/// An owned EVP_PKEY; AWS-LC overwrites the key when it frees it.
struct ParsedKey(NonNull<EVP_PKEY>);

impl ParsedKey {
    fn from_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        // SAFETY: an all-zero CBS is two null fields; CBS_init sets both before anything reads them.
        let mut input: CBS = unsafe { std::mem::zeroed() };
        // SAFETY: `pkcs8` outlives `input`, which the parser only reads and advances. The result is null or owned by us.
        let key = unsafe {
            CBS_init(&raw mut input, pkcs8.as_ptr(), pkcs8.len());
            EVP_parse_private_key(&raw mut input)
        };
        NonNull::new(key).map(Self)
    }
}

impl Drop for ParsedKey {
    fn drop(&mut self) {
        // SAFETY: the pointer came from EVP_parse_private_key and is freed once.
        unsafe { EVP_PKEY_free(self.0.as_ptr()) }
    }
}
