//! Entity ids and realms.

use crate::error::MetadataError;

/// saml-metadata-2.0-os 2.2.1: at most 1024 characters.
const LONGEST: usize = 1024;

/// Refuses what cannot be an identifier: empty, too long, white space or control characters inside.
pub(super) fn check(identifier: &str) -> Result<&str, MetadataError> {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    let length = identifier.chars().count();
    if length == 0 || length > LONGEST || identifier.contains(odd) {
        let shown = identifier.chars().take(100).collect();
        return Err(MetadataError::IdentifierUnusable(shown));
    }
    Ok(identifier)
}
