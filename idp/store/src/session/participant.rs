//! Who got tokens in a session.

use std::collections::BTreeMap;

use signet_model::{Protocol, RelyingPartyId};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::batch::Batch;
use crate::engine::{Bind, Row, Tx};
use crate::error::StoreError;
use crate::instant::{instant, millis};
use crate::mac::{Canonical, MacTagger};
use crate::secret::SecretHash;

/// Tokens are counted in windows of so long: AD FS's loop detection.
///
/// Source: `Set-AdfsProperties -LoopDetectionTimeIntervalInSeconds`, default 20.
pub const LOOP_WINDOW: Duration = Duration::seconds(20);

/// A relying party gets a token in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticipantUpdate {
    /// The session.
    pub session: SecretHash,
    /// Who gets it.
    pub relying_party: RelyingPartyId,
    /// By which protocol.
    pub protocol: Protocol,
    /// The `NameID` of the token, in the caller's form.
    pub name_id: String,
    /// `SessionIndex` of the token; empty when it has none.
    pub session_index: String,
    /// Where the token goes; a WS-Federation sign-out goes there too.
    pub reply_to: String,
}

/// A relying party that got tokens in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Participant {
    /// Who.
    pub relying_party: RelyingPartyId,
    /// By which protocol.
    pub protocol: Protocol,
    /// The `NameID` of its last token.
    pub name_id: String,
    /// `SessionIndex` of its last token.
    pub session_index: String,
    /// Where its last token went.
    pub reply_to: String,
    /// When it got its first.
    pub first_at: OffsetDateTime,
    /// When it got its last.
    pub last_at: OffsetDateTime,
    /// How many it got.
    pub tokens: u64,
}

/// An update as it is written.
#[derive(Clone, Debug)]
pub(crate) struct PreparedParticipant {
    session: SecretHash,
    relying_party: String,
    protocol: &'static str,
    name_id: String,
    session_index: String,
    reply_to: String,
    at: i64,
    code: [u8; 32],
}

impl PreparedParticipant {
    pub(crate) fn new(update: &ParticipantUpdate, at: OffsetDateTime, mac: &MacTagger) -> Self {
        let relying_party = update.relying_party.to_string();
        let protocol = update.protocol.as_str();
        let code = code(
            update.session,
            &relying_party,
            protocol,
            [&update.name_id, &update.session_index, &update.reply_to],
        );
        Self {
            session: update.session,
            relying_party,
            protocol,
            name_id: update.name_id.clone(),
            session_index: update.session_index.clone(),
            reply_to: update.reply_to.clone(),
            at: millis(at),
            code: mac.tag(&code),
        }
    }
}

/// The counts are outside the code: they only ever slow a browser down.
fn code(session: SecretHash, relying_party: &str, protocol: &str, rest: [&str; 3]) -> Canonical {
    let begun = Canonical::of("session_participant")
        .blob(session.as_octets())
        .text(relying_party)
        .text(protocol);
    rest.into_iter().fold(begun, Canonical::text)
}

static UPSERT: Batch = Batch::new(
    "INSERT INTO session_participant (session, relying_party, protocol, name_id, session_index, reply_to,
        first_at, last_at, tokens, window_start, window_tokens, mac)",
    12,
    // A window begins anew once it is 20,000 milliseconds old: LOOP_WINDOW.
    "ON CONFLICT (session, relying_party, protocol) DO UPDATE SET
        name_id = excluded.name_id, session_index = excluded.session_index, reply_to = excluded.reply_to,
        last_at = excluded.last_at, mac = excluded.mac, tokens = session_participant.tokens + excluded.tokens,
        window_tokens = CASE WHEN excluded.window_start - session_participant.window_start < 20000
            THEN session_participant.window_tokens + excluded.window_tokens ELSE excluded.window_tokens END,
        window_start = CASE WHEN excluded.window_start - session_participant.window_start < 20000
            THEN session_participant.window_start ELSE excluded.window_start END",
);

/// Writes updates. Of several for one participant the last stays, and all are counted; all writers take the rows in
/// one order, so that no two wait for each other.
pub(crate) async fn upsert_participants(
    tx: &mut Tx,
    updates: Vec<&PreparedParticipant>,
) -> Result<(), StoreError> {
    let mut merged: BTreeMap<(SecretHash, &str, &str), (&PreparedParticipant, i64)> =
        BTreeMap::new();
    for update in updates {
        let slot = merged
            .entry((update.session, &update.relying_party, update.protocol))
            .or_insert((update, 0));
        *slot = (update, slot.1 + 1);
    }
    let merged: Vec<(&PreparedParticipant, i64)> = merged.into_values().collect();
    let mut rows = merged.as_slice();
    while let Some((sql, size)) = UPSERT.for_rows(rows.len()) {
        let (now, later) = rows.split_at(size);
        let mut binds: Vec<Bind<'_>> = Vec::with_capacity(size * 12);
        for (row, count) in now {
            binds.extend([
                Bind::from(row.session.as_octets()),
                row.relying_party.as_str().into(),
                row.protocol.into(),
                row.name_id.as_str().into(),
                row.session_index.as_str().into(),
                row.reply_to.as_str().into(),
                row.at.into(),
                row.at.into(),
                (*count).into(),
                row.at.into(),
                (*count).into(),
                (&row.code).into(),
            ]);
        }
        tx.execute(sql, &binds).await?;
        rows = later;
    }
    Ok(())
}

const SELECT: &str = "SELECT relying_party, protocol, name_id, session_index, reply_to, first_at, last_at, tokens, mac
     FROM session_participant WHERE session = $1 ORDER BY first_at, relying_party, protocol";

pub(crate) async fn load_participants(
    tx: &mut Tx,
    mac: &MacTagger,
    session: SecretHash,
) -> Result<Vec<Participant>, StoreError> {
    let rows = tx.fetch(SELECT, &[session.as_octets().into()]).await?;
    rows.iter().map(|row| read(row, mac, session)).collect()
}

/// Gives the participants of one session to another: their codes name the session, so they are made again.
pub(crate) async fn move_participants(
    tx: &mut Tx,
    mac: &MacTagger,
    from: SecretHash,
    to: SecretHash,
) -> Result<(), StoreError> {
    for participant in load_participants(tx, mac, from).await? {
        let party = participant.relying_party.to_string();
        let protocol = participant.protocol.as_str();
        let rest = [
            participant.name_id.as_str(),
            participant.session_index.as_str(),
            participant.reply_to.as_str(),
        ];
        tx.execute(
            "UPDATE session_participant SET session = $1, mac = $2
             WHERE session = $3 AND relying_party = $4 AND protocol = $5",
            &[
                to.as_octets().into(),
                (&mac.tag(&code(to, &party, protocol, rest))).into(),
                from.as_octets().into(),
                party.as_str().into(),
                protocol.into(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// A row that begins with the columns of [`SELECT`].
pub(crate) fn read(
    row: &Row,
    mac: &MacTagger,
    session: SecretHash,
) -> Result<Participant, StoreError> {
    let (party, protocol) = (row.text(0)?, row.text(1)?);
    let (name_id, session_index, reply_to) = (row.text(2)?, row.text(3)?, row.text(4)?);
    let tampered = || StoreError::TamperedRow {
        table: "session_participant",
        row: format!("{session:?} {party} {protocol}"),
    };
    if !mac.is_right(
        &code(
            session,
            &party,
            &protocol,
            [&name_id, &session_index, &reply_to],
        ),
        &row.blob(8)?,
    ) {
        return Err(tampered());
    }
    Ok(Participant {
        relying_party: RelyingPartyId(Uuid::parse_str(&party).map_err(|_| tampered())?),
        protocol: [Protocol::WsFederation, Protocol::Saml2]
            .into_iter()
            .find(|known| known.as_str() == protocol)
            .ok_or_else(tampered)?,
        name_id,
        session_index,
        reply_to,
        first_at: instant(row.int(5)?),
        last_at: instant(row.int(6)?),
        tokens: u64::try_from(row.int(7)?).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant::span_millis;

    #[test]
    fn the_statement_and_the_constant_name_one_window() {
        assert_eq!(span_millis(LOOP_WINDOW), 20_000);
    }
}
