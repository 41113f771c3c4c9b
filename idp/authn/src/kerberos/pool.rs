//! The threads that may block: so many at once, so many waiting, and no longer than so long.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::refusal::KerberosRefusal;

/// A bounded pool.
pub(super) struct Pool {
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
    deadline: Duration,
}

impl Pool {
    pub(super) fn new(at_once: usize, queue: usize, deadline: Duration) -> Self {
        Self {
            running: Arc::new(Semaphore::new(at_once)),
            admitted: Arc::new(Semaphore::new(at_once + queue)),
            deadline,
        }
    }

    /// Runs `work` on a thread that may block. Work that overruns the deadline keeps its place until it ends,
    /// so a library that hangs cannot be given ever more threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, KerberosRefusal> {
        let admitted = Arc::clone(&self.admitted);
        let place = admitted
            .try_acquire_owned()
            .map_err(|_| KerberosRefusal::Busy)?;
        let running = Arc::clone(&self.running);
        let done = timeout(self.deadline, async move {
            let turn = running.acquire_owned().await;
            let task = spawn_blocking(move || {
                let done = work();
                drop((turn, place));
                done
            });
            task.await
        });
        match done.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(KerberosRefusal::Interrupted),
            Err(_) => Err(KerberosRefusal::TooSlow),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_is_too_many_is_refused_at_once_and_what_hangs_is_left() {
        let pool = Pool::new(1, 1, Duration::from_millis(200));
        let (let_go, held) = mpsc::channel::<()>();
        let hanging = pool.run(move || held.recv().is_ok());
        let waiting = pool.run(|| true);
        let (first, second, third) = tokio::join!(hanging, waiting, async {
            tokio::task::yield_now().await;
            pool.run(|| true).await
        });
        assert!(matches!(first, Err(KerberosRefusal::TooSlow)), "{first:?}");
        assert!(
            matches!(second, Err(KerberosRefusal::TooSlow)),
            "{second:?}"
        );
        assert!(matches!(third, Err(KerberosRefusal::Busy)), "{third:?}");
        // Its place is taken until the work really ends.
        assert!(matches!(
            pool.run(|| true).await,
            Err(KerberosRefusal::TooSlow)
        ));
        let_go.send(()).unwrap();
        assert!(matches!(pool.run(|| true).await, Ok(true)));
    }
}
