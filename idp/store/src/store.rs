//! The open store.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use crate::audit::Writer;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::mac::MacTagger;
use crate::session::Reader;

/// The open store; cheap to clone, all clones are one.
///
/// Its methods are in the modules of what they keep: [`crate::trust`], [`crate::session`], [`crate::audit`],
/// [`crate::attempts`], [`crate::factors`], [`crate::replay`], [`crate::parked`].
#[derive(Clone)]
pub struct Store {
    pub(crate) engine: Engine,
    pub(crate) mac: MacTagger,
    pub(crate) writer: Writer,
    pub(crate) reader: Reader,
    /// The newest version of the trust configuration that was seen.
    pub(crate) trust_seen: Arc<AtomicI64>,
}

/// How the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// Reads and writes.
    Well,
    /// The disk failed or the file is damaged: no more writes until the program is started again (F-12).
    Broken,
    /// It does not answer now.
    Unavailable(StoreError),
}

impl Store {
    pub(crate) fn new(engine: Engine, mac: MacTagger) -> Self {
        let writer = Writer::start(engine.clone(), mac.clone());
        let reader = Reader::start(engine.clone());
        Self {
            engine,
            mac,
            writer,
            reader,
            trust_seen: Arc::new(AtomicI64::new(0)),
        }
    }

    /// How the store is, asked now.
    pub async fn health(&self) -> Health {
        if self.engine.is_broken() {
            return Health::Broken;
        }
        match self
            .engine
            .fetch_one("SELECT version FROM trust_state WHERE id = 1", &[])
            .await
        {
            Ok(_) => Health::Well,
            Err(StoreError::Broken | StoreError::Corrupt { .. }) => Health::Broken,
            Err(error) => Health::Unavailable(error),
        }
    }

    /// Writes what is under way, then closes every connection.
    pub async fn close(&self) {
        self.writer.finish().await;
        self.engine.close().await;
    }
}
