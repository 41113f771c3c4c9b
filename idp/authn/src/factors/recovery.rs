//! Recovery codes: for the day the phone is lost. Ten, shown once, each good for one sign-in.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use signet_model::FactorKind;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::factors::code::parse_letters;
use crate::factors::failure::FactorFailure;
use crate::factors::provider::{Answer, Begun, Checked, Person, Prompt, SecondFactor};
use crate::factors::seal::FactorSeal;
use crate::factors::vault::FactorVault;

/// How many codes are made at a time.
pub const CODES: usize = 10;
/// With so many left, or fewer, the person is told to make new ones.
pub const FEW: u32 = 3;
/// Fifty random bits.
const LETTERS: usize = 10;
/// 32 characters that nobody takes for one another.
pub(crate) const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Recovery codes.
pub struct RecoveryCodes {
    vault: Arc<dyn FactorVault>,
    seal: Arc<FactorSeal>,
}

impl RecoveryCodes {
    /// Kept in `vault` by hashes of `seal`.
    pub fn new(vault: Arc<dyn FactorVault>, seal: Arc<FactorSeal>) -> Self {
        Self { vault, seal }
    }
}

/// Fresh codes, as people read them: two groups of five.
pub(crate) fn make_codes() -> Result<Vec<Zeroizing<String>>, FactorFailure> {
    let mut codes = Vec::with_capacity(CODES);
    for _ in 0..CODES {
        let mut octets = Zeroizing::new([0u8; LETTERS]);
        SystemRandom::new()
            .fill(octets.as_mut())
            .map_err(|_| FactorFailure::Internal {
                detail: "the operating system gave no random numbers".into(),
            })?;
        let mut code = Zeroizing::new(String::with_capacity(LETTERS + 1));
        for (at, octet) in octets.iter().enumerate() {
            if at == LETTERS / 2 {
                code.push('-');
            }
            // 256 is a multiple of 32, so each letter is as likely as any other.
            let letter = ALPHABET.get(usize::from(octet & 31)).copied();
            code.push(char::from(letter.unwrap_or(b'A')));
        }
        codes.push(code);
    }
    Ok(codes)
}

/// The bare spelling of a typed code.
pub(crate) fn parse(typed: &str) -> Option<Zeroizing<String>> {
    parse_letters(typed, ALPHABET, LETTERS)
}

#[async_trait]
impl SecondFactor for RecoveryCodes {
    fn kind(&self) -> FactorKind {
        FactorKind::RecoveryCode
    }

    fn is_held(&self, person: &Person<'_>) -> bool {
        person.recovery_codes > 0
    }

    async fn begin(
        &self,
        _person: &Person<'_>,
        _now: OffsetDateTime,
    ) -> Result<Begun, FactorFailure> {
        Ok(Begun {
            prompt: Prompt::Code {
                digits: None,
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
        _now: OffsetDateTime,
    ) -> Result<Checked, FactorFailure> {
        let wrong = |detail: &str| FactorFailure::Wrong {
            kind: FactorKind::RecoveryCode,
            detail: detail.to_owned(),
        };
        let Answer::Code(typed) = answer else {
            return Err(wrong("not a code"));
        };
        let code = parse(typed).ok_or_else(|| wrong("not a code"))?;
        let account = person.account.id;
        let hash = self.seal.hash_code(account, &code);
        if self.vault.use_recovery_code(account, &hash).await? {
            Ok(Checked::Right {
                factor: None,
                user_verified: false,
            })
        } else {
            Err(wrong("no unused code of this account"))
        }
    }
}
