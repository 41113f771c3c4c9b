//! Documents genuine and forged, each named, each with the verdict that it must get.
//!
//! The generator lives in the sub-modules, one a kind of message. [`consume`] does what a protocol does
//! with a message: read, verify, take the values. A document is accepted only with the genuine value.

mod authn;
mod metadata;
mod response;

use signet_xml::{
    Limits, Policy, SignatureError, XmlError, read, verify_enveloped, verify_only_child,
};

use crate::support::keys::partner;
use crate::support::messages::{
    ASSERTION, AUTHN_REQUEST, ENTITY_DESCRIPTOR, GOOD_ACS, GOOD_ISSUER, GOOD_SUBJECT, RESPONSE,
    SAML,
};

/// What a document must come to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    /// Verified, and the values are the genuine ones.
    Accepted,
    /// Refused with this code.
    Refused(&'static str),
    /// Refused with this code, and accepted under a policy that an admin may choose.
    Switched(&'static str, Policy),
}

/// Which values are taken from it, and how it is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    AuthnRequest,
    /// The assertion of a response.
    Response,
    Metadata,
}

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) xml: String,
    pub(crate) verdict: Verdict,
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = authn::cases();
    cases.extend(response::cases());
    cases.extend(metadata::cases());
    cases
}

/// The value that decides, as the verified node says it.
pub(crate) fn consume(kind: Kind, xml: &[u8], policy: Policy) -> Result<String, SignatureError> {
    let keys = [partner().trusted()];
    match kind {
        Kind::AuthnRequest => {
            let document = read(xml, Limits::ANONYMOUS)?;
            let request = verify_enveloped(&document, AUTHN_REQUEST, "ID", &keys, policy)?;
            let issuer = request.only_child(SAML, "Issuer")?.trimmed_text()?;
            Ok(format!(
                "{issuer} {}",
                request.required_attribute("AssertionConsumerServiceURL")?
            ))
        }
        Kind::Response => {
            let document = read(xml, Limits::ANONYMOUS)?;
            let policy = Policy {
                other_signatures: true,
                ..policy
            };
            let assertion = verify_only_child(&document, RESPONSE, ASSERTION, "ID", &keys, policy)?;
            let subject = assertion.only_child(SAML, "Subject")?;
            Ok(subject.only_child(SAML, "NameID")?.text()?.into_owned())
        }
        Kind::Metadata => {
            let document = read(xml, Limits::METADATA)?;
            let policy = Policy {
                other_signatures: true,
                ..policy
            };
            let entity = verify_enveloped(&document, ENTITY_DESCRIPTOR, "ID", &keys, policy)?;
            let role = entity.only_child(ENTITY_DESCRIPTOR.uri, "SPSSODescriptor")?;
            let acs = role.only_child(ENTITY_DESCRIPTOR.uri, "AssertionConsumerService")?;
            let place = acs.required_attribute("Location")?;
            Ok(format!(
                "{} {place}",
                entity.required_attribute("entityID")?
            ))
        }
    }
}

pub(crate) fn genuine(kind: Kind) -> String {
    match kind {
        Kind::AuthnRequest | Kind::Metadata => format!("{GOOD_ISSUER} {GOOD_ACS}"),
        Kind::Response => GOOD_SUBJECT.to_owned(),
    }
}

fn code(error: &SignatureError) -> &'static str {
    match error {
        SignatureError::Document(error @ XmlError::Malformed(_)) => error.code(),
        error => error.code(),
    }
}

#[test]
fn every_document_gets_its_verdict() {
    let mut wrong = Vec::new();
    for case in all() {
        let strict = consume(case.kind, case.xml.as_bytes(), Policy::default());
        let right = match (case.verdict, &strict) {
            (Verdict::Accepted, Ok(value)) => *value == genuine(case.kind),
            (Verdict::Refused(expected), Err(error)) => code(error) == expected,
            (Verdict::Switched(expected, policy), Err(error)) => {
                let switched = consume(case.kind, case.xml.as_bytes(), policy);
                code(error) == expected && switched == Ok(genuine(case.kind))
            }
            _ => false,
        };
        if !right {
            wrong.push(format!(
                "{}: expected {:?}, got {strict:?}",
                case.name, case.verdict
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_documents_are_as_many_as_promised_and_named_once() {
    let cases = all();
    let mut names: Vec<_> = cases.iter().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len());
    assert!(cases.len() >= 59, "{}", cases.len());
    let accepted = |case: &&Case| matches!(case.verdict, Verdict::Accepted);
    assert!(cases.iter().filter(accepted).count() >= 8);
}

/// What we accept, xmlsec1 accepts too: the generator does not merely agree with itself.
#[test]
fn xmlsec1_accepts_every_accepted_document() {
    for case in all()
        .iter()
        .filter(|case| matches!(case.verdict, Verdict::Accepted))
    {
        let (id, element) = match case.kind {
            Kind::AuthnRequest => (AUTHN_REQUEST, "AuthnRequest"),
            Kind::Response => (ASSERTION, "Assertion"),
            Kind::Metadata => (ENTITY_DESCRIPTOR, "EntityDescriptor"),
        };
        let id = format!("{}:{}", id.uri, id.local);
        let response = format!("{}:Response", RESPONSE.uri);
        let xpath = format!("//*[local-name()='{element}']/*[local-name()='Signature']");
        let ids = [("ID", id.as_str()), ("ID", response.as_str())];
        crate::support::foreign::xmlsec_verifies(&case.xml, &ids, &xpath, partner())
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
}
