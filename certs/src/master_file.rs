//! The master key as a file: 32 raw bytes that only their owner can read.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::{CertError, FileFault};
use crate::master::{MASTER_KEY_BYTES, MasterKey};

impl MasterKey {
    /// Reads the key from `path`: a regular file of 32 bytes, no link, nothing in its mode for group or others.
    ///
    /// A systemd credential (`$CREDENTIALS_DIRECTORY/…`, mode 0400) meets this.
    ///
    /// # Errors
    /// [`CertError::File`], which names the file and what is wrong with it.
    pub fn from_file(path: &Path) -> Result<Self, CertError> {
        let fault = |fault| CertError::file(path, fault);
        let mut file = open_private(path)?;
        let length = file
            .metadata()
            .map_err(|error| fault(refused(&error)))?
            .len();
        let expected = MASTER_KEY_BYTES as u64;
        if length != expected {
            return Err(fault(FileFault::WrongLength { length, expected }));
        }
        let mut octets = Zeroizing::new([0u8; MASTER_KEY_BYTES]);
        file.read_exact(octets.as_mut())
            .map_err(|error| fault(refused(&error)))?;
        Self::from_octets(octets)
    }

    /// Creates `path` with mode 0600 and a fresh key in it; an existing file is never touched.
    ///
    /// # Errors
    /// [`CertError::File`] with [`FileFault::Exists`] or the reason of the operating system.
    pub fn create_file(path: &Path) -> Result<Self, CertError> {
        let key = Self::generate()?;
        let fault = |error: &std::io::Error| CertError::file(path, refused(error));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| fault(&error))?;
        file.write_all(key.octets())
            .and_then(|()| file.sync_all())
            .map_err(|error| fault(&error))?;
        // The name must survive a power cut as well, or the wrapped keys in the store are lost with it.
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| fault(&error))?;
        }
        Ok(key)
    }
}

/// Opens a secret file. The name is looked at first and the open file compared with it, so that a link
/// put there in between is noticed.
fn open_private(path: &Path) -> Result<File, CertError> {
    let fault = |fault| CertError::file(path, fault);
    let named = fs::symlink_metadata(path).map_err(|error| fault(refused(&error)))?;
    if named.file_type().is_symlink() {
        return Err(fault(FileFault::SymbolicLink));
    }
    if !named.is_file() {
        return Err(fault(FileFault::NotAFile));
    }
    let file = File::open(path).map_err(|error| fault(refused(&error)))?;
    let opened = file.metadata().map_err(|error| fault(refused(&error)))?;
    if !same_file(&named, &opened) {
        return Err(fault(FileFault::SymbolicLink));
    }
    let mode = opened.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(fault(FileFault::OpenToOthers { mode }));
    }
    Ok(file)
}

fn same_file(one: &Metadata, other: &Metadata) -> bool {
    one.dev() == other.dev() && one.ino() == other.ino()
}

pub(crate) fn refused(error: &std::io::Error) -> FileFault {
    match error.kind() {
        ErrorKind::NotFound => FileFault::Missing,
        ErrorKind::AlreadyExists => FileFault::Exists,
        _ => FileFault::Refused(error.to_string()),
    }
}
