//! The second factor room: what the server calls.

use std::sync::Arc;

use signet_directory::Account;
use signet_model::{AccountId, FactorAdded, FactorId, FactorKind, FactorRecord};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::factors::failure::FactorFailure;
use crate::factors::guard::{FactorGuard, Outcome};
use crate::factors::permit::{EnrolmentPermit, EnrolmentRefused};
use crate::factors::proof::SecondFactorProof;
use crate::factors::provider::{
    Answer, Begun, Checked, Enrolment, EnrolmentPrompt, NewFactor, Person, Prompt, SecondFactor,
};
use crate::factors::radius::RadiusError;
use crate::factors::recovery::{FEW, make_codes, parse};
use crate::factors::seal::{Ceremony, FactorSeal};
use crate::factors::vault::FactorVault;
use crate::user::AuthenticatedUser;

/// How long a ceremony waits for its answer.
const CEREMONY: Duration = Duration::minutes(5);
const LONGEST_LABEL: usize = 60;

/// Every second factor of the service, behind the guard and over the vault.
pub struct SecondFactors {
    providers: Vec<Box<dyn SecondFactor>>,
    vault: Arc<dyn FactorVault>,
    seal: Arc<FactorSeal>,
    guard: FactorGuard,
}

/// What a person can be asked for.
#[derive(Clone, Debug)]
pub struct Offers {
    account: AccountId,
    kinds: Vec<FactorKind>,
    records: Vec<FactorRecord>,
    recovery_codes: u32,
}

impl Offers {
    /// Whose.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Whether there is a factor at all. Recovery codes alone are none: they go with the last factor.
    pub fn any(&self) -> bool {
        self.kinds
            .iter()
            .any(|kind| *kind != FactorKind::RecoveryCode)
    }

    /// The kinds to choose from, the best first.
    pub fn kinds(&self) -> &[FactorKind] {
        &self.kinds
    }

    /// The enrolled factors, the oldest first.
    pub fn records(&self) -> &[FactorRecord] {
        &self.records
    }

    /// Unused recovery codes.
    pub fn recovery_codes(&self) -> u32 {
        self.recovery_codes
    }

    /// Whether the person should be told to make new recovery codes.
    pub fn few_recovery_codes(&self) -> bool {
        !self.records.is_empty() && self.recovery_codes <= FEW
    }
}

/// A factor that was asked for.
#[derive(Debug)]
pub struct Asked {
    /// Of what kind.
    pub kind: FactorKind,
    /// What the page shows.
    pub prompt: Prompt,
    /// For the hidden field `Challenge`; `None` when nothing is under way.
    pub ticket: Option<String>,
}

/// How an answer was taken.
#[derive(Debug)]
pub enum Checkout {
    /// It was right.
    Proved(SecondFactorProof),
    /// The factor's server wants to know more: show this.
    More(Asked),
}

/// An enrolment that was begun.
pub struct EnrolmentAsked {
    /// Of what kind.
    pub kind: FactorKind,
    /// What the page shows.
    pub prompt: EnrolmentPrompt,
    /// For the hidden field `Challenge`.
    pub ticket: String,
}

/// How an enrolment went on.
pub enum EnrolmentStep {
    /// The factor is kept.
    Enrolled(Enrolled),
    /// The answer was wrong: show this again.
    Again(EnrolmentAsked),
}

/// A factor that is kept now.
pub struct Enrolled {
    /// Its row.
    pub record: FactorRecord,
    /// It was performed while it was enrolled: this counts as the second factor.
    pub proof: Option<SecondFactorProof>,
}

impl SecondFactors {
    /// Offers `providers`, at most one of a kind.
    pub fn new(
        providers: Vec<Box<dyn SecondFactor>>,
        vault: Arc<dyn FactorVault>,
        seal: Arc<FactorSeal>,
        guard: FactorGuard,
    ) -> Self {
        Self {
            providers,
            vault,
            seal,
            guard,
        }
    }

    /// The kinds that can be enrolled here.
    pub fn enrollable(&self) -> Vec<FactorKind> {
        FactorKind::ALL
            .into_iter()
            .filter(|kind| self.enrolment_of(*kind).is_ok())
            .collect()
    }

    /// What `user` can be asked for.
    ///
    /// # Errors
    /// [`FactorFailure::Vault`]: the person must be refused then, not treated as one without a factor.
    pub async fn offers(&self, user: &AuthenticatedUser) -> Result<Offers, FactorFailure> {
        self.offers_of(user.account()).await
    }

    /// Asks for a factor of `kind`. `flow` is what tells this sign-in from all others; the answer has to come with the same.
    ///
    /// # Errors
    /// [`FactorFailure::NotHeld`] and what the provider says.
    pub async fn begin(
        &self,
        user: &AuthenticatedUser,
        flow: &[u8],
        kind: FactorKind,
        now: OffsetDateTime,
    ) -> Result<Asked, FactorFailure> {
        let offers = self.offers(user).await?;
        let person = self.person(user.account(), &offers);
        let begun = self.provider_of(kind, &person)?.begin(&person, now).await?;
        self.ask(person.account.id, flow, kind, begun, now).await
    }

    /// Checks an answer. The try is counted before, and the ceremony is taken whatever comes of it.
    ///
    /// # Errors
    /// [`FactorFailure`]; after [`FactorFailure::is_wrong_answer`] begin again and show the prompt with a notice.
    pub async fn check(
        &self,
        user: &AuthenticatedUser,
        flow: &[u8],
        kind: FactorKind,
        ticket: Option<&str>,
        answer: &Answer,
        now: OffsetDateTime,
    ) -> Result<Checkout, FactorFailure> {
        let offers = self.offers(user).await?;
        let person = self.person(user.account(), &offers);
        let provider = self.provider_of(kind, &person)?;
        let account = person.account.id;
        let reserved = match provider.is_guessable() {
            true => Some(
                self.guard
                    .reserve(account, provider.is_remote(), now)
                    .await?,
            ),
            false => None,
        };
        let checked = match self.take(account, flow, "check", kind, ticket, now).await {
            Ok(state) => {
                let state = state.as_deref().map(Vec::as_slice);
                provider.check(&person, state, answer, now).await
            }
            Err(failure) => Err(failure),
        };
        if let Some(reserved) = reserved {
            let outcome = match &checked {
                Ok(Checked::Right { .. }) => Outcome::Right,
                Err(failure) if failure.is_wrong_answer() => Outcome::Wrong,
                // A question of a server's, or its silence, may have rung somebody's telephone: whoever has a stolen password
                // cannot let it ring without end. The right answer takes these back.
                Ok(Checked::More(_)) | Err(FactorFailure::Radius(RadiusError::NoAnswer { .. })) => {
                    Outcome::Wrong
                }
                Err(_) => Outcome::Void,
            };
            self.guard.settle(reserved, outcome, now).await;
        }
        match checked? {
            Checked::Right {
                factor,
                user_verified,
            } => Ok(Checkout::Proved(SecondFactorProof::new(
                account,
                kind,
                factor,
                user_verified,
                now,
            ))),
            Checked::More(begun) => self
                .ask(account, flow, kind, begun, now)
                .await
                .map(Checkout::More),
        }
    }

    /// Begins an enrolment.
    ///
    /// # Errors
    /// [`FactorFailure::NotHeld`] when the kind is not enrolled here.
    pub async fn begin_enrolment(
        &self,
        permit: &EnrolmentPermit,
        user: &AuthenticatedUser,
        flow: &[u8],
        kind: FactorKind,
        now: OffsetDateTime,
    ) -> Result<EnrolmentAsked, FactorFailure> {
        check_permit(permit, user)?;
        let offers = self.offers(user).await?;
        let person = self.person(user.account(), &offers);
        let begun = self.enrolment_of(kind)?.begin(&person, now).await?;
        let ticket = self
            .keep(person.account.id, flow, "enrol", kind, &begun.state, now)
            .await?;
        Ok(EnrolmentAsked {
            kind,
            prompt: begun.prompt,
            ticket,
        })
    }

    /// Ends an enrolment: the person shows that the factor works, then it is kept.
    ///
    /// # Errors
    /// [`FactorFailure`].
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of the flow; the values have no common name"
    )]
    pub async fn finish_enrolment(
        &self,
        permit: &EnrolmentPermit,
        user: &AuthenticatedUser,
        flow: &[u8],
        kind: FactorKind,
        ticket: &str,
        answer: &Answer,
        label: &str,
        now: OffsetDateTime,
    ) -> Result<EnrolmentStep, FactorFailure> {
        check_permit(permit, user)?;
        let offers = self.offers(user).await?;
        let person = self.person(user.account(), &offers);
        let account = person.account.id;
        let enrolment = self.enrolment_of(kind)?;
        let state = self
            .take(account, flow, "enrol", kind, Some(ticket), now)
            .await?
            .ok_or(FactorFailure::CeremonyGone)?;
        let finished = match enrolment.finish(&person, &state, answer, now).await {
            Err(failure) if failure.is_wrong_answer() => {
                let prompt = enrolment.prompt_again(&person, &state).ok_or(failure)?;
                let ticket = self.keep(account, flow, "enrol", kind, &state, now).await?;
                return Ok(EnrolmentStep::Again(EnrolmentAsked {
                    kind,
                    prompt,
                    ticket,
                }));
            }
            finished => finished?,
        };
        let record = self.record(account, kind, finished.factor, label, now)?;
        match self.vault.add(&record, permit.first()).await? {
            FactorAdded::Added => {}
            FactorAdded::NotTheFirst => return Err(FactorFailure::NoLongerTheFirst),
            FactorAdded::TooMany => return Err(FactorFailure::TooManyFactors),
            FactorAdded::HandleTaken => return Err(FactorFailure::EnrolledBefore),
        }
        let proof = finished
            .performed
            .then(|| SecondFactorProof::new(account, kind, Some(record.id), false, now));
        Ok(EnrolmentStep::Enrolled(Enrolled { record, proof }))
    }

    /// Makes new recovery codes in the place of the old. This is the only time they can be shown.
    ///
    /// # Errors
    /// [`FactorFailure`]; the old codes stay.
    pub async fn renew_recovery_codes(
        &self,
        permit: &EnrolmentPermit,
        user: &AuthenticatedUser,
        now: OffsetDateTime,
    ) -> Result<Vec<Zeroizing<String>>, FactorFailure> {
        check_permit(permit, user)?;
        let account = permit.account();
        let codes = make_codes()?;
        let hashes: Vec<[u8; 32]> = codes
            .iter()
            .filter_map(|code| parse(code))
            .map(|bare| self.seal.hash_code(account, &bare))
            .collect();
        self.vault
            .replace_recovery_codes(account, &hashes, now)
            .await?;
        Ok(codes)
    }

    /// Removes a factor; `false` when there is none such.
    ///
    /// # Errors
    /// [`FactorFailure`]; nothing was removed.
    pub async fn remove(
        &self,
        permit: &EnrolmentPermit,
        user: &AuthenticatedUser,
        id: FactorId,
    ) -> Result<bool, FactorFailure> {
        check_permit(permit, user)?;
        // Whoever could prove nothing holds factors of kinds that are switched off: these are the help desk's.
        if permit.first() {
            return Err(EnrolmentRefused::SecondFactorNeeded.into());
        }
        Ok(self.vault.remove(permit.account(), id).await?)
    }

    async fn offers_of(&self, account: &Account) -> Result<Offers, FactorFailure> {
        let mut offers = Offers {
            account: account.id,
            kinds: Vec::new(),
            records: self.vault.load(account.id).await?,
            recovery_codes: 0,
        };
        if !offers.records.is_empty() {
            offers.recovery_codes = self.vault.recovery_codes_left(account.id).await?;
        }
        let person = self.person(account, &offers);
        let kinds = FactorKind::ALL
            .into_iter()
            .filter(|kind| self.provider_of(*kind, &person).is_ok())
            .collect();
        offers.kinds = kinds;
        Ok(offers)
    }

    fn person<'a>(&'a self, account: &'a Account, offers: &'a Offers) -> Person<'a> {
        Person {
            account,
            records: &offers.records,
            recovery_codes: offers.recovery_codes,
            seal: &self.seal,
        }
    }

    fn provider_of(
        &self,
        kind: FactorKind,
        person: &Person<'_>,
    ) -> Result<&dyn SecondFactor, FactorFailure> {
        self.providers
            .iter()
            .find(|provider| provider.kind() == kind && provider.is_held(person))
            .map(AsRef::as_ref)
            .ok_or(FactorFailure::NotHeld { kind })
    }

    fn enrolment_of(&self, kind: FactorKind) -> Result<&dyn Enrolment, FactorFailure> {
        self.providers
            .iter()
            .find(|provider| provider.kind() == kind)
            .and_then(|provider| provider.enrolment())
            .ok_or(FactorFailure::NotHeld { kind })
    }

    async fn ask(
        &self,
        account: AccountId,
        flow: &[u8],
        kind: FactorKind,
        begun: Begun,
        now: OffsetDateTime,
    ) -> Result<Asked, FactorFailure> {
        let ticket = match &begun.state {
            Some(state) => Some(self.keep(account, flow, "check", kind, state, now).await?),
            None => None,
        };
        Ok(Asked {
            kind,
            prompt: begun.prompt,
            ticket,
        })
    }

    async fn keep(
        &self,
        account: AccountId,
        flow: &[u8],
        step: &'static str,
        kind: FactorKind,
        state: &[u8],
        now: OffsetDateTime,
    ) -> Result<String, FactorFailure> {
        let scene = Ceremony {
            step,
            account,
            kind,
            flow,
        };
        let sealed = self.seal.seal_state(&scene, state)?;
        Ok(self
            .vault
            .keep_challenge(account, &sealed, CEREMONY, now)
            .await?)
    }

    /// The state behind a ticket. A ticket that is unknown, used, expired, or another flow's is refused.
    async fn take(
        &self,
        account: AccountId,
        flow: &[u8],
        step: &'static str,
        kind: FactorKind,
        ticket: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, FactorFailure> {
        let Some(ticket) = ticket.filter(|ticket| !ticket.is_empty()) else {
            return Ok(None);
        };
        let sealed = self
            .vault
            .take_challenge(account, ticket, now)
            .await?
            .ok_or(FactorFailure::CeremonyGone)?;
        let scene = Ceremony {
            step,
            account,
            kind,
            flow,
        };
        self.seal.open_state(&scene, &sealed).map(Some)
    }

    fn record(
        &self,
        account: AccountId,
        kind: FactorKind,
        factor: NewFactor,
        label: &str,
        now: OffsetDateTime,
    ) -> Result<FactorRecord, FactorFailure> {
        let mut record = FactorRecord {
            id: FactorId::random(),
            account,
            kind,
            label: parse_label(label),
            sealed: String::new(),
            handle: factor.handle,
            created_at: now,
            last_used_at: None,
            counter: factor.counter,
        };
        record.sealed = self.seal.seal_secret(&record, &factor.secret)?;
        Ok(record)
    }
}

fn check_permit(permit: &EnrolmentPermit, user: &AuthenticatedUser) -> Result<(), FactorFailure> {
    if permit.account() == user.account().id {
        Ok(())
    } else {
        Err(EnrolmentRefused::AnotherAccount.into())
    }
}

/// A name as people give it: no control characters, and not a novel. Empty when they gave none.
fn parse_label(typed: &str) -> String {
    typed
        .trim()
        .chars()
        .filter(|character| !character.is_control())
        .take(LONGEST_LABEL)
        .collect()
}
