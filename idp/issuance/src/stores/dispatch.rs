//! Dispatch of a rule's query to its store.

use signet_claims::{
    ActiveDirectoryQuery, EvaluationError, PasswordExpiry, StoreFault, StoreKind, StoreQuery,
};
use signet_directory::DirectoryError;
use signet_model::RelyingPartyId;
use time::OffsetDateTime;

use super::AttributeStores;
use super::opaque::OpaqueIds;
use super::snapshot::{AccountSnapshot, Cells};

/// All stores that rules of this service can name, for one occasion.
#[derive(Clone, Copy)]
pub(crate) struct Stores<'a> {
    pub(crate) outside: &'a dyn AttributeStores,
    pub(crate) snapshot: &'a AccountSnapshot,
    pub(crate) opaque_ids: &'a OpaqueIds,
    pub(crate) relying_party: RelyingPartyId,
    pub(crate) password_change_url: Option<&'a str>,
    pub(crate) now: OffsetDateTime,
}

impl Stores<'_> {
    /// The rows that answer `query`.
    pub(crate) async fn answer(&self, query: &StoreQuery) -> Result<Cells, EvaluationError> {
        match query.kind() {
            StoreKind::ActiveDirectory => self.ask_directory(query).await,
            StoreKind::OpaqueId => self.opaque_ids.store(self.relying_party).answer(query),
            StoreKind::PasswordExpiry => self.password_expiry(query),
            // Its questions are whether a SID is a proxy's; there are no proxies with accounts.
            StoreKind::ProxyCredential => Ok(Cells::new()),
            _ => Err(query.unknown_store()),
        }
    }

    async fn ask_directory(&self, query: &StoreQuery) -> Result<Cells, EvaluationError> {
        if let Some(rows) = self.snapshot.recall(query) {
            return Ok(rows);
        }
        let bound = ActiveDirectoryQuery::parse(query)?;
        let answer = self
            .outside
            .active_directory(&bound)
            .await
            .map_err(|error| {
                let detail = error.to_string();
                query.failed(match error {
                    DirectoryError::Unavailable { .. } => StoreFault::Unavailable { detail },
                    _ => StoreFault::Refused { detail },
                })
            })?;
        let mut rows = answer.0;
        leave_out_too_long(&mut rows);
        self.snapshot.keep(query.clone(), rows.clone());
        Ok(rows)
    }

    /// Where passwords cannot be changed, nobody is told that theirs ends.
    fn password_expiry(&self, query: &StoreQuery) -> Result<Cells, EvaluationError> {
        let url = self.password_change_url.unwrap_or_default();
        let mut rows = PasswordExpiry::new(self.now, url).answer(query)?;
        if url.is_empty() {
            rows.iter_mut()
                .filter_map(|row| row.get_mut(2))
                .for_each(|cell| *cell = None);
        }
        Ok(rows)
    }
}

/// A value that no token can carry would end the evaluation; one attribute must not keep a person out (SAML-14).
fn leave_out_too_long(rows: &mut Cells) {
    for cell in rows.iter_mut().flatten() {
        if let Some(value) = cell.take_if(|value| value.len() > LONGEST_VALUE) {
            tracing::warn!(
                octets = value.len(),
                "an attribute's value is too long for a claim"
            );
        }
    }
}

/// Octets; a thumbnailPhoto at its greatest is half of it.
const LONGEST_VALUE: usize = 256 * 1024;
