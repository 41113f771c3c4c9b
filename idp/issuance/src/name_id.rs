//! The subject of a token.

use serde::{Deserialize, Serialize};

/// A name identifier as it stands in a token, a session row and a logout message.
///
/// Source: saml-core-2.0-os 2.2.2 and 2.2.3; SAML 1.1 knows `value`, `format` and `name_qualifier`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NameId {
    /// The value.
    pub value: String,
    /// `Format`; absent means unspecified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// `NameQualifier`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_name_qualifier: Option<String>,
    /// `SPProvidedID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_provided_id: Option<String>,
}

impl NameId {
    /// A name identifier without format and qualifiers.
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            format: None,
            name_qualifier: None,
            sp_name_qualifier: None,
            sp_provided_id: None,
        }
    }

    /// The same with `Format`.
    #[must_use]
    pub fn with_format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into());
        self
    }
}
