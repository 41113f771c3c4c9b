//! Sessions against requests.

use signet_model::relying_party::TokenType;
use signet_model::request::{Comparison, Hints};
use signet_model::uris::authn;
use signet_model::{Protocol, RelyingParty, ReplyTo, RequestedAuthentication, SignInRequest};
use time::Duration;

use super::*;
use crate::testing::{NOW, methods, password, wiki};

fn request(authentication: RequestedAuthentication) -> SignInRequest {
    SignInRequest {
        protocol: Protocol::Saml2,
        relying_party: wiki().id,
        audience: "https://wiki.example.com/saml".to_owned(),
        reply_to: ReplyTo::registered("https://wiki.example.com/acs"),
        token_type: TokenType::Saml20,
        in_response_to: Some("_1".to_owned()),
        authentication,
        name_id_policy: None,
        hints: Hints::default(),
        state: None,
        received_at: NOW,
    }
}

fn decide(
    authentication: RequestedAuthentication,
    evidence: Option<Evidence>,
    party: &RelyingParty,
) -> SessionDecision {
    decide_session(
        &request(authentication),
        evidence.as_ref(),
        NOW,
        party,
        &methods(),
    )
}

fn any() -> RequestedAuthentication {
    RequestedAuthentication::default()
}

fn wants(comparison: Comparison, methods: &[&str]) -> RequestedAuthentication {
    let methods = methods.iter().map(|uri| (*uri).to_owned()).collect();
    RequestedAuthentication {
        methods,
        comparison,
        ..any()
    }
}

fn ask(reason: AskReason) -> SessionDecision {
    SessionDecision::AskFirst {
        reason,
        methods: vec![Method::Password],
    }
}

#[test]
fn a_session_answers_a_request_that_demands_nothing() {
    assert_eq!(
        decide(any(), Some(password(Duration::hours(7))), &wiki()),
        SessionDecision::UseSession
    );
    assert_eq!(decide(any(), None, &wiki()), ask(AskReason::NoSession));
}

/// A relying party for certificates takes no password, whatever its requests name.
#[test]
fn the_classes_a_relying_party_accepts_decide_beside_the_request() {
    let mut party = wiki();
    let held = Some(password(Duration::MINUTE));
    let passwords_only = methods();
    let all = AvailableMethods::new(
        [Method::Password, Method::Certificate],
        [Method::Totp, Method::Certificate],
    );
    let decide = |party: &RelyingParty, evidence: Option<&Evidence>, available| {
        decide_session(&request(any()), evidence, NOW, party, available)
    };
    party.allowed_authentication_classes = vec![authn::X509.to_owned()];
    assert_eq!(
        decide(&party, None, &all),
        SessionDecision::AskFirst {
            reason: AskReason::NoSession,
            methods: vec![Method::Password, Method::Certificate]
        },
        "a certificate may come second"
    );
    let certificate = vec![Method::Certificate];
    assert_eq!(
        decide(&party, held.as_ref(), &all),
        SessionDecision::AskSecond {
            methods: certificate
        }
    );
    assert_eq!(
        decide(&party, held.as_ref(), &passwords_only),
        SessionDecision::Impossible(Impossible::NoAuthnContext)
    );
    party.allowed_authentication_classes = vec![authn::MULTIPLE.to_owned()];
    assert_eq!(
        decide(&party, held.as_ref(), &all),
        SessionDecision::AskSecond {
            methods: vec![Method::Totp, Method::Certificate]
        }
    );
}

#[test]
fn sec_saml_09_force_authn_takes_only_credentials_given_since() {
    let fresh = || RequestedAuthentication {
        max_age: Some(Duration::ZERO),
        ..any()
    };
    let before = Some(password(Duration::milliseconds(1)));
    assert_eq!(
        decide(fresh(), before, &wiki()),
        ask(AskReason::FreshWanted)
    );
    let since = Some(password(Duration::ZERO));
    assert_eq!(decide(fresh(), since, &wiki()), SessionDecision::UseSession);
}

#[test]
fn always_require_authentication_is_force_authn_by_the_operator() {
    let mut party = wiki();
    party.always_require_authentication = true;
    let before = Some(password(Duration::seconds(1)));
    assert_eq!(decide(any(), before, &party), ask(AskReason::FreshWanted));
    assert_eq!(
        decide(any(), Some(password(Duration::ZERO)), &party),
        SessionDecision::UseSession
    );
}

#[test]
fn sec_wsf_06_age_is_counted_from_the_credentials() {
    let within = || RequestedAuthentication {
        max_age: Some(Duration::minutes(30)),
        ..any()
    };
    let young = Some(password(Duration::minutes(30)));
    assert_eq!(
        decide(within(), young, &wiki()),
        SessionDecision::UseSession
    );
    let old = Some(password(Duration::minutes(30) + Duration::SECOND));
    assert_eq!(decide(within(), old, &wiki()), ask(AskReason::TooOld));
    // The request may have been opened again long after the credentials that answered it the first time.
    let mut request = request(within());
    request.received_at = NOW - Duration::minutes(40);
    let reopened = decide_session(
        &request,
        Some(&password(Duration::minutes(35))),
        NOW,
        &wiki(),
        &methods(),
    );
    assert_eq!(reopened, ask(AskReason::TooOld));
    let from_the_future = Some(password(-Duration::minutes(2)));
    assert_eq!(
        decide(any(), from_the_future, &wiki()),
        ask(AskReason::TooOld)
    );
}

#[test]
fn sec_saml_10_passive_never_shows_a_page() {
    let passive = || RequestedAuthentication {
        passive: true,
        ..any()
    };
    let no = SessionDecision::Impossible(Impossible::NoPassive);
    assert_eq!(decide(passive(), None, &wiki()), no);
    let old = Some(password(Duration::hours(1)));
    assert_eq!(
        decide(passive(), old.clone(), &wiki()),
        SessionDecision::UseSession
    );
    let forced = RequestedAuthentication {
        max_age: Some(Duration::ZERO),
        ..passive()
    };
    assert_eq!(decide(forced, old, &wiki()), no);
}

#[test]
fn sec_saml_11_what_a_password_is_not_is_impossible() {
    use Comparison::{Better, Exact, Maximum, Minimum};
    let no = SessionDecision::Impossible(Impossible::NoAuthnContext);
    let pw = authn::PASSWORD_PROTECTED_TRANSPORT;
    let cases: &[(Comparison, &[&str], bool)] = &[
        (Exact, &[pw], true),
        (Exact, &[authn::PASSWORD], true),
        (Exact, &[authn::UNSPECIFIED], true),
        (Exact, &[authn::X509, pw], true),
        (Exact, &[authn::MULTIPLE], false),
        (Exact, &[authn::WINDOWS_OR_MULTIPLE], false),
        (Exact, &[authn::WINDOWS], false),
        (Exact, &[authn::KERBEROS], false),
        (Exact, &[authn::TLS_CLIENT, authn::X509], false),
        (Exact, &["urn:nobody:knows"], false),
        (Minimum, &[pw], true),
        (Minimum, &[authn::PASSWORD], true),
        (Minimum, &[authn::TLS_CLIENT], false),
        (Minimum, &[authn::MULTIPLE], false),
        (Minimum, &["urn:nobody:knows"], false),
        (Maximum, &[authn::KERBEROS], true),
        (Better, &[authn::PASSWORD], true),
        (Better, &[pw], false),
        (Better, &[authn::MULTIPLE], false),
    ];
    for (comparison, methods, possible) in cases {
        let evidence = Some(password(Duration::ZERO));
        let decided = decide(wants(*comparison, methods), evidence, &wiki());
        let expected = if *possible {
            SessionDecision::UseSession
        } else {
            no.clone()
        };
        assert_eq!(decided, expected, "{comparison:?} {methods:?}");
        let without = decide(wants(*comparison, methods), None, &wiki());
        let expected = if *possible {
            ask(AskReason::NoSession)
        } else {
            no.clone()
        };
        assert_eq!(without, expected, "{comparison:?} {methods:?}");
    }
}

#[test]
fn the_refusal_is_of_the_protocol() {
    let saml = request(wants(Comparison::Exact, &[authn::MULTIPLE]));
    let Refusal::Status(status) = refuse(&saml, &wiki(), Impossible::NoAuthnContext) else {
        panic!()
    };
    assert_eq!(status.status, SamlStatus::NoAuthnContext);
    assert_eq!(status.reply_to, saml.reply_to);
    assert_eq!(status.in_response_to.as_deref(), Some("_1"));
    let Refusal::Status(status) = refuse(&saml, &wiki(), Impossible::NoPassive) else {
        panic!()
    };
    assert_eq!(status.status, SamlStatus::NoPassive);
    let wsfed = SignInRequest {
        protocol: Protocol::WsFederation,
        ..saml
    };
    assert!(matches!(
        refuse(&wsfed, &wiki(), Impossible::NoAuthnContext),
        Refusal::Page(ProtocolError::RelyingPartyMethodUnavailable { .. })
    ));
}

/// An installation that knows everything, in the order in which it offers them.
fn everything() -> AvailableMethods {
    AvailableMethods::new(
        [Method::Kerberos, Method::Password, Method::Certificate],
        [Method::SecurityKey, Method::Totp, Method::Certificate],
    )
}

fn evidence(methods: &[(Method, i64)]) -> Evidence {
    let performed = |(method, seconds): &(Method, i64)| Performed {
        method: *method,
        at: NOW + Duration::seconds(*seconds),
    };
    let mut evidence = Evidence::begin(
        performed(&methods[0]),
        signet_model::NetworkLocation::Outside,
    );
    methods[1..]
        .iter()
        .for_each(|one| evidence.add(performed(one)));
    evidence
}

#[test]
fn each_demand_leads_to_the_factors_that_meet_it() {
    use Comparison::Exact;
    use Method::{Certificate, Kerberos, Password, SecurityKey, Smartcard, Totp};
    let decide = |wanted: &RequestedAuthentication, done: &[(Method, i64)]| {
        let known = (!done.is_empty()).then(|| evidence(done));
        decide_session(
            &request(wanted.clone()),
            known.as_ref(),
            NOW,
            &wiki(),
            &everything(),
        )
    };
    let first = |reason, methods: &[Method]| SessionDecision::AskFirst {
        reason,
        methods: methods.to_vec(),
    };
    let second = |methods: &[Method]| SessionDecision::AskSecond {
        methods: methods.to_vec(),
    };
    let issue = || SessionDecision::UseSession;
    let several = wants(Exact, &[authn::MULTIPLE]);
    let all = [Kerberos, Password, Certificate];
    let added = [SecurityKey, Totp, Certificate];

    assert_eq!(decide(&several, &[]), first(AskReason::NoSession, &all));
    assert_eq!(decide(&several, &[(Password, -60)]), second(&added));
    // A certificate again would be the same thing twice.
    assert_eq!(
        decide(&several, &[(Certificate, -60)]),
        second(&[SecurityKey, Totp])
    );
    let enough: [&[(Method, i64)]; 3] = [
        &[(Password, -60), (Totp, -30)],
        &[(Smartcard, -60)],
        &[(Kerberos, -60), (SecurityKey, -60)],
    ];
    for done in enough {
        assert_eq!(decide(&several, done), issue(), "{done:?}");
    }

    let windows_or_several = wants(Exact, &[authn::WINDOWS_OR_MULTIPLE]);
    assert_eq!(decide(&windows_or_several, &[(Kerberos, -60)]), issue());
    assert_eq!(
        decide(&windows_or_several, &[(Password, -60)]),
        second(&added)
    );

    let certificate = wants(Exact, &[authn::WS_TLS_CLIENT]);
    let by_certificate = first(AskReason::NoSession, &all);
    assert_eq!(decide(&certificate, &[]), by_certificate);
    let windows = wants(Exact, &[authn::WINDOWS]);
    assert_eq!(
        decide(&windows, &[(Password, -60)]),
        first(AskReason::OtherMethodWanted, &[Kerberos])
    );
    let typed = wants(Exact, &[authn::MS_PASSWORD]);
    assert_eq!(
        decide(&typed, &[(Kerberos, -60)]),
        first(AskReason::OtherMethodWanted, &[Password])
    );

    // Fresh ones, both of them.
    let fresh = RequestedAuthentication {
        max_age: Some(Duration::ZERO),
        ..several
    };
    assert_eq!(
        decide(&fresh, &[(Password, -60), (Totp, -30)]),
        first(AskReason::FreshWanted, &all)
    );
    assert_eq!(
        decide(&fresh, &[(Password, 5), (Totp, -30)]),
        second(&added)
    );
    assert_eq!(decide(&fresh, &[(Password, 5), (Totp, 9)]), issue());
}
