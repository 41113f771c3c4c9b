//! What a kind of second factor has to be able to do. Another factor is one file with an `impl` of this.

use async_trait::async_trait;
use signet_directory::Account;
use signet_model::{FactorId, FactorKind, FactorRecord};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::factors::failure::FactorFailure;
use crate::factors::seal::FactorSeal;

/// A kind of second factor.
#[async_trait]
pub trait SecondFactor: Send + Sync {
    /// What it is called in rows and forms; one provider each.
    fn kind(&self) -> FactorKind;

    /// Whether this person can be asked for it.
    fn is_held(&self, person: &Person<'_>) -> bool;

    /// Whether an answer can be guessed, so that tries have to be counted.
    fn is_guessable(&self) -> bool {
        true
    }

    /// Whether another server checks the answers: its questions and its silence are counted, apart from what is checked here.
    fn is_remote(&self) -> bool {
        false
    }

    /// Begins a check: what the page shows, and what has to be remembered until the answer.
    ///
    /// # Errors
    /// Nothing to ask with.
    async fn begin(&self, person: &Person<'_>, now: OffsetDateTime)
    -> Result<Begun, FactorFailure>;

    /// Checks the answer. `state` is what `begin` wanted remembered; it is given once.
    ///
    /// # Errors
    /// [`FactorFailure::Wrong`] or [`FactorFailure::UsedBefore`] count as a guess, all others do not.
    async fn check(
        &self,
        person: &Person<'_>,
        state: Option<&[u8]>,
        answer: &Answer,
        now: OffsetDateTime,
    ) -> Result<Checked, FactorFailure>;

    /// How it is enrolled; `None` when that happens elsewhere.
    fn enrolment(&self) -> Option<&dyn Enrolment> {
        None
    }
}

/// How a kind of second factor is enrolled.
#[async_trait]
pub trait Enrolment: Send + Sync {
    /// Begins: what the page shows, and what has to be remembered.
    ///
    /// # Errors
    /// Something of ours failed.
    async fn begin(
        &self,
        person: &Person<'_>,
        now: OffsetDateTime,
    ) -> Result<BegunEnrolment, FactorFailure>;

    /// Ends: the factor, once the person showed that it works.
    ///
    /// # Errors
    /// [`FactorFailure::Wrong`]: it does not work.
    async fn finish(
        &self,
        person: &Person<'_>,
        state: &[u8],
        answer: &Answer,
        now: OffsetDateTime,
    ) -> Result<FinishedEnrolment, FactorFailure>;

    /// The prompt again, after a wrong answer; `None` when a new ceremony has to begin.
    fn prompt_again(&self, person: &Person<'_>, state: &[u8]) -> Option<EnrolmentPrompt>;
}

/// Whose factor it is, and what the vault holds of theirs.
pub struct Person<'a> {
    /// Who performed the first factor.
    pub account: &'a Account,
    /// Every enrolled factor.
    pub records: &'a [FactorRecord],
    /// Unused recovery codes.
    pub recovery_codes: u32,
    pub(crate) seal: &'a FactorSeal,
}

impl Person<'_> {
    /// The enrolled factors of a kind.
    pub fn of_kind(&self, kind: FactorKind) -> impl Iterator<Item = &FactorRecord> {
        self.records
            .iter()
            .filter(move |record| record.kind == kind)
    }

    /// The secret of one of them.
    ///
    /// # Errors
    /// [`FactorFailure::UnreadableFactor`].
    pub fn open(&self, record: &FactorRecord) -> Result<Zeroizing<Vec<u8>>, FactorFailure> {
        self.seal.open_secret(record)
    }
}

/// What a page shows to ask for a factor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prompt {
    /// A field for a code.
    Code {
        /// How many digits; `None` when letters may be typed.
        digits: Option<u8>,
        /// What the factor's server says to the person; plain text.
        text: Option<String>,
        /// Whether what is typed may be seen.
        echo: bool,
    },
    /// A passkey: options for `navigator.credentials.get`, as JSON.
    WebAuthn {
        /// `PublicKeyCredentialRequestOptions` under `publicKey`, octets in base64url.
        options: String,
    },
    /// Nothing to type: the person confirms on another device, the page asks again by and by.
    Waiting {
        /// What to do there; plain text.
        text: String,
    },
}

/// A check that was begun.
#[derive(Debug)]
pub struct Begun {
    /// What the page shows.
    pub prompt: Prompt,
    /// What to remember until the answer; kept sealed in the vault, given back once.
    pub state: Option<Zeroizing<Vec<u8>>>,
}

/// What came back from the page.
pub enum Answer {
    /// A typed code.
    Code(Zeroizing<String>),
    /// The JSON that the page's script made of a credential.
    WebAuthn(String),
    /// Nothing: the page asks whether it is done.
    Waited,
}

impl Answer {
    /// A typed code.
    pub fn code(typed: &str) -> Self {
        Self::Code(Zeroizing::new(typed.to_owned()))
    }
}

/// How a check ended.
#[derive(Debug)]
pub enum Checked {
    /// It was right.
    Right {
        /// Which enrolled factor it was.
        factor: Option<FactorId>,
        /// Whether the device checked its owner too.
        user_verified: bool,
    },
    /// The server of the factor wants to know more.
    More(Begun),
}

/// What a page shows to enrol a factor.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnrolmentPrompt {
    /// An authenticator app.
    Totp {
        /// The secret as people type it: base32.
        secret: Zeroizing<String>,
        /// `otpauth://…`, for the QR code.
        uri: Zeroizing<String>,
    },
    /// A passkey: options for `navigator.credentials.create`, as JSON.
    WebAuthn {
        /// `PublicKeyCredentialCreationOptions` under `publicKey`, octets in base64url.
        options: String,
    },
}

/// An enrolment that was begun.
pub struct BegunEnrolment {
    /// What the page shows.
    pub prompt: EnrolmentPrompt,
    /// What to remember.
    pub state: Zeroizing<Vec<u8>>,
}

/// A factor to be kept.
pub struct NewFactor {
    /// What is secret in it; sealed before it is kept.
    pub secret: Zeroizing<Vec<u8>>,
    /// Hash of what may be enrolled once in the whole service.
    pub handle: Option<[u8; 32]>,
    /// The time step or signature counter to begin with.
    pub counter: i64,
}

/// How an enrolment ended.
pub struct FinishedEnrolment {
    /// What to keep.
    pub factor: NewFactor,
    /// Whether the factor was performed just now, as if it had been asked for.
    pub performed: bool,
}
