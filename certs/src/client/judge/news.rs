//! Whether a certificate or one above it was revoked: every source is put together into one word.
//!
//! One source that says revoked outweighs all others, so a source or a link that decides nothing ends nothing.

use futures_util::future::join_all;
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};

use super::super::certificate::ClientCertificate;
use super::super::path::Path;
use super::super::refusal::Refusal;
use super::super::revocation::{Fault, FetchFault, Holder, Status};
use super::{Judge, Revocation};

/// Addresses of each kind that are tried.
pub(in super::super) const MOST_ADDRESSES: usize = 4;

/// A certificate and who issued it.
struct Link<'a> {
    own: &'a CertificateDer<'static>,
    issuer: &'a CertificateDer<'static>,
    facts: ClientCertificate,
}

/// What is known of one link.
enum News {
    Good(String),
    Undecided(Refusal),
}

/// What decides nothing.
#[derive(Default)]
struct Heard {
    /// The responder that does not know the certificate.
    unknown: Option<String>,
    faults: Vec<Fault>,
}

#[derive(Clone, Copy)]
enum Source {
    Responder,
    List,
}

impl Judge {
    /// Each certificate below the root, the person's own first; all are asked about, at the same time.
    pub(super) async fn check_revocation(
        &self,
        certificate: &ClientCertificate,
        path: &Path,
        now: OffsetDateTime,
    ) -> Result<Vec<String>, Refusal> {
        let links = path.links(certificate.der());
        let news = links.map(|(own, issuer)| self.check_link(own, issuer, now));
        let (mut said, mut undecided) = (Vec::new(), None);
        let mut refused: Option<Refusal> = None;
        for one in join_all(news).await {
            match one {
                Ok(News::Good(text)) => said.push(text),
                Ok(News::Undecided(refusal)) if self.policy.revocation == Revocation::SoftFail => {
                    said.push(format!("{refusal}; accepted by setting"));
                }
                Ok(News::Undecided(refusal)) => {
                    undecided.get_or_insert(refusal);
                }
                Err(refusal @ Refusal::Revoked { .. }) => return Err(refusal),
                Err(refusal) => {
                    refused.get_or_insert(refusal);
                }
            }
        }
        match refused.or(undecided) {
            Some(refusal) => Err(refusal),
            None => Ok(said),
        }
    }

    async fn check_link(
        &self,
        own: &CertificateDer<'static>,
        issuer: &CertificateDer<'static>,
        now: OffsetDateTime,
    ) -> Result<News, Refusal> {
        let link = Link {
            own,
            issuer,
            facts: ClientCertificate::read(own)?,
        };
        let certificate = link.facts.subject.display_text();
        let mut heard = Heard::default();
        Ok(match self.ask_all(&link, now, &mut heard).await {
            Some((Status::Revoked, url)) => {
                return Err(Refusal::Revoked {
                    certificate,
                    source_of_news: url,
                });
            }
            Some((_, url)) => News::Good(format!("{certificate}: good, as {url} says")),
            None => News::Undecided(match heard.unknown {
                Some(url) => Refusal::RevocationUnknown {
                    certificate,
                    detail: format!("{url} does not know the certificate"),
                },
                None => Refusal::undecided(certificate, &heard.faults),
            }),
        })
    }

    /// The word that decides, good or revoked, and who said it.
    async fn ask_all(
        &self,
        link: &Link<'_>,
        now: OffsetDateTime,
        heard: &mut Heard,
    ) -> Option<(Status, String)> {
        let mut order = [Source::Responder, Source::List];
        if !self.policy.responders_first {
            order.reverse();
        }
        let begun = Instant::now();
        let [_, second] = order;
        // A first source that hangs must leave time for the second: it may know of a revocation.
        let half = match link.addresses(second) {
            [] => self.policy.patience,
            _ => self.policy.patience / 2,
        };
        for (source, patience) in order.into_iter().zip([half, self.policy.patience]) {
            for url in link.addresses(source).iter().take(MOST_ADDRESSES) {
                let asked = self.ask(source, url, link, now);
                let slow = || FetchFault::TooSlow {
                    url: url.clone(),
                    seconds: patience.as_secs(),
                };
                let answer = timeout_at(begun + patience, asked).await;
                match answer.unwrap_or_else(|_| Err(slow().into())) {
                    Ok(Status::Revoked) => return Some((Status::Revoked, url.clone())),
                    // The issuer's own responder does not know it: the authority may never have issued it. That no list
                    // names it is then no comfort; one that does still counts.
                    Ok(Status::Unknown) => {
                        heard.unknown.get_or_insert_with(|| url.clone());
                    }
                    Ok(Status::Good) if heard.unknown.is_none() => {
                        return Some((Status::Good, url.clone()));
                    }
                    Ok(Status::Good) => {}
                    Err(fault) => heard.faults.push(fault),
                }
            }
        }
        None
    }

    async fn ask(
        &self,
        source: Source,
        url: &str,
        link: &Link<'_>,
        now: OffsetDateTime,
    ) -> Result<Status, Fault> {
        match source {
            Source::Responder => {
                let answer = self.revocations.status(url, link.own, link.issuer, now);
                answer.await
            }
            Source::List => {
                let holder = Holder {
                    der: link.own,
                    facts: &link.facts,
                };
                let listed = self.revocations.is_listed(url, &holder, link.issuer, now);
                Ok(if listed.await? {
                    Status::Revoked
                } else {
                    Status::Good
                })
            }
        }
    }
}

impl Link<'_> {
    fn addresses(&self, source: Source) -> &[String] {
        match source {
            Source::Responder => &self.facts.extensions.responders,
            Source::List => &self.facts.extensions.revocation_lists,
        }
    }
}
