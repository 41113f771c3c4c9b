//! The configured key tables, read anew when their files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use signet_gssapi::{Credential, GssError, ReplayCache};
use thiserror::Error;
use tracing::{info, warn};

use super::ap_request::ApRequest;
use super::keytab::{KeytabEntry, KeytabFault, Stamp, read_with_stamp};

/// A key that is missing makes the file be read again, though its stamp is the same, at most this often.
const MISS_PAUSE: Duration = Duration::from_secs(1);

/// One key table.
pub(super) struct WatchedKeytab {
    path: PathBuf,
    replay_cache: ReplayCache,
    loaded: ArcSwapOption<Loaded>,
}

/// What the file held when it was read last.
pub(super) struct Loaded {
    stamp: Stamp,
    read: Instant,
    pub(super) entries: Vec<KeytabEntry>,
    pub(super) credential: Credential,
}

/// A key table cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Unusable {
    #[error("{0}")]
    File(#[from] KeytabFault),
    #[error("{0}")]
    Library(#[from] GssError),
}

/// How well a key table fits a ticket; better ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// A key of the right type, of another name and version: one account's key may serve several names.
    Type,
    /// Type and version are right.
    Version,
    /// The name is right, the version is not.
    Name,
    /// All is right.
    Exact,
}

impl WatchedKeytab {
    pub(super) fn new(path: PathBuf, replay_cache: ReplayCache) -> Self {
        Self {
            path,
            replay_cache,
            loaded: ArcSwapOption::empty(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The keys as the file has them now. A file that became unusable leaves those that were read before.
    pub(super) fn current(&self) -> Result<Arc<Loaded>, Unusable> {
        let known = self.loaded.load_full();
        match known {
            Some(known) if Stamp::of(&self.path) == Some(known.stamp) => Ok(known),
            Some(known) => Ok(self.load().unwrap_or_else(|error| {
                warn!(keytab = %self.path.display(), %error, "the keytab changed but cannot be used; the keys read before stay");
                known
            })),
            None => self.load(),
        }
    }

    /// The keys, read again because one was missing.
    pub(super) fn after_miss(&self, known: Arc<Loaded>) -> Arc<Loaded> {
        if known.read.elapsed() < MISS_PAUSE {
            return known;
        }
        self.load().unwrap_or(known)
    }

    fn load(&self) -> Result<Arc<Loaded>, Unusable> {
        let (entries, stamp) = read_with_stamp(&self.path)?;
        let credential = Credential::open(&self.path, &self.replay_cache)?;
        info!(keytab = %self.path.display(), keys = entries.len(), "keytab read");
        let loaded = Arc::new(Loaded {
            stamp,
            read: Instant::now(),
            entries,
            credential,
        });
        self.loaded.store(Some(Arc::clone(&loaded)));
        Ok(loaded)
    }
}

impl Loaded {
    /// How well its best key fits; `None` when no key is of the ticket's type.
    pub(super) fn fit(&self, request: &ApRequest) -> Option<Fit> {
        best_fit(&self.entries, request)
    }
}

fn best_fit(entries: &[KeytabEntry], request: &ApRequest) -> Option<Fit> {
    let of_type = entries
        .iter()
        .filter(|entry| entry.encryption == request.encryption.number());
    of_type
        .map(|entry| {
            let name = entry.principal.eq_ignore_ascii_case(&request.service)
                && entry.realm.eq_ignore_ascii_case(&request.realm);
            let version = request
                .key_version
                .is_none_or(|wanted| wanted == entry.key_version);
            match (name, version) {
                (true, true) => Fit::Exact,
                (true, false) => Fit::Name,
                (false, true) => Fit::Version,
                (false, false) => Fit::Type,
            }
        })
        .max()
}
