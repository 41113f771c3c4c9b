//! Sessions: found by the cookie, resumed with the account as it is now, begun, ended.

use serde_json::Value;
use signet_authn::{AuthenticatedUser, NotResumed};
use signet_directory::DirectoryError;
use signet_model::uris::name_id;
use signet_model::{
    AccountId, Culprit, MessagePair, Protocol, RelyingParty, RelyingPartyId, SessionId, Sid,
};
use signet_protocols::saml2::LogoutRequest;
use signet_store::{NewSession, Participant, Secret, SecretHash, Session, StoreError};
use time::{Duration, OffsetDateTime};
use tracing::{info, warn};
use uuid::Uuid;

use super::House;
use super::my_sessions::place;
use super::snapshots::Known;
use crate::web::caller::Caller;
use crate::web::cookies;

/// A session of this request, with the person behind it.
pub(crate) struct LiveSession {
    pub(crate) user: AuthenticatedUser,
    /// Its name in logs and audit; not the secret.
    pub(crate) public_id: SessionId,
    pub(crate) key: SecretHash,
    pub(crate) known: Known,
    /// When it ends whatever happens.
    pub(crate) expires_at: OffsetDateTime,
    /// Tokens that the relying party got within the last 20 seconds.
    pub(crate) recent_tokens: u32,
    /// `Set-Cookie`, for a session that began just now.
    pub(crate) cookie: Option<String>,
}

/// A session that ended, and whom to tell.
pub(crate) struct EndedSession {
    pub(crate) public_id: SessionId,
    pub(crate) account: AccountId,
    pub(crate) participants: Vec<Participant>,
}

/// A session that is about to be written.
struct Begun {
    user: AuthenticatedUser,
    expires_at: OffsetDateTime,
    known: Known,
    recent_tokens: u32,
}

/// What stands in the place of a new session.
enum Before {
    Nothing,
    /// Fresh credentials take its place, alive or not.
    Replaced(SecretHash),
    /// Evidence is added to it, so it has to be alive.
    Continued(SecretHash),
}

/// What became of a wish to end the browser's session.
pub(crate) enum AskedToEnd {
    /// It has ended.
    Ended(EndedSession),
    /// There is none any more.
    NothingToEnd,
    /// There is one, but the wish is about another.
    Another,
}

impl House {
    /// The live session of the request's cookie; `None` when the person has to sign in.
    ///
    /// # Errors
    /// The store or the directory does not answer: neither signed in nor signed out can be said.
    pub(crate) async fn session(
        &self,
        headers: &http::HeaderMap,
        party: RelyingPartyId,
    ) -> Result<Option<LiveSession>, MessagePair> {
        let Some(key) = cookies::read(headers, cookies::SESSION).and_then(SecretHash::of_cookie)
        else {
            return Ok(None);
        };
        let now = self.clock.now();
        let Some(row) = self
            .store
            .load_session(key, Some(party), self.idle(), now)
            .await
            .map_err(|error| error.message())?
        else {
            return Ok(None);
        };
        let stored = match self.session_seal.open(&row.evidence, key.as_octets()) {
            Ok(stored) => stored,
            Err(error) => {
                warn!(session = %row.id, "a session row was not written by this service; it is ended");
                self.store
                    .end_session(key)
                    .await
                    .map_err(|failed| failed.message())?;
                return Err(error.message());
            }
        };
        let Some(mut known) = self.account(stored.account()).await? else {
            return self.end_silently(&row, "the account is gone").await;
        };
        let user = match AuthenticatedUser::resume(stored, known.account.clone()) {
            Ok(user) => user,
            // What this node knows may be older than the session: a password changed elsewhere, an account enabled again.
            // Only what the directory says now ends it.
            Err(_) => {
                self.snapshots.forget(known.account.id);
                let stored = self
                    .session_seal
                    .open(&row.evidence, key.as_octets())
                    .map_err(|error| error.message())?;
                let Some(now_known) = self.account(stored.account()).await? else {
                    return self.end_silently(&row, "the account is gone").await;
                };
                known = now_known;
                match AuthenticatedUser::resume(stored, known.account.clone()) {
                    Ok(user) => user,
                    Err(why) => return self.end_silently(&row, &reason(why)).await,
                }
            }
        };
        let user = match self.config.session.second_factor_hours {
            0 => user,
            hours => user.forgetting_factors_before(now - Duration::hours(i64::from(hours))),
        };
        if let Err(error) = self.store.touch_session(&row, now).await {
            warn!(%error, "the use of a session could not be noted");
        }
        Ok(Some(LiveSession {
            user,
            public_id: row.id,
            key,
            known,
            expires_at: row.expires_at,
            recent_tokens: row.recent_tokens,
            cookie: None,
        }))
    }

    /// Begins a session after fresh credentials, always under a new id; the browser's earlier session ends. Its
    /// participants and its other factors go along when it was the same person's.
    pub(crate) async fn begin_session(
        &self,
        caller: &Caller,
        headers: &http::HeaderMap,
        party: Option<&RelyingParty>,
        user: AuthenticatedUser,
    ) -> Result<LiveSession, MessagePair> {
        self.begin_session_noting(caller, headers, party, user, Value::Null)
            .await
    }

    /// The same, with more for the audit.
    pub(crate) async fn begin_session_noting(
        &self,
        caller: &Caller,
        headers: &http::HeaderMap,
        party: Option<&RelyingParty>,
        user: AuthenticatedUser,
        note: Value,
    ) -> Result<LiveSession, MessagePair> {
        self.check_one_object(&user).await?;
        let old = cookies::read(headers, cookies::SESSION).and_then(SecretHash::of_cookie);
        // Whatever stands in the way of the old session does not stand in the way of the new one.
        let earlier = match old {
            Some(_) => {
                let party = party.map_or(RelyingPartyId(Uuid::nil()), |party| party.id);
                self.session(headers, party).await.ok().flatten()
            }
            None => None,
        };
        let settings = &self.config.session;
        let minutes = if user.persistent() {
            settings.keep_me_signed_in_minutes
        } else {
            settings.absolute_minutes
        };
        let lasts = Duration::minutes(i64::from(minutes));
        let user = match earlier {
            // A factor that goes along lasts no longer than a session would: a password typed again every day does not renew it.
            Some(earlier) => {
                let limit = self.clock.now() - lasts;
                user.with_earlier(&earlier.user.forgetting_factors_before(limit))
            }
            None => user,
        };
        let known = self.snapshots.keep(user.account().clone());
        let begun = Begun {
            user,
            expires_at: self.clock.now() + lasts,
            known,
            recent_tokens: 0,
        };
        let before = old.map_or(Before::Nothing, Before::Replaced);
        self.put_session(caller, party, before, begun, note).await
    }

    /// An object's identifier is the word of whoever runs its directory, and accounts are told apart by it. Of two directories
    /// that hold one identifier the first in the configuration is believed: nobody of a later one becomes somebody of an earlier one.
    async fn check_one_object(&self, user: &AuthenticatedUser) -> Result<(), MessagePair> {
        let (account, all) = (user.account(), self.directories.all());
        if all.len() == 1 {
            return Ok(());
        }
        for directory in all {
            match directory.read(account.id).await {
                Ok(Some(found)) if found.sid == account.sid => return Ok(()),
                Ok(Some(found)) => return Err(two_objects(user, directory.name(), &found.sid)),
                Ok(None) => {}
                Err(error) => {
                    warn!(%error, directory = directory.name(), "whether another directory holds the same object could not be asked");
                }
            }
        }
        Ok(())
    }

    /// The session again with more evidence, under a new id (SES-01); it lasts no longer than before.
    pub(crate) async fn step_up(
        &self,
        caller: &Caller,
        party: Option<&RelyingParty>,
        session: LiveSession,
        user: AuthenticatedUser,
    ) -> Result<LiveSession, MessagePair> {
        self.step_up_noting(caller, party, session, user, Value::Null)
            .await
    }

    /// The same, with more for the audit.
    pub(crate) async fn step_up_noting(
        &self,
        caller: &Caller,
        party: Option<&RelyingParty>,
        session: LiveSession,
        user: AuthenticatedUser,
        note: Value,
    ) -> Result<LiveSession, MessagePair> {
        let begun = Begun {
            user,
            expires_at: session.expires_at,
            known: session.known,
            recent_tokens: session.recent_tokens,
        };
        let before = Before::Continued(session.key);
        self.put_session(caller, party, before, begun, note).await
    }

    /// Writes a session in the place of the one before, and what the audit says of it with `note`.
    async fn put_session(
        &self,
        caller: &Caller,
        party: Option<&RelyingParty>,
        before: Before,
        begun: Begun,
        note: Value,
    ) -> Result<LiveSession, MessagePair> {
        let now = self.clock.now();
        let Begun {
            user,
            expires_at,
            known,
            recent_tokens,
        } = begun;
        let secret = Secret::random().map_err(|error| error.message())?;
        let key = secret.key();
        let new = NewSession {
            id: SessionId::random(),
            account: user.account().id,
            evidence: self.session_seal.seal(&user, key.as_octets()),
            persistent: user.persistent(),
            expires_at,
            place: place(caller),
        };
        let event = |id: SessionId| self.sign_in_event(caller, party, &user, id, note);
        let put = match before {
            Before::Nothing => {
                let event = event(new.id);
                let begun = self.store.begin_session(key, &new, &event).await;
                begun.map(|_| new.id)
            }
            Before::Replaced(old) => self.store.replace_session(old, key, &new, now, event).await,
            // Whoever ended it meanwhile, the person or the help desk, is obeyed.
            Before::Continued(old) => self
                .store
                .continue_session(old, key, &new, now, event)
                .await
                .and_then(|continued| continued.ok_or(StoreError::SessionEnded)),
        };
        let public_id = put.map_err(|error| error.message())?;
        let max_age = user
            .persistent()
            .then(|| (expires_at - now).whole_seconds().max(0));
        Ok(LiveSession {
            cookie: Some(cookies::write(cookies::SESSION, secret.expose(), max_age)),
            user,
            public_id,
            key,
            known,
            expires_at,
            recent_tokens,
        })
    }

    /// What this node knows of an account is old: read it again.
    pub(crate) fn snapshots_forget(&self, account: AccountId) {
        self.snapshots.forget(account);
    }

    /// Ends the session of the request's cookie.
    pub(crate) async fn end_session(
        &self,
        headers: &http::HeaderMap,
    ) -> Result<Option<EndedSession>, MessagePair> {
        let Some(key) = cookies::read(headers, cookies::SESSION).and_then(SecretHash::of_cookie)
        else {
            return Ok(None);
        };
        self.end_session_by_key(key).await
    }

    /// Ends the browser's session when a `LogoutRequest` names it: its sender took part in it, with that subject and,
    /// if it names session indexes, one of them (SAML-21). Any other session stays.
    pub(crate) async fn end_session_for(
        &self,
        headers: &http::HeaderMap,
        request: &LogoutRequest,
    ) -> Result<AskedToEnd, MessagePair> {
        let Some(key) = cookies::read(headers, cookies::SESSION).and_then(SecretHash::of_cookie)
        else {
            return Ok(AskedToEnd::NothingToEnd);
        };
        let alive = self
            .store
            .load_session(key, None, self.idle(), self.clock.now())
            .await
            .map_err(|error| error.message())?;
        if alive.is_none() {
            return Ok(AskedToEnd::NothingToEnd);
        }
        let participants = self
            .store
            .participants(key)
            .await
            .map_err(|error| error.message())?;
        if !participants.iter().any(|one| is_named(one, request)) {
            return Ok(AskedToEnd::Another);
        }
        let ended = self.end_session_by_key(key).await?;
        Ok(ended.map_or(AskedToEnd::NothingToEnd, AskedToEnd::Ended))
    }

    /// `SessionIndex` of a session at a relying party: every token of it says the same, so that whichever the relying
    /// party kept names the session; two relying parties cannot tell from theirs that they share one.
    pub(crate) fn session_index(&self, session: &LiveSession, party: RelyingPartyId) -> String {
        let tag = self
            .session_index_mac
            .tag(format!("{}\n{party}", session.public_id).as_bytes());
        let half = tag.iter().take(16).map(|octet| format!("{octet:02x}"));
        std::iter::once("_".to_owned()).chain(half).collect()
    }

    pub(super) fn idle(&self) -> Duration {
        Duration::minutes(i64::from(self.config.session.idle_minutes))
    }

    /// Ends a session by its key.
    pub(crate) async fn end_session_by_key(
        &self,
        key: SecretHash,
    ) -> Result<Option<EndedSession>, MessagePair> {
        let forever = Duration::days(3650);
        let row = self
            .store
            .load_session(key, None, forever, self.clock.now())
            .await
            .map_err(|error| error.message())?;
        let participants = self
            .store
            .end_session(key)
            .await
            .map_err(|error| error.message())?;
        Ok(row
            .zip(participants)
            .map(|(row, participants)| EndedSession {
                public_id: row.id,
                account: row.account,
                participants,
            }))
    }

    /// The account as the directory describes it, no older than the setting allows; `None` when it is gone.
    async fn account(&self, id: AccountId) -> Result<Option<Known>, MessagePair> {
        let now = self.clock.now();
        if let Some(known) = self.snapshots.fresh(id, now) {
            return Ok(Some(known));
        }
        let mut unanswered: Option<DirectoryError> = None;
        for directory in self.directories.all() {
            match directory.read(id).await {
                Ok(Some(account)) => {
                    return Ok(Some(self.snapshots.keep(std::sync::Arc::new(account))));
                }
                Ok(None) => {}
                Err(error) => unanswered = Some(error),
            }
        }
        match unanswered {
            Some(error) => Err(error.message()),
            None => Ok(None),
        }
    }

    /// The account as the directory described it at `since` or later; `None` when it is gone.
    pub(crate) async fn account_since(
        &self,
        id: AccountId,
        since: OffsetDateTime,
    ) -> Result<Option<std::sync::Arc<signet_directory::Account>>, MessagePair> {
        let known = self.account(id).await?;
        if known
            .as_ref()
            .is_some_and(|known| known.account.read_at < since)
        {
            self.snapshots.forget(id);
            return Ok(self.account(id).await?.map(|known| known.account));
        }
        Ok(known.map(|known| known.account))
    }

    /// Keeps an account that was just read for a request that follows at once.
    pub(crate) fn keep_account(&self, account: &std::sync::Arc<signet_directory::Account>) {
        self.snapshots.keep(std::sync::Arc::clone(account));
    }

    async fn end_silently(
        &self,
        row: &Session,
        why: &str,
    ) -> Result<Option<LiveSession>, MessagePair> {
        info!(session = %row.id, why, "session ended");
        self.store
            .end_session(row.key)
            .await
            .map_err(|error| error.message())?;
        Ok(None)
    }
}

/// Whether `request` names the session that `one` takes part in. A transient `NameID` is another in each token, so there
/// the index, which nobody else knows, has to say it.
fn is_named(one: &Participant, request: &LogoutRequest) -> bool {
    let by_index = request.session_indexes.contains(&one.session_index);
    let transient = request.name_id.format.as_deref() == Some(name_id::TRANSIENT);
    let subject = one.name_id == request.name_id.value || (transient && by_index);
    one.relying_party == request.relying_party
        && one.protocol == Protocol::Saml2
        && subject
        && (by_index || request.session_indexes.is_empty())
}

fn two_objects(user: &AuthenticatedUser, directory: &str, sid: &Sid) -> MessagePair {
    let account = user.account();
    MessagePair {
        code: "SIG-AUTHN-TWO-OBJECTS",
        culprit: Culprit::Operator,
        public: "Your account cannot be used here.",
        hint: "Tell your help desk the code and the activity id below.",
        private: format!(
            "{} signed in as {}, and {directory} holds another object of the same identifier, {sid}",
            account.sid, account.id
        ),
    }
}

fn reason(why: NotResumed) -> String {
    why.to_string()
}
