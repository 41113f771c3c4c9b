//! Every request looks its session up: lookups that are wanted at the same time share a query.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::timeout;
use tracing::warn;

use crate::batch::Batch;
use crate::engine::{Bind, Engine, PATIENCE, Row};
use crate::error::StoreError;
use crate::secret::SecretHash;

/// The most lookups of one turn.
const MOST: usize = 16;
/// The most turns under way: one that hangs with its connection does not hold up the next.
const AT_ONCE: usize = 4;
/// The most lookups that wait; whoever comes after them waits for a place.
const QUEUE: usize = 1024;

/// The row of a session, and how many tokens a relying party got in it since a moment.
pub(super) struct Lookup {
    pub(super) key: SecretHash,
    /// `None` counts no tokens.
    pub(super) relying_party: Option<String>,
    /// In milliseconds.
    pub(super) since: i64,
}

struct Wanted {
    lookup: Lookup,
    found: oneshot::Sender<Result<Option<Row>, StoreError>>,
}

/// The way to the task that looks sessions up.
#[derive(Clone)]
pub(crate) struct Reader(mpsc::Sender<Wanted>);

impl Reader {
    pub(crate) fn start(engine: Engine) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(run(engine, receiver));
        Self(sender)
    }

    /// The row begins with the columns of [`FIND`]; the number of tokens is column 8.
    pub(super) async fn find(&self, lookup: Lookup) -> Result<Option<Row>, StoreError> {
        let answered = async {
            let (found, answer) = oneshot::channel();
            self.0
                .send(Wanted { lookup, found })
                .await
                .map_err(|_| StoreError::Closing)?;
            answer.await.map_err(|_| StoreError::Closing)?
        };
        match timeout(PATIENCE, answered).await {
            Ok(found) => found,
            Err(_) => Err(StoreError::TimedOut),
        }
    }
}

async fn run(engine: Engine, mut receiver: mpsc::Receiver<Wanted>) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(first) = receiver.recv().await {
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else {
            return;
        };
        // Whoever is about to ask comes along; a lone lookup waits for nobody.
        yield_now().await;
        let mut wanted = vec![first];
        while wanted.len() < MOST
            && let Ok(next) = receiver.try_recv()
        {
            wanted.push(next);
        }
        let engine = engine.clone();
        tokio::spawn(async move {
            answer(&engine, wanted).await;
            drop(turn);
        });
    }
}

/// VALUES names its columns alike in both engines: column1 is the number of the lookup among those of the statement.
static FIND: Batch = Batch::new(
    "SELECT s.public_id, s.account, s.evidence, s.persistent, s.created_at, s.last_seen_at, s.expires_at, s.mac,
        (SELECT CAST(SUM(p.window_tokens) AS BIGINT) FROM session_participant p
         WHERE p.session = w.column2 AND p.relying_party = w.column3 AND p.window_start > w.column4),
        w.column1
     FROM (",
    4,
    ") AS w JOIN session s ON s.id_hash = w.column2",
);

async fn answer(engine: &Engine, mut wanted: Vec<Wanted>) {
    wanted.retain(|one| !one.found.is_closed());
    while let Some((sql, size)) = FIND.for_rows(wanted.len()) {
        let now: Vec<Wanted> = wanted.drain(..size).collect();
        let mut binds: Vec<Bind<'_>> = Vec::with_capacity(size * 4);
        for (number, Wanted { lookup, .. }) in (0i64..).zip(&now) {
            binds.extend([
                Bind::from(number),
                lookup.key.as_octets().into(),
                lookup.relying_party.as_deref().into(),
                lookup.since.into(),
            ]);
        }
        match engine.fetch(sql, &binds).await {
            Ok(rows) => give(rows, now),
            Err(error) => {
                for one in now {
                    // Whoever asked may have gone.
                    let _ = one.found.send(Err(error.clone()));
                }
            }
        }
    }
}

/// Each row to whom it belongs; whoever gets none has no session.
fn give(rows: Vec<Row>, wanted: Vec<Wanted>) {
    let mut found: Vec<Option<Row>> = Vec::with_capacity(wanted.len());
    found.resize_with(wanted.len(), || None);
    for row in rows {
        let number = row
            .int(9)
            .ok()
            .and_then(|number| usize::try_from(number).ok());
        match number.and_then(|number| found.get_mut(number)) {
            Some(place) => *place = Some(row),
            None => warn!("a session was found that nobody looked for"),
        }
    }
    for (row, one) in found.into_iter().zip(wanted) {
        let _ = one.found.send(Ok(row));
    }
}
