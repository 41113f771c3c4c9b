//! The redirect binding: message, relay state and signature in one query (saml-bindings-2.0-os 3.4.4.1).

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use signet_model::relying_party::SignatureAlgorithm;
use signet_xml::SignatureMaker as _;
use time::OffsetDateTime;

use super::keys::{Kind, RingKey};
use super::logout::LogoutMessage;
use super::{Signer, SignerError, algorithm_of};
use crate::id::fresh_id;

/// A message for the redirect binding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedRedirect {
    /// `ID` of the message.
    pub id: String,
    /// Where it goes; the caller joins `query` to it with `?` or `&`.
    pub destination: String,
    /// `SAMLRequest=…&RelayState=…&SigAlg=…&Signature=…`, each value percent-encoded.
    pub query: String,
}

impl Signer {
    /// Writes a logout message as a signed query. The message itself carries no signature
    /// (saml-bindings-2.0-os 3.4.4.1: it must be removed).
    ///
    /// # Errors
    /// [`SignerError::Signing`], [`SignerError::Randomness`], [`SignerError::Compression`].
    pub fn sign_logout_redirect(
        &self,
        message: &LogoutMessage,
        relay_state: Option<&str>,
        algorithm: SignatureAlgorithm,
        now: OffsetDateTime,
    ) -> Result<SignedRedirect, SignerError> {
        let ring = self.ring.load();
        let key = RingKey::new(ring.current(), &self.counters, Kind::Logout);
        let id = fresh_id()?;
        let (xml, _) = message.write(&id, now);
        let algorithm = algorithm_of(algorithm);

        let mut query = format!("{}=", message.parameter());
        push_encoded(&mut query, &STANDARD.encode(deflate(xml.as_bytes())?));
        if let Some(state) = relay_state {
            query.push_str("&RelayState=");
            push_encoded(&mut query, state);
        }
        query.push_str("&SigAlg=");
        push_encoded(&mut query, algorithm.uri());
        // The signature covers the query as it stands, percent-encoding and all.
        let signature = key.sign(algorithm, query.as_bytes())?;
        query.push_str("&Signature=");
        push_encoded(&mut query, &STANDARD.encode(signature));
        Ok(SignedRedirect {
            id,
            destination: message.destination().to_owned(),
            query,
        })
    }
}

/// RFC 1951, without zlib's header (saml-bindings-2.0-os 3.4.4.1).
fn deflate(octets: &[u8]) -> Result<Vec<u8>, SignerError> {
    let failed = |error: std::io::Error| SignerError::Compression(error.to_string());
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets).map_err(failed)?;
    encoder.finish().map_err(failed)
}

/// Percent-encodes all but RFC 3986's unreserved characters, in upper-case hex.
fn push_encoded(out: &mut String, value: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| {
        HEX.get(usize::from(nibble))
            .copied()
            .map_or('0', char::from)
    };
    for octet in value.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(octet));
            }
            _ => {
                out.push('%');
                out.push(digit(octet >> 4));
                out.push(digit(octet & 15));
            }
        }
    }
}
