//! Attribute stores, as far as a rule's query says: who is asked, for what, with which params.
//!
//! Asking is the caller's work. Stores that need nothing but what a caller can hand over are here.

mod active_directory;
mod filter;
mod opaque_id;
mod password_expiry;
mod placeholders;
mod query;

pub use active_directory::ActiveDirectoryQuery;
pub use filter::{Filter, FilterError};
pub use opaque_id::OpaqueIds;
pub use password_expiry::PasswordExpiry;
pub use query::{StoreKind, StoreQuery};
