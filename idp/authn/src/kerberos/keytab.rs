//! Key tables: whose keys are in a file, by version and encryption type. The keys themselves are not kept.
//!
//! The library reads the file for itself; this reader is for choosing among files, for telling an administrator
//! what is missing, and for `signet check`. Source: MIT krb5's documentation, "Keytab file format", version 2.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use signet_model::{Culprit, MessagePair};
use thiserror::Error;
use zeroize::Zeroizing;

use super::encryption::EncryptionType;

/// A key table is some kilobytes; this is room for thousands of keys.
const MOST_OCTETS: u64 = 1024 * 1024;
const MOST_ENTRIES: usize = 4096;
const MOST_COMPONENTS: u16 = 8;
/// What others than the owner may not.
const OTHERS: u32 = 0o077;

/// One key, without its octets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeytabEntry {
    /// `HTTP/sts.corp.example`
    pub principal: String,
    /// `CORP.EXAMPLE`
    pub realm: String,
    /// The key's version.
    pub key_version: u32,
    /// The number of its encryption type.
    pub encryption: i64,
}

impl KeytabEntry {
    /// Whether Signet takes tickets encrypted with this key.
    pub fn is_strong(&self) -> bool {
        EncryptionType::strong(self.encryption).is_some()
    }
}

/// A key table that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeytabFault {
    /// It cannot be opened or read.
    #[error("{path}: {detail}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        detail: String,
    },
    /// Others than the owner may read or write it: whoever reads it can sign in as anybody.
    #[error(
        "{path} is open to others (mode {mode:03o}): chmod 600 {path}, and if others may have read it, reset the account's password and export it again"
    )]
    OpenToOthers {
        /// The file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a key table of version 2.
    #[error("{path} is not a keytab: {detail}")]
    Malformed {
        /// The file.
        path: String,
        /// What was wrong with it.
        detail: &'static str,
    },
    /// It has no key at all.
    #[error("{path} holds no key")]
    Empty {
        /// The file.
        path: String,
    },
}

impl KeytabFault {
    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        MessagePair {
            code: match self {
                Self::Unreadable { .. } => "SIG-KRB-KEYTAB-UNREADABLE",
                Self::OpenToOthers { .. } => "SIG-KRB-KEYTAB-OPEN",
                Self::Malformed { .. } => "SIG-KRB-KEYTAB-MALFORMED",
                Self::Empty { .. } => "SIG-KRB-KEYTAB-EMPTY",
            },
            culprit: Culprit::Operator,
            public: "Automatic sign-in is not available.",
            hint: "Sign in with your user name and password.",
            private: self.to_string(),
        }
    }
}

/// When a file was last written, as far as its directory entry tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    length: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|found| Self::from(&found))
    }

    fn from(found: &std::fs::Metadata) -> Self {
        Self {
            inode: found.ino(),
            length: found.len(),
            seconds: found.mtime(),
            nanoseconds: found.mtime_nsec(),
        }
    }
}

/// Reads a key table; blocks.
///
/// # Errors
/// [`KeytabFault`], for a file that others may read too.
pub fn read_keytab(path: &Path) -> Result<Vec<KeytabEntry>, KeytabFault> {
    read_with_stamp(path).map(|(entries, _)| entries)
}

pub(super) fn read_with_stamp(path: &Path) -> Result<(Vec<KeytabEntry>, Stamp), KeytabFault> {
    let name = || path.display().to_string();
    let unreadable = |error: std::io::Error| KeytabFault::Unreadable {
        path: name(),
        detail: error.to_string(),
    };
    let file = File::open(path).map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    if !found.is_file() {
        return Err(KeytabFault::Malformed {
            path: name(),
            detail: "not a file",
        });
    }
    if found.mode() & OTHERS != 0 {
        return Err(KeytabFault::OpenToOthers {
            path: name(),
            mode: found.mode() & 0o777,
        });
    }
    let mut octets = Zeroizing::new(Vec::new());
    file.take(MOST_OCTETS + 1)
        .read_to_end(&mut octets)
        .map_err(unreadable)?;
    let entries = parse(&octets).map_err(|detail| KeytabFault::Malformed {
        path: name(),
        detail,
    })?;
    if entries.is_empty() {
        return Err(KeytabFault::Empty { path: name() });
    }
    Ok((entries, Stamp::from(&found)))
}

/// Reads the octets of a key table of version 2.
pub(super) fn parse(octets: &[u8]) -> Result<Vec<KeytabEntry>, &'static str> {
    if octets.len() as u64 > MOST_OCTETS {
        return Err("longer than a megabyte");
    }
    let mut reader = match octets {
        [5, 2, rest @ ..] => Reader(rest),
        [5, 1, ..] => return Err("version 1, which no program writes any more"),
        _ => return Err("it does not begin as one"),
    };
    let mut entries = Vec::new();
    while !reader.0.is_empty() {
        let length = reader.u32().ok_or("it ends inside a length")?.cast_signed();
        // A negative length is a hole that a deleted key left.
        let size = usize::try_from(length.unsigned_abs()).map_err(|_| "a length")?;
        if length == 0 {
            break;
        }
        let record = reader.take(size).ok_or("it ends inside an entry")?;
        if length > 0 {
            entries.push(entry(Reader(record)).ok_or("an entry is not in its form")?);
        }
        if entries.len() > MOST_ENTRIES {
            return Err("it has more than 4096 keys");
        }
    }
    Ok(entries)
}

fn entry(mut reader: Reader<'_>) -> Option<KeytabEntry> {
    let count = reader.u16()?;
    if count == 0 || count > MOST_COMPONENTS {
        return None;
    }
    let realm = reader.text()?;
    let mut components = Vec::new();
    for _ in 0..count {
        components.push(reader.text()?);
    }
    let _name_type = reader.u32()?;
    let _written = reader.u32()?;
    let short_version = u32::from(reader.u8()?);
    let encryption = i64::from(reader.u16()?.cast_signed());
    let length = usize::from(reader.u16()?);
    reader.take(length)?;
    // A version of 32 bits may follow; 0 means the short one is right.
    let key_version = reader.u32().filter(|version| *version != 0);
    Some(KeytabEntry {
        principal: components.join("/"),
        realm,
        key_version: key_version.unwrap_or(short_version),
        encryption,
    })
}

/// Big-endian fields.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (found, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(found)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Names are shown to administrators: control characters are no part of one.
    fn text(&mut self) -> Option<String> {
        let length = usize::from(self.u16()?);
        let text = std::str::from_utf8(self.take(length)?).ok()?;
        (!text.chars().any(char::is_control)).then(|| text.to_owned())
    }
}

/// Fuzz target: whatever the octets, no panic, and no more keys than octets.
pub fn fuzz_keytab(bytes: &[u8]) {
    if let Ok(entries) = parse(bytes) {
        assert!(entries.len() * 16 <= bytes.len());
    }
}

#[cfg(test)]
mod tests;
