//! Where the relying parties come from: the server has them, this room asks.

use std::sync::Arc;

use signet_model::{RelyingParty, RelyingPartyId};

/// The registered relying parties, enabled or not.
///
/// Lookups compare identifiers octet by octet: no case folding, no normalisation, no trailing slash.
pub trait RelyingParties: Send + Sync {
    /// The relying party that has `identifier` among its identifiers.
    fn by_identifier(&self, identifier: &str) -> Option<Arc<RelyingParty>>;

    /// The relying party with this id.
    fn by_id(&self, id: RelyingPartyId) -> Option<Arc<RelyingParty>>;

    /// All of them. Asked only by a sign-out that names a reply address and no realm.
    fn all(&self) -> Vec<Arc<RelyingParty>>;
}

/// A fixed list is a set of relying parties: for tests and for the demo.
impl RelyingParties for Vec<Arc<RelyingParty>> {
    fn by_identifier(&self, identifier: &str) -> Option<Arc<RelyingParty>> {
        self.iter()
            .find(|party| party.has_identifier(identifier))
            .cloned()
    }

    fn by_id(&self, id: RelyingPartyId) -> Option<Arc<RelyingParty>> {
        self.iter().find(|party| party.id == id).cloned()
    }

    fn all(&self) -> Vec<Arc<RelyingParty>> {
        self.clone()
    }
}
