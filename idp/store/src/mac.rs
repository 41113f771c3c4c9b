//! Authentication codes of rows, by a key that the store does not hold.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

type Tag = dyn Fn(&[u8]) -> [u8; 32] + Send + Sync;

/// Makes the authentication codes of rows. The key lives in the closure, outside the database.
#[derive(Clone)]
pub struct MacTagger(Arc<Tag>);

impl MacTagger {
    /// `tag` is a message authentication code, such as HMAC-SHA256, with a key for this purpose alone.
    pub fn new(tag: impl Fn(&[u8]) -> [u8; 32] + Send + Sync + 'static) -> Self {
        Self(Arc::new(tag))
    }

    pub(crate) fn tag(&self, message: &Canonical) -> [u8; 32] {
        (self.0)(&message.0)
    }

    pub(crate) fn is_right(&self, message: &Canonical, tag: &[u8]) -> bool {
        verify_slices_are_equal(&self.tag(message), tag).is_ok()
    }
}

impl fmt::Debug for MacTagger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacTagger")
    }
}

/// Values in one unambiguous sequence of octets: each with its kind and length before it.
pub(crate) struct Canonical(Vec<u8>);

impl Canonical {
    /// `table` keeps a code of one table from standing for a row of another.
    pub(crate) fn of(table: &str) -> Self {
        Self(Vec::with_capacity(256)).text(table)
    }

    pub(crate) fn text(self, value: &str) -> Self {
        self.part(b't', value.as_bytes())
    }

    pub(crate) fn opt_text(self, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(value),
            None => self.part(b'n', &[]),
        }
    }

    pub(crate) fn blob(self, value: &[u8]) -> Self {
        self.part(b'b', value)
    }

    pub(crate) fn int(self, value: i64) -> Self {
        self.part(b'i', &value.to_be_bytes())
    }

    pub(crate) fn sha256(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    fn part(mut self, kind: u8, value: &[u8]) -> Self {
        self.0.push(kind);
        self.0.extend((value.len() as u64).to_be_bytes());
        self.0.extend(value);
        self
    }
}

/// SHA-256.
pub(crate) fn sha256(message: &[u8]) -> [u8; 32] {
    let mut hash = [0u8; 32];
    for (to, from) in hash.iter_mut().zip(digest(&SHA256, message).as_ref()) {
        *to = *from;
    }
    hash
}
