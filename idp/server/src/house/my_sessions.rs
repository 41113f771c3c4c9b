//! The sessions of one account: seen and ended by the person, seen by the help desk.

use signet_authn::{SessionSeal, StoredEvidence};
use signet_certs::{CertError, MasterKey};
use signet_model::{MessagePair, SessionId};
use signet_store::{ListedSession, SignInPlace};

use super::{House, LiveSession};
use crate::web::browser;
use crate::web::caller::Caller;

/// The most sessions that are shown of one account.
pub(crate) const SHOWN: u32 = 50;

/// Sessions of an account, the own one first.
pub(crate) struct MySessions {
    pub(crate) listed: Vec<ListedSession>,
    /// Whether there are more than are listed.
    pub(crate) more: bool,
}

impl House {
    /// The living sessions of the person behind `own`.
    pub(crate) async fn sessions_of(&self, own: &LiveSession) -> Result<MySessions, MessagePair> {
        let account = own.user.account().id;
        let mut listed = self
            .store
            .sessions_of(
                account,
                Some(own.key),
                SHOWN + 1,
                self.idle(),
                self.clock.now(),
            )
            .await
            .map_err(|error| error.message())?;
        let more = listed.len() > SHOWN as usize;
        listed.truncate(SHOWN as usize);
        Ok(MySessions { listed, more })
    }

    /// What was proved in a listed session.
    pub(crate) fn evidence_of(&self, one: &ListedSession) -> Option<StoredEvidence> {
        evidence_of(&self.session_seal, one)
    }

    /// Ends another session of the person behind `own`; whether there was one. Anybody else's is as if it were not there.
    pub(crate) async fn end_own_session(
        &self,
        caller: &Caller,
        own: &LiveSession,
        id: SessionId,
    ) -> Result<bool, MessagePair> {
        let account = own.user.account().id;
        let key = self.store.session_key(account, id).await;
        let Some(key) = key.map_err(|error| error.message())? else {
            return Ok(false);
        };
        let Some(ended) = self.end_session_by_key(key).await? else {
            return Ok(false);
        };
        self.audit_own_sessions_ended(caller, own, "ended-by-person", &[ended.public_id], 1)
            .await?;
        Ok(true)
    }

    /// Ends every session of the person but `own`; how many there were.
    pub(crate) async fn end_other_sessions(
        &self,
        caller: &Caller,
        own: &LiveSession,
    ) -> Result<u64, MessagePair> {
        let others: Vec<SessionId> = self
            .sessions_of(own)
            .await?
            .listed
            .iter()
            .filter(|one| one.session.key != own.key)
            .map(|one| one.session.id)
            .collect();
        let account = own.user.account().id;
        let ended = self.store.end_other_sessions_of(account, own.key).await;
        let ended = ended.map_err(|error| error.message())?;
        if ended > 0 {
            self.audit_own_sessions_ended(caller, own, "others-ended-by-person", &others, ended)
                .await?;
        }
        Ok(ended)
    }
}

/// What seals the evidence of sessions, for the service and for commands.
pub(crate) fn session_seal(master: &MasterKey) -> Result<SessionSeal, CertError> {
    Ok(SessionSeal::new(
        &master.mac("session-evidence")?.tag(b"key"),
    ))
}

/// What was proved in a listed session: the row holds by what it is sealed.
pub(crate) fn evidence_of(seal: &SessionSeal, one: &ListedSession) -> Option<StoredEvidence> {
    let sealed = &one.session.evidence;
    seal.open(sealed, one.session.key.as_octets()).ok()
}

/// From where `caller` signs in, in as few words as tell a person.
pub(super) fn place(caller: &Caller) -> SignInPlace {
    let user_agent = caller.context.user_agent.as_deref().unwrap_or_default();
    let (browser, platform) = browser::family(user_agent);
    SignInPlace {
        address: Some(caller.context.client_ip.to_string()),
        browser: browser.map(str::to_owned),
        platform: platform.map(str::to_owned),
    }
}
