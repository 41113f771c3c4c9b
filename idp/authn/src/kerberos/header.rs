//! The `Authorization` header: what the browser sent, and whether Kerberos can begin with it.
//!
//! Sources: RFC 4559 section 4 (Negotiate), RFC 4178 section 4.2 (SPNEGO), RFC 4121 section 4.1 (the bare token),
//! MS-SPNG 3.1.5.2 (the second object identifier of Kerberos), MS-NLMP 2.2 (NTLMSSP).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ap_request::ApRequest;
use super::der::{
    Der, ENUMERATED, NotDer, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, application, context,
    element,
};
use super::refusal::{Fallback, KerberosRefusal};

/// The longest header value read.
pub const MOST_HEADER_OCTETS: usize = 64 * 1024;

/// 1.2.840.113554.1.2.2
const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
/// 1.2.840.48018.1.2.2, as Windows has listed it first since Windows 2000.
const KERBEROS_OF_WINDOWS: &[u8] = b"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02";
/// 1.3.6.1.5.5.2
const SPNEGO: &[u8] = b"\x2b\x06\x01\x05\x05\x02";
/// 1.3.6.1.4.1.311.2.2.10
const NTLM: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
/// 1.3.6.1.4.1.311.2.2.30
const NEGOEX: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e";
const NTLMSSP: &[u8] = b"NTLMSSP\0";
/// More mechanisms than anybody lists.
const MOST_MECHANISMS: usize = 32;

/// A token that Kerberos can begin with: a whole AP-REQ, read but not yet proved.
#[derive(Clone, Debug)]
pub struct NegotiateToken {
    /// The token of Kerberos itself, without SPNEGO around it: all that the library is given.
    pub(super) kerberos: Vec<u8>,
    /// The mechanism as SPNEGO listed it; `None` for a bare token.
    listed: Option<&'static [u8]>,
    pub(super) request: ApRequest,
}

impl NegotiateToken {
    /// Reads the value of an `Authorization` header.
    ///
    /// # Errors
    /// [`KerberosRefusal::FallBack`] for whatever is not a first token of Kerberos: answer with the form and
    /// without `WWW-Authenticate`, or the browser comes again and again. The refusals of [`ApRequest`] for one
    /// that Kerberos must not take.
    pub fn parse(header: &[u8]) -> Result<Self, KerberosRefusal> {
        if header.len() > MOST_HEADER_OCTETS {
            return Err(Fallback::TooLong.into());
        }
        let encoded = scheme_value(header).ok_or(Fallback::OtherScheme)?;
        let octets = STANDARD.decode(encoded).map_err(|_| Fallback::Malformed)?;
        Self::from_octets(octets)
    }

    pub(super) fn from_octets(octets: Vec<u8>) -> Result<Self, KerberosRefusal> {
        if octets.starts_with(NTLMSSP) {
            return Err(Fallback::Ntlm.into());
        }
        let (mechanism, inner) = open_token(&octets)?;
        if mechanism != SPNEGO {
            let request = kerberos_token(mechanism, inner)?;
            return Ok(Self {
                kerberos: octets,
                listed: None,
                request,
            });
        }
        let (listed, token) = first_token(inner)?;
        if token.starts_with(NTLMSSP) {
            return Err(Fallback::Ntlm.into());
        }
        let (mechanism, inner) = open_token(token)?;
        let request = kerberos_token(mechanism, inner)?;
        Ok(Self {
            kerberos: token.to_vec(),
            listed: Some(listed),
            request,
        })
    }

    /// Our token for the client, in the frame of its own.
    pub(super) fn framed(&self, reply: &[u8]) -> Vec<u8> {
        match self.listed {
            Some(mechanism) => completed(mechanism, reply),
            None => reply.to_vec(),
        }
    }

    /// The ticket as far as it can be read without a key.
    pub fn request(&self) -> &ApRequest {
        &self.request
    }
}

/// The value after `Negotiate`, in any letter case.
fn scheme_value(header: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"Negotiate";
    let (scheme, rest) = header.trim_ascii().split_at_checked(SCHEME.len())?;
    let rest = rest.strip_prefix(b" ")?;
    scheme
        .eq_ignore_ascii_case(SCHEME)
        .then(|| rest.trim_ascii_start())
}

/// RFC 2743, 3.1: `[APPLICATION 0] { OBJECT IDENTIFIER, anything }`.
fn open_token(octets: &[u8]) -> Result<(&[u8], &[u8]), Fallback> {
    let mut outer = Der::new(octets);
    let mut token = outer.enter(application(0))?;
    outer.end()?;
    let mechanism = token.take(OBJECT_IDENTIFIER)?;
    Ok((mechanism, token.rest()))
}

/// RFC 4121, 4.1: the two octets of KRB_AP_REQ, then the message.
fn kerberos_token(mechanism: &[u8], inner: &[u8]) -> Result<ApRequest, KerberosRefusal> {
    if mechanism != KERBEROS {
        return Err(Fallback::OtherMechanism.into());
    }
    let message = inner.strip_prefix(&[1, 0]).ok_or(Fallback::Malformed)?;
    ApRequest::parse(message)
}

/// RFC 4178, 4.2.1: the token of the first mechanism of a NegTokenInit, when that is Kerberos.
///
/// Kerberos further down the list would need a second leg, and with it state between two requests that HTTP/2
/// and load balancers send on two ways. Nor is a mechListMIC: the first choice of the client is taken (section 5).
fn first_token(octets: &[u8]) -> Result<(&'static [u8], &[u8]), Fallback> {
    let mut outer = Der::new(octets);
    let mut choice = outer.enter(context(0))?;
    outer.end()?;
    let mut init = choice.enter(SEQUENCE)?;
    choice.end()?;
    let mut types = init.enter(context(0))?;
    let mut list = types.enter(SEQUENCE)?;
    types.end()?;
    let first = list.take(OBJECT_IDENTIFIER)?;
    for count in 1.. {
        if list.is_empty() {
            break;
        }
        list.take(OBJECT_IDENTIFIER)?;
        if count >= MOST_MECHANISMS {
            return Err(Fallback::Malformed);
        }
    }
    let listed = match first {
        KERBEROS => KERBEROS,
        KERBEROS_OF_WINDOWS => KERBEROS_OF_WINDOWS,
        NTLM => return Err(Fallback::Ntlm),
        NEGOEX => return Err(Fallback::Negoex),
        _ => return Err(Fallback::OtherMechanism),
    };
    init.optional(context(1))?;
    let Some(mut token) = init.optional(context(2))? else {
        return Err(Fallback::NoToken);
    };
    let inner = token.take(OCTET_STRING)?;
    token.end()?;
    init.optional(context(3))?;
    init.end()?;
    Ok((listed, inner))
}

/// RFC 4178, 4.2.2: a NegTokenResp that completes with the client's own first mechanism.
fn completed(mechanism: &[u8], reply: &[u8]) -> Vec<u8> {
    let state = element(context(0), &element(ENUMERATED, &[0]));
    let supported = element(context(1), &element(OBJECT_IDENTIFIER, mechanism));
    let mut fields = [state, supported].concat();
    if !reply.is_empty() {
        fields.extend(element(context(2), &element(OCTET_STRING, reply)));
    }
    element(context(1), &element(SEQUENCE, &fields))
}

impl From<NotDer> for Fallback {
    fn from(_: NotDer) -> Self {
        Self::Malformed
    }
}

/// Fuzz target: the header, and the token inside of it as it is.
pub fn fuzz_negotiate(bytes: &[u8]) {
    drop(NegotiateToken::parse(bytes));
    if let Ok(token) = NegotiateToken::from_octets(bytes.to_vec()) {
        assert!(token.request.authenticator_hash() != [0; 32]);
        let again =
            NegotiateToken::parse(format!("negotiate {}", STANDARD.encode(bytes)).as_bytes());
        assert!(again.is_ok() || bytes.len() > 48 * 1024, "{again:?}");
    }
}

#[cfg(test)]
mod tests;
