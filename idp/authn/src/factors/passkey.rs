//! Passkeys and security keys, as a second factor after a first one (W3C Web Authentication, level 2).
//!
//! The relying party id is the configured host and the origin is exact: no sub-domain, no other port, nothing framed. User
//! verification is wished for, not demanded, so that a key without a PIN does; a key that once verified its owner has to
//! go on doing so, and whether it did is in the proof.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use signet_model::{FactorId, FactorKind, FactorRecord};
use time::OffsetDateTime;
use url::Url;
use webauthn_rs::Webauthn;
use webauthn_rs::WebauthnBuilder;
use webauthn_rs::prelude::{
    Credential, PublicKeyCredential, RegisterPublicKeyCredential, SecurityKey,
    SecurityKeyAuthentication, SecurityKeyRegistration, WebauthnError,
};
use zeroize::Zeroizing;

use crate::factors::failure::FactorFailure;
use crate::factors::provider::{
    Answer, Begun, BegunEnrolment, Checked, Enrolment, EnrolmentPrompt, FinishedEnrolment,
    NewFactor, Person, Prompt, SecondFactor,
};
use crate::factors::vault::FactorVault;

/// The longest answer that is read. Attestation is not asked for; a long one holds a few certificates all the same.
const LONGEST_ANSWER: usize = 32 * 1024;

/// Passkeys and security keys.
pub struct Passkeys {
    webauthn: Webauthn,
    vault: Arc<dyn FactorVault>,
}

impl Passkeys {
    /// For `host`, at exactly `origin` (`https://host`, with the port when it is not 443), shown as `organisation`.
    ///
    /// # Errors
    /// [`FactorFailure::Internal`] when the host does not belong to the origin.
    pub fn new(
        vault: Arc<dyn FactorVault>,
        host: &str,
        origin: &Url,
        organisation: &str,
    ) -> Result<Self, FactorFailure> {
        let webauthn = WebauthnBuilder::new(host, origin)
            .and_then(|builder| builder.rp_name(organisation).build())
            .map_err(|error| FactorFailure::Internal {
                detail: format!("passkeys for {host} at {origin}: {error}"),
            })?;
        Ok(Self { webauthn, vault })
    }
}

#[async_trait]
impl SecondFactor for Passkeys {
    fn kind(&self) -> FactorKind {
        FactorKind::Passkey
    }

    fn is_held(&self, person: &Person<'_>) -> bool {
        person.of_kind(FactorKind::Passkey).next().is_some()
    }

    /// A signature is not guessed: whoever hammers codes does not keep the owner of a key out (PWD-10).
    fn is_guessable(&self) -> bool {
        false
    }

    async fn begin(
        &self,
        person: &Person<'_>,
        _now: OffsetDateTime,
    ) -> Result<Begun, FactorFailure> {
        let keys = load_keys(person)?;
        let keys: Vec<SecurityKey> = keys.into_iter().map(|(_, key)| key).collect();
        let (mut options, state) = self
            .webauthn
            .start_securitykey_authentication(&keys)
            .map_err(internal)?;
        // The library's hint would hide the passkey that is built into the device.
        options.public_key.hints = None;
        Ok(Begun {
            prompt: Prompt::WebAuthn {
                options: to_json(&options)?,
            },
            state: Some(Zeroizing::new(to_json(&state)?.into_bytes())),
        })
    }

    async fn check(
        &self,
        person: &Person<'_>,
        state: Option<&[u8]>,
        answer: &Answer,
        now: OffsetDateTime,
    ) -> Result<Checked, FactorFailure> {
        let state: SecurityKeyAuthentication =
            from_state(state.ok_or(FactorFailure::CeremonyGone)?)?;
        let credential: PublicKeyCredential = parse_answer(answer)?;
        let handle = handle_of(credential.raw_id.as_slice());
        let record = person
            .of_kind(FactorKind::Passkey)
            .find(|record| record.handle == Some(handle))
            .ok_or_else(|| wrong("a passkey that is not this person's"))?;
        let result = self
            .webauthn
            .finish_securitykey_authentication(&credential, &state)
            .map_err(|error| judge(error, record.id))?;
        // A key without a counter always says 0; the library has refused a key that had one.
        let counter = Some(i64::from(result.counter())).filter(|counter| *counter > 0);
        let moved = self
            .vault
            .advance(person.account.id, record.id, counter, now)
            .await?;
        if !moved {
            return Err(FactorFailure::PossiblyCopied { id: record.id });
        }
        Ok(Checked::Right {
            factor: Some(record.id),
            user_verified: result.user_verified(),
        })
    }

    fn enrolment(&self) -> Option<&dyn Enrolment> {
        Some(self)
    }
}

#[async_trait]
impl Enrolment for Passkeys {
    async fn begin(
        &self,
        person: &Person<'_>,
        _now: OffsetDateTime,
    ) -> Result<BegunEnrolment, FactorFailure> {
        let known = load_keys(person)?
            .into_iter()
            .map(|(_, key)| key.cred_id().clone())
            .collect();
        let account = person.account;
        let name = account.upn.as_deref().unwrap_or(&account.sam);
        let (mut options, state) = self
            .webauthn
            .start_securitykey_registration(
                account.id.to_uuid(),
                name,
                &account.display_name,
                Some(known),
                None,
                None,
            )
            .map_err(internal)?;
        options.public_key.hints = None;
        // Without `credProtect`: a key without a PIN would be made that can never be used again.
        options.public_key.extensions = None;
        Ok(BegunEnrolment {
            prompt: EnrolmentPrompt::WebAuthn {
                options: to_json(&options)?,
            },
            state: Zeroizing::new(to_json(&state)?.into_bytes()),
        })
    }

    async fn finish(
        &self,
        _person: &Person<'_>,
        state: &[u8],
        answer: &Answer,
        _now: OffsetDateTime,
    ) -> Result<FinishedEnrolment, FactorFailure> {
        let state: SecurityKeyRegistration = from_state(state)?;
        let credential: RegisterPublicKeyCredential = parse_answer(answer)?;
        let key = self
            .webauthn
            .finish_securitykey_registration(&credential, &state)
            .map_err(|error| wrong(&error.to_string()))?;
        let handle = handle_of(key.cred_id().as_slice());
        let counter = Credential::from(key.clone()).counter;
        Ok(FinishedEnrolment {
            factor: NewFactor {
                secret: Zeroizing::new(to_json(&key)?.into_bytes()),
                handle: Some(handle),
                counter: i64::from(counter),
            },
            // That it was made says nothing of its use.
            performed: false,
        })
    }

    /// A challenge is used once.
    fn prompt_again(&self, _person: &Person<'_>, _state: &[u8]) -> Option<EnrolmentPrompt> {
        None
    }
}

/// The person's keys, each with the counter its row has now.
fn load_keys<'p>(
    person: &'p Person<'_>,
) -> Result<Vec<(&'p FactorRecord, SecurityKey)>, FactorFailure> {
    person
        .of_kind(FactorKind::Passkey)
        .map(|record| {
            let json = person.open(record)?;
            let key: SecurityKey = serde_json::from_slice(&json)
                .map_err(|_| FactorFailure::UnreadableFactor { id: record.id })?;
            let mut credential = Credential::from(key);
            credential.counter = u32::try_from(record.counter).unwrap_or(u32::MAX);
            Ok((record, SecurityKey::from(credential)))
        })
        .collect()
}

fn judge(error: WebauthnError, id: FactorId) -> FactorFailure {
    match error {
        WebauthnError::CredentialPossibleCompromise => FactorFailure::PossiblyCopied { id },
        other => wrong(&other.to_string()),
    }
}

fn parse_answer<T: DeserializeOwned>(answer: &Answer) -> Result<T, FactorFailure> {
    let Answer::WebAuthn(json) = answer else {
        return Err(wrong("not a passkey's answer"));
    };
    if json.len() > LONGEST_ANSWER {
        return Err(wrong("a passkey's answer that is too long"));
    }
    serde_json::from_str(json).map_err(|error| {
        wrong(&format!(
            "unreadable at {}:{}",
            error.line(),
            error.column()
        ))
    })
}

fn to_json(value: &impl Serialize) -> Result<String, FactorFailure> {
    serde_json::to_string(value).map_err(|error| FactorFailure::Internal {
        detail: format!("passkeys: {error}"),
    })
}

fn from_state<T: DeserializeOwned>(state: &[u8]) -> Result<T, FactorFailure> {
    serde_json::from_slice(state).map_err(|_| FactorFailure::CeremonyGone)
}

fn handle_of(credential_id: &[u8]) -> [u8; 32] {
    let mut hash = [0u8; 32];
    for (to, from) in hash.iter_mut().zip(digest(&SHA256, credential_id).as_ref()) {
        *to = *from;
    }
    hash
}

fn wrong(detail: &str) -> FactorFailure {
    FactorFailure::Wrong {
        kind: FactorKind::Passkey,
        detail: detail.to_owned(),
    }
}

fn internal(error: WebauthnError) -> FactorFailure {
    FactorFailure::Internal {
        detail: format!("passkeys: {error}"),
    }
}

/// Fuzz target: no answer of a page is accepted by a ceremony that it was not made for.
pub fn fuzz_webauthn_answer(bytes: &[u8]) {
    use std::sync::LazyLock;
    type Open = (Webauthn, SecurityKeyRegistration);
    static CEREMONY: LazyLock<Option<Open>> = LazyLock::new(|| {
        let origin = Url::parse("https://sts.example.com").ok()?;
        let webauthn = WebauthnBuilder::new("sts.example.com", &origin)
            .and_then(WebauthnBuilder::build)
            .ok()?;
        let (_, state) = webauthn
            .start_securitykey_registration(uuid::Uuid::nil(), "a", "a", None, None, None)
            .ok()?;
        Some((webauthn, state))
    });
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let answer = Answer::WebAuthn(text.to_owned());
    let _ = parse_answer::<PublicKeyCredential>(&answer);
    if let (Ok(credential), Some((webauthn, state))) = (
        parse_answer::<RegisterPublicKeyCredential>(&answer),
        &*CEREMONY,
    ) {
        let finished = webauthn.finish_securitykey_registration(&credential, state);
        assert!(finished.is_err(), "nobody knows the random challenge");
    }
}
