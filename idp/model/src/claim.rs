//! A claim: one statement about a person, as AD FS rules see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The issuer of claims made from a directory sign-in.
pub const AD_AUTHORITY: &str = "AD AUTHORITY";
/// The issuer of claims that rules make.
pub const LOCAL_AUTHORITY: &str = "LOCAL AUTHORITY";
/// The issuer of claims that the service makes about itself or the request.
pub const SELF_AUTHORITY: &str = "SELF AUTHORITY";
/// The value type of a claim that names none.
pub const XS_STRING: &str = "http://www.w3.org/2001/XMLSchema#string";

/// One claim: six fields, all text, as the claim rule language defines them.
///
/// Source: claim rule language, facts of its published reference ("a claim is Type, Value,
/// `ValueType`, Issuer, `OriginalIssuer`, Properties").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// Claim type URI (or short name, legal in SAML 2.0 and JWT).
    #[serde(rename = "type")]
    pub claim_type: Arc<str>,
    /// The value, never empty in a token.
    pub value: Arc<str>,
    /// XML Schema type URI of the value.
    pub value_type: Arc<str>,
    /// Who says so to this service.
    pub issuer: Arc<str>,
    /// Who said so first.
    pub original_issuer: Arc<str>,
    /// Properties, such as the format of a name identifier; URI to text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<Arc<str>, Arc<str>>,
}

impl Claim {
    /// A string claim whose issuer and original issuer are `issuer`.
    pub fn new(claim_type: &str, value: &str, issuer: &str) -> Self {
        let issuer: Arc<str> = Arc::from(issuer);
        Self {
            claim_type: Arc::from(claim_type),
            value: Arc::from(value),
            value_type: Arc::from(XS_STRING),
            original_issuer: Arc::clone(&issuer),
            issuer,
            properties: BTreeMap::new(),
        }
    }

    /// The text of property `uri`; absent reads as `None`.
    pub fn property(&self, uri: &str) -> Option<&str> {
        self.properties.get(uri).map(|text| &**text)
    }
}
