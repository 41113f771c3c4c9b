//! Envelopes.

use super::*;
use crate::error::ProtocolError as E;
use crate::receive::receive as receive_either;
use crate::testing::wiki;

#[test]
fn both_bindings_carry_the_same_message() {
    let xml = Message::authn().xml();
    let by_query = request(get(&wiki(), &format!("{}&RelayState=s", redirect(&xml))));
    let by_form = request(post(&wiki(), &format!("{}&RelayState=s", form(&xml))));
    assert_eq!(by_query.in_response_to, by_form.in_response_to);
    assert_eq!(by_query.state, by_form.state);
    let lines: Vec<String> = STANDARD
        .encode(&xml)
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    let in_lines = format!("SAMLRequest={}", encode(&lines.join("\r\n")));
    assert!(
        post(&wiki(), &in_lines).is_ok(),
        "Shibboleth posts base64 in lines"
    );
}

#[test]
fn sec_saml_25_redirect_takes_one_strict_encoding() {
    let good = deflate(&Message::authn().xml());
    assert!(get(&wiki(), &format!("SAMLRequest={}", encode(&good))).is_ok());
    let url_safe = good.replace('+', "-").replace('/', "_");
    let unpadded = good.trim_end_matches('=').to_owned();
    let mut bad = vec![
        format!("{} ", good),
        format!("{}\n", good),
        format!("{}====", good),
        format!("{}AAAA", good.trim_end_matches('=')),
        format!("%{good}"),
        String::new(),
        STANDARD.encode(Message::authn().xml()),
    ];
    if url_safe != good {
        bad.push(url_safe);
    }
    if unpadded != good {
        bad.push(unpadded);
    }
    for text in bad {
        let result = get(&wiki(), &format!("SAMLRequest={}", encode(&text)));
        assert!(
            matches!(result, Err(E::RelyingPartySamlEncoding { .. })),
            "{text} {result:?}"
        );
    }
    // Bits behind the last octet: "QQ==" and "QR==" are the same octet, and only one is canonical.
    assert!(super::super::encoding::strict(b"QQ==").is_ok());
    assert!(super::super::encoding::strict(b"QR==").is_err());
    let other = format!("SAMLRequest={}&SAMLEncoding=gzip", encode(&good));
    assert!(matches!(
        get(&wiki(), &other),
        Err(E::RelyingPartySamlEncoding { .. })
    ));
    let bomb = deflate(&" ".repeat(8 << 20));
    let result = get(&wiki(), &format!("SAMLRequest={}", encode(&bomb)));
    assert!(
        matches!(result, Err(E::RelyingPartySamlEncoding { .. })),
        "{result:?}"
    );
}

#[test]
fn sec_saml_25_a_posted_message_is_capped() {
    let padded = format!("{}{}", Message::authn().xml(), " ".repeat(64 * 1024));
    assert!(matches!(
        post(&wiki(), &form(&padded)),
        Err(E::RequestTooLarge { .. })
    ));
    let huge = format!("SAMLRequest={}", "A".repeat(200 * 1024));
    assert!(matches!(
        post(&wiki(), &huge),
        Err(E::RequestTooLarge { .. })
    ));
}

#[test]
fn sec_saml_20_state_is_capped_and_echoed_exactly_or_refused() {
    let message = form(&Message::authn().xml());
    let longest = "s".repeat(1024);
    let kept = request(post(&wiki(), &format!("{message}&RelayState={longest}")));
    assert_eq!(kept.state, Some(longest.clone()));
    for size in [1025, 64 * 1024] {
        let body = format!("{message}&RelayState={}", "s".repeat(size));
        assert!(
            matches!(post(&wiki(), &body), Err(E::RequestTooLarge { .. })),
            "{size}"
        );
    }
    for bad in ["%00", "a%0d%0aSet-Cookie:b", "%ff"] {
        let body = format!("{message}&RelayState={bad}");
        assert!(
            matches!(post(&wiki(), &body), Err(E::RequestMalformed { .. })),
            "{bad}"
        );
    }
    let empty = request(post(&wiki(), &format!("{message}&RelayState=")));
    assert_eq!(empty.state.as_deref(), Some(""));
}

#[test]
fn one_message_in_one_place() {
    let xml = Message::authn().xml();
    let (query, body) = (redirect(&xml), form(&xml));
    let both = ProtocolRequest::post(query.as_bytes(), body.as_bytes());
    let result = receive(&both, &all([wiki()]), &own(), &methods(), NOW);
    assert!(matches!(result, Err(E::RequestSplit { .. })));
    let continued = ProtocolRequest::post(query.as_bytes(), b"UserName=anna&Password=x");
    assert!(receive(&continued, &all([wiki()]), &own(), &methods(), NOW).is_ok());
    let with_response = format!("{query}&SAMLResponse=x");
    assert_eq!(get(&wiki(), &with_response), Err(E::RequestMixesMessages));
    assert_eq!(get(&wiki(), "x=y"), Err(E::RequestHasNoMessage));
    assert_eq!(get(&wiki(), "samlrequest=y"), Err(E::RequestHasNoMessage));
}

#[test]
fn one_protocol_at_a_time() {
    let parties = all([wiki()]);
    let either = |query: &str| {
        let request = ProtocolRequest::get(query.as_bytes());
        receive_either(&request, &parties, &own(), &methods(), NOW)
    };
    let saml = redirect(&Message::authn().xml());
    let wsfed = format!("wa=wsignin1.0&wtrealm={}", encode(WIKI));
    assert!(matches!(
        either(&saml),
        Ok(crate::Received::Saml(SamlAction::SignIn(_)))
    ));
    assert!(matches!(either(&wsfed), Ok(crate::Received::WsFed(_))));
    assert_eq!(
        either(&format!("{saml}&{wsfed}")),
        Err(E::RequestMixesMessages)
    );
    assert_eq!(either("foo=bar"), Err(E::RequestHasNoMessage));
    let both = format!("{saml}&{wsfed}");
    assert_eq!(get(&wiki(), &both), Err(E::RequestMixesMessages));
    let both = ProtocolRequest::get(both.as_bytes());
    assert_eq!(
        crate::wsfed::receive(&both, &parties, &methods(), NOW),
        Err(E::RequestMixesMessages)
    );
}

#[test]
fn other_messages_are_refused() {
    for local in ["Response", "ArtifactResolve", "ManageNameIDRequest"] {
        let xml = Message::authn().xml().replace("AuthnRequest", local);
        let result = post(&wiki(), &form(&xml));
        assert!(
            matches!(result, Err(E::RelyingPartySamlMessageUnexpected { .. })),
            "{local}"
        );
    }
    let as_response = form(&Message::authn().xml()).replace("SAMLRequest", "SAMLResponse");
    assert!(matches!(
        post(&wiki(), &as_response),
        Err(E::RelyingPartySamlMessageUnexpected { .. })
    ));
    let other_namespace = Message::authn()
        .xml()
        .replace(super::super::names::SAMLP, "urn:x");
    assert!(matches!(
        post(&wiki(), &form(&other_namespace)),
        Err(E::RelyingPartySamlMessageUnexpected { .. })
    ));
}
