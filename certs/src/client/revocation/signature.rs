//! Verifies what an authority signed beside certificates: lists and OCSP answers.

use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::super::der::Signed;
use super::super::path::algorithms;

/// Whether the key of `signer` made the signature, by the algorithm that the structure names and no other.
pub(super) fn is_signed_by(signed: &Signed<'_>, signer: &CertificateDer<'_>) -> bool {
    let Ok(signer) = EndEntityCert::try_from(signer) else {
        return false;
    };
    algorithms()
        .iter()
        .filter(|one| one.signature_alg_id().as_ref() == signed.algorithm)
        .any(|one| {
            signer
                .verify_signature(*one, signed.message, signed.signature)
                .is_ok()
        })
}
