//! The checks that decide whether a certificate may be used at all.

use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;

use crate::error::CertError;
use crate::facts::{CertificateFacts, RSA_ENCRYPTION};

/// The least RSA modulus in bits (NIST SP 800-131A rev. 2; Entra refuses weaker keys, AADSTS50032).
pub(crate) const LEAST_RSA_BITS: u32 = 2048;

/// Refuses a certificate outside its time.
pub(crate) fn check_time(facts: &CertificateFacts, now: OffsetDateTime) -> Result<(), CertError> {
    let subject = || facts.subject.clone();
    if now > facts.not_after {
        return Err(CertError::CertificateExpired {
            subject: subject(),
            not_after: facts.not_after,
        });
    }
    if now < facts.not_before {
        return Err(CertError::CertificateNotYetValid {
            subject: subject(),
            not_before: facts.not_before,
        });
    }
    Ok(())
}

/// Refuses a public key that is not RSA, or too short.
pub(crate) fn check_rsa(
    certificate: &X509Certificate<'_>,
    facts: &CertificateFacts,
) -> Result<(), CertError> {
    if certificate.public_key().algorithm.algorithm.to_id_string() != RSA_ENCRYPTION {
        return Err(CertError::KeyNotRsa);
    }
    if facts.key_bits < LEAST_RSA_BITS {
        return Err(CertError::KeyTooWeak {
            bits: facts.key_bits,
        });
    }
    Ok(())
}

/// Refuses a certificate whose key usage, when it names one, lacks signatures (RFC 5280, 4.2.1.3).
pub(crate) fn check_may_sign(
    certificate: &X509Certificate<'_>,
    facts: &CertificateFacts,
) -> Result<(), CertError> {
    let Ok(Some(usage)) = certificate.key_usage() else {
        return Ok(());
    };
    if usage.value.digital_signature() || usage.value.non_repudiation() {
        return Ok(());
    }
    Err(CertError::CertificateForOtherUse {
        subject: facts.subject.clone(),
        wanted: "signatures",
    })
}

/// Refuses a certificate whose extended key usage, when it names one, lacks TLS servers (RFC 5280, 4.2.1.12).
pub(crate) fn check_may_serve_tls(
    certificate: &X509Certificate<'_>,
    facts: &CertificateFacts,
) -> Result<(), CertError> {
    let Ok(Some(usage)) = certificate.extended_key_usage() else {
        return Ok(());
    };
    if usage.value.server_auth || usage.value.any {
        return Ok(());
    }
    Err(CertError::CertificateForOtherUse {
        subject: facts.subject.clone(),
        wanted: "TLS servers",
    })
}
