//! The verdict on a certificate, at every request.

mod explain;
mod news;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use super::certificate::ClientCertificate;
use super::path::{self, Path};
use super::refusal::Refusal;
use super::revocation::RevocationCache;
use super::trust::Authorities;

pub use explain::Step;
pub(super) use news::MOST_ADDRESSES;

/// What to do when nobody can say whether a certificate was revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Revocation {
    /// Refuse. The default.
    #[default]
    HardFail,
    /// Accept; a certificate that any source knows as revoked is refused all the same.
    SoftFail,
}

/// What is asked of a certificate.
#[derive(Clone, Copy, Debug)]
pub struct JudgingPolicy {
    /// Insist on the purpose smart card logon beside client authentication.
    pub smartcard_logon: bool,
    /// Without news of revocations.
    pub revocation: Revocation,
    /// Ask OCSP responders where a certificate names one, and lists only when they give no word; otherwise the other
    /// way round.
    pub responders_first: bool,
    /// The longest that one verdict waits for news of revocations.
    pub patience: Duration,
}

impl Default for JudgingPolicy {
    fn default() -> Self {
        Self {
            smartcard_logon: false,
            revocation: Revocation::default(),
            responders_first: true,
            patience: Duration::from_secs(10),
        }
    }
}

/// Judges certificates. Authorities can be exchanged while it works.
pub struct Judge {
    authorities: ArcSwap<Authorities>,
    revocations: RevocationCache,
    policy: JudgingPolicy,
}

/// A certificate that was found good: from a trusted root, by an issuer of NTAuth, for its purpose, in time, not
/// revoked. Only [`Judge`] makes one. Whose it is is not said yet, nor that its sender holds the key.
#[derive(Clone, Debug)]
pub struct JudgedCertificate {
    certificate: ClientCertificate,
    path: Path,
    judged_at: OffsetDateTime,
}

impl JudgedCertificate {
    /// The certificate.
    pub fn certificate(&self) -> &ClientCertificate {
        &self.certificate
    }

    /// The certificate, without the verdict.
    pub fn into_certificate(self) -> ClientCertificate {
        self.certificate
    }

    /// When it was judged.
    pub fn judged_at(&self) -> OffsetDateTime {
        self.judged_at
    }
}

impl Judge {
    /// Judges by `policy`.
    pub fn new(
        authorities: Authorities,
        revocations: RevocationCache,
        policy: JudgingPolicy,
    ) -> Self {
        Self {
            authorities: ArcSwap::from_pointee(authorities),
            revocations,
            policy,
        }
    }

    /// From the next verdict on by `authorities`. Lists and answers that are kept stay.
    pub fn set_authorities(&self, authorities: Authorities) {
        self.authorities.store(Arc::new(authorities));
    }

    /// The authorities in force.
    pub fn authorities(&self) -> Arc<Authorities> {
        self.authorities.load_full()
    }

    /// Judges the first certificate of `chain`; the others may help to find a path.
    ///
    /// # Errors
    /// The first [`Refusal`]. Nobody outside is asked before the path is verified.
    pub async fn judge(
        &self,
        chain: &[CertificateDer<'_>],
        now: OffsetDateTime,
    ) -> Result<JudgedCertificate, Refusal> {
        let (own, sent) = chain.split_first().ok_or(Refusal::NoCertificate)?;
        let certificate = ClientCertificate::read(own)?;
        let path = self.check_offline(&certificate, sent, now)?;
        self.check_revocation(&certificate, &path, now).await?;
        Ok(JudgedCertificate {
            certificate,
            path,
            judged_at: now,
        })
    }

    /// Judges again by `authorities` alone, which are fewer than those in force: those that count for one owner. `sent` is what
    /// came with the certificate.
    ///
    /// # Errors
    /// The first [`Refusal`].
    pub async fn confirm(
        &self,
        judged: &JudgedCertificate,
        sent: &[CertificateDer<'_>],
        authorities: &Authorities,
    ) -> Result<(), Refusal> {
        let (certificate, now) = (&judged.certificate, judged.judged_at);
        let path = find_path(certificate, sent, authorities, now)?;
        // Only another path has authorities that were not asked about.
        if path != judged.path {
            self.check_revocation(certificate, &path, now).await?;
        }
        Ok(())
    }

    fn check_offline(
        &self,
        certificate: &ClientCertificate,
        sent: &[CertificateDer<'_>],
        now: OffsetDateTime,
    ) -> Result<Path, Refusal> {
        let authorities = self.authorities.load();
        // Before anything is said of the certificate: no other would do either.
        if authorities.is_empty() {
            return Err(Refusal::NoAuthorities);
        }
        path::check_time(certificate, now)?;
        path::check_purpose(certificate, self.policy.smartcard_logon)?;
        find_path(certificate, sent, &authorities, now)
    }
}

fn find_path(
    certificate: &ClientCertificate,
    sent: &[CertificateDer<'_>],
    authorities: &Authorities,
    now: OffsetDateTime,
) -> Result<Path, Refusal> {
    if authorities.is_empty() {
        return Err(Refusal::NoAuthorities);
    }
    path::check_path(certificate, sent, authorities, now)
}
