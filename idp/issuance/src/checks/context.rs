//! Authentication context: does what was done answer what was asked, and how does the token say it.

use signet_model::request::Comparison;
use signet_model::uris::authn;
use signet_model::{Evidence, Method, Protocol, RelyingParty, RequestedAuthentication};

/// Weakest first: the order a fresh AD FS farm compares context classes by.
///
/// saml-core-2.0-os 3.3.2.2.1 leaves the order to the responder. `multipleauthn` is above all of them.
const STRENGTH: &[&[&str]] = &[
    &[authn::UNSPECIFIED],
    &[authn::PASSWORD, authn::SAML1_PASSWORD, authn::MS_PASSWORD],
    &[authn::PASSWORD_PROTECTED_TRANSPORT],
    &[
        authn::TLS_CLIENT,
        authn::WS_TLS_CLIENT,
        authn::MS_TLS_CLIENT,
    ],
    &[authn::X509],
    &[authn::WINDOWS, authn::MS_WINDOWS],
    &[authn::KERBEROS],
    &[authn::MULTIPLE],
];

/// Whether `evidence` answers what a request asks for with what its relying party accepts.
pub fn satisfies_demand(
    evidence: &Evidence,
    requested: &RequestedAuthentication,
    relying_party: &RelyingParty,
) -> bool {
    satisfies_request(evidence, requested) && is_accepted(evidence, relying_party)
}

/// AD FS's `AllowedAuthenticationClassReferences`: one of the classes was performed, where any is named.
///
/// Entra's trust names `wiaormultiauthn` alone and takes passwords all the same (entra-federation facts 1.2 and 2.1): that
/// name, and those that no method has, let a relying party ask for them and keep nobody out.
fn is_accepted(evidence: &Evidence, relying_party: &RelyingParty) -> bool {
    let classes = &relying_party.allowed_authentication_classes;
    !classes.iter().any(|class| restricts(class))
        || classes.iter().any(|class| evidence.satisfies(class))
}

/// Whether `class`, in the list of a relying party, keeps anybody out.
pub fn restricts(class: &str) -> bool {
    let methods = || Method::FIRST.into_iter().chain(Method::SECOND);
    class == authn::MULTIPLE
        || class != authn::WINDOWS_OR_MULTIPLE && methods().any(|method| method.satisfies(class))
}

/// Whether `evidence` answers the methods that a request asks for.
///
/// "exact": one of the named classes was performed. "minimum", "maximum" and "better" compare by
/// strength; a class that has no place in the order satisfies nothing and is satisfied by nothing
/// (saml-core-2.0-os 3.3.2.2.1). A request that names no method is answered by any.
pub(super) fn satisfies_request(evidence: &Evidence, requested: &RequestedAuthentication) -> bool {
    let methods = &requested.methods;
    if methods.is_empty() {
        return true;
    }
    let own = strength_of(evidence);
    let reached = |accept: fn(usize, usize) -> bool| {
        methods
            .iter()
            .filter_map(|uri| rank(uri))
            .any(|asked| accept(own, asked))
    };
    match requested.comparison {
        Comparison::Exact => methods.iter().any(|uri| evidence.satisfies(uri)),
        Comparison::Minimum => {
            methods.iter().any(|uri| evidence.satisfies(uri)) || reached(|own, asked| own >= asked)
        }
        Comparison::Maximum => reached(|own, asked| own <= asked),
        Comparison::Better => methods
            .iter()
            .all(|uri| rank(uri).is_some_and(|asked| own > asked)),
    }
}

/// What a request demands by name, or else what its relying party accepts.
pub fn demanded_classes<'a>(
    requested: &'a RequestedAuthentication,
    relying_party: &'a RelyingParty,
) -> &'a [String] {
    match requested.methods.as_slice() {
        [] => &relying_party.allowed_authentication_classes,
        methods => methods,
    }
}

/// The class that the token states: performed, and where the request demanded an exact one, that one.
///
/// SAML answers an exact request with a class it named (saml-core-2.0-os 3.3.2.2.1); WS-Federation
/// states the method's own class, and that of several factors where it was asked for. `stated` are `authenticationmethod` claims that the release let pass.
pub(crate) fn context_class(
    evidence: &Evidence,
    requested: &RequestedAuthentication,
    protocol: Protocol,
    stated: &[&str],
    for_entra: bool,
) -> String {
    let several = evidence.satisfies(authn::MULTIPLE);
    let asks_several = || requested.methods.iter().any(|uri| uri == authn::MULTIPLE);
    let own = match requested.comparison {
        // Entra reads one class, and asks by it or by nothing at all (entra-federation facts 2.5).
        _ if several && (for_entra || asks_several()) => authn::MULTIPLE,
        Comparison::Exact => evidence.primary().method.saml2_class(),
        _ => strongest(evidence),
    };
    if protocol == Protocol::Saml2 && requested.comparison == Comparison::Exact {
        let asked = requested
            .methods
            .iter()
            .filter(|uri| evidence.satisfies(uri));
        let mut asked = asked.collect::<Vec<_>>();
        if let Some(at) = asked.iter().position(|uri| uri.as_str() == own) {
            asked.swap(0, at);
        }
        if let Some(uri) = asked.first() {
            return (*uri).clone();
        }
    }
    // A class of the rules is here when an admin let the rules speak for this relying party; one that
    // the evidence itself supports changes nothing.
    let overriding = |uri: &&&str| !evidence.satisfies(uri);
    if let Some(uri) = stated.iter().find(overriding) {
        return (*uri).to_owned();
    }
    own.to_owned()
}

/// The strongest class that has a place in the order and was performed.
fn strongest(evidence: &Evidence) -> &'static str {
    let several = evidence
        .satisfies(authn::MULTIPLE)
        .then_some(authn::MULTIPLE);
    evidence
        .performed()
        .map(|performed| performed.method.saml2_class())
        .chain(several)
        .filter(|class| rank(class).is_some())
        .max_by_key(|class| rank(class))
        .unwrap_or(authn::UNSPECIFIED)
}

fn strength_of(evidence: &Evidence) -> usize {
    rank(strongest(evidence)).unwrap_or(0)
}

fn rank(uri: &str) -> Option<usize> {
    STRENGTH.iter().position(|class| class.contains(&uri))
}

#[cfg(test)]
mod tests {
    use signet_model::{Method, NetworkLocation, Performed};
    use time::macros::datetime;

    use super::*;

    fn password() -> Evidence {
        let at = datetime!(2026-01-02 03:04:05 UTC);
        Evidence::begin(
            Performed {
                method: Method::Password,
                at,
            },
            NetworkLocation::Inside,
        )
    }

    fn asks(comparison: Comparison, methods: &[&str]) -> RequestedAuthentication {
        RequestedAuthentication {
            methods: methods.iter().map(|uri| (*uri).to_owned()).collect(),
            comparison,
            ..RequestedAuthentication::default()
        }
    }

    /// SAML-11, the half that lies here: what was not performed never satisfies.
    #[test]
    fn sec_saml_11_password_answers_only_what_a_password_is() {
        use Comparison::{Better, Exact, Maximum, Minimum};
        let cases: &[(Comparison, &[&str], bool)] = &[
            (Exact, &[], true),
            (Exact, &[authn::PASSWORD_PROTECTED_TRANSPORT], true),
            (Exact, &[authn::PASSWORD], true),
            (Exact, &[authn::MS_PASSWORD], true),
            (Exact, &[authn::SAML1_PASSWORD], true),
            (Exact, &[authn::MULTIPLE], false),
            (Exact, &[authn::WINDOWS_OR_MULTIPLE], false),
            (Exact, &[authn::X509], false),
            (Exact, &[authn::KERBEROS, authn::PASSWORD], true),
            (Exact, &["urn:nobody:knows"], false),
            (Minimum, &[authn::PASSWORD], true),
            (Minimum, &[authn::PASSWORD_PROTECTED_TRANSPORT], true),
            (Minimum, &[authn::X509], false),
            (Minimum, &[authn::X509, authn::PASSWORD], true),
            (Minimum, &["urn:nobody:knows"], false),
            (Maximum, &[authn::X509], true),
            (Maximum, &[authn::PASSWORD], false),
            (Maximum, &["urn:nobody:knows"], false),
            (Better, &[authn::PASSWORD], true),
            (Better, &[authn::PASSWORD_PROTECTED_TRANSPORT], false),
            (Better, &[authn::PASSWORD, authn::MULTIPLE], false),
            (Better, &["urn:nobody:knows"], false),
        ];
        for (comparison, methods, expected) in cases {
            let request = asks(*comparison, methods);
            assert_eq!(
                satisfies_request(&password(), &request),
                *expected,
                "{request:?}"
            );
        }
    }

    #[test]
    fn a_relying_party_that_names_classes_accepts_no_other() {
        let mut party = RelyingParty::new("Safe", "urn:safe");
        let any = asks(Comparison::Exact, &[]);
        let mut accepts = |classes: &[&str]| {
            party.allowed_authentication_classes = classes.iter().map(|&one| one.into()).collect();
            satisfies_demand(&password(), &any, &party)
        };
        assert!(accepts(&[]));
        assert!(accepts(&[authn::X509, authn::PASSWORD]));
        for others in [
            authn::X509,
            authn::TLS_CLIENT,
            authn::WINDOWS,
            authn::MULTIPLE,
        ] {
            assert!(!accepts(&[others]), "{others}");
            assert!(!accepts(&[
                others,
                "urn:nobody:knows",
                authn::WINDOWS_OR_MULTIPLE
            ]));
        }
        // Beside another class it is one more way in, as it reads.
        party.allowed_authentication_classes = vec![
            authn::MULTIPLE.to_owned(),
            authn::WINDOWS_OR_MULTIPLE.to_owned(),
        ];
        let ticket = Performed {
            method: Method::Kerberos,
            at: datetime!(2026-03-04 05:06:07 UTC),
        };
        let ticket = Evidence::begin(ticket, NetworkLocation::Inside);
        assert!(satisfies_demand(&ticket, &any, &party));
        assert!(!satisfies_demand(&password(), &any, &party));
        let mut accepts = |classes: &[&str]| {
            party.allowed_authentication_classes = classes.iter().map(|&one| one.into()).collect();
            satisfies_demand(&password(), &any, &party)
        };
        // What Entra's trust says at AD FS keeps no password out.
        assert!(accepts(&[authn::WINDOWS_OR_MULTIPLE]));
        assert!(accepts(&["wiaormultiauthn", "urn:nobody:knows"]));
    }

    #[test]
    fn the_class_is_performed_and_one_that_an_exact_request_named() {
        let class = |request: &RequestedAuthentication, protocol| {
            context_class(&password(), request, protocol, &[], false)
        };
        let own = authn::PASSWORD_PROTECTED_TRANSPORT;
        let exact = asks(Comparison::Exact, &[authn::X509, authn::PASSWORD]);
        assert_eq!(class(&exact, Protocol::Saml2), authn::PASSWORD);
        let both = asks(Comparison::Exact, &[authn::PASSWORD, own]);
        assert_eq!(class(&both, Protocol::Saml2), own);
        let least = asks(Comparison::Minimum, &[authn::PASSWORD]);
        assert_eq!(class(&least, Protocol::Saml2), own);
        let fresh = asks(Comparison::Exact, &[authn::MS_PASSWORD]);
        assert_eq!(class(&fresh, Protocol::WsFederation), own);
        assert_eq!(class(&asks(Comparison::Exact, &[]), Protocol::Saml2), own);
    }
}
