//! Codes of authenticator apps: RFC 6238 with SHA-1, six digits, thirty seconds, which is what all apps do.

use async_trait::async_trait;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use signet_model::FactorKind;
use std::sync::Arc;
use time::OffsetDateTime;
use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

use crate::factors::code::parse_digits;
use crate::factors::failure::FactorFailure;
use crate::factors::provider::{
    Answer, Begun, BegunEnrolment, Checked, Enrolment, EnrolmentPrompt, FinishedEnrolment,
    NewFactor, Person, Prompt, SecondFactor,
};
use crate::factors::vault::FactorVault;

/// How long one code is shown (RFC 6238 4.1).
pub const STEP_SECONDS: u64 = 30;
const DIGITS: u8 = 6;
/// One step before and one after: clocks of phones differ, and people type slowly (RFC 6238 5.2).
const SKEW: u16 = 1;
/// As long as the output of SHA-1 (RFC 4226 4, R6).
const SECRET_OCTETS: usize = 20;

/// Authenticator apps.
pub struct Totp {
    vault: Arc<dyn FactorVault>,
    issuer: String,
}

impl Totp {
    /// `issuer` is the organisation, as the app shows it above the code.
    pub fn new(vault: Arc<dyn FactorVault>, issuer: &str) -> Self {
        Self {
            vault,
            issuer: plain(issuer),
        }
    }

    fn generator(&self, secret: &[u8], account_name: &str) -> Result<totp_rs::Totp, FactorFailure> {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_skew(SKEW)
            .with_step_duration(STEP_SECONDS)
            .with_secret(secret)
            .with_issuer(Some(self.issuer.as_str()))
            .with_account_name(account_name)
            .build()
            .map_err(|error| FactorFailure::Internal {
                detail: format!("one-time codes: {error}"),
            })
    }

    /// The time step whose code was typed.
    fn step_of(
        &self,
        secret: &[u8],
        typed: &str,
        now: OffsetDateTime,
    ) -> Result<Option<i64>, FactorFailure> {
        let time = u64::try_from(now.unix_timestamp()).unwrap_or(0);
        let step = self.generator(secret, "")?.check(typed, time);
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }

    fn shown(&self, person: &Person<'_>, secret: &[u8]) -> Result<EnrolmentPrompt, FactorFailure> {
        let account = person.account;
        let name = account.upn.as_deref().unwrap_or(&account.sam);
        let generator = self.generator(secret, &plain(name))?;
        let uri = generator
            .to_url()
            .map_err(|error| FactorFailure::Internal {
                detail: format!("one-time codes: {error}"),
            })?;
        Ok(EnrolmentPrompt::Totp {
            secret: Zeroizing::new(generator.secret().to_base32()),
            uri: Zeroizing::new(uri),
        })
    }
}

#[async_trait]
impl SecondFactor for Totp {
    fn kind(&self) -> FactorKind {
        FactorKind::Totp
    }

    fn is_held(&self, person: &Person<'_>) -> bool {
        person.of_kind(FactorKind::Totp).next().is_some()
    }

    async fn begin(
        &self,
        _person: &Person<'_>,
        _now: OffsetDateTime,
    ) -> Result<Begun, FactorFailure> {
        Ok(Begun {
            prompt: Prompt::Code {
                digits: Some(DIGITS),
                text: None,
                echo: true,
            },
            state: None,
        })
    }

    async fn check(
        &self,
        person: &Person<'_>,
        _state: Option<&[u8]>,
        answer: &Answer,
        now: OffsetDateTime,
    ) -> Result<Checked, FactorFailure> {
        let typed = typed(answer)?;
        let mut used = None;
        for record in person.of_kind(FactorKind::Totp) {
            let secret = person.open(record)?;
            let Some(step) = self.step_of(&secret, &typed, now)? else {
                continue;
            };
            // "The verifier MUST NOT accept the second attempt of the OTP" (RFC 6238 5.2), on whatever node.
            let moved = self
                .vault
                .advance(person.account.id, record.id, Some(step), now)
                .await?;
            if moved {
                return Ok(Checked::Right {
                    factor: Some(record.id),
                    user_verified: false,
                });
            }
            used = Some(record.id);
        }
        Err(match used {
            Some(id) => FactorFailure::UsedBefore { id },
            None => wrong("no code of these times"),
        })
    }

    fn enrolment(&self) -> Option<&dyn Enrolment> {
        Some(self)
    }
}

#[async_trait]
impl Enrolment for Totp {
    async fn begin(
        &self,
        person: &Person<'_>,
        _now: OffsetDateTime,
    ) -> Result<BegunEnrolment, FactorFailure> {
        let mut secret = Zeroizing::new(vec![0u8; SECRET_OCTETS]);
        SystemRandom::new()
            .fill(&mut secret)
            .map_err(|_| FactorFailure::Internal {
                detail: "the operating system gave no random numbers".into(),
            })?;
        Ok(BegunEnrolment {
            prompt: self.shown(person, &secret)?,
            state: secret,
        })
    }

    async fn finish(
        &self,
        _person: &Person<'_>,
        state: &[u8],
        answer: &Answer,
        now: OffsetDateTime,
    ) -> Result<FinishedEnrolment, FactorFailure> {
        let typed = typed(answer)?;
        let step = self
            .step_of(state, &typed, now)?
            .ok_or_else(|| wrong("no code of these times"))?;
        Ok(FinishedEnrolment {
            factor: NewFactor {
                secret: Zeroizing::new(state.to_vec()),
                handle: None,
                // The code that proved the app works is used up.
                counter: step,
            },
            performed: true,
        })
    }

    fn prompt_again(&self, person: &Person<'_>, state: &[u8]) -> Option<EnrolmentPrompt> {
        self.shown(person, state).ok()
    }
}

fn typed(answer: &Answer) -> Result<Zeroizing<String>, FactorFailure> {
    match answer {
        Answer::Code(typed) => parse_digits(typed, usize::from(DIGITS)),
        _ => None,
    }
    .ok_or_else(|| wrong("not six digits"))
}

fn wrong(detail: &str) -> FactorFailure {
    FactorFailure::Wrong {
        kind: FactorKind::Totp,
        detail: detail.to_owned(),
    }
}

/// A label's parts are divided by a colon, so they must not have one.
fn plain(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character == ':' || character.is_control() {
                ' '
            } else {
                character
            }
        })
        .take(128)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, the rows for SHA-1, cut to six digits.
    #[test]
    fn codes_are_those_of_rfc_6238() {
        let generator = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_skew(0)
            .with_step_duration(STEP_SECONDS)
            .with_secret(b"12345678901234567890".as_slice())
            .build()
            .unwrap();
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(generator.generate(time).to_string(), code, "{time}");
        }
    }
}
