//! The trust configuration: relying parties, federated domains, settings and wrapped signing keys.
//!
//! Every row carries a code over its kind, id, body and the version that wrote it; one row, `trust_state`, carries the
//! version of the whole and a code over the codes of all rows. So an added or changed row is named
//! ([`StoreError::TamperedRow`](crate::StoreError)), and a removed or put-back one is found
//! ([`StoreError::TrustTampered`](crate::StoreError), CFG-15). The version only grows; a database
//! that went back is refused until somebody says that it was restored (CFG-16).
//!
//! An edit names the version it was made on, checks everything it finds, and writes rows, version and audit events (with
//! before and after) in one transaction. Nodes poll [`Store::trust_version`](crate::Store::trust_version) and load when it moved.

mod edit;
mod entry;
mod key;
mod load;

pub use edit::{Editor, TrustEdit};
pub use key::{KeyRole, StoredKey};
pub use load::TrustConfiguration;

pub(crate) use entry::{manifest_of, state_code};
