//! Counters of sign-in attempts: a place is taken before the try, and settled after it.
//!
//! The guard of signet-authn decides what is counted and how much is too much; here it is only made
//! atomic, on one node and on many.

use time::{Duration, OffsetDateTime};

use crate::engine::Tx;
use crate::error::StoreError;
use crate::instant::{instant, millis, span_millis};
use crate::store::Store;

/// The most familiar sources kept of one account; the one longest unused goes first.
pub const MOST_FAMILIAR: i64 = 20;

/// One place asked for in a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Key of the counter, at most 64 octets.
    pub bucket: &'a [u8],
    /// How many failures it may hold.
    pub limit: u32,
    /// How long its count holds.
    pub window: Duration,
    /// Whether the window begins anew at each admitted try.
    pub slides: bool,
}

/// What becomes of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It becomes a failure.
    Count,
    /// It is given back; the failures stay.
    Release,
    /// It is given back; the failures go to zero.
    Clear,
}

/// The answer to a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// A place was taken in every counter.
    Taken,
    /// This counter had no room, and no place was taken in any.
    Full {
        /// Key of the counter.
        bucket: Vec<u8>,
        /// When its window ends, from now.
        retry_after: Duration,
        /// It has room but for tries that are under way.
        under_way: bool,
    },
}

/// What one counter holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Failures.
    pub failures: u32,
    /// Places taken and not yet settled.
    pub under_way: u32,
    /// When its window ends; `None` when it holds nothing.
    pub expires: Option<OffsetDateTime>,
}

impl Store {
    /// Takes a place in every counter, or in none. A place that is never settled counts as a
    /// failure until its window has passed.
    ///
    /// # Errors
    /// The database is not available; no place was taken.
    pub async fn reserve_attempt(
        &self,
        places: &[Place<'_>],
        now: OffsetDateTime,
    ) -> Result<Reserved, StoreError> {
        let mut tx = self.engine.begin().await?;
        for place in in_order(places) {
            if place.limit == 0 || take(&mut tx, place, now).await? == 0 {
                return full(&mut tx, place, now).await;
            }
        }
        tx.commit().await?;
        Ok(Reserved::Taken)
    }

    /// Settles places that [`Store::reserve_attempt`] took.
    ///
    /// # Errors
    /// The database is not available; the places stay taken.
    pub async fn settle_attempt(
        &self,
        places: &[(Place<'_>, Settlement)],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut sorted = places.to_vec();
        sorted.sort_by(|one, other| one.0.bucket.cmp(other.0.bucket));
        let mut tx = self.engine.begin().await?;
        for (place, settlement) in &sorted {
            settle(&mut tx, place, *settlement, now).await?;
        }
        tx.commit().await
    }

    /// What counters hold at `now`, in the order of `buckets`; one whose window has passed holds nothing.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn count_attempts(
        &self,
        buckets: &[&[u8]],
        now: OffsetDateTime,
    ) -> Result<Vec<Held>, StoreError> {
        let mut held = vec![Held::default(); buckets.len()];
        for (some, into) in buckets.chunks(3).zip(held.chunks_mut(3)) {
            // Always three, so that one statement is prepared; the last is asked for again in place of none.
            let at = |at: usize| some.get(at).or(some.last()).copied().unwrap_or_default();
            let rows = self
                .engine
                .fetch(
                    "SELECT bucket, failures, under_way, expires_at FROM attempt
                     WHERE bucket IN ($1, $2, $3) AND expires_at > $4",
                    &[at(0).into(), at(1).into(), at(2).into(), millis(now).into()],
                )
                .await?;
            for row in rows {
                let bucket = row.blob(0)?;
                for (_, one) in some
                    .iter()
                    .zip(into.iter_mut())
                    .filter(|(key, _)| **key == bucket)
                {
                    *one = Held {
                        failures: small(row.int(1)?),
                        under_way: small(row.int(2)?),
                        expires: Some(instant(row.int(3)?)),
                    };
                }
            }
        }
        Ok(held)
    }

    /// Empties counters, whatever they hold; all or none.
    ///
    /// # Errors
    /// The database is not available; none was emptied.
    pub async fn forget_attempts(&self, buckets: &[&[u8]]) -> Result<(), StoreError> {
        let mut sorted = buckets.to_vec();
        sorted.sort();
        let mut tx = self.engine.begin().await?;
        for bucket in sorted {
            tx.execute("DELETE FROM attempt WHERE bucket = $1", &[bucket.into()])
                .await?;
        }
        tx.commit().await
    }

    /// When `source` was last remembered as a familiar source of `account`; `None` for never.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn familiar_since(
        &self,
        account: &[u8],
        source: &[u8],
    ) -> Result<Option<OffsetDateTime>, StoreError> {
        let row = self
            .engine
            .fetch_one(
                "SELECT last_at FROM familiar_source WHERE account = $1 AND source = $2",
                &[account.into(), source.into()],
            )
            .await?;
        row.map(|row| Ok(instant(row.int(0)?))).transpose()
    }

    /// When each familiar source of `account` was last remembered, the latest first.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn familiar_sources(
        &self,
        account: &[u8],
    ) -> Result<Vec<OffsetDateTime>, StoreError> {
        let rows = self
            .engine
            .fetch(
                "SELECT last_at FROM familiar_source WHERE account = $1 ORDER BY last_at DESC LIMIT $2",
                &[account.into(), MOST_FAMILIAR.into()],
            )
            .await?;
        rows.iter().map(|row| Ok(instant(row.int(0)?))).collect()
    }

    /// Remembers a familiar source; the [`MOST_FAMILIAR`] latest of an account are kept.
    ///
    /// # Errors
    /// The database is not available.
    pub async fn remember_familiar(
        &self,
        account: &[u8],
        source: &[u8],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut tx = self.engine.begin().await?;
        tx.execute(
            "INSERT INTO familiar_source (account, source, last_at) VALUES ($1, $2, $3)
             ON CONFLICT (account, source) DO UPDATE SET last_at = excluded.last_at",
            &[account.into(), source.into(), millis(now).into()],
        )
        .await?;
        tx.execute(
            "DELETE FROM familiar_source WHERE account = $1 AND source NOT IN
             (SELECT source FROM familiar_source WHERE account = $1 ORDER BY last_at DESC, source LIMIT $2)",
            &[account.into(), MOST_FAMILIAR.into()],
        )
        .await?;
        tx.commit().await
    }
}

fn small(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// One order for all nodes, so that none waits for rows another holds while holding rows it waits for.
fn in_order<'p, 'a>(places: &'p [Place<'a>]) -> Vec<&'p Place<'a>> {
    let mut sorted: Vec<_> = places.iter().collect();
    sorted.sort_by_key(|place| place.bucket);
    sorted
}

async fn take(tx: &mut Tx, place: &Place<'_>, now: OffsetDateTime) -> Result<u64, StoreError> {
    tx.execute(
        "INSERT INTO attempt (bucket, failures, under_way, expires_at) VALUES ($1, 0, 1, $2)
         ON CONFLICT (bucket) DO UPDATE SET
            failures = CASE WHEN attempt.expires_at <= $3 THEN 0 ELSE attempt.failures END,
            under_way = CASE WHEN attempt.expires_at <= $3 THEN 1 ELSE attempt.under_way + 1 END,
            expires_at = CASE WHEN attempt.expires_at <= $3 OR $4 = 1 THEN excluded.expires_at ELSE attempt.expires_at END
         WHERE attempt.expires_at <= $3 OR attempt.failures + attempt.under_way < $5",
        &[
            place.bucket.into(),
            millis(now).saturating_add(span_millis(place.window)).into(),
            millis(now).into(),
            place.slides.into(),
            i64::from(place.limit).into(),
        ],
    )
    .await
}

async fn full(tx: &mut Tx, place: &Place<'_>, now: OffsetDateTime) -> Result<Reserved, StoreError> {
    let row = tx
        .fetch_one(
            "SELECT failures, expires_at FROM attempt WHERE bucket = $1",
            &[place.bucket.into()],
        )
        .await?;
    let (failures, expires) = match row {
        Some(row) => (row.int(0)?, row.int(1)?),
        None => (0, millis(now).saturating_add(span_millis(place.window))),
    };
    Ok(Reserved::Full {
        bucket: place.bucket.to_vec(),
        retry_after: Duration::milliseconds(expires.saturating_sub(millis(now)).max(0)),
        under_way: failures < i64::from(place.limit),
    })
}

async fn settle(
    tx: &mut Tx,
    place: &Place<'_>,
    settlement: Settlement,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let expires = millis(now).saturating_add(span_millis(place.window));
    match settlement {
        Settlement::Count => {
            // The row can be gone when its window passed meanwhile; the failure counts all the same.
            tx.execute(
                "INSERT INTO attempt (bucket, failures, under_way, expires_at) VALUES ($1, 1, 0, $2)
                 ON CONFLICT (bucket) DO UPDATE SET
                    failures = attempt.failures + 1,
                    under_way = CASE WHEN attempt.under_way > 0 THEN attempt.under_way - 1 ELSE 0 END,
                    expires_at = CASE WHEN $3 = 1 THEN excluded.expires_at ELSE attempt.expires_at END",
                &[place.bucket.into(), expires.into(), place.slides.into()],
            )
            .await?;
        }
        Settlement::Release | Settlement::Clear => {
            tx.execute(
                "UPDATE attempt SET
                    failures = CASE WHEN $2 = 1 THEN 0 ELSE failures END,
                    under_way = CASE WHEN under_way > 0 THEN under_way - 1 ELSE 0 END
                 WHERE bucket = $1",
                &[
                    place.bucket.into(),
                    (settlement == Settlement::Clear).into(),
                ],
            )
            .await?;
        }
    }
    Ok(())
}
