//! The keys that tickets are accepted with.

use std::ffi::CString;
use std::path::{Path, PathBuf};

use crate::error::GssError;
use crate::ffi::{self, CredentialHandle};

/// The library's own memory of authenticators, beside the one that a farm shares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReplayCache {
    /// The library's default: a file of the user in `/var/tmp`, else what `krb5.conf` says.
    #[default]
    Default,
    /// This file, made when it is absent.
    File(PathBuf),
    /// None: somebody else remembers.
    None,
}

/// A keytab opened for accepting. The library reads the file anew for every token, so keys that are added
/// to it later count at once.
pub struct Credential {
    pub(crate) handle: CredentialHandle,
}

impl Credential {
    /// Opens a keytab; blocks.
    ///
    /// # Errors
    /// The library is absent, or the keytab is unreadable or has no keys ([`GssError::CredentialRefused`]).
    pub fn open(keytab: &Path, replay_cache: &ReplayCache) -> Result<Self, GssError> {
        let keytab = store_value("FILE:", keytab)?;
        let cache = match replay_cache {
            ReplayCache::Default => None,
            ReplayCache::File(path) => Some(store_value("file2:", path)?),
            ReplayCache::None => Some(c"none:".to_owned()),
        };
        ffi::acquire(&keytab, cache.as_deref()).map(|handle| Self { handle })
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}

fn store_value(kind: &str, path: &Path) -> Result<CString, GssError> {
    let odd = || GssError::PathForm(path.display().to_string());
    let text = path.to_str().ok_or_else(odd)?;
    CString::new(format!("{kind}{text}")).map_err(|_| odd())
}
