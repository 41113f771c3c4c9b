//! What would be decided about a certificate, and why: for `signet certmap FILE`.

use rustls_pki_types::CertificateDer;
use signet_certs::client::{ClientCertificate, MappingString, mapping_strings};
use signet_model::MessagePair;
use time::OffsetDateTime;

use super::authenticator::CertificateAuthenticator;
use super::failure::CertificateFailure;

/// The answer to "what would happen with this certificate?". It signs nobody in.
#[derive(Debug)]
pub struct Explanation {
    /// The certificate; `None` when it cannot be read.
    pub certificate: Option<ClientCertificate>,
    /// Values for `altSecurityIdentities`, strong ones first.
    pub mapping: Vec<MappingString>,
    /// Every step, in order; later ones also after one has failed, where they can be taken.
    pub steps: Vec<ExplainedStep>,
    /// The account that would be signed in, as `sam in directory`, or the page that the person would see.
    pub verdict: Result<String, MessagePair>,
}

/// One step.
#[derive(Debug)]
pub struct ExplainedStep {
    /// What was looked at.
    pub what: &'static str,
    /// What was found, or the refusal.
    pub outcome: Result<String, MessagePair>,
}

impl CertificateAuthenticator {
    /// Takes every step that [`CertificateAuthenticator::sign_in`] takes, and tells of each. `chain` begins with the
    /// certificate in question, in DER form; others may follow.
    pub async fn explain(&self, chain: &[Vec<u8>], now: OffsetDateTime) -> Explanation {
        let chain: Vec<CertificateDer<'_>> = chain
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        let (judged, verdict) = self.judge.explain(&chain, now).await;
        let told = |failure: CertificateFailure| failure.message();
        let mut steps: Vec<ExplainedStep> = judged
            .into_iter()
            .map(|step| ExplainedStep {
                what: step.what,
                outcome: step.outcome.map_err(|refusal| told(refusal.into())),
            })
            .collect();
        let certificate = chain
            .first()
            .and_then(|own| ClientCertificate::read(own).ok());
        let Some(read) = &certificate else {
            let refused = verdict.err().map(CertificateFailure::from);
            return Explanation {
                certificate: None,
                mapping: Vec::new(),
                steps,
                verdict: Err(told(refused.unwrap_or(CertificateFailure::Refused(
                    signet_certs::client::Refusal::NoCertificate,
                )))),
            };
        };
        let owner = self.load_owner(read).await;
        let mut name = String::new();
        let account = match &owner {
            Ok((candidate, by)) => {
                name = format!(
                    "{} in {}",
                    candidate.candidate.sam, candidate.candidate.directory
                );
                steps.push(ExplainedStep {
                    what: "account",
                    outcome: Ok(format!("{name}, by {by}")),
                });
                let counts = match &verdict {
                    Ok(judged) => self.check_counts_for(candidate, judged, &chain).await,
                    // Refused already; there is no path to compare.
                    Err(_) => Ok(false),
                };
                match &counts {
                    Ok(true) => steps.push(ExplainedStep {
                        what: "directory's issuers",
                        outcome: Ok(format!(
                            "the issuer counts for people of {}",
                            candidate.candidate.directory
                        )),
                    }),
                    Ok(false) => {}
                    Err(failure) => steps.push(ExplainedStep {
                        what: "directory's issuers",
                        outcome: Err(failure.message()),
                    }),
                }
                let state = self.load_account(candidate).await;
                steps.push(ExplainedStep {
                    what: "state of the account",
                    outcome: match &state {
                        Ok(account) => Ok(format!("{:?}", account.state)),
                        Err(failure) => Err(failure.message()),
                    },
                });
                counts.and(state.map(drop))
            }
            Err(failure) => {
                steps.push(ExplainedStep {
                    what: "account",
                    outcome: Err(failure.message()),
                });
                Err(failure.clone())
            }
        };
        let verdict = verdict
            .map_err(CertificateFailure::from)
            .and(account)
            .map(|()| name)
            .map_err(told);
        Explanation {
            mapping: mapping_strings(read),
            certificate,
            steps,
            verdict,
        }
    }
}
