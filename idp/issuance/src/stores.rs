//! Where claim rules look things up, and what was already looked up.

mod dispatch;
mod opaque;
mod snapshot;

use async_trait::async_trait;
use signet_claims::ActiveDirectoryQuery;
use signet_directory::{Directories, DirectoryError, Rows};

pub(crate) use dispatch::Stores;
pub use opaque::OpaqueIds;
pub use snapshot::AccountSnapshot;

/// The attribute stores outside this crate. The server gives its directories.
#[async_trait]
pub trait AttributeStores: Send + Sync {
    /// Answers a query of the `Active Directory` store.
    async fn active_directory(&self, query: &ActiveDirectoryQuery) -> Result<Rows, DirectoryError>;
}

/// The directory that knows the query's domain answers.
#[async_trait]
impl AttributeStores for Directories {
    async fn active_directory(&self, query: &ActiveDirectoryQuery) -> Result<Rows, DirectoryError> {
        self.for_domain(&query.domain)?.query(query).await
    }
}
