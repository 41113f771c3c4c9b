//! From a certificate to a trusted root (RFC 5280 section 6), by webpki.

use std::cell::Cell;

use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use super::refusal::Refusal;
use super::trust::Authorities;
use super::{CLIENT_AUTHENTICATION, ClientCertificate, SMARTCARD_LOGON};

/// How many of the certificates that a client sends beside its own are looked at.
const MOST_SENT: usize = 8;
const LARGEST_SENT: usize = 32 * 1024;

/// The issuers of a certificate, the direct one first and the root last.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) issuers: Vec<CertificateDer<'static>>,
}

/// The issuer of each certificate below the root.
impl Path {
    pub(super) fn direct_issuer(&self) -> Option<&CertificateDer<'static>> {
        self.issuers.first()
    }

    /// Each certificate below the root with its issuer; the person's own comes first.
    pub(super) fn links<'a>(
        &'a self,
        own: &'a CertificateDer<'static>,
    ) -> impl Iterator<Item = (&'a CertificateDer<'static>, &'a CertificateDer<'static>)> {
        std::iter::once(own).chain(&self.issuers).zip(&self.issuers)
    }
}

/// Refuses a certificate whose own words already say that it is not for signing people in.
pub(super) fn check_purpose(
    certificate: &ClientCertificate,
    smartcard_logon: bool,
) -> Result<(), Refusal> {
    let has = |wanted| {
        certificate
            .extensions
            .purposes
            .iter()
            .any(|oid| oid == wanted)
    };
    // An absent extension and anyExtendedKeyUsage allow everything, so they say nothing about signing in.
    let wanted = if !has(CLIENT_AUTHENTICATION) {
        "client authentication (1.3.6.1.5.5.7.3.2)"
    } else if smartcard_logon && !has(SMARTCARD_LOGON) {
        "smart card logon (1.3.6.1.4.1.311.20.2.2)"
    } else if certificate.extensions.is_authority == Some(true) {
        "a person: it is a certification authority's"
    } else if certificate
        .extensions
        .key_usage
        .as_ref()
        .is_some_and(|usage| !usage.digital_signature)
    {
        "digital signatures (key usage)"
    } else {
        return Ok(());
    };
    Err(Refusal::WrongPurpose { wanted })
}

/// Refuses a certificate outside its own time.
pub(super) fn check_time(
    certificate: &ClientCertificate,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    if now < certificate.not_before {
        return Err(Refusal::NotYetValid {
            not_before: certificate.not_before,
        });
    }
    if now > certificate.not_after {
        return Err(Refusal::Expired {
            not_after: certificate.not_after,
        });
    }
    Ok(())
}

/// Builds a path to a root whose first issuer is in the NTAuth set.
///
/// # Errors
/// [`Refusal::NotInNtAuth`] when there is a path, but none through a member of the set.
pub(super) fn check_path(
    certificate: &ClientCertificate,
    sent: &[CertificateDer<'_>],
    authorities: &Authorities,
    now: OffsetDateTime,
) -> Result<Path, Refusal> {
    let unusable = |error: webpki::Error| Refusal::Unusable {
        detail: error.to_string(),
    };
    let leaf = EndEntityCert::try_from(certificate.der()).map_err(unusable)?;
    let helpers: Vec<CertificateDer<'_>> = authorities
        .intermediates
        .iter()
        .map(|one| CertificateDer::from(one.as_ref()))
        .chain(
            sent.iter()
                .filter(|one| one.len() <= LARGEST_SENT)
                .take(MOST_SENT)
                .map(|one| CertificateDer::from(one.as_ref())),
        )
        .collect();
    let found_any = Cell::new(None);
    let issued_by_member = |path: &VerifiedPath<'_>| {
        let issuer = direct_issuer(path, authorities);
        if issuer
            .as_ref()
            .is_some_and(|issuer| authorities.may_issue(issuer))
        {
            return Ok(());
        }
        found_any.set(issuer);
        Err(webpki::Error::UnknownIssuer)
    };
    let verified = leaf.verify_for_usage(
        algorithms(),
        &authorities.anchors,
        &helpers,
        unix_time(now),
        KeyUsage::client_auth(),
        None,
        Some(&issued_by_member),
    );
    match verified {
        Ok(path) => Ok(Path {
            issuers: issuers(&path, authorities, now)?,
        }),
        Err(error) => Err(match found_any.take() {
            Some(issuer) => Refusal::NotInNtAuth {
                issuer: crate::CertificateFacts::read(&issuer)
                    .map(|facts| format!("{} ({})", facts.subject, facts.thumbprint))
                    .unwrap_or_default(),
            },
            None => refusal(&error),
        }),
    }
}

fn direct_issuer(
    path: &VerifiedPath<'_>,
    authorities: &Authorities,
) -> Option<CertificateDer<'static>> {
    match path.intermediate_certificates().next() {
        Some(intermediate) => Some(intermediate.der().into_owned()),
        None => authorities.root_of(path.anchor()).cloned(),
    }
}

fn issuers(
    path: &VerifiedPath<'_>,
    authorities: &Authorities,
    now: OffsetDateTime,
) -> Result<Vec<CertificateDer<'static>>, Refusal> {
    let mut issuers: Vec<CertificateDer<'static>> = path
        .intermediate_certificates()
        .map(|one| one.der().into_owned())
        .collect();
    let root = authorities
        .root_of(path.anchor())
        .ok_or(Refusal::UnknownIssuer)?;
    // webpki takes an anchor as it is; an authority that has ended must not go on (RFC 5280 section 6.1.1 leaves it open).
    let facts = crate::CertificateFacts::read(root).map_err(|error| Refusal::Unusable {
        detail: error.to_string(),
    })?;
    if now > facts.not_after || now < facts.not_before {
        return Err(Refusal::AuthorityOutOfDate {
            authority: facts.subject,
        });
    }
    issuers.push(root.clone());
    Ok(issuers)
}

fn refusal(error: &webpki::Error) -> Refusal {
    use webpki::Error;
    match error {
        Error::UnknownIssuer
        | Error::InvalidSignatureForPublicKey
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumPathDepthExceeded
        | Error::MaximumSignatureChecksExceeded => Refusal::UnknownIssuer,
        // The person's own certificate was found in time before; one above it is not.
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => Refusal::AuthorityOutOfDate {
            authority: "an issuing authority".to_owned(),
        },
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => Refusal::WrongPurpose {
            wanted: "client authentication, which an authority above it excludes",
        },
        other => Refusal::Unusable {
            detail: other.to_string(),
        },
    }
}

/// What signatures of certificates, lists and responders are verified with. SHA-1 is not among them.
pub(super) fn algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    webpki::ALL_VERIFICATION_ALGS
}

pub(super) fn unix_time(now: OffsetDateTime) -> UnixTime {
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}
