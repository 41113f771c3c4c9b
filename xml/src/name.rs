//! The qualified name of an element or attribute that Signet writes or expects.

/// Prefix, local part and namespace of a name, all known when the program is compiled.
///
/// One prefix stands for one namespace throughout a document: that is what makes the writer's output
/// canonical. When reading, only `uri` and `local` count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// The prefix it is written with; never empty.
    pub prefix: &'static str,
    /// The local part.
    pub local: &'static str,
    /// The namespace name.
    pub uri: &'static str,
}

impl Name {
    /// A name, for use in constants.
    pub const fn new(prefix: &'static str, local: &'static str, uri: &'static str) -> Self {
        Self { prefix, local, uri }
    }
}
