//! Base64 as the bindings write it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::ProtocolError;

/// Canonical base64: this alphabet, padded, no white space, no stray bits.
pub(super) fn strict(text: &[u8]) -> Result<Vec<u8>, ProtocolError> {
    STANDARD
        .decode(text)
        .map_err(|_| broken("it is not base64"))
}

/// Base64 in lines, as Shibboleth posts it (saml-bindings-2.0-os 3.5.4 refers to RFC 2045): line breaks are
/// passed over, everything else is as strict.
pub(super) fn in_lines(text: &str) -> Result<Vec<u8>, ProtocolError> {
    let packed: Vec<u8> = text
        .bytes()
        .filter(|octet| !matches!(octet, b'\r' | b'\n'))
        .collect();
    strict(&packed)
}

/// A message whose encoding is at fault.
pub(super) fn broken(detail: &str) -> ProtocolError {
    ProtocolError::RelyingPartySamlEncoding {
        detail: detail.to_owned(),
    }
}
