//! The form of a case.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use signet_claims::StoreQuery;
use signet_model::Claim;
use signet_model::claim::{LOCAL_AUTHORITY, XS_STRING};

/// One line of a file.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) rules: String,
    #[serde(default)]
    pub(crate) input_claims: Vec<GivenClaim>,
    pub(crate) directory: Option<serde_json::Value>,
    #[serde(default)]
    pub(crate) stores: BTreeMap<String, CannedStore>,
    pub(crate) expected_claims: Option<Vec<GivenClaim>>,
    pub(crate) expected_error: Option<ExpectedError>,
    pub(crate) expected_decision: Option<String>,
    pub(crate) expected_mfa: Option<bool>,
}

/// Rows by query and params.
type CannedStore = BTreeMap<String, Vec<Vec<Option<String>>>>;

/// A claim as given: what is left out has its default as input, and is not compared as output.
#[derive(Debug, Deserialize)]
pub(crate) struct GivenClaim {
    #[serde(rename = "type")]
    claim_type: String,
    value: String,
    value_type: Option<String>,
    issuer: Option<String>,
    original_issuer: Option<String>,
    properties: Option<BTreeMap<String, String>>,
}

/// The error that a case expects; what is left out is not compared.
#[derive(Debug, Deserialize)]
pub(crate) struct ExpectedError {
    pub(crate) stage: String,
    pub(crate) code: Option<String>,
    pub(crate) inner: Option<Vec<String>>,
    pub(crate) kind: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) line: Option<usize>,
    pub(crate) column: Option<usize>,
    pub(crate) expected: Option<usize>,
    pub(crate) got: Option<usize>,
}

impl GivenClaim {
    pub(crate) fn to_claim(&self) -> Claim {
        let or = |own: &Option<String>, other: &str| Arc::from(own.as_deref().unwrap_or(other));
        let issuer = self.issuer.as_deref().unwrap_or(LOCAL_AUTHORITY);
        let properties = self.properties.iter().flatten();
        Claim {
            claim_type: Arc::from(self.claim_type.as_str()),
            value: Arc::from(self.value.as_str()),
            value_type: or(&self.value_type, XS_STRING),
            issuer: Arc::from(issuer),
            original_issuer: or(&self.original_issuer, issuer),
            properties: properties
                .map(|(name, text)| (Arc::from(name.as_str()), Arc::from(text.as_str())))
                .collect(),
        }
    }

    pub(crate) fn is(&self, claim: &Claim) -> bool {
        let same =
            |own: &Option<String>, other: &str| own.as_deref().is_none_or(|own| own == other);
        let properties = self.properties.as_ref().is_none_or(|own| {
            own.len() == claim.properties.len()
                && own
                    .iter()
                    .all(|(name, text)| claim.property(name) == Some(text))
        });
        self.claim_type == *claim.claim_type
            && self.value == *claim.value
            && same(&self.value_type, &claim.value_type)
            && same(&self.issuer, &claim.issuer)
            && same(&self.original_issuer, &claim.original_issuer)
            && properties
    }
}

impl Case {
    /// The canned answer of a store: the key is the query text, `|`, and the params joined by `|`.
    pub(crate) fn canned(&self, query: &StoreQuery) -> Option<Vec<Vec<Option<Arc<str>>>>> {
        let store = self.stores.get(&*query.store)?;
        let params: Vec<&str> = query.params.iter().map(|param| &**param).collect();
        let rows = store.get(&format!("{}|{}", query.query, params.join("|")))?;
        let cell = |cell: &Option<String>| cell.as_deref().map(Arc::from);
        Some(
            rows.iter()
                .map(|row| row.iter().map(cell).collect())
                .collect(),
        )
    }
}
