//! The one task of a process that writes the audit, and what is written with it: many events a commit.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use tracing::error;

use crate::audit::append::append;
use crate::audit::event::{AuditEvent, PreparedEvent};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::mac::MacTagger;
use crate::secret::SecretHash;
use crate::session::{
    NewSession, ParticipantUpdate, PreparedParticipant, PreparedSession, insert_sessions,
    upsert_participants,
};
use crate::store::Store;

/// The most events of one commit.
const MOST: usize = 64;
/// How long the writer waits for more events when the commit before had [`BUSY`] or more: under load a
/// commit's cost is shared by more, and nobody notices two milliseconds; a lone event never waits.
const GATHER: Duration = Duration::from_millis(2);
const BUSY: usize = 4;
/// The most events that wait; whoever comes after them waits for a place.
const QUEUE: usize = 1024;

/// A token that is about to leave.
#[derive(Clone, Debug)]
pub struct Issuance {
    /// What the audit says of it.
    pub event: AuditEvent,
    /// The session's participant that got it; `None` when there is no session.
    pub participant: Option<ParticipantUpdate>,
}

impl Store {
    /// Writes an event; its number in the chain, once it is durable.
    ///
    /// # Errors
    /// It was not written. Whatever it is about must not happen then (LOG-04).
    pub async fn record(&self, event: &AuditEvent) -> Result<i64, StoreError> {
        self.writer.write(event, Beside::Nothing).await
    }

    /// Makes a session that is found by `key`, together with the event of the sign-in that begins it, at the event's time;
    /// the event's number in the chain, once both are durable.
    ///
    /// # Errors
    /// Neither was written: the cookie must not be given.
    pub async fn begin_session(
        &self,
        key: SecretHash,
        session: &NewSession,
        event: &AuditEvent,
    ) -> Result<i64, StoreError> {
        let session = PreparedSession::new(key, session, event.at, &self.mac);
        self.writer
            .write(event, Beside::Session(Box::new(session)))
            .await
    }

    /// Writes the event of an issued token together with the session's participant; the event's number in the chain,
    /// once both are durable. Only then may the token be sent, so that tokens and rows are always as many (KEY-07).
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when the session ended meanwhile; else nothing could be written. The
    /// token must not be sent.
    pub async fn record_issuance(&self, issuance: &Issuance) -> Result<i64, StoreError> {
        let event = &issuance.event;
        let beside = match &issuance.participant {
            Some(update) => {
                Beside::Participant(PreparedParticipant::new(update, event.at, &self.mac))
            }
            None => Beside::Nothing,
        };
        self.writer.write(event, beside).await
    }
}

struct Job {
    event: PreparedEvent,
    beside: Beside,
    done: oneshot::Sender<Result<i64, StoreError>>,
}

/// What is written with an event: both or neither.
enum Beside {
    Nothing,
    Session(Box<PreparedSession>),
    Participant(PreparedParticipant),
}

enum Message {
    Write(Box<Job>),
    Finish(oneshot::Sender<()>),
}

/// The way to the writing task.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Message>);

impl Writer {
    pub(crate) fn start(engine: Engine, mac: MacTagger) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(run(engine, mac, receiver));
        Self(sender)
    }

    async fn write(&self, event: &AuditEvent, beside: Beside) -> Result<i64, StoreError> {
        let (done, written) = oneshot::channel();
        let job = Job {
            event: PreparedEvent::new(event, PreparedEvent::ORDINARY),
            beside,
            done,
        };
        self.0
            .send(Message::Write(Box::new(job)))
            .await
            .map_err(|_| StoreError::Closing)?;
        written.await.map_err(|_| StoreError::Closing)?
    }

    /// Returns when everything sent before it was written.
    pub(crate) async fn finish(&self) {
        let (done, finished) = oneshot::channel();
        if self.0.send(Message::Finish(done)).await.is_ok() {
            let _ = finished.await;
        }
    }
}

async fn run(engine: Engine, mac: MacTagger, mut receiver: mpsc::Receiver<Message>) {
    let mut busy = false;
    while let Some(first) = receiver.recv().await {
        if busy && receiver.len() + 1 < MOST {
            sleep(GATHER).await;
        }
        let mut jobs = Vec::with_capacity(MOST);
        let mut finish = None;
        let mut next = Some(first);
        while let Some(message) = next.take() {
            match message {
                Message::Write(job) => jobs.push(*job),
                Message::Finish(done) => finish = Some(done),
            }
            if jobs.len() < MOST && finish.is_none() {
                next = receiver.try_recv().ok();
            }
        }
        busy = jobs.len() >= BUSY;
        write_all(&engine, &mac, jobs).await;
        if let Some(done) = finish {
            receiver.close();
            let _ = done.send(());
        }
    }
}

async fn write_all(engine: &Engine, mac: &MacTagger, jobs: Vec<Job>) {
    if jobs.is_empty() {
        return;
    }
    match write(engine, mac, &jobs).await {
        Ok(first) => {
            for (seq, job) in (first..).zip(jobs) {
                // Whoever waited may have gone; the row stays.
                let _ = job.done.send(Ok(seq));
            }
        }
        // One session among them has ended: each by itself, so that only its own token is refused.
        Err(StoreError::SessionEnded) if jobs.len() > 1 => {
            for job in jobs {
                let written = write(engine, mac, std::slice::from_ref(&job)).await;
                let _ = job.done.send(written);
            }
        }
        Err(failed) => {
            if failed != StoreError::SessionEnded {
                error!(error = %failed, events = jobs.len(), "the audit cannot be written: nothing is issued");
            }
            for job in jobs {
                let _ = job.done.send(Err(failed.clone()));
            }
        }
    }
}

async fn write(engine: &Engine, mac: &MacTagger, jobs: &[Job]) -> Result<i64, StoreError> {
    let mut tx = engine.begin().await?;
    let (mut sessions, mut participants) = (Vec::new(), Vec::new());
    for job in jobs {
        match &job.beside {
            Beside::Nothing => {}
            Beside::Session(session) => sessions.push(&**session),
            Beside::Participant(participant) => participants.push(participant),
        }
    }
    insert_sessions(&mut tx, &sessions).await?;
    upsert_participants(&mut tx, participants).await?;
    let events: Vec<&PreparedEvent> = jobs.iter().map(|job| &job.event).collect();
    let first = append(&mut tx, mac, &events).await?;
    tx.commit().await?;
    Ok(first)
}
