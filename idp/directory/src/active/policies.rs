//! The password rules of a domain and of its fine-grained policies, remembered for some minutes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signet_model::AccountId;
use tokio::time::Instant;

use super::Inner;
use super::connection::Search;
use crate::account::Candidate;
use crate::change::LockoutStatus;
use crate::describe::{self, LOCKOUT_ATTRIBUTES};
use crate::error::DirectoryError;
use crate::policy::{DOMAIN_ATTRIBUTES, FINE_GRAINED_ATTRIBUTES, PasswordPolicy};

/// How long rules are believed.
const FRESH: Duration = Duration::from_secs(300);
/// After a failure the last known rules hold so long before the directory is asked again.
const RETRY: Duration = Duration::from_secs(10);
/// The most policies kept; beyond it all are forgotten.
const MOST: usize = 256;

/// Rules by the distinguished name of their policy; the domain's under the empty name.
#[derive(Default)]
pub(crate) struct Policies(Mutex<HashMap<Arc<str>, Known>>);

#[derive(Clone)]
struct Known {
    /// `None` when the directory was asked in vain and never told before.
    policy: Option<Arc<PasswordPolicy>>,
    ask_again: Instant,
}

impl Policies {
    fn known(&self, name: &str) -> Option<Known> {
        self.kept().get(name).cloned()
    }

    fn learn(&self, name: &str, policy: Option<Arc<PasswordPolicy>>, for_now: Duration) {
        let mut kept = self.kept();
        if kept.len() >= MOST && !kept.contains_key(name) {
            kept.clear();
        }
        let known = Known {
            policy,
            ask_again: Instant::now() + for_now,
        };
        kept.insert(Arc::from(name), known);
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Arc<str>, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    pub(super) async fn domain_policy(
        &self,
        deadline: Instant,
    ) -> Result<Arc<PasswordPolicy>, DirectoryError> {
        self.remembered("", async {
            let search = Search::base(self.base.to_string(), &DOMAIN_ATTRIBUTES);
            let (found, _) = self.search(search, None, deadline).await?;
            let head = found.entries.first();
            let head =
                head.ok_or_else(|| self.malformed("the head of the domain is not readable"))?;
            Ok(PasswordPolicy::of_domain(head))
        })
        .await
    }

    pub(super) async fn policy_of(
        &self,
        candidate: &Candidate,
    ) -> Result<Arc<PasswordPolicy>, DirectoryError> {
        let deadline = self.deadline();
        let Some(name) = &candidate.resultant_policy else {
            return self.domain_policy(deadline).await;
        };
        self.remembered(name, async {
            let search = Search::base(name.to_string(), &FINE_GRAINED_ATTRIBUTES);
            let found = match self.search(search, None, deadline).await {
                // Whoever may not read a policy is told that it is not there, or that he may not.
                Err(DirectoryError::QueryRefused { .. }) => None,
                found => found?.0.entries.pop(),
            };
            match found.as_ref().and_then(PasswordPolicy::of_fine_grained) {
                Some(policy) => Ok(policy),
                None => Ok(self.domain_policy(deadline).await?.in_place_of(name)),
            }
        })
        .await
    }

    pub(super) async fn lockout_status(
        &self,
        account: AccountId,
    ) -> Result<Option<LockoutStatus>, DirectoryError> {
        let object = format!("<GUID={}>", account.to_uuid());
        let search = Search::base(object, &LOCKOUT_ATTRIBUTES);
        let (found, controller) = self.search(search, None, self.deadline()).await?;
        Ok(found
            .entries
            .first()
            .map(|entry| describe::lockout_status(entry, &controller.name)))
    }

    /// What is known and fresh, else what `ask` says. Old rules are better than none while nobody answers.
    async fn remembered(
        &self,
        name: &str,
        ask: impl Future<Output = Result<PasswordPolicy, DirectoryError>>,
    ) -> Result<Arc<PasswordPolicy>, DirectoryError> {
        let known = self.policies.known(name);
        let old = known.as_ref().and_then(|known| known.policy.clone());
        if known.is_some_and(|known| Instant::now() < known.ask_again) {
            return old.ok_or_else(|| DirectoryError::Unavailable {
                directory: self.name.to_string(),
                detail: "the password policy could not be read a moment ago".to_owned(),
            });
        }
        match ask.await {
            Ok(policy) => {
                let policy = Arc::new(policy);
                self.policies.learn(name, Some(Arc::clone(&policy)), FRESH);
                Ok(policy)
            }
            Err(error) => {
                self.policies.learn(name, old.clone(), RETRY);
                old.ok_or(error)
            }
        }
    }
}
