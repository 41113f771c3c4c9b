//! The routes of the built-in relying party.

use std::io::Write as _;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use http::StatusCode;
use http::header::LOCATION;
use signet_model::{Culprit, MessagePair};
use signet_pages::{DemoHomePage, DemoTokenPage};
use signet_xml::{TrustedKey, instant};

use super::data::{PASSWORD, PEOPLE, SAML_ENTRA, SAML_WIKI, WSFED_REALM};
use super::token::{Token, from_response, from_wresult, indented, status_of};
use super::verdict::{Partner, judge, overall};
use crate::flow::Reply;
use crate::house::House;
use crate::web::caller::Caller;

/// `GET /demo/`.
pub(crate) async fn home(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let reply = Reply::new(&house, &caller);
    let wsfed = |extra: &str| {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("wa", "wsignin1.0")
            .append_pair("wtrealm", WSFED_REALM)
            .append_pair("wctx", "LoginOptions=3&estsredirect=2&estsrequest=demo")
            .finish();
        format!("/adfs/ls/?{query}{extra}")
    };
    let starts = [
        (
            wsfed(""),
            "Sign in as to Microsoft 365 (WS-Federation)",
            "What Entra sends for a federated domain; the answer is a SAML 1.1 token.",
        ),
        (
            wsfed("&wfresh=0"),
            "The same, and ask for the password again",
            "wfresh=0: a session does not count.",
        ),
        (
            wsfed("&wauth=http%3A%2F%2Fschemas.microsoft.com%2Fclaims%2Fmultipleauthn"),
            "The same, and ask for several factors",
            "wauth=multipleauthn: an authenticator app or a passkey is set up on the way.",
        ),
        (
            "/demo/saml/entra/start".to_owned(),
            "Sign in as to Microsoft 365 (SAML 2.0)",
            "For domains that are federated with SAML.",
        ),
        (
            "/demo/saml/wiki/start".to_owned(),
            "Sign in to the Contoso Wiki (SAML 2.0)",
            "An ordinary application: name, mail address, groups.",
        ),
        (
            "/adfs/portal/factors".to_owned(),
            "Your own factors",
            "What is set up, with buttons to add and to remove.",
        ),
        (
            "/adfs/ls/?wa=wsignout1.0".to_owned(),
            "Sign out",
            "Ends the session and tells the applications.",
        ),
    ];
    let people: Vec<_> = PEOPLE
        .iter()
        .map(|(name, shows)| ((*name).to_owned(), PASSWORD.to_owned(), (*shows).to_owned()))
        .collect();
    let page = DemoHomePage {
        brand: &house.brand,
        language: reply.language_for(None),
        starts: &starts,
        people: &people,
    };
    reply.html(StatusCode::OK, &page)
}

/// `GET /demo/saml/entra/start`.
pub(crate) async fn start_saml_entra(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    start_saml(&house, &caller, SAML_ENTRA)
}

/// `GET /demo/saml/wiki/start`.
pub(crate) async fn start_saml_wiki(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    start_saml(&house, &caller, SAML_WIKI)
}

/// Sends an `AuthnRequest` by redirect (saml-bindings-2.0-os 3.4.4.1).
fn start_saml(house: &House, caller: &Caller, entity_id: &str) -> Response {
    let reply = Reply::new(house, caller);
    let request = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_{}\" Version=\"2.0\" IssueInstant=\"{}\"><saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{entity_id}</saml:Issuer></samlp:AuthnRequest>",
        caller.context.activity,
        instant(house.clock.now()),
    );
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let deflated = encoder
        .write_all(request.as_bytes())
        .and_then(|()| encoder.finish());
    let Ok(deflated) = deflated else {
        return reply.status(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLRequest", &STANDARD.encode(deflated))
        .append_pair("RelayState", "demo")
        .finish();
    reply.redirect(
        StatusCode::SEE_OTHER,
        LOCATION,
        &format!("/adfs/ls/?{query}"),
    )
}

/// `POST /demo/wsfed`.
pub(crate) async fn receive_wsfed(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    let wresult = field(&body, "wresult");
    // A relying party also answers the clean-up of a sign-out here.
    let read = match wresult.as_deref() {
        Some(xml) => from_wresult(xml, &published_keys(&house)),
        None => Err("the form has no wresult".to_owned()),
    };
    show(
        &house,
        &caller,
        Partner::Entra {
            audience: WSFED_REALM,
        },
        "WS-Federation",
        &wresult.unwrap_or_default(),
        read,
    )
}

/// `POST /demo/saml/entra`.
pub(crate) async fn receive_saml_entra(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    receive_saml(
        &house,
        &caller,
        &body,
        Partner::Entra {
            audience: SAML_ENTRA,
        },
    )
}

/// `POST /demo/saml/wiki`.
pub(crate) async fn receive_saml_wiki(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Response {
    receive_saml(
        &house,
        &caller,
        &body,
        Partner::Application {
            audience: SAML_WIKI,
        },
    )
}

fn receive_saml(house: &House, caller: &Caller, body: &[u8], partner: Partner) -> Response {
    let xml = field(body, "SAMLResponse")
        .and_then(|text| STANDARD.decode(text).ok())
        .and_then(|octets| String::from_utf8(octets).ok())
        .unwrap_or_default();
    let read = match status_of(&xml) {
        Some(status) if !status.ends_with(":Success") => Err(format!("the response says {status}")),
        _ => from_response(&xml, &published_keys(house)),
    };
    show(house, caller, partner, "SAML 2.0 Web SSO", &xml, read)
}

fn show(
    house: &House,
    caller: &Caller,
    partner: Partner,
    protocol: &str,
    xml: &str,
    read: Result<Token, String>,
) -> Response {
    let reply = Reply::new(house, caller);
    let token = match read {
        Ok(token) => token,
        Err(detail) => {
            return reply.message(&MessagePair {
                code: "SIG-DEMO-TOKEN",
                culprit: Culprit::RelyingParty,
                public: "The demonstration's relying party got no token that it can verify.",
                hint: "Start again from /demo/.",
                private: detail,
            });
        }
    };
    let now = house.clock.now();
    let findings = judge(&token, partner, house.trust.load().domains(), now);
    let facts = facts(&token);
    let page = DemoTokenPage {
        brand: &house.brand,
        language: reply.language_for(None),
        verdict: overall(&findings),
        kind: &format!("{} token by {protocol}", token.version),
        facts: &facts,
        claims: &token.claims,
        findings: &findings,
        xml: &indented(xml),
        sign_out: "/adfs/ls/?wa=wsignout1.0",
    };
    reply.html(StatusCode::OK, &page)
}

fn facts(token: &Token) -> Vec<(String, String)> {
    let time = |at: Option<time::OffsetDateTime>| at.map_or_else(|| "none".to_owned(), instant);
    let rows = [
        ("Token id", token.id.clone()),
        ("Issuer", token.issuer.clone()),
        ("Audience", token.audience.clone()),
        ("Subject", token.name_id.clone()),
        ("Subject format", token.name_id_format.clone()),
        ("Valid from", time(token.not_before)),
        ("Valid until", time(token.not_on_or_after)),
        ("Signed in at", time(token.authenticated_at)),
        ("Signed in by", token.method.clone()),
        (
            "Deliver to",
            token
                .recipient
                .clone()
                .unwrap_or_else(|| "the reply address".to_owned()),
        ),
        (
            "Signature",
            format!(
                "{}, published certificate number {}",
                token.signed_with,
                token.key + 1
            ),
        ),
    ];
    rows.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn published_keys(house: &House) -> Vec<TrustedKey> {
    house
        .signer
        .keys()
        .certificates()
        .filter_map(|der| TrustedKey::from_certificate_der(der).ok())
        .collect()
}

fn field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body)
        .take(32)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
