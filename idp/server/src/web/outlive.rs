//! Work that goes on when whoever waited for it has gone.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that runs in the task that waits for it, which costs no change of tasks, and in one of its own from the moment
/// that it is dropped unfinished. A panic inside is its result, not that of whoever waits.
pub(crate) struct Outlive<F: Future<Output: Send> + Send + 'static> {
    work: Option<Pin<Box<F>>>,
    runtime: Handle,
}

impl<F: Future<Output: Send> + Send + 'static> Outlive<F> {
    /// To be made inside a runtime.
    pub(crate) fn new(work: F) -> Self {
        Self {
            work: Some(Box::pin(work)),
            runtime: Handle::current(),
        }
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for Outlive<F> {
    /// What it gives, or what it panicked with.
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = self.work.as_mut() else {
            // Polled again after its end.
            return Poll::Pending;
        };
        // Unwind safety: what panicked is not touched again but to drop it.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        let done = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(panic),
        };
        let ended = self.work.take();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(ended)));
        Poll::Ready(done.and_then(|output| dropped.map(|()| output)))
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for Outlive<F> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.runtime.spawn(work);
        }
    }
}
