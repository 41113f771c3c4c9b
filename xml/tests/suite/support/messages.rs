//! Genuine messages of the three kinds, written by the writer.

use signet_xml::{CanonicalXml, Name, Writer, sign_element};

use super::keys::{Holder, partner};

pub(crate) const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(crate) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(crate) const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
pub(crate) const AUTHN_REQUEST: Name = Name::new("samlp", "AuthnRequest", SAMLP);
pub(crate) const RESPONSE: Name = Name::new("samlp", "Response", SAMLP);
pub(crate) const EXTENSIONS: Name = Name::new("samlp", "Extensions", SAMLP);
pub(crate) const ASSERTION: Name = Name::new("saml", "Assertion", SAML);
pub(crate) const ISSUER: Name = Name::new("saml", "Issuer", SAML);
const SUBJECT: Name = Name::new("saml", "Subject", SAML);
const NAME_ID: Name = Name::new("saml", "NameID", SAML);
const ATTRIBUTE_STATEMENT: Name = Name::new("saml", "AttributeStatement", SAML);
const ATTRIBUTE: Name = Name::new("saml", "Attribute", SAML);
const ATTRIBUTE_VALUE: Name = Name::new("saml", "AttributeValue", SAML);
const NAME_ID_POLICY: Name = Name::new("samlp", "NameIDPolicy", SAMLP);
pub(crate) const ENTITY_DESCRIPTOR: Name = Name::new("md", "EntityDescriptor", MD);
const SP_DESCRIPTOR: Name = Name::new("md", "SPSSODescriptor", MD);
const ACS: Name = Name::new("md", "AssertionConsumerService", MD);

pub(crate) const GOOD_ACS: &str = "https://sp.example/acs";
pub(crate) const GOOD_ISSUER: &str = "https://sp.example/";
pub(crate) const GOOD_SUBJECT: &str = "alice@contoso.example";

/// A message whose signature may be inserted at `insert_at`.
pub(crate) struct Unsigned {
    pub(crate) xml: CanonicalXml,
    pub(crate) id: String,
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) insert_at: usize,
}

impl Unsigned {
    pub(crate) fn signed(mut self) -> String {
        self.sign_by(partner());
        self.xml.into_string()
    }

    pub(crate) fn sign_by(&mut self, holder: &Holder) {
        let range = self.from..self.to;
        sign_element(
            &mut self.xml,
            range,
            self.insert_at,
            &self.id,
            &[],
            signet_xml::Algorithm::RsaSha256,
            holder,
        )
        .unwrap();
    }

    /// The text in front of and behind the place of the signature.
    pub(crate) fn halves(&self) -> (&str, &str) {
        self.xml.split_at(self.insert_at)
    }
}

pub(crate) fn authn_request(id: &str, acs: &str) -> Unsigned {
    let mut out = Writer::new();
    out.start(AUTHN_REQUEST)
        .attribute("AssertionConsumerServiceURL", acs)
        .attribute("Destination", "https://sts.contoso.example/adfs/ls/")
        .attribute("ID", id)
        .attribute("IssueInstant", "2026-11-21T10:00:00Z")
        .attribute("Version", "2.0")
        .element(ISSUER, GOOD_ISSUER);
    let insert_at = out.mark();
    out.start(NAME_ID_POLICY)
        .attribute("AllowCreate", "true")
        .end()
        .end();
    whole(out, id, insert_at)
}

/// An assertion by itself, its signature after `Issuer`.
pub(crate) fn assertion(id: &str, subject: &str, values: &[&str]) -> Unsigned {
    let mut out = Writer::new();
    out.start(ASSERTION)
        .attribute("ID", id)
        .attribute("IssueInstant", "2026-11-21T10:00:00Z")
        .attribute("Version", "2.0")
        .element(ISSUER, "http://sts.contoso.example/adfs/services/trust");
    let insert_at = out.mark();
    out.start(SUBJECT).element(NAME_ID, subject).end();
    out.start(ATTRIBUTE_STATEMENT)
        .start(ATTRIBUTE)
        .attribute("Name", "role");
    for value in values {
        out.element(ATTRIBUTE_VALUE, value);
    }
    out.end().end().end();
    whole(out, id, insert_at)
}

/// A response around assertions and the like, with its own signature still to insert.
pub(crate) fn response(
    id: &str,
    extensions: Option<&CanonicalXml>,
    inner: &[&CanonicalXml],
) -> Unsigned {
    let mut out = Writer::new();
    out.start(RESPONSE)
        .attribute("ID", id)
        .attribute("Version", "2.0");
    out.element(ISSUER, "http://sts.contoso.example/adfs/services/trust");
    let insert_at = out.mark();
    if let Some(extensions) = extensions {
        out.start(EXTENSIONS).splice(extensions).end();
    }
    for piece in inner {
        out.splice(piece);
    }
    out.end();
    whole(out, id, insert_at)
}

pub(crate) fn metadata(id: &str, entity_id: &str, acs: &str) -> Unsigned {
    let mut out = Writer::new();
    out.start(ENTITY_DESCRIPTOR)
        .attribute("ID", id)
        .attribute("entityID", entity_id);
    let insert_at = out.mark();
    out.start(SP_DESCRIPTOR)
        .attribute("protocolSupportEnumeration", SAMLP);
    out.start(ACS)
        .attribute("Binding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
        .attribute("Location", acs)
        .attribute("index", "0")
        .end();
    out.end().end();
    whole(out, id, insert_at)
}

fn whole(mut out: Writer, id: &str, insert_at: usize) -> Unsigned {
    let to = out.mark();
    Unsigned {
        xml: out.finish(),
        id: id.to_owned(),
        from: 0,
        to,
        insert_at,
    }
}
