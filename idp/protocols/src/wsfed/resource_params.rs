//! `resource_params`: base64 of JSON, sent by Windows when it joins a device.
//!
//! Source: Microsoft, "Configure hybrid Azure Active Directory join manually"; the value in use is
//! `{"Properties":[{"Key":"acr","Value":"wiaormultiauthn"}]}`, without padding.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use signet_model::uris::authn;

use crate::error::ProtocolError;

const NAME: &str = "resource_params";
const MOST_PROPERTIES: usize = 16;

#[derive(Deserialize)]
struct ResourceParams {
    #[serde(rename = "Properties", default)]
    properties: Vec<Property>,
}

#[derive(Deserialize)]
struct Property {
    #[serde(rename = "Key", default)]
    key: String,
    #[serde(rename = "Value", default)]
    value: serde_json::Value,
}

/// The authentication method that `acr` asks for, as a URI; `None` when there is no `acr`.
pub(super) fn parse_requested_method(text: &str) -> Result<Option<String>, ProtocolError> {
    let octets = decode(text).ok_or_else(|| malformed("it is not base64"))?;
    let params: ResourceParams =
        serde_json::from_slice(&octets).map_err(|_| malformed("it is not the expected JSON"))?;
    if params.properties.len() > MOST_PROPERTIES {
        return Err(ProtocolError::RequestTooLarge {
            part: NAME,
            limit: MOST_PROPERTIES,
        });
    }
    let mut named = params
        .properties
        .iter()
        .filter(|property| property.key.eq_ignore_ascii_case("acr"));
    let Some(acr) = named.next() else {
        return Ok(None);
    };
    if named.next().is_some() {
        return Err(malformed("acr comes twice"));
    }
    match acr.value.as_str() {
        Some("wiaormultiauthn") => Ok(Some(authn::WINDOWS_OR_MULTIPLE.to_owned())),
        Some("multipleauthn") => Ok(Some(authn::MULTIPLE.to_owned())),
        Some(uri) => Ok(Some(uri.to_owned())),
        None => Err(malformed("acr is not a text")),
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    // A query may hold either alphabet; `+` arrives as a space when the client did not escape it.
    let text = text.replace(' ', "+");
    let alphabet = if text.contains(['-', '_']) {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    GeneralPurpose::new(alphabet, LENIENT).decode(text).ok()
}

fn malformed(detail: &str) -> ProtocolError {
    ProtocolError::RequestMalformed {
        part: NAME,
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_that_windows_sends_asks_for_windows_or_more_than_one_factor() {
        let sent = "eyJQcm9wZXJ0aWVzIjpbeyJLZXkiOiJhY3IiLCJWYWx1ZSI6IndpYW9ybXVsdGlhdXRobiJ9XX0";
        assert_eq!(
            parse_requested_method(sent).unwrap().as_deref(),
            Some(authn::WINDOWS_OR_MULTIPLE)
        );
    }

    #[test]
    fn other_texts_are_refused_or_ask_for_nothing() {
        let encode = |json: &str| base64::engine::general_purpose::STANDARD.encode(json);
        assert_eq!(parse_requested_method(&encode("{}")), Ok(None));
        assert_eq!(
            parse_requested_method(&encode(r#"{"Properties":[{"Key":"x","Value":1}]}"#)),
            Ok(None)
        );
        for bad in [
            "***".to_owned(),
            encode("nonsense"),
            encode("[1]"),
            encode(r#"{"Properties":[{"Key":"acr","Value":7}]}"#),
            encode(r#"{"Properties":[{"Key":"acr","Value":"a"},{"Key":"acr","Value":"b"}]}"#),
            encode(&"[".repeat(2000)),
        ] {
            assert!(parse_requested_method(&bad).is_err(), "{bad}");
        }
    }
}
