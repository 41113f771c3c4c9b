//! SAML messages, as service providers send them and as nobody should.

mod authn_request;
mod bindings;
mod logout;
mod shapes;
mod signatures;

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use signet_model::{RelyingParty, SignInRequest};
use signet_xml::{Algorithm, CanonicalXml, Name, Writer, instant, sign_element};
use time::OffsetDateTime;

use super::names::{AUTHN_REQUEST, SAML, SAMLP};
use super::{OwnAddresses, SamlAction, SamlRefusal, SamlSignIn, receive};
use crate::error::ProtocolError;
use crate::testing::{NOW, PartnerKey, all, methods};
use crate::wire::ProtocolRequest;

pub(super) const OURS: &str = "https://fs.contoso.com/adfs/ls/";
pub(super) const WIKI: &str = "https://wiki.example.com/saml";
pub(super) const ISSUER: Name = Name::new("saml", "Issuer", SAML);
pub(super) const NAME_ID: Name = Name::new("saml", "NameID", SAML);

/// Something inside a message.
struct Part(Box<dyn Fn(&mut Writer)>);

/// A message to be written.
pub(super) struct Message {
    name: Name,
    id: String,
    attributes: Vec<(&'static str, String)>,
    issuer: Option<String>,
    body: Vec<Part>,
}

impl Message {
    pub(super) fn new(name: Name) -> Self {
        let attributes = vec![
            ("Version", "2.0".to_owned()),
            ("IssueInstant", instant(NOW)),
        ];
        Self {
            name,
            id: "_a1b2c3".to_owned(),
            attributes,
            issuer: Some(WIKI.to_owned()),
            body: Vec::new(),
        }
    }

    /// An `AuthnRequest` of the wiki that demands nothing.
    pub(super) fn authn() -> Self {
        Self::new(AUTHN_REQUEST)
    }

    pub(super) fn id(mut self, id: &str) -> Self {
        self.id = id.to_owned();
        self
    }

    pub(super) fn issuer(mut self, issuer: impl Into<Option<&'static str>>) -> Self {
        self.issuer = issuer.into().map(str::to_owned);
        self
    }

    /// Sets an attribute, or sets it anew.
    pub(super) fn set(mut self, name: &'static str, value: &str) -> Self {
        self.attributes.retain(|(known, _)| *known != name);
        self.attributes.push((name, value.to_owned()));
        self
    }

    pub(super) fn without(mut self, name: &'static str) -> Self {
        self.attributes.retain(|(known, _)| *known != name);
        self
    }

    pub(super) fn at(self, at: OffsetDateTime) -> Self {
        self.set("IssueInstant", &instant(at))
    }

    pub(super) fn body(mut self, write: impl Fn(&mut Writer) + 'static) -> Self {
        self.body.push(Part(Box::new(write)));
        self
    }

    fn write(&self) -> (CanonicalXml, usize) {
        let mut out = Writer::new();
        out.start(self.name).attribute("ID", &self.id);
        for (name, value) in &self.attributes {
            out.attribute(name, value);
        }
        if let Some(issuer) = &self.issuer {
            out.element(ISSUER, issuer);
        }
        let mark = out.mark();
        for Part(write) in &self.body {
            write(&mut out);
        }
        out.end();
        (out.finish(), mark)
    }

    pub(super) fn xml(&self) -> String {
        self.write().0.into_string()
    }

    pub(super) fn signed(&self, key: &PartnerKey, algorithm: Algorithm) -> String {
        let (mut xml, at) = self.write();
        let whole = 0..xml.len();
        sign_element(&mut xml, whole, at, &self.id, &[], algorithm, key).unwrap();
        xml.into_string()
    }
}

pub(super) fn requested_context(
    comparison: &'static str,
    classes: &'static [&'static str],
) -> impl Fn(&mut Writer) {
    move |out| {
        out.start(Name::new("samlp", "RequestedAuthnContext", SAMLP));
        if !comparison.is_empty() {
            out.attribute("Comparison", comparison);
        }
        for class in classes {
            out.element(Name::new("saml", "AuthnContextClassRef", SAML), class);
        }
        out.end();
    }
}

pub(super) fn name_id_policy(
    attributes: &'static [(&'static str, &'static str)],
) -> impl Fn(&mut Writer) {
    move |out| {
        out.start(Name::new("samlp", "NameIDPolicy", SAMLP));
        for (name, value) in attributes {
            out.attribute(name, value);
        }
        out.end();
    }
}

pub(super) fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

pub(super) fn deflate(xml: &str) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(xml.as_bytes()).unwrap();
    STANDARD.encode(encoder.finish().unwrap())
}

/// `SAMLRequest=…` for the redirect binding.
pub(super) fn redirect(xml: &str) -> String {
    format!("SAMLRequest={}", encode(&deflate(xml)))
}

/// The query, signed as it stands.
pub(super) fn sign_query(query: &str, key: &PartnerKey, algorithm: Algorithm) -> String {
    let query = format!("{query}&SigAlg={}", encode(algorithm.uri()));
    let signature = STANDARD.encode(key.sign_raw(algorithm, query.as_bytes()));
    format!("{query}&Signature={}", encode(&signature))
}

/// `SAMLRequest=…` for the POST binding.
pub(super) fn form(xml: &str) -> String {
    format!("SAMLRequest={}", encode(&STANDARD.encode(xml)))
}

pub(super) fn own() -> OwnAddresses {
    OwnAddresses::new([OURS])
}

pub(super) fn get(party: &RelyingParty, query: &str) -> Result<SamlAction, ProtocolError> {
    receive(
        &ProtocolRequest::get(query.as_bytes()),
        &all([party.clone()]),
        &own(),
        &methods(),
        NOW,
    )
    .map_err(reason)
}

/// What a message about signing out was refused for.
fn reason(error: ProtocolError) -> ProtocolError {
    match error {
        ProtocolError::SignOut(inner) => *inner,
        other => other,
    }
}

pub(super) fn post(party: &RelyingParty, body: &str) -> Result<SamlAction, ProtocolError> {
    let request = ProtocolRequest::post(b"", body.as_bytes());
    receive(&request, &all([party.clone()]), &own(), &methods(), NOW).map_err(reason)
}

/// What the wiki gets for this message, sent by POST.
pub(super) fn send(party: &RelyingParty, message: &Message) -> Result<SamlAction, ProtocolError> {
    post(party, &form(&message.xml()))
}

pub(super) fn accepted(result: Result<SamlAction, ProtocolError>) -> SamlSignIn {
    match result {
        Ok(SamlAction::SignIn(sign_in)) => *sign_in,
        other => panic!("{other:?}"),
    }
}

pub(super) fn request(result: Result<SamlAction, ProtocolError>) -> SignInRequest {
    accepted(result).request
}

pub(super) fn refused(result: Result<SamlAction, ProtocolError>) -> SamlRefusal {
    match result {
        Ok(SamlAction::Refuse(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}
