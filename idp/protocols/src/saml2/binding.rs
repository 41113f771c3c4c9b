//! The two bindings: from raw octets to the XML of a message, its state and the signature around it.
//!
//! Source: saml-bindings-2.0-os 3.4 (HTTP Redirect) and 3.5 (HTTP POST). The place of the message fixes the binding:
//! a signature that belongs to the other one is not looked at (security case SIG-12).

use super::encoding::{broken, in_lines, strict};
use super::inflate::{LARGEST, inflate};
use crate::error::ProtocolError;
use crate::parameters::{Names, Parameters};
use crate::wire::{HttpMethod, ProtocolRequest};
use crate::wsfed;

const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";
const LONGEST_STATE: usize = 1024;
const LONGEST_SIGNATURE: usize = 4096;
/// Base64 of the largest message, in lines of 64.
const LONGEST_POSTED: usize = LARGEST / 3 * 4 + LARGEST / 16;
const MESSAGES: [&str; 2] = ["SAMLRequest", "SAMLResponse"];

/// A message out of its envelope. Nothing in it is believed yet.
#[derive(Debug)]
pub(super) struct Envelope {
    /// Which parameter it came in.
    pub(super) is_response: bool,
    /// Its octets.
    pub(super) xml: Vec<u8>,
    /// `RelayState`.
    pub(super) state: Option<String>,
    /// How it came.
    pub(super) carried: Carried,
    /// A user name that somebody appended to the address (facts section 3.2).
    pub(super) username: Option<String>,
}

/// The binding, and the signature that it puts around a message.
#[derive(Debug)]
pub(super) enum Carried {
    /// HTTP-Redirect.
    Redirect {
        /// The signature over the query, when there is one.
        signature: Option<QuerySignature>,
    },
    /// HTTP-POST: a signature is inside the message.
    Post,
}

/// Signature of a query (3.4.4.1), not verified.
#[derive(Debug)]
pub(super) struct QuerySignature {
    /// `SigAlg`, decoded.
    pub(super) algorithm: String,
    /// `Signature`, decoded.
    pub(super) signature: Vec<u8>,
    /// The octets it covers, as they came, in the order of the specification.
    pub(super) signed: Vec<u8>,
}

/// Whether the request carries a SAML message at all, wherever.
pub(crate) fn has_message(query: &Parameters<'_>, body: &Parameters<'_>) -> bool {
    [query, body]
        .iter()
        .any(|part| part.first_of(Names::Exact, &MESSAGES).is_some())
}

/// Opens the envelope. A message in the body came by POST, one in the query by Redirect; a form of our own pages
/// that is posted to the address of a Redirect message leaves that message in the query.
pub(super) fn open(request: &ProtocolRequest<'_>) -> Result<Envelope, ProtocolError> {
    let query = Parameters::of_query(request.query)?;
    let body = match request.method {
        HttpMethod::Get => Parameters::of_body(&[])?,
        HttpMethod::Post => Parameters::of_body(request.body)?,
    };
    if wsfed::has_message(&query, &body) {
        return Err(ProtocolError::RequestMixesMessages);
    }
    let in_query = message_name(&query)?;
    let in_body = message_name(&body)?;
    let mut envelope = match (in_query, in_body) {
        (Some(_), Some(name)) => return Err(ProtocolError::RequestSplit { name }),
        (Some(name), None) => open_redirect(&query, name)?,
        (None, Some(name)) => open_post(&body, name)?,
        (None, None) => return Err(ProtocolError::RequestHasNoMessage),
    };
    envelope.username = username(&query)?;
    Ok(envelope)
}

/// The parameter that holds the message; a request and a response together are refused.
fn message_name(part: &Parameters<'_>) -> Result<Option<&'static str>, ProtocolError> {
    let [request, response] = MESSAGES;
    match (
        part.has(Names::Exact, request),
        part.has(Names::Exact, response),
    ) {
        (true, true) => Err(ProtocolError::RequestMixesMessages),
        (true, false) => Ok(Some(request)),
        (false, true) => Ok(Some(response)),
        (false, false) => Ok(None),
    }
}

/// 3.4.4.1: deflated, base64, URL-encoded; the signature covers the octets of
/// `SAMLRequest=value&RelayState=value&SigAlg=value` as the sender encoded them, `RelayState` only when present.
fn open_redirect(query: &Parameters<'_>, name: &'static str) -> Result<Envelope, ProtocolError> {
    let encoding = query.filled(Names::Exact, "SAMLEncoding", 128)?;
    if encoding.is_some_and(|encoding| encoding != DEFLATE) {
        return Err(broken("SAMLEncoding is not DEFLATE"));
    }
    let raw = query.raw_once(name)?.unwrap_or_default();
    let raw_state = query.raw_once("RelayState")?;
    let raw_algorithm = query.raw_once("SigAlg")?;
    let message = query
        .once(Names::Exact, name, LONGEST_POSTED)?
        .unwrap_or_default();
    let state = query.opaque(Names::Exact, "RelayState", LONGEST_STATE)?;
    let algorithm = query.once(Names::Exact, "SigAlg", 256)?;
    let signature = query.once(Names::Exact, "Signature", LONGEST_SIGNATURE)?;
    let signature = match (algorithm, signature) {
        (None, None) => None,
        (Some(algorithm), Some(signature)) => {
            let mut signed = [name.as_bytes(), b"=", raw].concat();
            if let Some(raw_state) = raw_state {
                signed.extend([b"&RelayState=", raw_state].concat());
            }
            signed.extend([b"&SigAlg=", raw_algorithm.unwrap_or_default()].concat());
            Some(QuerySignature {
                algorithm,
                signature: strict(signature.as_bytes())?,
                signed,
            })
        }
        _ => return Err(broken("SigAlg and Signature belong together")),
    };
    let xml = inflate(&strict(message.as_bytes())?).map_err(broken)?;
    Ok(Envelope {
        is_response: name == "SAMLResponse",
        xml,
        state,
        carried: Carried::Redirect { signature },
        username: None,
    })
}

/// 3.5.4: base64 in a form field; a signature, if any, is in the message.
fn open_post(body: &Parameters<'_>, name: &'static str) -> Result<Envelope, ProtocolError> {
    let message = body
        .once(Names::Exact, name, LONGEST_POSTED)?
        .unwrap_or_default();
    let xml = in_lines(&message)?;
    if xml.len() > LARGEST {
        return Err(ProtocolError::RequestTooLarge {
            part: name,
            limit: LARGEST,
        });
    }
    Ok(Envelope {
        is_response: name == "SAMLResponse",
        xml,
        state: body.opaque(Names::Exact, "RelayState", LONGEST_STATE)?,
        carried: Carried::Post,
        username: None,
    })
}

fn username(query: &Parameters<'_>) -> Result<Option<String>, ProtocolError> {
    let username = query.filled(Names::AnyCase, "username", 512)?;
    let hint = query.filled(Names::AnyCase, "login_hint", 512)?;
    Ok(username.or(hint))
}
