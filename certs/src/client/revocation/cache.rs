//! Lists and answers, kept until they are out of date.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use time::{Duration, OffsetDateTime};

use super::super::certificate::ClientCertificate;
use super::super::judge::MOST_ADDRESSES;
use super::super::refusal::Refusal;
use super::list::{ListFault, RevocationList};
use super::ocsp::{Answer, OcspFault, Question, Status};
use super::slots::{Kept, Slots};
use super::{FetchFault, Holder, RevocationSource};

const MOST_LISTS: usize = 64;
const MOST_ANSWERS: usize = 8192;

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct CacheTiming {
    /// A list is asked for again after this long, even when it is good for longer; until its next update it stands in
    /// when asking fails.
    pub refresh_lists: Duration,
    /// The same for answers of responders.
    pub refresh_answers: Duration,
    /// After a failure the same address is left alone for so long.
    pub retry_after: Duration,
}

impl Default for CacheTiming {
    fn default() -> Self {
        Self {
            refresh_lists: Duration::hours(1),
            refresh_answers: Duration::minutes(10),
            retry_after: Duration::seconds(30),
        }
    }
}

/// Asks a [`RevocationSource`] about certificates, and remembers.
pub struct RevocationCache {
    source: Arc<dyn RevocationSource>,
    timing: CacheTiming,
    lists: Slots<(String, Vec<u8>), RevocationList, Fault>,
    answers: Slots<(String, Vec<u8>), Answer, Fault>,
}

/// Why one address gave no word.
#[derive(Clone, Debug, thiserror::Error)]
pub(in super::super) enum Fault {
    #[error(transparent)]
    Fetch(#[from] FetchFault),
    #[error("{0}: {1}")]
    List(String, ListFault),
    #[error("{0}: {1}")]
    Ocsp(String, OcspFault),
    #[error("the reader of {0} ended early")]
    Reader(String),
}

impl Fault {
    /// Whether there was an answer, only too old a one.
    pub(in super::super) fn is_stale(&self) -> bool {
        matches!(
            self,
            Self::List(_, ListFault::Stale(_)) | Self::Ocsp(_, OcspFault::Stale(_))
        )
    }
}

impl RevocationCache {
    /// Asks `source`.
    pub fn new(source: Arc<dyn RevocationSource>, timing: CacheTiming) -> Self {
        Self {
            source,
            lists: Slots::new(MOST_LISTS, timing.retry_after),
            answers: Slots::new(MOST_ANSWERS, timing.retry_after),
            timing,
        }
    }

    /// Whether the list at `url` names `certificate`, which `issuer` issued.
    pub(in super::super) async fn is_listed(
        &self,
        url: &str,
        certificate: &Holder<'_>,
        issuer: &CertificateDer<'static>,
        now: OffsetDateTime,
    ) -> Result<bool, Fault> {
        self.source.check(url)?;
        // A renewed authority may publish at the same address with another key, so the key is part of the name.
        let key = (url.to_owned(), issuer.to_vec());
        let fetch = |kept| self.fetch_list(url, issuer, now, kept);
        let list = self.lists.value(&key, now, fetch).await?;
        list.revokes(certificate, now)
            .map_err(|fault| Fault::List(url.to_owned(), fault))
    }

    async fn fetch_list(
        &self,
        url: &str,
        issuer: &CertificateDer<'static>,
        now: OffsetDateTime,
        kept: Option<Arc<RevocationList>>,
    ) -> Result<Kept<RevocationList>, Fault> {
        let der = match (self.source.list(url).await, &kept) {
            (Ok(der), _) => der,
            // There was a list once, so what is missing is its renewal.
            (Err(_), Some(kept)) if now >= kept.next_update => {
                let stale = ListFault::Stale(kept.next_update);
                return Err(Fault::List(url.to_owned(), stale));
            }
            (Err(fault), _) => return Err(fault.into()),
        };
        let issuer = issuer.clone();
        let read = tokio::task::spawn_blocking(move || RevocationList::read(&der, &issuer, now));
        let list = read
            .await
            .map_err(|_| Fault::Reader(url.to_owned()))?
            .map_err(|fault| Fault::List(url.to_owned(), fault))?;
        if now >= list.next_update {
            return Err(Fault::List(
                url.to_owned(),
                ListFault::Stale(list.next_update),
            ));
        }
        // An older list than the one at hand is an old one played again.
        let value = match kept {
            Some(kept) if kept.this_update > list.this_update => kept,
            _ => Arc::new(list),
        };
        Ok(Kept {
            fresh_until: value.next_update.min(now + self.timing.refresh_lists),
            usable_until: value.next_update,
            value,
        })
    }

    /// What the responder at `url` says of `certificate`.
    pub(in super::super) async fn status(
        &self,
        url: &str,
        certificate: &CertificateDer<'static>,
        issuer: &CertificateDer<'static>,
        now: OffsetDateTime,
    ) -> Result<Status, Fault> {
        self.source.check(url)?;
        let key = (url.to_owned(), certificate.to_vec());
        let fetch =
            |kept: Option<Arc<Answer>>| self.fetch_answer(url, certificate, issuer, now, kept);
        let answer = self.answers.value(&key, now, fetch).await?;
        Ok(answer.status)
    }

    async fn fetch_answer(
        &self,
        url: &str,
        certificate: &CertificateDer<'static>,
        issuer: &CertificateDer<'static>,
        now: OffsetDateTime,
        kept: Option<Arc<Answer>>,
    ) -> Result<Kept<Answer>, Fault> {
        let unreadable = || Fault::Ocsp(url.to_owned(), OcspFault::Unreadable);
        let question = Question::about(certificate, issuer).ok_or_else(unreadable)?;
        let request = question.request().ok_or_else(unreadable)?;
        let der = self.source.ask(url, request).await?;
        let fault = |fault| Fault::Ocsp(url.to_owned(), fault);
        let (answer, unchecked) = question.read_answer(&der, issuer, now).map_err(fault)?;
        if let Some(responder) = unchecked {
            let checked = self.check_responder(&responder, issuer, now).await;
            checked.map_err(fault)?;
        }
        let value = match kept {
            Some(kept) if kept.this_update > answer.this_update && now < kept.until => kept,
            _ => Arc::new(answer),
        };
        let until = if value.may_be_kept { value.until } else { now };
        Ok(Kept {
            fresh_until: until.min(now + self.timing.refresh_answers),
            usable_until: until,
            value,
        })
    }
}

impl RevocationCache {
    /// A responder whose certificate may have been revoked speaks for its issuer only while the issuer's list does not name it.
    /// Responders are not asked about: one that was stolen would speak for itself.
    async fn check_responder(
        &self,
        responder: &CertificateDer<'static>,
        issuer: &CertificateDer<'static>,
        now: OffsetDateTime,
    ) -> Result<(), OcspFault> {
        let unchecked = |detail: String| OcspFault::ResponderUnchecked(detail);
        let facts =
            ClientCertificate::read(responder).map_err(|error| unchecked(error.to_string()))?;
        let holder = Holder {
            der: responder,
            facts: &facts,
        };
        let mut detail = "its certificate names no list".to_owned();
        for list in facts
            .extensions
            .revocation_lists
            .iter()
            .take(MOST_ADDRESSES)
        {
            match self.is_listed(list, &holder, issuer, now).await {
                Ok(false) => return Ok(()),
                Ok(true) => return Err(OcspFault::ResponderRevoked),
                Err(fault) => detail = fault.to_string(),
            }
        }
        Err(unchecked(detail))
    }
}

impl Refusal {
    pub(in super::super) fn undecided(certificate: String, faults: &[Fault]) -> Self {
        let detail = match faults {
            [] => "it names no place where that could be asked".to_owned(),
            some => some
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        };
        if faults.iter().any(Fault::is_stale) {
            Self::RevocationStale {
                certificate,
                detail,
            }
        } else {
            Self::RevocationUnknown {
                certificate,
                detail,
            }
        }
    }
}
