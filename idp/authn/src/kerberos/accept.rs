//! From a token to what the library proved of it: the part that blocks.

use std::sync::Arc;

use signet_gssapi::{Accepted, GssError, Reason};
use time::OffsetDateTime;

use super::binding::ChannelBinding;
use super::header::NegotiateToken;
use super::keytab_watch::{Fit, Loaded, Unusable, WatchedKeytab};
use super::refusal::{Fallback, KerberosRefusal};

/// The most key tables that one token is tried with.
const MOST_TRIES: usize = 4;
/// The most keys that a log line names.
const MOST_NAMED: usize = 12;

/// What the blocking part works with.
pub(super) struct Acceptor {
    pub(super) keytabs: Vec<WatchedKeytab>,
    pub(super) allowed_seconds: u64,
}

impl Acceptor {
    /// Tries the key tables, the best fitting first; blocks.
    pub(super) fn accept(
        &self,
        token: &NegotiateToken,
        binding: Option<&ChannelBinding>,
        now: OffsetDateTime,
    ) -> Result<Accepted, KerberosRefusal> {
        let candidates = self.candidates(token)?;
        let exact = candidates.iter().any(|(fit, _)| *fit == Fit::Exact);
        let data = binding.map(ChannelBinding::application_data);
        for (_, keytab) in candidates.iter().take(MOST_TRIES) {
            match keytab.credential.accept(&token.kerberos, data) {
                Ok(accepted) => return Ok(accepted),
                Err(GssError::TokenRefused(status))
                    if matches!(status.reason, Reason::NoKey | Reason::WrongKey) => {}
                Err(error) => return Err(self.refusal(error, now)),
            }
        }
        Err(self.no_key(token, exact))
    }

    /// Opens every key table, so that what cannot work is known at the start.
    pub(super) fn load(&self) -> Result<(), Unusable> {
        self.keytabs
            .iter()
            .try_for_each(|one| one.current().map(drop))
    }

    fn candidates(
        &self,
        token: &NegotiateToken,
    ) -> Result<Vec<(Fit, Arc<Loaded>)>, KerberosRefusal> {
        let mut found = Vec::new();
        let mut unusable = None;
        for keytab in &self.keytabs {
            let mut loaded = match keytab.current() {
                Ok(loaded) => loaded,
                Err(error) => {
                    unusable = Some(error);
                    continue;
                }
            };
            if loaded.fit(&token.request) != Some(Fit::Exact) {
                loaded = keytab.after_miss(loaded);
            }
            if let Some(fit) = loaded.fit(&token.request) {
                found.push((fit, loaded));
            }
        }
        if let (Some(error), true) = (unusable, found.is_empty()) {
            return Err(KerberosRefusal::Keytab(error.to_string()));
        }
        found.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
        Ok(found)
    }

    fn refusal(&self, error: GssError, here: OffsetDateTime) -> KerberosRefusal {
        let GssError::TokenRefused(status) = &error else {
            return match error {
                GssError::MoreLegs => Fallback::MoreLegs.into(),
                GssError::OtherMechanism => Fallback::OtherMechanism.into(),
                other => KerberosRefusal::Library(other),
            };
        };
        match status.reason {
            Reason::ClockSkew => KerberosRefusal::ClockSkew {
                here,
                allowed_seconds: self.allowed_seconds,
            },
            Reason::TicketExpired => KerberosRefusal::TicketExpired { here },
            Reason::TicketNotYetValid => KerberosRefusal::TicketNotYetValid { here },
            Reason::Replay => KerberosRefusal::Replay {
                seen_by: "the Kerberos library of this machine",
            },
            Reason::BadBindings => KerberosRefusal::BindingMismatch,
            _ => KerberosRefusal::Library(error),
        }
    }

    fn no_key(&self, token: &NegotiateToken, exact: bool) -> KerberosRefusal {
        let request = &token.request;
        let (service, realm) = (request.service.clone(), request.realm.clone());
        let (key_version, encryption) = (request.key_version, request.encryption);
        if exact {
            return KerberosRefusal::WrongKey {
                service,
                realm,
                key_version,
                encryption,
            };
        }
        KerberosRefusal::NoKey {
            service,
            realm,
            key_version,
            encryption,
            have: self.have(),
        }
    }

    /// The keys that are there, for the log.
    fn have(&self) -> String {
        let mut lines = Vec::new();
        for keytab in &self.keytabs {
            let Ok(loaded) = keytab.current() else {
                continue;
            };
            let mut names: Vec<String> = loaded
                .entries
                .iter()
                .map(|entry| format!("{} version {}", entry.principal, entry.key_version))
                .collect();
            names.sort();
            names.dedup();
            let more = if names.len() > MOST_NAMED {
                " and more"
            } else {
                ""
            };
            names.truncate(MOST_NAMED);
            lines.push(format!(
                "in {}: {}{more}",
                keytab.path().display(),
                names.join(", ")
            ));
        }
        lines.join("; ")
    }
}
