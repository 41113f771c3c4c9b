//! The verdict on a certificate, at every request.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use tokio::time::timeout;

use super::certificate::ClientCertificate;
use super::path::{self, Path};
use super::refusal::{Refusal, instant};
use super::revocation::{Holder, RevocationCache, Status};
use super::trust::Authorities;

/// What to do when nobody can say whether a certificate was revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Revocation {
    /// Refuse. The default.
    #[default]
    HardFail,
    /// Accept; a certificate that is known as revoked is refused all the same.
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
    /// The longest that one sign-in waits for news of revocations.
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

/// One step of an explained verdict.
#[derive(Clone, Debug)]
pub struct Step {
    /// What was looked at.
    pub what: &'static str,
    /// What was found, or why it is refused.
    pub outcome: Result<String, Refusal>,
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
            judged_at: now,
        })
    }

    fn check_offline(
        &self,
        certificate: &ClientCertificate,
        sent: &[CertificateDer<'_>],
        now: OffsetDateTime,
    ) -> Result<Path, Refusal> {
        let authorities = self.authorities.load();
        if authorities.is_empty() {
            return Err(Refusal::NoAuthorities);
        }
        path::check_time(certificate, now)?;
        path::check_purpose(certificate, self.policy.smartcard_logon)?;
        path::check_path(certificate, sent, &authorities, now)
    }

    /// Every step with its outcome, also after one has failed: for an operator who asks why. The last value is what
    /// [`Judge::judge`] would have said.
    pub async fn explain(
        &self,
        chain: &[CertificateDer<'_>],
        now: OffsetDateTime,
    ) -> (Vec<Step>, Result<JudgedCertificate, Refusal>) {
        let read = match chain.split_first() {
            Some((own, sent)) => ClientCertificate::read(own)
                .map(|certificate| (certificate, sent))
                .map_err(Refusal::from),
            None => Err(Refusal::NoCertificate),
        };
        let (certificate, sent) = match read {
            Ok(read) => read,
            Err(refusal) => {
                let step = Step {
                    what: "certificate",
                    outcome: Err(refusal.clone()),
                };
                return (vec![step], Err(refusal));
            }
        };
        let mut steps = Vec::new();
        let authorities = self.authorities.load_full();
        let mut take = |what, outcome: Result<String, Refusal>| {
            steps.push(Step { what, outcome });
        };
        take(
            "validity",
            path::check_time(&certificate, now).map(|()| validity(&certificate)),
        );
        take(
            "purpose",
            path::check_purpose(&certificate, self.policy.smartcard_logon)
                .map(|()| certificate.extensions.purposes.join(", ")),
        );
        let path = if authorities.is_empty() {
            Err(Refusal::NoAuthorities)
        } else {
            path::check_path(&certificate, sent, &authorities, now)
        };
        take(
            "path and NTAuth",
            path.as_ref().map_err(Clone::clone).map(|path| {
                let issuer = path.direct_issuer().map(|issuer| subject(issuer));
                format!(
                    "issued by {}, which is in NTAuth",
                    issuer.unwrap_or_default()
                )
            }),
        );
        if let Ok(path) = &path {
            let news = self.check_revocation(&certificate, path, now).await;
            take("revocation", news.map(|said| said.join("; ")));
        }
        let refusal = steps
            .iter()
            .find_map(|step| step.outcome.as_ref().err().cloned());
        let verdict = match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(JudgedCertificate {
                certificate,
                judged_at: now,
            }),
        };
        (steps, verdict)
    }

    /// Each certificate below the root, the person's own first.
    async fn check_revocation(
        &self,
        certificate: &ClientCertificate,
        path: &Path,
        now: OffsetDateTime,
    ) -> Result<Vec<String>, Refusal> {
        let asked = timeout(self.policy.patience, async {
            let mut said = Vec::new();
            for (own, issuer) in path.links(certificate.der()) {
                said.push(self.check_link(own, issuer, now).await?);
            }
            Ok(said)
        });
        let answer = asked.await.unwrap_or_else(|_| {
            Err(Refusal::RevocationUnknown {
                certificate: certificate.subject.display_text(),
                detail: format!("no word within {} s", self.policy.patience.as_secs()),
            })
        });
        match answer {
            Err(
                refusal @ (Refusal::RevocationUnknown { .. } | Refusal::RevocationStale { .. }),
            ) if self.policy.revocation == Revocation::SoftFail => {
                Ok(vec![format!("{refusal}; accepted by setting")])
            }
            other => other,
        }
    }

    async fn check_link(
        &self,
        own: &CertificateDer<'static>,
        issuer: &CertificateDer<'static>,
        now: OffsetDateTime,
    ) -> Result<String, Refusal> {
        let facts = ClientCertificate::read(own)?;
        let subject = facts.subject.display_text();
        let holder = Holder {
            der: own,
            facts: &facts,
        };
        let mut faults = Vec::new();
        let order = if self.policy.responders_first {
            [Source::Responder, Source::List]
        } else {
            [Source::List, Source::Responder]
        };
        for source in order {
            let addresses = match source {
                Source::Responder => &facts.extensions.responders,
                Source::List => &facts.extensions.revocation_lists,
            };
            for url in addresses.iter().take(MOST_ADDRESSES) {
                let status = match source {
                    Source::Responder => self.revocations.status(url, own, issuer, now).await,
                    Source::List => {
                        let listed = self.revocations.is_listed(url, &holder, issuer, now).await;
                        listed.map(|listed| {
                            if listed {
                                Status::Revoked
                            } else {
                                Status::Good
                            }
                        })
                    }
                };
                match status {
                    Ok(Status::Good) => return Ok(format!("{subject}: good, as {url} says")),
                    Ok(Status::Revoked) => {
                        return Err(Refusal::Revoked {
                            certificate: subject,
                            source_of_news: url.clone(),
                        });
                    }
                    // The issuer's own responder does not know it: the authority may never have issued it.
                    Ok(Status::Unknown) => {
                        return Err(Refusal::RevocationUnknown {
                            certificate: subject,
                            detail: format!("{url} does not know the certificate"),
                        });
                    }
                    Err(fault) => faults.push(fault),
                }
            }
        }
        Err(Refusal::undecided(subject, &faults))
    }
}

#[derive(Clone, Copy)]
enum Source {
    Responder,
    List,
}

/// Addresses of each kind that are tried.
pub(super) const MOST_ADDRESSES: usize = 4;

fn validity(certificate: &ClientCertificate) -> String {
    let (from, to) = (certificate.not_before, certificate.not_after);
    format!("{} to {}", instant(from), instant(to))
}

fn subject(der: &CertificateDer<'_>) -> String {
    ClientCertificate::read(der).map_or_else(
        |_| "?".to_owned(),
        |certificate| certificate.subject.display_text(),
    )
}
