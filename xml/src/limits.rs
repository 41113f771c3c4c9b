//! How much XML is read, by where it came from.

/// Caps that apply before a tree is built.
///
/// They bound time and memory: parsing checks attributes of one element pairwise and looks prefixes up
/// along the open elements, so both are capped next to the plain size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole document.
    pub(crate) bytes: usize,
    /// Elements inside one another.
    pub(crate) depth: usize,
    /// Attributes of one element, declarations not counted.
    pub(crate) attributes: usize,
    /// Namespace declarations of one element.
    pub(crate) declarations: usize,
    /// Namespace declarations in force at one place.
    pub(crate) declarations_in_scope: usize,
    /// Elements, comments, processing instructions and CDATA sections together.
    pub(crate) items: usize,
    /// Whether a leading UTF-8 byte order mark is passed over.
    pub(crate) byte_order_mark: bool,
}

impl Limits {
    /// Messages of anybody: 64 KiB, depth 64, 64 attributes an element, 10,000 items.
    pub const ANONYMOUS: Self = Self {
        bytes: 64 * 1024,
        depth: 64,
        attributes: 64,
        declarations: 32,
        declarations_in_scope: 64,
        items: 10_000,
        byte_order_mark: false,
    };

    /// A partner's metadata, fetched from a configured address or uploaded: 10 MiB, enough for the
    /// aggregate of a national federation's region. Read it away from the threads that answer requests.
    ///
    /// Published metadata often starts with a byte order mark, so one is passed over.
    pub const METADATA: Self = Self {
        bytes: 10 * 1024 * 1024,
        depth: 64,
        attributes: 64,
        declarations: 64,
        declarations_in_scope: 256,
        items: 300_000,
        byte_order_mark: true,
    };

    /// A document that an authenticated admin hands over with a request: 2 MiB.
    pub const ADMIN: Self = Self {
        bytes: 2 * 1024 * 1024,
        items: 100_000,
        ..Self::METADATA
    };

    /// The same limits with another cap on the size in bytes.
    #[must_use]
    pub const fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }
}
