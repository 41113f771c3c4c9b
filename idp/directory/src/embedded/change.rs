//! Password changes of the embedded directory: kept in memory, gone with the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use signet_model::AccountId;
use time::OffsetDateTime;

use super::Embedded;
use super::hash::{SCHEME, hash_password, matches};
use crate::account::{AccountState, Candidate};
use crate::change::ChangeVerdict;
use crate::entry::Entry;
use crate::error::DirectoryError;
use crate::password::Password;
use crate::policy::PasswordPolicy;
use crate::syntax::file_time;

/// PASSWD_CANT_CHANGE of userAccountControl: only here is it what decides; Active Directory has it in the ACL.
const CANNOT_CHANGE: i64 = 0x40;
/// The most former passwords compared; Active Directory's own bound is 1,024, each costs tens of milliseconds here.
const MOST_FORMER: usize = 24;

/// The passwords that were changed since the start.
#[derive(Default)]
pub(crate) struct Changes(Mutex<HashMap<AccountId, Changed>>);

#[derive(Clone)]
struct Changed {
    /// PHC string without the scheme.
    hash: String,
    /// Former ones, the latest first.
    former: Vec<String>,
    at: OffsetDateTime,
}

impl Changes {
    /// The hash that holds now, when it is not the file's.
    pub(crate) fn hash(&self, account: AccountId) -> Option<String> {
        self.kept()
            .get(&account)
            .map(|changed| changed.hash.clone())
    }

    /// The object as it is after the change.
    pub(crate) fn apply(
        &self,
        account: AccountId,
        entry: &Entry,
        policy: &PasswordPolicy,
    ) -> Option<Entry> {
        let at = self.kept().get(&account)?.at;
        let mut entry = entry.clone();
        let text = |number: i64| vec![number.to_string().into_bytes()];
        let end = policy.max_age.and_then(|age| at.checked_add(age));
        entry.set("pwdlastset", text(file_time::number(at)));
        entry.set(
            "msds-userpasswordexpirytimecomputed",
            text(end.map_or(i64::MAX, file_time::number)),
        );
        Some(entry)
    }

    /// Puts `new` in the place of `old`; false when another change came first.
    fn replace(&self, account: AccountId, old: &str, new: String, at: OffsetDateTime) -> bool {
        let mut kept = self.kept();
        let former = match kept.get(&account) {
            Some(changed) if changed.hash != old => return false,
            Some(changed) => changed.former.clone(),
            None => Vec::new(),
        };
        let former = std::iter::once(old.to_owned())
            .chain(former)
            .take(MOST_FORMER)
            .collect();
        let changed = Changed {
            hash: new,
            former,
            at,
        };
        kept.insert(account, changed);
        true
    }

    fn former(&self, account: AccountId) -> Vec<String> {
        let kept = self.kept();
        kept.get(&account)
            .map(|changed| changed.former.clone())
            .unwrap_or_default()
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<AccountId, Changed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Embedded {
    pub(super) async fn change(
        &self,
        candidate: &Candidate,
        old: &Password,
        new: &Password,
    ) -> Result<ChangeVerdict, DirectoryError> {
        let at = self.tree.by_guid.get(&candidate.id).copied();
        let object = at.and_then(|at| self.tree.objects.get(at));
        let hash = object.and_then(|object| self.hash_of(candidate.id, object));
        let right = self.verify(hash.clone(), old).await?;
        let (Some(at), Some(object), Some(hash)) = (at, object, hash) else {
            return Ok(ChangeVerdict::WrongOld);
        };
        let Some(account) = self.account(at)? else {
            return Ok(ChangeVerdict::WrongOld);
        };
        if account.state == AccountState::LockedOut {
            return Ok(ChangeVerdict::LockedOut);
        }
        if !right || account.smartcard_required {
            return Ok(ChangeVerdict::WrongOld);
        }
        let flags = object.entry.number("useraccountcontrol").unwrap_or(0);
        if flags & CANNOT_CHANGE != 0 {
            return Ok(ChangeVerdict::NotAllowed);
        }
        let now = self.clock.now();
        let broken = self.policy.explain(&account, old, new, now).broken;
        if !broken.is_empty() || self.was_used(candidate.id, &hash, new).await? {
            return Ok(ChangeVerdict::RefusedByPolicy);
        }
        let made = self.hashed(new, |typed| {
            hash_password(typed).and_then(|made| made.strip_prefix(SCHEME).map(str::to_owned))
        });
        let made = made.await?.ok_or_else(|| DirectoryError::Unavailable {
            directory: self.name.to_string(),
            detail: "no randomness for a salt".to_owned(),
        })?;
        Ok(if self.changes.replace(candidate.id, &hash, made, now) {
            ChangeVerdict::Changed { at: None }
        } else {
            ChangeVerdict::WrongOld
        })
    }

    async fn was_used(
        &self,
        account: AccountId,
        current: &str,
        new: &Password,
    ) -> Result<bool, DirectoryError> {
        let most = usize::try_from(self.policy.history).unwrap_or(MOST_FORMER);
        let mut former = vec![current.to_owned()];
        former.extend(self.changes.former(account));
        former.truncate(most.min(MOST_FORMER));
        if former.is_empty() {
            return Ok(false);
        }
        self.hashed(new, move |typed| {
            former.iter().any(|hash| matches(hash, typed.expose()))
        })
        .await
    }

    /// Runs `work` on a thread for such work, with the typed password.
    async fn hashed<T: Send + 'static>(
        &self,
        password: &Password,
        work: impl FnOnce(&Password) -> T + Send + 'static,
    ) -> Result<T, DirectoryError> {
        let unavailable = |detail: String| DirectoryError::Unavailable {
            directory: self.name.to_string(),
            detail,
        };
        let turn = Arc::clone(&self.hashing)
            .acquire_owned()
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        let typed = password.copy();
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&typed);
            drop(turn);
            done
        });
        done.await.map_err(|error| unavailable(error.to_string()))
    }
}
