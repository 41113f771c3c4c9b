//! Every request looks its session up: lookups that are wanted at the same time share a statement.
//!
//! The statement is a UNION ALL of single lookups, not a join with a list: each is planned by the key of the table on
//! PostgreSQL too, where the plan of a join outlives the few rows of the night for which it was made.

use std::sync::{Arc, OnceLock};

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::engine::{Bind, Engine, PATIENCE, Row, Sql};
use crate::error::StoreError;
use crate::secret::SecretHash;

/// The sizes of statements; what is left over of one is filled with a lookup that it has already.
const SIZES: [usize; 5] = [1, 2, 4, 8, MOST];
/// The most lookups of one statement.
const MOST: usize = 16;
/// The most statements under way, as many as there are connections to PostgreSQL: one that hangs with its connection
/// holds up those whose lookups are in it, and nobody else.
const AT_ONCE: usize = 16;
/// The most lookups that wait; whoever comes after them waits for a place.
const QUEUE: usize = 1024;

/// Where in a row the lookup's number stands, behind the eight columns of a session; its tokens follow.
const NUMBER: usize = 8;
/// Where the number of tokens stands.
pub(super) const TOKENS: usize = 9;

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

    /// The row begins with the columns that `Columns::read` takes; [`TOKENS`] are behind them.
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
        // Requests that are ready to run get as far as their own lookup first, and come along.
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

/// Looks up at most [`MOST`], by one statement.
async fn answer(engine: &Engine, mut wanted: Vec<Wanted>) {
    wanted.retain(|one| !one.found.is_closed());
    let Some((last, (sql, size))) = wanted.last().zip(statement(wanted.len())) else {
        return;
    };
    let mut binds: Vec<Bind<'_>> = Vec::with_capacity(size * 3);
    let lookups = wanted.iter().chain(std::iter::repeat(last)).take(size);
    for Wanted { lookup, .. } in lookups {
        binds.extend([
            Bind::from(lookup.key.as_octets()),
            lookup.relying_party.as_deref().into(),
            lookup.since.into(),
        ]);
    }
    let found = match engine.fetch(sql, &binds).await {
        Ok(rows) => sort(rows, wanted.len()),
        Err(error) => Err(error),
    };
    // Whoever asked may have gone.
    match found {
        Ok(rows) => {
            for (row, one) in rows.into_iter().zip(wanted) {
                let _ = one.found.send(Ok(row));
            }
        }
        Err(error) => {
            for one in wanted {
                let _ = one.found.send(Err(error.clone()));
            }
        }
    }
}

/// The row of each of so many lookups; one that has none has no session.
fn sort(rows: Vec<Row>, lookups: usize) -> Result<Vec<Option<Row>>, StoreError> {
    let mut found: Vec<Option<Row>> = Vec::with_capacity(MOST);
    found.resize_with(MOST, || None);
    for row in rows {
        let number = row.int(NUMBER)?;
        let place = usize::try_from(number).ok();
        let place = place.and_then(|number| found.get_mut(number));
        *place.ok_or_else(|| StoreError::Corrupt {
            detail: format!("a session is numbered {number}"),
        })? = Some(row);
    }
    found.truncate(lookups);
    Ok(found)
}

/// The smallest statement for so many lookups, and its size.
fn statement(lookups: usize) -> Option<(Sql, usize)> {
    static BUILT: [OnceLock<Arc<str>>; SIZES.len()] = [const { OnceLock::new() }; SIZES.len()];
    let (built, size) = BUILT.iter().zip(SIZES).find(|(_, size)| *size >= lookups)?;
    let text = built.get_or_init(|| {
        let single: Vec<String> = (0..size).map(single).collect();
        Arc::from(single.join(" UNION ALL "))
    });
    Some((Sql::Built(Arc::clone(text)), size))
}

/// Counts are outside the rows' codes. Whatever somebody writes into one, the sum does not overflow: a statement that
/// fails would fail for everybody whose lookup is in it.
fn single(number: usize) -> String {
    let key = number * 3 + 1;
    let (party, since) = (key + 1, key + 2);
    format!(
        "SELECT public_id, account, evidence, persistent, created_at, last_seen_at, expires_at, mac, CAST({number} AS BIGINT),
            (SELECT CAST(SUM(CASE WHEN window_tokens BETWEEN 0 AND 1000000 THEN window_tokens ELSE 1000000 END) AS BIGINT)
             FROM session_participant WHERE session = ${key} AND relying_party = ${party} AND window_start > ${since})
         FROM session WHERE id_hash = ${key}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mac::MacTagger;
    use crate::secret::Secret;
    use crate::store::Store;

    type Answer = Result<Option<(String, Option<i64>)>, StoreError>;

    /// A database with two sessions, `a` and `b`: `a` got 3 tokens for the wiki by one protocol and 4 by another,
    /// `b` 5 for the mail.
    struct Fixture {
        engine: Engine,
        a: SecretHash,
        b: SecretHash,
        _folder: tempfile::TempDir,
    }

    impl Fixture {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite://{}", folder.path().join("signet.db").display());
            let store = Store::open(&url, MacTagger::new(|_| [0; 32]))
                .await
                .unwrap();
            let [a, b] = [(); 2].map(|()| Secret::random().unwrap().key());
            let engine = store.engine;
            for (key, name) in [(a, "a"), (b, "b")] {
                let binds = [Bind::from(key.as_octets()), name.into()];
                let sql = "INSERT INTO session (id_hash, public_id, account, evidence, persistent, created_at, last_seen_at,
                    expires_at, mac) VALUES ($1, $2, '', '', 0, 0, 0, 0, $1)";
                engine.execute(sql, &binds).await.unwrap();
            }
            let fixture = Self {
                engine,
                a,
                b,
                _folder: folder,
            };
            fixture.count(a, "wiki", "saml2", 3).await;
            fixture.count(a, "wiki", "wsfed", 4).await;
            fixture.count(b, "mail", "wsfed", 5).await;
            fixture
        }

        async fn count(&self, key: SecretHash, party: &str, protocol: &str, tokens: i64) {
            let binds = [
                Bind::from(key.as_octets()),
                party.into(),
                protocol.into(),
                tokens.into(),
            ];
            let sql = "INSERT INTO session_participant (session, relying_party, protocol, name_id, session_index, reply_to,
                first_at, last_at, tokens, window_start, window_tokens, mac) VALUES ($1, $2, $3, '', '', '', 0, 0, 0, 10, $4, $1)";
            self.engine.execute(sql, &binds).await.unwrap();
        }

        /// All by one statement; whoever is `gone` does not wait for the answer.
        async fn ask(
            &self,
            lookups: &[(SecretHash, Option<&str>)],
            gone: impl Fn(usize) -> bool,
        ) -> Vec<Option<Answer>> {
            let (mut wanted, mut answers) = (Vec::new(), Vec::new());
            for (number, (key, party)) in lookups.iter().enumerate() {
                let (found, answer) = oneshot::channel();
                let lookup = Lookup {
                    key: *key,
                    relying_party: party.map(str::to_owned),
                    since: 5,
                };
                wanted.push(Wanted { lookup, found });
                answers.push((!gone(number)).then_some(answer));
            }
            answer(&self.engine, wanted).await;
            let read = |mut answer: oneshot::Receiver<Result<Option<Row>, StoreError>>| {
                let row = answer.try_recv().unwrap();
                row.map(|row| row.map(|row| (row.text(0).unwrap(), row.opt_int(TOKENS).unwrap())))
            };
            answers.into_iter().map(|answer| answer.map(read)).collect()
        }
    }

    fn found(name: &str, tokens: Option<i64>) -> Option<Answer> {
        Some(Ok(Some((name.to_owned(), tokens))))
    }

    /// Every size, with one session looked up for several parties and several times in one statement.
    #[tokio::test]
    async fn each_lookup_of_a_statement_gets_its_own_answer() {
        let fixture = Fixture::new().await;
        let Fixture { a, b, .. } = fixture;
        let nobody = Secret::random().unwrap().key();
        let cases = [
            ((a, Some("wiki")), found("a", Some(7))),
            ((b, Some("wiki")), found("b", None)),
            ((nobody, Some("wiki")), Some(Ok(None))),
            ((a, None), found("a", None)),
            ((b, Some("mail")), found("b", Some(5))),
            ((a, Some("mail")), found("a", None)),
            ((a, Some("wiki")), found("a", Some(7))),
        ];
        for size in 1..=MOST {
            for start in 0..cases.len() {
                let now = cases.iter().cycle().skip(start).take(size).cloned();
                let (lookups, expected): (Vec<_>, Vec<_>) = now.unzip();
                assert_eq!(fixture.ask(&lookups, |_| false).await, expected);
            }
        }
    }

    #[tokio::test]
    async fn whoever_has_gone_is_left_out() {
        let fixture = Fixture::new().await;
        let Fixture { a, b, .. } = fixture;
        let lookups = [(a, None), (b, None), (a, Some("wiki")), (b, Some("mail"))];
        let answers = fixture.ask(&lookups, |number| number % 3 == 0).await;
        assert_eq!(answers, [None, found("b", None), found("a", Some(7)), None]);
        assert_eq!(fixture.ask(&lookups, |_| true).await, [const { None }; 4]);
    }

    /// Whoever can write rows could otherwise have others refused.
    #[tokio::test]
    async fn sec_cfg_15_counts_written_by_hand_spoil_nobody_elses_lookup() {
        let fixture = Fixture::new().await;
        let Fixture { a, b, .. } = fixture;
        for protocol in ["one", "two"] {
            fixture.count(a, "poisoned", protocol, i64::MAX).await;
        }
        fixture.count(a, "poisoned", "three", i64::MIN).await;
        let lookups = [(b, Some("mail")), (a, Some("poisoned"))];
        let answers = fixture.ask(&lookups, |_| false).await;
        assert_eq!(answers, [found("b", Some(5)), found("a", Some(3_000_000))]);
    }

    #[tokio::test]
    async fn a_statement_that_fails_is_told_to_all_who_asked() {
        let fixture = Fixture::new().await;
        fixture.engine.close().await;
        let answers = fixture.ask(&[(fixture.a, None); 15], |_| false).await;
        assert_eq!(answers.len(), 15);
        for answer in answers {
            let refused = matches!(answer, Some(Err(StoreError::Unavailable { .. })));
            assert!(refused, "{answer:?}");
        }
    }
}
