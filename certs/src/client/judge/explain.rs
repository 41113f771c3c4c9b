//! The verdict told step by step, for an operator who asks why.

use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use super::super::certificate::ClientCertificate;
use super::super::path;
use super::super::refusal::Refusal;
use super::{Judge, JudgedCertificate, find_path};
use crate::facts::instant;

/// One step of an explained verdict.
#[derive(Clone, Debug)]
pub struct Step {
    /// What was looked at.
    pub what: &'static str,
    /// What was found, or why it is refused.
    pub outcome: Result<String, Refusal>,
}

impl Judge {
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
        let authorities = self.authorities();
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
        let path = find_path(&certificate, sent, &authorities, now);
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
            None => path.map(|path| JudgedCertificate {
                certificate,
                path,
                judged_at: now,
            }),
        };
        (steps, verdict)
    }
}

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
