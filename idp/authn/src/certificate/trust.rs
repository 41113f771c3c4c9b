//! Where the authorities come from: files of this node, and the stores that Active Directory publishes.
//!
//! A forest answers for its own people: what its directory publishes counts for accounts of that directory, what the files
//! say for all. A certificate is first judged by all of them together, because only afterwards it is known whose it is.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use signet_certs::client::Authorities;
use signet_directory::{Directories, DirectoryError, PublishedAuthorities};

/// Authorities that the configuration names, each certificate in DER form.
#[derive(Clone, Debug, Default)]
pub struct ConfiguredAuthorities {
    /// Trusted roots.
    pub roots: Vec<Vec<u8>>,
    /// Helpers for building a path.
    pub intermediates: Vec<Vec<u8>>,
    /// Who may issue certificates for signing in people of every directory, beside the directories' NTAuth stores.
    pub ntauth: Vec<Vec<u8>>,
    /// Whether the roots that directories publish are trusted too, each for its own people.
    pub trust_directory_roots: bool,
}

/// What a refresh found.
#[derive(Debug, Default)]
pub struct Refreshed {
    /// How many certificates are in the NTAuth set, the roots and the intermediates.
    pub counts: (usize, usize, usize),
    /// Certificates that do not parse and were left out.
    pub left_out: usize,
    /// Directories that could not be asked; what they said last still counts.
    pub failures: Vec<DirectoryError>,
}

/// What is configured, and what each directory said last.
pub(super) struct TrustSources {
    known: Mutex<Known>,
    /// What counts for the people of each directory; `None` with one directory, where that is everything.
    by_directory: Option<ArcSwap<HashMap<String, Arc<Authorities>>>>,
}

struct Known {
    configured: ConfiguredAuthorities,
    published: BTreeMap<String, PublishedAuthorities>,
}

impl TrustSources {
    pub(super) fn new(configured: ConfiguredAuthorities, directories: &Directories) -> Self {
        let several = directories.all().len() > 1;
        let sources = Self {
            known: Mutex::new(Known {
                configured,
                published: BTreeMap::new(),
            }),
            by_directory: several.then(ArcSwap::default),
        };
        // Until the directories have answered, the files count for everybody.
        sources.divide(directories);
        sources
    }

    /// What counts for the people of each directory: the files, and what that directory said last.
    fn divide(&self, directories: &Directories) {
        let Some(by_directory) = &self.by_directory else {
            return;
        };
        let known = self.lock();
        let names = directories.all().iter().map(|one| one.name().to_owned());
        let of_each = names.map(|name| {
            let own = known.published.get(&name);
            let authorities = known.authorities(own.into_iter()).0;
            (name, Arc::new(authorities))
        });
        by_directory.store(Arc::new(of_each.collect()));
    }

    /// What counts for the people of one directory; `None` when all that was asked before does.
    pub(super) fn of_directory(&self, name: &str) -> Option<Arc<Authorities>> {
        let by_directory = self.by_directory.as_ref()?.load();
        let of_nobody = || Arc::new(Authorities::new([], [], []));
        Some(by_directory.get(name).cloned().unwrap_or_else(of_nobody))
    }

    /// Takes other files' content from the next refresh on.
    pub(super) fn configure(&self, configured: ConfiguredAuthorities) {
        self.lock().configured = configured;
    }

    /// Asks every directory.
    pub(super) async fn refresh(&self, directories: &Directories) -> (Authorities, Refreshed) {
        let mut refreshed = Refreshed::default();
        for directory in directories.all() {
            match directory.authorities().await {
                Ok(found) => {
                    let name = directory.name().to_owned();
                    self.lock().published.insert(name, found);
                }
                Err(error) => refreshed.failures.push(error),
            }
        }
        self.divide(directories);
        let authorities = self.authorities(&mut refreshed);
        (authorities, refreshed)
    }

    /// Those of the files and of all directories.
    pub(super) fn authorities(&self, refreshed: &mut Refreshed) -> Authorities {
        let known = self.lock();
        let (authorities, counts) = known.authorities(known.published.values());
        refreshed.counts = counts;
        refreshed.left_out = authorities.left_out;
        authorities
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Those of the files and of `published`, and how many are in the NTAuth set, the roots and the intermediates.
    fn authorities<'a>(
        &'a self,
        published: impl Iterator<Item = &'a PublishedAuthorities>,
    ) -> (Authorities, (usize, usize, usize)) {
        let configured = &self.configured;
        let mut ntauth: Vec<&[u8]> = slices(&configured.ntauth).collect();
        let mut roots: Vec<&[u8]> = slices(&configured.roots).collect();
        let mut intermediates: Vec<&[u8]> = slices(&configured.intermediates).collect();
        for one in published {
            ntauth.extend(slices(&one.ntauth));
            intermediates.extend(slices(&one.intermediates));
            if configured.trust_directory_roots {
                roots.extend(slices(&one.roots));
            }
        }
        let counts = (ntauth.len(), roots.len(), intermediates.len());
        (Authorities::new(roots, intermediates, ntauth), counts)
    }
}

fn slices(certificates: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    certificates.iter().map(Vec::as_slice)
}
