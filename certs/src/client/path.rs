//! From a certificate to a trusted root (RFC 5280 section 6), by webpki.

use std::cell::Cell;

use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use super::refusal::Refusal;
use super::trust::{Authorities, Root};
use super::{CLIENT_AUTHENTICATION, ClientCertificate, SMARTCARD_LOGON};

/// How many of the certificates that a client sends beside its own are looked at.
const MOST_SENT: usize = 8;
const LARGEST_SENT: usize = 32 * 1024;

/// The issuers of a certificate, the direct one first and the root last.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    let not_a_member = Cell::new(None);
    let out_of_date = Cell::new(None);
    // What is refused here lets webpki go on to the next path: authorities renewed with their key are several certificates.
    let is_taken = |path: &VerifiedPath<'_>| {
        let root = root(path, authorities, now).ok_or(webpki::Error::UnknownIssuer)?;
        let issuer = direct_issuer(path, root);
        if !authorities.may_issue(&issuer) {
            not_a_member.set(Some(issuer));
            return Err(webpki::Error::UnknownIssuer);
        }
        // webpki takes an anchor as it is; an authority that has ended must not go on (RFC 5280 section 6.1.1 leaves it open).
        if !root.is_in_time(now) {
            out_of_date.set(Some(root.subject.clone()));
            return Err(webpki::Error::UnknownIssuer);
        }
        Ok(())
    };
    let verified = leaf.verify_for_usage(
        algorithms(),
        &authorities.anchors,
        &helpers,
        unix_time(now),
        KeyUsage::client_auth(),
        None,
        Some(&is_taken),
    );
    match verified {
        Ok(path) => {
            let root = root(&path, authorities, now).ok_or(Refusal::UnknownIssuer)?;
            Ok(Path {
                issuers: intermediates(&path)
                    .chain([root.certificate.clone()])
                    .collect(),
            })
        }
        Err(error) => Err(match (not_a_member.take(), out_of_date.take()) {
            (Some(issuer), _) => Refusal::NotInNtAuth {
                issuer: crate::CertificateFacts::read(&issuer)
                    .map(|facts| format!("{} ({})", facts.subject, facts.thumbprint))
                    .unwrap_or_default(),
            },
            (None, Some(authority)) => Refusal::AuthorityOutOfDate { authority },
            (None, None) => refusal(&error),
        }),
    }
}

fn intermediates<'a>(
    path: &'a VerifiedPath<'a>,
) -> impl Iterator<Item = CertificateDer<'static>> + 'a {
    path.intermediate_certificates()
        .map(|one| one.der().into_owned())
}

/// The root at the end; without intermediates it is the direct issuer too.
fn root<'a>(
    path: &VerifiedPath<'_>,
    authorities: &'a Authorities,
    now: OffsetDateTime,
) -> Option<&'a Root> {
    let as_issuer = path.intermediate_certificates().next().is_none();
    authorities.root_of(path.anchor(), as_issuer, now)
}

fn direct_issuer(path: &VerifiedPath<'_>, root: &Root) -> CertificateDer<'static> {
    intermediates(path)
        .next()
        .unwrap_or_else(|| root.certificate.clone())
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
