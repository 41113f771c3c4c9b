//! Whose signature it is.

use proptest::prelude::*;
use signet_model::relying_party::SignatureAlgorithm;
use signet_xml::Algorithm::{RsaSha1, RsaSha256};

use super::super::MessageSignature;
use super::*;
use crate::error::ProtocolError as E;
use crate::testing::{methods, other_key, wiki, wiki_key};

/// The wiki with its key registered.
fn keyed() -> RelyingParty {
    let mut party = wiki();
    party.request_signing_certificates = vec![wiki_key().certificate()];
    party
}

fn demanding(mut party: RelyingParty) -> RelyingParty {
    party.signed_requests_required = true;
    party
}

fn message() -> Message {
    Message::authn().set("Destination", OURS)
}

const VERIFIED: MessageSignature = MessageSignature::Verified { sha1: false };

#[test]
fn a_signed_request_is_verified_and_named_for_replay() {
    let party = demanding(keyed());
    let query = sign_query(
        &format!("{}&RelayState=s", redirect(&message().xml())),
        wiki_key(),
        RsaSha256,
    );
    let posted = form(&message().signed(wiki_key(), RsaSha256));
    for sign_in in [
        accepted(get(&party, &query)),
        accepted(post(&party, &posted)),
    ] {
        assert_eq!(sign_in.signature, VERIFIED);
        let replay = sign_in.replay.unwrap();
        assert_eq!(
            (replay.relying_party, replay.id.as_str()),
            (party.id, "_a1b2c3")
        );
        assert!(
            replay.expires > NOW + time::Duration::minutes(60 + 60 + 10),
            "outlives the flow"
        );
    }
}

#[test]
fn sec_sig_01_unsigned_where_signatures_are_demanded() {
    let xml = message().xml();
    for result in [
        post(&demanding(keyed()), &form(&xml)),
        get(&demanding(keyed()), &redirect(&xml)),
    ] {
        assert!(matches!(result, Err(E::RelyingPartySamlUnsigned { .. })));
    }
    assert!(post(&keyed(), &form(&xml)).is_ok(), "not demanded");
}

#[test]
fn sec_sig_11_parameters_come_once_and_are_verified_as_they_came() {
    let party = demanding(keyed());
    let unsigned = format!("{}&RelayState=a%2Bb", redirect(&message().xml()));
    let signed = sign_query(&unsigned, wiki_key(), RsaSha256);
    assert!(get(&party, &signed).is_ok());
    for again in [
        "SAMLRequest=x",
        "SigAlg=x",
        "Signature=x",
        "RelayState=x",
        "RelayState=",
    ] {
        let result = get(&party, &format!("{signed}&{again}"));
        assert!(
            matches!(result, Err(E::RequestRepeatsParameter { .. })),
            "{again}"
        );
    }
    assert_eq!(
        get(&party, &format!("{signed}&SAMLResponse=x")),
        Err(E::RequestMixesMessages)
    );

    let parts: Vec<&str> = signed.split('&').collect();
    let reversed = parts.iter().rev().copied().collect::<Vec<_>>().join("&");
    assert!(
        get(&party, &reversed).is_ok(),
        "order of the query is not order of the signature"
    );

    let other_case = signed.replace("a%2Bb", "a%2bb");
    assert_ne!(other_case, signed);
    for changed in [
        other_case,
        signed.replace("RelayState=a%2Bb", "RelayState=a+b"),
        signed.replace("&RelayState=a%2Bb", ""),
        signed.replace("&RelayState=a%2Bb", "&RelayState="),
        signed.replace("SigAlg=http", "SigAlg=%68ttp"),
    ] {
        let result = get(&party, &changed);
        assert!(
            matches!(result, Err(E::RelyingPartySamlSignature { .. })),
            "{changed}"
        );
    }
    let renamed = signed.replace("SigAlg=", "SigAl%67=");
    assert!(matches!(
        get(&party, &renamed),
        Err(E::RequestMalformed { part: "SigAlg", .. })
    ));

    let empty_state = sign_query(
        &format!("{}&RelayState=", redirect(&message().xml())),
        wiki_key(),
        RsaSha256,
    );
    assert!(get(&party, &empty_state).is_ok());
    let lower = redirect(&message().xml())
        .replace("%2B", "%2b")
        .replace("%3D", "%3d")
        .replace("%2F", "%2f");
    assert!(
        get(&party, &sign_query(&lower, wiki_key(), RsaSha256)).is_ok(),
        "signed in lower case"
    );
}

#[test]
fn sec_sig_11_half_a_signature_is_refused() {
    let signed = sign_query(&redirect(&message().xml()), wiki_key(), RsaSha256);
    let (without_value, _) = signed.rsplit_once("&Signature=").unwrap();
    assert!(matches!(
        get(&keyed(), without_value),
        Err(E::RelyingPartySamlEncoding { .. })
    ));
    let without_algorithm = redirect(&message().xml()) + "&Signature=QQ%3D%3D";
    assert!(matches!(
        get(&keyed(), &without_algorithm),
        Err(E::RelyingPartySamlEncoding { .. })
    ));
}

#[test]
fn sec_sig_12_the_signature_of_the_other_binding_counts_for_nothing() {
    let enveloped_by_query = redirect(&message().signed(wiki_key(), RsaSha256));
    assert_eq!(
        accepted(get(&keyed(), &enveloped_by_query)).signature,
        MessageSignature::Absent
    );
    assert!(matches!(
        get(&demanding(keyed()), &enveloped_by_query),
        Err(E::RelyingPartySamlUnsigned { .. })
    ));

    let signed = sign_query(&redirect(&message().xml()), wiki_key(), RsaSha256);
    let (_, signature) = signed.split_once("&SigAlg=").unwrap();
    let body = form(&message().xml());
    let query = format!("SigAlg={signature}");
    let send = |party: RelyingParty, query: &str, body: &str| {
        let request = ProtocolRequest::post(query.as_bytes(), body.as_bytes());
        receive(&request, &all([party]), &own(), &methods(), NOW)
    };
    assert_eq!(
        accepted(send(keyed(), &query, &body)).signature,
        MessageSignature::Absent
    );
    for (query, body) in [
        (query.as_str(), body.clone()),
        ("", format!("{body}&{query}")),
    ] {
        assert!(matches!(
            send(demanding(keyed()), query, &body),
            Err(E::RelyingPartySamlUnsigned { .. })
        ));
    }
}

#[test]
fn sec_sig_13_the_key_of_another_party_signs_nothing_here() {
    for party in [keyed(), demanding(keyed())] {
        let query = sign_query(&redirect(&message().xml()), other_key(), RsaSha256);
        let posted = form(&message().signed(other_key(), RsaSha256));
        for result in [get(&party, &query), post(&party, &posted)] {
            assert!(
                matches!(result, Err(E::RelyingPartySamlSignature { .. })),
                "{result:?}"
            );
        }
    }
    let mut other = RelyingParty::new("Other", "https://other.example.com/saml");
    other.request_signing_certificates = vec![other_key().certificate()];
    let body = form(&message().signed(other_key(), RsaSha256));
    let request = ProtocolRequest::post(b"", body.as_bytes());
    let result = receive(&request, &all([keyed(), other]), &own(), &methods(), NOW);
    assert!(matches!(result, Err(E::RelyingPartySamlSignature { .. })));
}

#[test]
fn sec_sig_14_a_verified_message_is_a_value_and_not_an_answer() {
    // The verifiers give proof types (signet_xml::Verified, VerifiedMessage); what this room keeps of them says
    // which proof there was, and a changed message has none.
    let signed = message().signed(wiki_key(), RsaSha256);
    let changed = signed.replace("_a1b2c3", "_a1b2c4");
    assert!(matches!(
        post(&keyed(), &form(&changed)),
        Err(E::RelyingPartySamlSignature { .. })
    ));
    let changed = signed.replace("Destination=", "ForceAuthn=\"false\" Destination=");
    assert!(matches!(
        post(&keyed(), &form(&changed)),
        Err(E::RelyingPartySamlSignature { .. })
    ));
}

#[test]
fn sec_sig_15_without_a_key_nothing_counts_as_signed() {
    let query = sign_query(&redirect(&message().xml()), wiki_key(), RsaSha256);
    let posted = form(&message().signed(wiki_key(), RsaSha256));
    for result in [
        get(&demanding(wiki()), &query),
        post(&demanding(wiki()), &posted),
    ] {
        assert!(matches!(result, Err(E::OperatorRequestKeyMissing { .. })));
    }
    for result in [get(&wiki(), &query), post(&wiki(), &posted)] {
        let sign_in = accepted(result);
        assert_eq!(sign_in.signature, MessageSignature::Unchecked);
        assert_eq!(sign_in.replay, None);
    }
    let mut broken = demanding(wiki());
    broken.request_signing_certificates = vec!["bm90IGEgY2VydGlmaWNhdGU=".to_owned()];
    assert!(matches!(
        get(&broken, &query),
        Err(E::OperatorRequestKeyUnusable { .. })
    ));
    broken
        .request_signing_certificates
        .push(wiki_key().certificate());
    assert_eq!(accepted(get(&broken, &query)).signature, VERIFIED);
}

#[test]
fn sec_sig_10_sha1_only_for_a_party_set_so() {
    let query = sign_query(&redirect(&message().xml()), wiki_key(), RsaSha1);
    let posted = form(&message().signed(wiki_key(), RsaSha1));
    for result in [get(&keyed(), &query), post(&keyed(), &posted)] {
        assert!(matches!(result, Err(E::RelyingPartySamlAlgorithm { .. })));
    }
    let mut old = keyed();
    old.signature_algorithm = SignatureAlgorithm::RsaSha1;
    for result in [get(&old, &query), post(&old, &posted)] {
        assert_eq!(
            accepted(result).signature,
            MessageSignature::Verified { sha1: true }
        );
    }
    let hmac = query.replace("rsa-sha1", "hmac-sha1");
    assert!(matches!(
        get(&old, &hmac),
        Err(E::RelyingPartySamlAlgorithm { .. })
    ));
}

#[test]
fn sec_saml_06_a_signed_request_names_its_destination() {
    let xml = Message::authn().xml();
    let query = sign_query(&redirect(&xml), wiki_key(), RsaSha256);
    assert!(matches!(
        get(&keyed(), &query),
        Err(E::RelyingPartySamlDestination { destination: None })
    ));
    assert!(get(&wiki(), &query).is_ok(), "counts as unsigned");
}

#[test]
fn sec_saml_08_a_replayed_request_has_the_same_key() {
    let posted = form(&message().signed(wiki_key(), RsaSha256));
    let party = keyed();
    let first = accepted(post(&party, &posted)).replay.unwrap();
    let second = accepted(post(&party, &posted)).replay.unwrap();
    assert_eq!(first, second);
    let other = form(&message().id("_other").signed(wiki_key(), RsaSha256));
    assert_ne!(accepted(post(&party, &other)).replay.unwrap(), first);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any re-encoding of a signed query that changes an octet of a signed value is refused.
    #[test]
    fn sec_sig_11_any_reencoding_breaks_the_signature(at in 0usize..4000, lower in any::<bool>()) {
        let party = demanding(keyed());
        let signed = sign_query(&format!("{}&RelayState=abc", redirect(&message().xml())), wiki_key(), RsaSha256);
        let (values, _) = signed.split_once("&Signature=").unwrap();
        let at = at % values.len();
        let octet = values.as_bytes()[at];
        prop_assume!(octet.is_ascii_alphanumeric());
        let escaped = if lower { format!("%{octet:02x}") } else { format!("%{octet:02X}") };
        let changed = format!("{}{escaped}{}", &signed[..at], &signed[at + 1..]);
        prop_assert!(get(&party, &changed).is_err());
    }
}
