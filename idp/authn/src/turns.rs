//! Bounds the password checks under way in this process, so that a flood finds a short queue and not a full memory.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a sign-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);
/// When somebody who was turned away should come again.
pub(crate) const COME_AGAIN: time::Duration = time::Duration::seconds(5);

/// Places in the queue, and turns at the directory.
pub(crate) struct Turns {
    places: Arc<Semaphore>,
    checks: Arc<Semaphore>,
}

/// A place among the sign-ins under way; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// A turn at the directory; given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Turns {
    pub(crate) fn new(at_once: usize, waiting: usize) -> Self {
        let at_once = at_once.clamp(1, Semaphore::MAX_PERMITS / 2);
        let waiting = waiting.min(Semaphore::MAX_PERMITS / 2);
        Self {
            places: Arc::new(Semaphore::new(at_once + waiting)),
            checks: Arc::new(Semaphore::new(at_once)),
        }
    }

    /// A place, when there is one now.
    pub(crate) fn enter(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(Place)
    }

    /// A turn, when there is one soon.
    pub(crate) async fn take(&self) -> Option<Turn> {
        let turn = timeout(PATIENCE, Arc::clone(&self.checks).acquire_owned()).await;
        turn.ok()?.ok().map(Turn)
    }
}
