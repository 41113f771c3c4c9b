//! Dispatch of a rule's query to its store.

use std::sync::Arc;

use signet_claims::{ActiveDirectoryQuery, StoreQuery};
use signet_directory::DirectoryError;
use signet_model::RelyingPartyId;
use signet_xml::parse_instant;
use time::OffsetDateTime;

use super::AttributeStores;
use super::opaque::OpaqueIds;
use super::snapshot::{AccountSnapshot, Question, Rows};

/// Name of the store that directories answer.
const ACTIVE_DIRECTORY: &str = "Active Directory";
const OPAQUE_ID_STORE: &str = "_OpaqueIdStore";
const PASSWORD_EXPIRY_STORE: &str = "_PasswordExpiryStore";

/// The expiry of a password is told so many days ahead, as AD FS does.
const EXPIRY_NOTICE_DAYS: i64 = 14;
const SECONDS_A_DAY: i64 = 86_400;

/// All stores that rules of this service can name, for one evaluation.
#[derive(Clone, Copy)]
pub(crate) struct BuiltinStores<'a> {
    pub(crate) outside: &'a dyn AttributeStores,
    pub(crate) snapshot: &'a AccountSnapshot,
    pub(crate) opaque_ids: &'a OpaqueIds,
    pub(crate) relying_party: RelyingPartyId,
    pub(crate) password_change_url: Option<&'a str>,
    pub(crate) now: OffsetDateTime,
}

/// Why a store gave no rows.
#[derive(Clone, Debug)]
pub(crate) enum StoreFailure {
    /// There is no such store.
    Unknown,
    /// The query is not one this store takes, or was refused.
    Refused(String),
    /// The store could not be asked.
    Unreachable(String),
}

impl BuiltinStores<'_> {
    /// The rows that answer `query`.
    pub(crate) async fn answer(&self, query: &StoreQuery) -> Result<Arc<Rows>, StoreFailure> {
        match &*query.store {
            ACTIVE_DIRECTORY => self.ask_directory(query).await,
            OPAQUE_ID_STORE => self.opaque_id(&query.params).map(Arc::new),
            PASSWORD_EXPIRY_STORE => Ok(Arc::new(self.password_expiry(&query.params))),
            _ => Err(StoreFailure::Unknown),
        }
    }

    async fn ask_directory(&self, query: &StoreQuery) -> Result<Arc<Rows>, StoreFailure> {
        let question = Question {
            query: Arc::clone(&query.query),
            params: query.params.clone(),
        };
        if let Some(rows) = self.snapshot.recall(&question) {
            return Ok(rows);
        }
        let bound = ActiveDirectoryQuery::parse(query)
            .map_err(|fault| StoreFailure::Refused(fault.to_string()))?;
        let answer = self
            .outside
            .active_directory(&bound)
            .await
            .map_err(|error| match &error {
                DirectoryError::Unavailable { .. } => StoreFailure::Unreachable(error.to_string()),
                _ => StoreFailure::Refused(error.to_string()),
            })?;
        let rows = Arc::new(answer.0);
        self.snapshot.keep(question, Arc::clone(&rows));
        Ok(rows)
    }

    /// `"ppid", user, original issuer`: the same for ever. `"useEntropy", user, original issuer, "", instant`: the
    /// same within one sign-in. Both are this relying party's alone.
    fn opaque_id(&self, params: &[Arc<str>]) -> Result<Rows, StoreFailure> {
        let parts = params.iter().map(|param| &**param).collect::<Vec<_>>();
        match parts.as_slice() {
            [kind, user, _] | [kind, user, _, _, _] if user.is_empty() => Err(
                StoreFailure::Refused(format!("{kind} needs something that stands for the person")),
            ),
            ["ppid", _, _] | ["useEntropy", _, _, _, _] => {
                let value = self.opaque_ids.of_parts(self.relying_party, &parts);
                Ok(vec![vec![Some(Arc::from(value))]])
            }
            _ => Err(StoreFailure::Refused(
                "it takes \"ppid\" with two params or \"useEntropy\" with four".to_owned(),
            )),
        }
    }

    /// Seconds, whole days and the address to change it at; no row unless it is near.
    fn password_expiry(&self, params: &[Arc<str>]) -> Rows {
        let Some(stated) = params.first() else {
            return Rows::new();
        };
        let seconds = match (stated.parse::<i64>(), parse_instant(stated)) {
            (Ok(seconds), _) => seconds,
            (_, Ok(at)) => (at - self.now).whole_seconds(),
            _ => return Rows::new(),
        };
        if !(0..=EXPIRY_NOTICE_DAYS * SECONDS_A_DAY).contains(&seconds) {
            return Rows::new();
        }
        let days = (seconds / SECONDS_A_DAY).to_string();
        vec![vec![
            Some(Arc::clone(stated)),
            Some(Arc::from(days)),
            self.password_change_url.map(Arc::from),
        ]]
    }
}
