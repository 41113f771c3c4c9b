//! Text that is its own exclusive canonical form.

use std::fmt;
use std::ops::Deref;

/// XML that equals its own exclusive canonical form. Only [`Writer`] makes it.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalXml(String);

impl CanonicalXml {
    /// What the writer wrote.
    pub(crate) fn written(text: String) -> Self {
        Self(text)
    }

    /// The text, as it goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, as it goes over the wire.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Inserts a piece that keeps the whole canonical; for [`crate::sign_element`].
    pub(crate) fn insert(&mut self, at: usize, piece: &str) {
        self.0.insert_str(at, piece);
    }
}

impl Deref for CanonicalXml {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for CanonicalXml {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<CanonicalXml> for String {
    fn from(xml: CanonicalXml) -> Self {
        xml.0
    }
}

impl fmt::Display for CanonicalXml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says how long it is: tokens do not belong in logs.
impl fmt::Debug for CanonicalXml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CanonicalXml({} bytes)", self.0.len())
    }
}
