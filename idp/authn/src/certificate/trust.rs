//! Where the authorities come from: files of this node, and the stores that Active Directory publishes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use signet_certs::client::Authorities;
use signet_directory::{Directories, DirectoryError, PublishedAuthorities};

/// Authorities that the configuration names, each certificate in DER form.
#[derive(Clone, Debug, Default)]
pub struct ConfiguredAuthorities {
    /// Trusted roots.
    pub roots: Vec<Vec<u8>>,
    /// Helpers for building a path.
    pub intermediates: Vec<Vec<u8>>,
    /// Who may issue certificates for signing in, beside the directories' NTAuth stores.
    pub ntauth: Vec<Vec<u8>>,
    /// Whether the roots that directories publish are trusted too.
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
pub(super) struct TrustSources(Mutex<Known>);

struct Known {
    configured: ConfiguredAuthorities,
    published: BTreeMap<String, PublishedAuthorities>,
}

impl TrustSources {
    pub(super) fn new(configured: ConfiguredAuthorities) -> Self {
        Self(Mutex::new(Known {
            configured,
            published: BTreeMap::new(),
        }))
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
        let authorities = self.authorities(&mut refreshed);
        (authorities, refreshed)
    }

    pub(super) fn authorities(&self, refreshed: &mut Refreshed) -> Authorities {
        let known = self.lock();
        let configured = &known.configured;
        let mut ntauth: Vec<&[u8]> = slices(&configured.ntauth).collect();
        let mut roots: Vec<&[u8]> = slices(&configured.roots).collect();
        let mut intermediates: Vec<&[u8]> = slices(&configured.intermediates).collect();
        for one in known.published.values() {
            ntauth.extend(slices(&one.ntauth));
            intermediates.extend(slices(&one.intermediates));
            if configured.trust_directory_roots {
                roots.extend(slices(&one.roots));
            }
        }
        refreshed.counts = (ntauth.len(), roots.len(), intermediates.len());
        let authorities = Authorities::new(roots, intermediates, ntauth);
        refreshed.left_out = authorities.left_out;
        authorities
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn slices(certificates: &[Vec<u8>]) -> impl Iterator<Item = &[u8]> {
    certificates.iter().map(Vec::as_slice)
}
