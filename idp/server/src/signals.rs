//! The signals that a server heeds: SIGTERM and SIGINT stop it, SIGHUP has it read its files again.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::house::OpenError;

/// From the moment this exists no signal ends the process by itself, and one that comes during the start is not lost:
/// it waits until it is asked for.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Stop,
    ReadAgain,
}

impl Signals {
    /// Listens; to be called before anything that takes time.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn listen() -> Result<Self, OpenError> {
        let listen = |kind| signal(kind).map_err(|error| OpenError(format!("signals: {error}")));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hangup.recv() => Asked::ReadAgain,
        }
    }

    /// Until one asks to stop; one that asks to read again stays for later.
    pub(crate) async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
