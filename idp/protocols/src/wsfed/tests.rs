//! WS-Federation messages, as Entra sends them and as nobody should.

use proptest::prelude::*;
use signet_model::relying_party::{LogoutService, ProtocolProfile, ReplyMatch, TokenType};
use signet_model::uris::{ENTRA_REALM, ENTRA_REPLY, authn, binding};
use signet_model::{RelyingParty, SignInRequest};
use time::Duration;

use super::respond::build_form;
use super::{WsFedAction, clean_up_addresses, receive, respond_signed_out};
use crate::error::ProtocolError as E;
use crate::testing::{NOW, all, entra, methods, wiki};
use crate::wire::ProtocolRequest;

fn get(query: &str) -> Result<WsFedAction, E> {
    receive(
        &ProtocolRequest::get(query.as_bytes()),
        &all([entra(), wiki()]),
        &methods(),
        NOW,
    )
}

fn post(query: &str, body: &str) -> Result<WsFedAction, E> {
    let request = ProtocolRequest::post(query.as_bytes(), body.as_bytes());
    receive(&request, &all([entra(), wiki()]), &methods(), NOW)
}

fn signs_in(party: RelyingParty, more: &str) -> Result<SignInRequest, E> {
    let realm = encode(party.primary_identifier());
    let query = format!("wa=wsignin1.0&wtrealm={realm}{more}");
    match receive(
        &ProtocolRequest::get(query.as_bytes()),
        &all([party]),
        &methods(),
        NOW,
    )? {
        WsFedAction::SignIn(request) => Ok(*request),
        other => panic!("{other:?}"),
    }
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

const ENTRA_QUERY: &str = "client-request-id=5dea8e25-04c7-4f3a-8b9a-1d6f1f0f0b01\
    &username=anna%40contoso.com&wa=wsignin1.0&wtrealm=urn%3afederation%3aMicrosoftOnline\
    &wctx=LoginOptions%3D3%26estsredirect%3d2%26estsrequest%3drQQIARAA-_~%2b%2f%3d\
    &cbcxt=&mkt=&lc=";

#[test]
fn the_request_of_entra_is_read() {
    let WsFedAction::SignIn(request) = get(ENTRA_QUERY).unwrap() else {
        panic!()
    };
    assert_eq!(request.audience, ENTRA_REALM);
    assert_eq!(request.reply_to.as_str(), ENTRA_REPLY);
    assert_eq!(request.token_type, TokenType::Saml11);
    assert_eq!(request.hints.username.as_deref(), Some("anna@contoso.com"));
    assert_eq!(request.authentication.max_age, None);
    assert!(request.authentication.methods.is_empty());
    let context = "LoginOptions=3&estsredirect=2&estsrequest=rQQIARAA-_~+/=";
    assert_eq!(request.state.as_deref(), Some(context));
    assert_eq!(request.received_at, NOW);
}

#[test]
fn names_of_parameters_are_read_in_any_case() {
    let query = "WA=wsignin1.0&WtRealm=urn:federation:MicrosoftOnline&WCTX=a";
    let WsFedAction::SignIn(request) = get(query).unwrap() else {
        panic!()
    };
    assert_eq!(request.state.as_deref(), Some("a"));
}

#[test]
fn the_form_carries_what_the_request_said() {
    let request = signs_in(entra(), "&wctx=a%3Db%26c%22%3E%3Csvg%3E").unwrap();
    let form = build_form(&request, "<t:X></t:X>".to_owned());
    assert_eq!(form.action, ENTRA_REPLY);
    assert_eq!(
        form.fields,
        [
            ("wa", "wsignin1.0".to_owned()),
            ("wresult", "<t:X></t:X>".to_owned()),
            ("wctx", "a=b&c\"><svg>".to_owned()),
        ]
    );
    assert_eq!(
        form.origin().as_deref(),
        Some("https://login.microsoftonline.com")
    );
    let without = signs_in(entra(), "").unwrap();
    assert_eq!(build_form(&without, String::new()).value("wctx"), None);
}

#[test]
fn sec_wsf_02_the_reply_address_of_another_realm_is_refused() {
    let other = encode("https://wiki.example.com/signin");
    let refused = signs_in(entra(), &format!("&wreply={other}"));
    assert!(
        matches!(refused, Err(E::RelyingPartyReplyUnregistered { .. })),
        "{refused:?}"
    );
    let second = encode("https://ccs.login.microsoftonline.com/login.srf");
    let request = signs_in(entra(), &format!("&wreply={second}")).unwrap();
    assert_eq!(
        request.reply_to.as_str(),
        "https://ccs.login.microsoftonline.com/login.srf"
    );
    assert_eq!(
        signs_in(entra(), "&wreply=").unwrap().reply_to.as_str(),
        ENTRA_REPLY
    );
}

#[test]
fn sec_wsf_01_prefix_holds_only_for_a_relying_party_set_so() {
    let below = format!(
        "&wreply={}",
        encode("https://wiki.example.com/signin/deep?x=1")
    );
    assert!(signs_in(wiki(), &below).is_err());
    let mut party = wiki();
    party.reply_match = ReplyMatch::PathPrefix;
    let request = signs_in(party, &below).unwrap();
    assert_eq!(
        request.reply_to.as_str(),
        "https://wiki.example.com/signin/deep?x=1"
    );
}

/// Every parameter that could pass for an address: none of them moves the answer.
#[test]
fn sec_web_04_no_parameter_redirects_off_the_registered_addresses() {
    let evil = encode("https://evil.tld/");
    for name in [
        "whr",
        "wreq",
        "wct",
        "wp",
        "wres",
        "wreqptr",
        "wresultptr",
        "ru",
        "ReturnUrl",
        "cbcxt",
        "RedirectToIdentityProvider",
        "username",
        "login_hint",
        "mkt",
        "lc",
        "client-request-id",
    ] {
        let request = signs_in(entra(), &format!("&{name}={evil}")).unwrap();
        assert_eq!(request.reply_to.as_str(), ENTRA_REPLY, "{name}");
    }
}

#[test]
fn sec_wsf_03_realms_are_compared_octet_by_octet() {
    for realm in [
        "urn:federation:microsoftonline",
        "URN:federation:MicrosoftOnline",
        "urn:federation:MicrosoftOnline/",
        "urn:federation:MicrosoftOnline ",
        " urn:federation:MicrosoftOnline",
        "urn:federation: MicrosoftOnline",
        "urn:federation:MicrosoftOnline\0",
        "urn:federation:MicrosoftOnl\u{131}ne",
        "https://wiki.example.com/saml/",
        "<script>alert(1)</script>",
        "urn:nobody",
    ] {
        let result = get(&format!("wa=wsignin1.0&wtrealm={}", encode(realm)));
        assert!(
            matches!(result, Err(E::OperatorRelyingPartyUnknown { .. })),
            "{realm:?}"
        );
    }
    assert!(matches!(
        get("wa=wsignin1.0"),
        Err(E::RelyingPartyUnnamed { .. })
    ));
    let message = get("wa=wsignin1.0&wtrealm=urn%3Anobody")
        .unwrap_err()
        .message();
    assert_eq!(message.code, "SIG-WSFED-UNKNOWN-REALM");
    assert!(message.private.contains("urn:nobody") && !message.public.contains("nobody"));
}

#[test]
fn sec_wsf_04_context_is_echoed_exactly_or_refused() {
    let realm = "wa=wsignin1.0&wtrealm=urn:federation:MicrosoftOnline";
    let longest = "x".repeat(8 * 1024);
    let WsFedAction::SignIn(request) = get(&format!("{realm}&wctx={longest}")).unwrap() else {
        panic!()
    };
    assert_eq!(request.state, Some(longest.clone()));
    assert!(matches!(
        get(&format!("{realm}&wctx={longest}x")),
        Err(E::RequestTooLarge { part: "wctx", .. })
    ));
    let huge = "x".repeat(60 * 1024);
    assert!(matches!(
        get(&format!("{realm}&wctx={huge}")),
        Err(E::RequestTooLarge { .. })
    ));
    for bad in ["%ff", "%00", "a%0d%0ab", "%0a", "%ED%A0%80", "%", "%4"] {
        let result = get(&format!("{realm}&wctx={bad}"));
        assert!(
            matches!(result, Err(E::RequestMalformed { part: "wctx", .. })),
            "{bad}"
        );
    }
    for odd in [
        "\"><svg onload=alert(1)>",
        "</form>",
        "\u{2028}",
        "\u{fffe}",
        "é€😀",
        "'",
    ] {
        let WsFedAction::SignIn(request) = get(&format!("{realm}&wctx={}", encode(odd))).unwrap()
        else {
            panic!()
        };
        assert_eq!(request.state.as_deref(), Some(odd));
    }
}

#[test]
fn sec_wsf_05_repeated_and_split_parameters_are_refused() {
    let good = "wa=wsignin1.0&wtrealm=urn:federation:MicrosoftOnline&wreply=&wctx=1";
    for again in [
        "wa=wsignin1.0",
        "wtrealm=x",
        "wreply=y",
        "wctx=2",
        "WCTX=1",
        "w%63tx=1",
    ] {
        let result = get(&format!("{good}&{again}"));
        assert!(
            matches!(result, Err(E::RequestRepeatsParameter { .. })),
            "{again}"
        );
    }
    for twice in [
        "wfresh=0",
        "wauth=a",
        "whr=a",
        "wct=a",
        "wreq=a",
        "username=a",
        "login_hint=a",
        "prompt=a",
        "resource_params=e30",
        "mkt=de",
        "lc=1",
    ] {
        let result = get(&format!("{good}&{twice}&{twice}"));
        assert!(
            matches!(result, Err(E::RequestRepeatsParameter { .. })),
            "{twice}"
        );
    }
    for body in [
        good,
        "wtrealm=urn:federation:MicrosoftOnline",
        "wreply=x",
        "WCTX=1",
        "wauth=x",
        "wa=",
    ] {
        let result = post(good, body);
        assert!(matches!(result, Err(E::RequestSplit { .. })), "{body}");
    }
    assert!(matches!(
        post("wctx=1", "wa=wsignin1.0"),
        Err(E::RequestSplit { .. })
    ));
}

#[test]
fn a_message_may_come_in_the_body_and_our_own_form_leaves_it_in_the_query() {
    let good = "wa=wsignin1.0&wtrealm=urn:federation:MicrosoftOnline&wctx=1";
    let ours = "UserName=anna&Password=x&AuthMethod=FormsAuthentication";
    let WsFedAction::SignIn(in_query) = post(good, ours).unwrap() else {
        panic!()
    };
    assert_eq!(in_query.hints.username, None);
    let WsFedAction::SignIn(in_body) = post("client-request-id=x", good).unwrap() else {
        panic!()
    };
    assert_eq!(in_body.state, in_query.state);
}

#[test]
fn sec_wsf_06_freshness_is_minutes_or_an_error() {
    let fresh = |text: &str| signs_in(entra(), &format!("&wfresh={text}"));
    assert_eq!(
        fresh("0").unwrap().authentication.max_age,
        Some(Duration::ZERO)
    );
    assert!(fresh("00").unwrap().authentication.demands_fresh());
    assert_eq!(
        fresh("90").unwrap().authentication.max_age,
        Some(Duration::minutes(90))
    );
    assert_eq!(fresh("").unwrap().authentication.max_age, None);
    for bad in [
        "-1",
        "1e99",
        "x",
        "%2B1",
        "1.5",
        "%D9%A3",
        "+1",
        "99999999999",
        " ",
        "0x1",
    ] {
        let refused = fresh(bad).unwrap_err();
        assert!(
            matches!(refused, E::RelyingPartyFreshnessInvalid { .. }),
            "{bad}"
        );
        assert_eq!(refused.http_status(), 400);
    }
    assert!(
        fresh("5&wct=1999-01-01T00:00:00Z").is_ok(),
        "wct is nobody's business"
    );
}

#[test]
fn prompt_login_asks_for_fresh_credentials() {
    assert!(
        signs_in(entra(), "&prompt=login")
            .unwrap()
            .authentication
            .demands_fresh()
    );
    assert!(
        signs_in(entra(), "&prompt=login&wfresh=90")
            .unwrap()
            .authentication
            .demands_fresh()
    );
    assert!(
        !signs_in(entra(), "&prompt=none")
            .unwrap()
            .authentication
            .demands_fresh()
    );
    let translated = format!("&wfresh=0&wauth={}", encode(authn::MS_PASSWORD));
    let request = signs_in(entra(), &translated).unwrap();
    assert!(request.authentication.demands_fresh());
    assert_eq!(request.authentication.methods, [authn::MS_PASSWORD]);
}

#[test]
fn sec_wsf_07_methods_are_performed_or_refused() {
    let wauth = |uri: &str| signs_in(entra(), &format!("&wauth={}", encode(uri)));
    for good in [
        authn::SAML1_PASSWORD,
        authn::MS_PASSWORD,
        authn::PASSWORD_PROTECTED_TRANSPORT,
    ] {
        assert_eq!(wauth(good).unwrap().authentication.methods, [good]);
    }
    for missing in [
        authn::MULTIPLE,
        authn::WINDOWS,
        authn::WS_TLS_CLIENT,
        authn::WINDOWS_OR_MULTIPLE,
        authn::X509,
        authn::KERBEROS,
        "wiaormultiauthn",
    ] {
        let refused = wauth(missing).unwrap_err();
        assert!(
            matches!(refused, E::RelyingPartyMethodUnavailable { .. }),
            "{missing}"
        );
    }
    for unknown in [
        "urn:nobody:knows",
        "PASSWORD",
        "http://schemas.microsoft.com/claims/Multipleauthn",
    ] {
        let refused = wauth(unknown).unwrap_err();
        assert!(
            matches!(refused, E::RelyingPartyMethodUnknown { .. }),
            "{unknown}"
        );
    }
    let joining = "&resource_params=\
        eyJQcm9wZXJ0aWVzIjpbeyJLZXkiOiJhY3IiLCJWYWx1ZSI6IndpYW9ybXVsdGlhdXRobiJ9XX0";
    let both = format!("{joining}&wauth={}", encode(authn::MS_PASSWORD));
    for query in [joining, &both] {
        let refused = signs_in(entra(), query).unwrap_err();
        assert!(matches!(refused, E::RelyingPartyMethodUnavailable { .. }));
    }
    assert!(matches!(
        signs_in(entra(), "&resource_params=%21"),
        Err(E::RequestMalformed {
            part: "resource_params",
            ..
        })
    ));
}

#[test]
fn sec_wsf_08_hints_are_hints() {
    let markup = encode("<b>\"anna\"@contoso.com");
    let request = signs_in(
        entra(),
        &format!("&username={markup}&whr=http%3A%2F%2Fevil/"),
    )
    .unwrap();
    assert_eq!(
        request.hints.username.as_deref(),
        Some("<b>\"anna\"@contoso.com")
    );
    assert_eq!(request.hints.home_realm.as_deref(), Some("http://evil/"));
    assert_eq!(request.reply_to.as_str(), ENTRA_REPLY);
    assert!(request.authentication.methods.is_empty());
    assert_eq!(
        signs_in(entra(), "&username=a%0db").unwrap().hints.username,
        None
    );
    let both = signs_in(entra(), "&username=&login_hint=bert&mkt=de-CH&lc=1033").unwrap();
    assert_eq!(both.hints.username.as_deref(), Some("bert"));
    assert_eq!(both.hints.language.as_deref(), Some("de-CH"));
    assert_eq!(
        signs_in(entra(), "&lc=1031")
            .unwrap()
            .hints
            .language
            .as_deref(),
        Some("de-DE")
    );
    assert!(matches!(
        signs_in(entra(), &format!("&username={}", "u".repeat(600))),
        Err(E::RequestTooLarge {
            part: "username",
            ..
        })
    ));
}

#[test]
fn sec_saml_07_disabled_and_other_protocol_are_refused_here_too() {
    let mut disabled = entra();
    disabled.enabled = false;
    assert!(matches!(
        signs_in(disabled, ""),
        Err(E::OperatorRelyingPartyDisabled { .. })
    ));
    let mut saml_only = entra();
    saml_only.protocols = ProtocolProfile::Saml;
    assert!(matches!(
        signs_in(saml_only, ""),
        Err(E::OperatorProtocolNotAllowed { .. })
    ));
}

#[test]
fn other_actions_and_results_are_refused() {
    for wa in ["wsignin1.1", "", "WSIGNIN1.0", "wattr1.0", "%3Cscript%3E"] {
        let result = get(&format!("wa={wa}&wtrealm=urn:federation:MicrosoftOnline"));
        assert!(
            matches!(result, Err(E::RelyingPartyActionUnknown { .. })),
            "{wa}"
        );
    }
    let result = post("", "wa=wsignin1.0&wresult=%3Cx/%3E");
    assert!(matches!(result, Err(E::RelyingPartyActionUnknown { .. })));
}

#[test]
fn sec_wsf_09_sign_out_goes_on_and_returns_to_registered_addresses_only() {
    let out = |more: &str| match get(&format!("wa=wsignout1.0{more}")).unwrap() {
        WsFedAction::SignOut(out) => out,
        other => panic!("{other:?}"),
    };
    assert_eq!(respond_signed_out(&out("")), None);
    let registered = format!("&wreply={}", encode("https://wiki.example.com/signin"));
    let signed_out = out(&registered);
    assert_eq!(
        respond_signed_out(&signed_out).unwrap().location,
        "https://wiki.example.com/signin"
    );
    assert_eq!(signed_out.reply_refused, None);
    for wanted in [
        "https://evil.tld/",
        "//evil.tld",
        "javascript:alert(1)",
        "https://wiki.example.com/",
    ] {
        let signed_out = out(&format!("&wreply={}", encode(wanted)));
        assert_eq!(respond_signed_out(&signed_out), None, "{wanted}");
        assert_eq!(
            signed_out.reply_refused.unwrap().code,
            "SIG-REPLY-UNREGISTERED"
        );
    }
    let of_another = out(&format!("{registered}&wtrealm={}", encode(ENTRA_REALM)));
    assert_eq!(of_another.return_to, None);
    let of_nobody = out(&format!("{registered}&wtrealm=urn%3Anobody"));
    assert_eq!((of_nobody.return_to, of_nobody.relying_party), (None, None));
    let clean_up = get("wa=wsignoutcleanup1.0&wreply=https://evil.tld/").unwrap();
    let WsFedAction::SignOutCleanup(clean_up) = clean_up else {
        panic!()
    };
    assert_eq!(clean_up.return_to, None);
}

#[test]
fn sign_out_returns_to_a_logout_address_and_never_to_a_disabled_party() {
    let mut party = wiki();
    party.logout_services = vec![LogoutService {
        binding: binding::HTTP_REDIRECT.to_owned(),
        location: "https://wiki.example.com/slo".to_owned(),
        response_location: None,
    }];
    let query = format!(
        "wa=wsignout1.0&wreply={}",
        encode("https://wiki.example.com/slo")
    );
    let request = ProtocolRequest::get(query.as_bytes());
    let out = |party: &RelyingParty| match receive(&request, &all([party.clone()]), &methods(), NOW)
        .unwrap()
    {
        WsFedAction::SignOut(out) => out.return_to,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        out(&party).unwrap().as_str(),
        "https://wiki.example.com/slo"
    );
    party.enabled = false;
    assert_eq!(out(&party), None);
}

#[test]
fn clean_up_tells_each_partner_at_its_first_endpoint() {
    let mut with_query = wiki();
    with_query.wsfed_endpoints = vec!["https://wiki.example.com/signin?tenant=1".to_owned()];
    let mut disabled = wiki();
    disabled.enabled = false;
    let mut plain = wiki();
    plain.wsfed_endpoints = vec!["http://wiki.example.com/".to_owned()];
    assert_eq!(
        clean_up_addresses([&entra(), &with_query, &disabled, &plain]),
        [
            "https://login.microsoftonline.com/login.srf?wa=wsignoutcleanup1.0",
            "https://wiki.example.com/signin?tenant=1&wa=wsignoutcleanup1.0",
        ]
    );
}

proptest! {
    #[test]
    fn sec_wsf_04_any_context_makes_the_round_trip(context in "\\PC{0,200}") {
        let more = format!("&wctx={}", encode(&context));
        let request = signs_in(entra(), &more).unwrap();
        let form = build_form(&request, String::new());
        prop_assert_eq!(form.value("wctx"), Some(context.as_str()));
    }

    #[test]
    fn any_octets_never_panic_and_never_move_the_reply(
        query in proptest::collection::vec(any::<u8>(), 0..300),
        body in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let request = ProtocolRequest::post(&query, &body);
        let _ = receive(&request, &all([entra(), wiki()]), &methods(), NOW);
        let mut prefixed = b"wa=wsignin1.0&wtrealm=urn:federation:MicrosoftOnline&".to_vec();
        prefixed.extend(&query);
        let parties = all([entra(), wiki()]);
        if let Ok(WsFedAction::SignIn(found)) =
            receive(&ProtocolRequest::get(&prefixed), &parties, &methods(), NOW)
        {
            let registered = &entra().wsfed_endpoints;
            prop_assert!(registered.iter().any(|own| own == found.reply_to.as_str()));
        }
    }
}
