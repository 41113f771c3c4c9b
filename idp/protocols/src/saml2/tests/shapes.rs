//! Requests in the shapes that real service providers send, written by hand.

use signet_model::relying_party::SignatureAlgorithm;
use signet_model::uris::{ENTRA_REALM, ENTRA_REPLY};
use signet_xml::Algorithm::{RsaSha1, RsaSha256};

use super::super::MessageSignature;
use super::*;
use crate::testing::{entra, wiki, wiki_key};

/// pysaml2: XML declaration, generated prefixes, `Format` on the issuer.
#[test]
fn a_request_with_generated_prefixes_and_a_declaration() {
    let xml = format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n\
         <ns0:AuthnRequest xmlns:ns0=\"{SAMLP}\" xmlns:ns1=\"{SAML}\" ID=\"id-8ldXu0hcKpX9Sdpwk\" \
         Version=\"2.0\" IssueInstant=\"{}\" Destination=\"{OURS}\" \
         AssertionConsumerServiceURL=\"https://wiki.example.com/acs\" \
         ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\">\n  \
         <ns1:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">{WIKI}</ns1:Issuer>\n  \
         <ns0:NameIDPolicy AllowCreate=\"false\" \
         Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\" />\n\
         </ns0:AuthnRequest>",
        instant(NOW)
    );
    let request = request(get(&wiki(), &redirect(&xml)));
    assert_eq!(
        request.in_response_to.as_deref(),
        Some("id-8ldXu0hcKpX9Sdpwk")
    );
}

/// mod_auth_mellon: seconds without fraction, `Consent`, and a signature by Redirect whether or not anybody has its key.
#[test]
fn a_request_of_a_party_that_signs_on_its_own_account() {
    let xml = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"{SAMLP}\" xmlns:saml=\"{SAML}\" ID=\"_0AB\" \
         Version=\"2.0\" IssueInstant=\"2026-03-04T05:06:07Z\" Destination=\"{OURS}\" \
         Consent=\"urn:oasis:names:tc:SAML:2.0:consent:current-implicit\" ForceAuthn=\"false\" \
         IsPassive=\"false\" AssertionConsumerServiceURL=\"https://wiki.example.com/acs\" \
         ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\">\
         <saml:Issuer>{WIKI}</saml:Issuer><samlp:NameIDPolicy \
         Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\" AllowCreate=\"true\"/>\
         </samlp:AuthnRequest>"
    );
    let query = format!(
        "{}&RelayState={}",
        redirect(&xml),
        encode("https://wiki.example.com/page")
    );
    let query = sign_query(&query, wiki_key(), RsaSha256);
    let unknown_key = accepted(get(&wiki(), &query));
    assert_eq!(unknown_key.signature, MessageSignature::Unchecked);
    let mut keyed = wiki();
    keyed.request_signing_certificates = vec![wiki_key().certificate()];
    let known_key = accepted(get(&keyed, &query));
    assert_eq!(
        known_key.signature,
        MessageSignature::Verified { sha1: false }
    );
    assert_eq!(
        known_key.request.state.as_deref(),
        Some("https://wiki.example.com/page")
    );
}

/// Entra with `isSignedAuthenticationRequestRequired`: a `Destination`, RSA-SHA1, and a `KeyInfo` without a certificate.
#[test]
fn the_signed_request_of_entra_names_its_key_by_identifier_only() {
    let signed = Message::authn()
        .issuer(ENTRA_REALM)
        .set("Destination", OURS)
        .signed(wiki_key(), RsaSha1);
    let (before, rest) = signed.split_once("<ds:KeyInfo>").unwrap();
    let (_, after) = rest.split_once("</ds:KeyInfo>").unwrap();
    let by_identifier = format!(
        "{before}<ds:KeyInfo><ds:X509Data><ds:X509SKI>cGFydG5lcg==</ds:X509SKI></ds:X509Data>\
         <ds:KeyName>MicrosoftOnline</ds:KeyName></ds:KeyInfo>{after}"
    );
    let mut party = entra();
    party.request_signing_certificates = vec![wiki_key().certificate()];
    assert!(
        post(&party, &form(&by_identifier)).is_err(),
        "SHA-1 is for a party set so"
    );
    party.signature_algorithm = SignatureAlgorithm::RsaSha1;
    let sign_in = accepted(post(&party, &form(&by_identifier)));
    assert_eq!(sign_in.signature, MessageSignature::Verified { sha1: true });
    assert_eq!(sign_in.request.reply_to.as_str(), ENTRA_REPLY);
}
