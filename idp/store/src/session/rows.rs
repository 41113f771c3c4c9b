//! Sessions: made, found, touched, ended.

use signet_model::{AccountId, RelyingPartyId, SessionId};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::audit::{AuditEvent, PreparedEvent, append};
use crate::batch::Batch;
use crate::engine::{Bind, Row, Tx};
use crate::error::StoreError;
use crate::instant::{instant, millis, span_millis};
use crate::mac::{Canonical, MacTagger};
use crate::secret::SecretHash;
use crate::session::listing::SignInPlace;
use crate::session::participant::{LOOP_WINDOW, Participant, load_participants, move_participants};
use crate::session::reader::{Lookup, TOKENS};
use crate::store::Store;

/// How old `last_seen_at` may be before a touch writes it again.
const COARSE: Duration = Duration::minutes(1);

/// A session to be made.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its name in logs and audit; not the secret.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// What was proved, as signet-authn sealed it for this session's key.
    pub evidence: String,
    /// Whether the person asked to be kept signed in.
    pub persistent: bool,
    /// When it ends whatever happens.
    pub expires_at: OffsetDateTime,
    /// From where its person signed in.
    pub place: SignInPlace,
}

/// A session that was found, is alive and authentic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Session {
    /// By what its row is found.
    pub key: SecretHash,
    /// Its name in logs and audit.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// What was proved, sealed; open it with the key.
    pub evidence: String,
    /// Whether the person asked to be kept signed in.
    pub persistent: bool,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// When it was last used, to within a minute.
    pub last_seen_at: OffsetDateTime,
    /// When it ends whatever happens.
    pub expires_at: OffsetDateTime,
    /// Tokens that the relying party asked about got within the last [`LOOP_WINDOW`].
    pub recent_tokens: u32,
}

impl Store {
    /// Makes a session in the place of another of the same account, which is gone then; its participants go along,
    /// so that a sign-out still tells them (SES-01), and so does its public id, which gives the `SessionIndex` that
    /// those partners know. Nothing of somebody else's session does. The new one stands also when the old one has ended:
    /// fresh credentials begin it.
    ///
    /// Answers the public id of the session that stands now; what `signed_in` says of it is written with it.
    ///
    /// # Errors
    /// The database is not available; the old session is as it was.
    pub async fn replace_session(
        &self,
        old: SecretHash,
        key: SecretHash,
        session: &NewSession,
        now: OffsetDateTime,
        signed_in: impl FnOnce(SessionId) -> AuditEvent,
    ) -> Result<SessionId, StoreError> {
        let mut tx = self.engine.begin().await?;
        let (id, _) = self.move_session(&mut tx, old, key, session, now).await?;
        self.commit_with(tx, &signed_in(id)).await?;
        Ok(id)
    }

    /// The same for evidence that is added to a session: `None`, and nothing is made, when that session has ended meanwhile.
    /// Who ended it is obeyed, and of two additions at the same time one stands.
    ///
    /// # Errors
    /// The database is not available; the old session is as it was.
    pub async fn continue_session(
        &self,
        old: SecretHash,
        key: SecretHash,
        session: &NewSession,
        now: OffsetDateTime,
        signed_in: impl FnOnce(SessionId) -> AuditEvent,
    ) -> Result<Option<SessionId>, StoreError> {
        let mut tx = self.engine.begin().await?;
        let (id, continued) = self.move_session(&mut tx, old, key, session, now).await?;
        if !continued {
            return Ok(None);
        }
        self.commit_with(tx, &signed_in(id)).await?;
        Ok(Some(id))
    }

    /// Commits with an event; nothing locks anything after the chain.
    async fn commit_with(&self, mut tx: Tx, event: &AuditEvent) -> Result<(), StoreError> {
        let event = PreparedEvent::new(event, PreparedEvent::ORDINARY);
        append(&mut tx, &self.mac, &[&event]).await?;
        tx.commit().await
    }

    /// The public id of the new session, and whether the old one was alive, authentic and of the same account until now.
    async fn move_session(
        &self,
        tx: &mut Tx,
        old: SecretHash,
        key: SecretHash,
        session: &NewSession,
        now: OffsetDateTime,
    ) -> Result<(SessionId, bool), StoreError> {
        let mut row = Columns::of(session, millis(now));
        let before = tx
            .fetch_one(
                "SELECT public_id, account, evidence, persistent, created_at, last_seen_at, expires_at, mac
                 FROM session WHERE id_hash = $1",
                &[old.as_octets().into()],
            )
            .await?;
        let before = before.as_ref().map(Columns::read).transpose()?;
        // A row that somebody else wrote gives nothing on.
        let same = before.filter(|(before, code)| {
            before.account == row.account && self.mac.is_right(&before.code(old), code)
        });
        if let Some((before, _)) = &same {
            row.public_id.clone_from(&before.public_id);
        }
        let prepared = PreparedSession::of(key, row, &session.place, &self.mac);
        insert_sessions(tx, &[&prepared]).await?;
        let PreparedSession { row, .. } = prepared;
        if same.is_some() {
            move_participants(tx, &self.mac, old, key).await?;
        }
        // Another transaction may have ended it since it was read.
        let removed = remove(tx, old).await?;
        let alive = same.is_some_and(|(before, _)| before.expires_at > row.created_at);
        let id = Uuid::parse_str(&row.public_id).map_err(|_| tampered(key))?;
        Ok((SessionId(id), alive && removed == 1))
    }

    /// The session of a cookie; `None` when there is none, when it has ended, or was idle for `idle`.
    ///
    /// With `relying_party` the answer says how many tokens that party got just now.
    ///
    /// # Errors
    /// [`StoreError::TamperedRow`]: somebody wrote the row who does not hold the key; it must not be used.
    pub async fn load_session(
        &self,
        key: SecretHash,
        relying_party: Option<RelyingPartyId>,
        idle: Duration,
        now: OffsetDateTime,
    ) -> Result<Option<Session>, StoreError> {
        let found = self
            .reader
            .find(Lookup {
                key,
                relying_party: relying_party.map(|party| party.to_string()),
                since: millis(now).saturating_sub(span_millis(LOOP_WINDOW)),
            })
            .await?;
        let Some(row) = found else {
            return Ok(None);
        };
        let (columns, code) = Columns::read(&row)?;
        let recent = row.opt_int(TOKENS)?.unwrap_or(0);
        let session = columns.session(&self.mac, key, &code, recent)?;
        let alive = session.expires_at > now && session.last_seen_at.saturating_add(idle) > now;
        Ok(alive.then_some(session))
    }

    /// Notes that the session was used; writes at most once a minute. Whether it wrote.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn touch_session(
        &self,
        session: &Session,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        if now - session.last_seen_at < COARSE {
            return Ok(false);
        }
        let columns = Columns {
            public_id: session.id.to_string(),
            account: session.account.to_string(),
            evidence: session.evidence.clone(),
            persistent: session.persistent,
            created_at: millis(session.created_at),
            last_seen_at: millis(now),
            expires_at: millis(session.expires_at),
        };
        let code = self.mac.tag(&columns.code(session.key));
        // Never backwards, and only the row that was read: another node may have touched it meanwhile.
        let changed = self
            .engine
            .execute(
                "UPDATE session SET last_seen_at = $2, mac = $3 WHERE id_hash = $1 AND last_seen_at < $2",
                &[session.key.as_octets().into(), columns.last_seen_at.into(), (&code).into()],
            )
            .await?;
        Ok(changed == 1)
    }

    /// Ends a session; whom a sign-out has to tell. `None` when there was no such session.
    ///
    /// # Errors
    /// The database is not available, or a participant was not written by this service; the session has ended
    /// in the second case.
    pub async fn end_session(
        &self,
        key: SecretHash,
    ) -> Result<Option<Vec<Participant>>, StoreError> {
        let mut tx = self.engine.begin().await?;
        let participants = load_participants(&mut tx, &self.mac, key).await;
        let removed = remove(&mut tx, key).await?;
        tx.commit().await?;
        if removed == 0 {
            Ok(None)
        } else {
            participants.map(Some)
        }
    }

    /// Ends every session of an account; how many there were.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn end_sessions_of(&self, account: AccountId) -> Result<u64, StoreError> {
        let account = account.to_string();
        let binds = [account.as_str().into()];
        let mut tx = self.engine.begin().await?;
        // Participants first, as in every way to end a session: no two wait for each other.
        tx.execute(
            "DELETE FROM session_participant WHERE session IN (SELECT id_hash FROM session WHERE account = $1)",
            &binds,
        )
        .await?;
        let mut ended = tx
            .execute("DELETE FROM session WHERE account = $1", &binds)
            .await?;
        // PostgreSQL: one that was continued meanwhile has another row, which that statement did not see.
        ended += tx
            .execute("DELETE FROM session WHERE account = $1", &binds)
            .await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Ends every session of everybody, as after a key was lost; how many there were.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn end_all_sessions(&self) -> Result<u64, StoreError> {
        self.engine.execute("DELETE FROM session", &[]).await
    }

    /// Who got tokens in a session.
    ///
    /// # Errors
    /// The database is not available, or a row was not written by this service.
    pub async fn participants(&self, key: SecretHash) -> Result<Vec<Participant>, StoreError> {
        let mut tx = self.engine.begin().await?;
        load_participants(&mut tx, &self.mac, key).await
    }
}

/// The columns of a row that its code is over.
pub(crate) struct Columns {
    public_id: String,
    account: String,
    evidence: String,
    persistent: bool,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
}

impl Columns {
    fn of(session: &NewSession, now: i64) -> Self {
        Self {
            public_id: session.id.to_string(),
            account: session.account.to_string(),
            evidence: session.evidence.clone(),
            persistent: session.persistent,
            created_at: now,
            last_seen_at: now,
            expires_at: millis(session.expires_at),
        }
    }

    /// A row that begins with these columns and its code.
    pub(crate) fn read(row: &Row) -> Result<(Self, Vec<u8>), StoreError> {
        let columns = Self {
            public_id: row.text(0)?,
            account: row.text(1)?,
            evidence: row.text(2)?,
            persistent: row.int(3)? != 0,
            created_at: row.int(4)?,
            last_seen_at: row.int(5)?,
            expires_at: row.int(6)?,
        };
        Ok((columns, row.blob(7)?))
    }

    /// The session of these columns, when `code` is theirs.
    pub(crate) fn session(
        self,
        mac: &MacTagger,
        key: SecretHash,
        code: &[u8],
        recent_tokens: i64,
    ) -> Result<Session, StoreError> {
        if !mac.is_right(&self.code(key), code) {
            return Err(tampered(key));
        }
        let uuid = |text: &str| Uuid::parse_str(text).map_err(|_| tampered(key));
        Ok(Session {
            key,
            id: SessionId(uuid(&self.public_id)?),
            account: AccountId::from_uuid(uuid(&self.account)?),
            evidence: self.evidence,
            persistent: self.persistent,
            created_at: instant(self.created_at),
            last_seen_at: instant(self.last_seen_at),
            expires_at: instant(self.expires_at),
            recent_tokens: u32::try_from(recent_tokens).unwrap_or(u32::MAX),
        })
    }

    fn code(&self, key: SecretHash) -> Canonical {
        Canonical::of("session")
            .blob(key.as_octets())
            .text(&self.public_id)
            .text(&self.account)
            .text(&self.evidence)
            .int(i64::from(self.persistent))
            .int(self.created_at)
            .int(self.last_seen_at)
            .int(self.expires_at)
    }
}

fn tampered(key: SecretHash) -> StoreError {
    StoreError::TamperedRow {
        table: "session",
        row: format!("{key:?}"),
    }
}

/// A session as it is written.
pub(crate) struct PreparedSession {
    key: SecretHash,
    row: Columns,
    code: [u8; 32],
    place: SignInPlace,
    place_code: [u8; 32],
}

impl PreparedSession {
    /// One that begins `now`.
    pub(crate) fn new(
        key: SecretHash,
        session: &NewSession,
        now: OffsetDateTime,
        mac: &MacTagger,
    ) -> Self {
        Self::of(key, Columns::of(session, millis(now)), &session.place, mac)
    }

    fn of(key: SecretHash, row: Columns, place: &SignInPlace, mac: &MacTagger) -> Self {
        let place = place.bounded();
        Self {
            key,
            code: mac.tag(&row.code(key)),
            place_code: mac.tag(&place.code(key)),
            row,
            place,
        }
    }
}

static INSERT: Batch = Batch::new(
    "INSERT INTO session
        (id_hash, public_id, account, evidence, persistent, created_at, last_seen_at, expires_at, mac,
         place_address, place_browser, place_platform, place_mac)",
    13,
    "",
);

pub(crate) async fn insert_sessions(
    tx: &mut Tx,
    mut sessions: &[&PreparedSession],
) -> Result<(), StoreError> {
    while let Some((sql, size)) = INSERT.for_rows(sessions.len()) {
        let (now, later) = sessions.split_at(size);
        let mut binds: Vec<Bind<'_>> = Vec::with_capacity(size * 13);
        for session in now {
            let PreparedSession {
                key, row, place, ..
            } = session;
            binds.extend([
                Bind::from(key.as_octets()),
                row.public_id.as_str().into(),
                row.account.as_str().into(),
                row.evidence.as_str().into(),
                row.persistent.into(),
                row.created_at.into(),
                row.last_seen_at.into(),
                row.expires_at.into(),
                (&session.code).into(),
                place.address.as_deref().into(),
                place.browser.as_deref().into(),
                place.platform.as_deref().into(),
                (&session.place_code).into(),
            ]);
        }
        tx.execute(sql, &binds).await?;
        sessions = later;
    }
    Ok(())
}

/// Participants first: the order in which the audit's writer takes the same locks.
async fn remove(tx: &mut Tx, key: SecretHash) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM session_participant WHERE session = $1",
        &[key.as_octets().into()],
    )
    .await?;
    tx.execute(
        "DELETE FROM session WHERE id_hash = $1",
        &[key.as_octets().into()],
    )
    .await
}
