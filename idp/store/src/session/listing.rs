//! Sessions of one account, for the person and the help desk to see and to end.

use signet_model::{AccountId, SessionId};
use time::{Duration, OffsetDateTime};
use tracing::warn;

use crate::engine::{Bind, Row};
use crate::error::StoreError;
use crate::instant::{millis, span_millis};
use crate::mac::{Canonical, MacTagger};
use crate::secret::SecretHash;
use crate::session::participant::{self, Participant};
use crate::session::rows::{Columns, Session};
use crate::store::Store;

/// Longest text of a place that is kept, in characters: an address of IPv6 with its zone, the name of a browser.
const LONGEST: usize = 64;
/// The most relying parties that are read for one account.
const MOST_PARTICIPANTS: i64 = 2000;

/// From where somebody signed in, as this service saw it. It is shown, and decides nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignInPlace {
    /// Network address.
    pub address: Option<String>,
    /// Family of the browser, such as `Firefox`.
    pub browser: Option<String>,
    /// What it runs on, such as `Windows`.
    pub platform: Option<String>,
}

impl SignInPlace {
    /// Texts of a length that a table may hold, without control characters.
    pub(crate) fn bounded(&self) -> Self {
        let cut = |text: &Option<String>| {
            let text = text.as_deref()?.chars().filter(|one| !one.is_control());
            Some(text.take(LONGEST).collect())
        };
        Self {
            address: cut(&self.address),
            browser: cut(&self.browser),
            platform: cut(&self.platform),
        }
    }

    /// What its code is over.
    pub(crate) fn code(&self, key: SecretHash) -> Canonical {
        Canonical::of("session place")
            .blob(key.as_octets())
            .opt_text(self.address.as_deref())
            .opt_text(self.browser.as_deref())
            .opt_text(self.platform.as_deref())
    }

    /// The four columns from `first` on. A place that somebody else wrote is none: nobody is misled by it.
    fn read(row: &Row, first: usize, mac: &MacTagger, key: SecretHash) -> Result<Self, StoreError> {
        let place = Self {
            address: row.opt_text(first)?,
            browser: row.opt_text(first + 1)?,
            platform: row.opt_text(first + 2)?,
        };
        let code = row.opt_blob(first + 3)?.unwrap_or_default();
        if mac.is_right(&place.code(key), &code) {
            return Ok(place);
        }
        Ok(Self::default())
    }
}

/// A session as its account sees it among its others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedSession {
    /// The session; it is alive and authentic.
    pub session: Session,
    /// From where it was signed in to.
    pub place: SignInPlace,
    /// Who got tokens in it, the first one first.
    pub participants: Vec<Participant>,
}

impl Store {
    /// At most `most` living sessions of an account: `own` first, then the one used last. A row that somebody else wrote is
    /// left out: it signs nobody in.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn sessions_of(
        &self,
        account: AccountId,
        own: Option<SecretHash>,
        most: u32,
        idle: Duration,
        now: OffsetDateTime,
    ) -> Result<Vec<ListedSession>, StoreError> {
        let account = account.to_string();
        let nobody: &[u8] = &[];
        let own = own.as_ref().map_or(nobody, |key| key.as_octets());
        let rows = self
            .engine
            .fetch(
                "SELECT public_id, account, evidence, persistent, created_at, last_seen_at, expires_at, mac, id_hash,
                    place_address, place_browser, place_platform, place_mac
                 FROM session WHERE account = $1 AND expires_at > $2 AND last_seen_at > $3
                 ORDER BY CASE WHEN id_hash = $4 THEN 0 ELSE 1 END, last_seen_at DESC, created_at DESC, id_hash LIMIT $5",
                &[
                    account.as_str().into(),
                    millis(now).into(),
                    millis(now).saturating_sub(span_millis(idle)).into(),
                    Bind::Blob(Some(own)),
                    i64::from(most).into(),
                ],
            )
            .await?;
        let mut listed = Vec::with_capacity(rows.len());
        for row in &rows {
            match self.read_listed(row) {
                Ok(one) => listed.push(one),
                Err(StoreError::TamperedRow { row, .. }) => {
                    warn!(session = %row, "a session row was not written by this service; it is not listed");
                }
                Err(error) => return Err(error),
            }
        }
        self.add_participants(&account, &mut listed).await?;
        Ok(listed)
    }

    /// Ends every session of an account but one; how many there were.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn end_other_sessions_of(
        &self,
        account: AccountId,
        kept: SecretHash,
    ) -> Result<u64, StoreError> {
        let account = account.to_string();
        let binds = [account.as_str().into(), kept.as_octets().into()];
        let mut tx = self.engine.begin().await?;
        // Participants first, as in every way to end a session: no two wait for each other.
        tx.execute(
            "DELETE FROM session_participant WHERE session IN
             (SELECT id_hash FROM session WHERE account = $1 AND id_hash <> $2)",
            &binds,
        )
        .await?;
        let ended = tx
            .execute(
                "DELETE FROM session WHERE account = $1 AND id_hash <> $2",
                &binds,
            )
            .await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// By what the session of `account` with this public id is found; `None` when the account has none such. Whoever names
    /// a session in a form can reach their own only.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn session_key(
        &self,
        account: AccountId,
        id: SessionId,
    ) -> Result<Option<SecretHash>, StoreError> {
        let row = self
            .engine
            .fetch_one(
                "SELECT id_hash FROM session WHERE account = $1 AND public_id = $2",
                &[
                    account.to_string().as_str().into(),
                    id.to_string().as_str().into(),
                ],
            )
            .await?;
        row.map(|row| key_of(&row.blob(0)?)).transpose()
    }

    fn read_listed(&self, row: &Row) -> Result<ListedSession, StoreError> {
        let (columns, code) = Columns::read(row)?;
        let key = key_of(&row.blob(8)?)?;
        Ok(ListedSession {
            session: columns.session(&self.mac, key, &code, 0)?,
            place: SignInPlace::read(row, 9, &self.mac, key)?,
            participants: Vec::new(),
        })
    }

    async fn add_participants(
        &self,
        account: &str,
        listed: &mut [ListedSession],
    ) -> Result<(), StoreError> {
        let rows = self
            .engine
            .fetch(
                "SELECT p.relying_party, p.protocol, p.name_id, p.session_index, p.reply_to, p.first_at, p.last_at, p.tokens,
                    p.mac, p.session
                 FROM session_participant p JOIN session s ON s.id_hash = p.session
                 WHERE s.account = $1 ORDER BY p.last_at DESC LIMIT $2",
                &[account.into(), MOST_PARTICIPANTS.into()],
            )
            .await?;
        for row in rows.iter().rev() {
            let key = key_of(&row.blob(9)?)?;
            let Some(of) = listed.iter_mut().find(|one| one.session.key == key) else {
                continue;
            };
            match participant::read(row, &self.mac, key) {
                Ok(one) => of.participants.push(one),
                Err(error) => warn!(%error, "a participant is not listed"),
            }
        }
        Ok(())
    }
}

fn key_of(octets: &[u8]) -> Result<SecretHash, StoreError> {
    SecretHash::from_octets(octets).ok_or_else(|| StoreError::TamperedRow {
        table: "session",
        row: "a key that is no hash".to_owned(),
    })
}
