//! What was really done to know who is there.
//!
//! Evidence is a set: a step-up adds to it. A token never claims a method that is not in it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::network::NetworkLocation;
use crate::uris::authn;

/// A way of proving who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Method {
    /// A password typed into a page of ours over TLS and checked by the directory.
    Password,
    /// A Kerberos ticket of the person's own sign-in at a domain computer.
    Kerberos,
    /// A client certificate whose key the TLS handshake proved.
    Certificate,
    /// The same, from a card that the operator says opens only by something its owner knows: two factors in one.
    Smartcard,
    /// A time-based code of an authenticator app.
    Totp,
    /// A passkey or security key.
    SecurityKey,
    /// One of the codes that were given out for the loss of the other factors.
    RecoveryCode,
    /// What a RADIUS server accepted.
    Radius,
}

impl Method {
    /// Every method that can be the first.
    pub const FIRST: [Self; 4] = [
        Self::Password,
        Self::Kerberos,
        Self::Certificate,
        Self::Smartcard,
    ];
    /// Every method that can be added to a first one.
    pub const SECOND: [Self; 6] = [
        Self::Totp,
        Self::SecurityKey,
        Self::RecoveryCode,
        Self::Radius,
        Self::Certificate,
        Self::Smartcard,
    ];

    /// The SAML 2.0 authentication context class, or AD FS's name, that says exactly this method alone.
    ///
    /// Source: saml-authn-context-2.0-os, section 3.4; entra-federation facts 2.5 and 3.4. Factors that stand on a first
    /// one have the names that AD FS's adapters use.
    pub fn saml2_class(self) -> &'static str {
        match self {
            Self::Password => authn::PASSWORD_PROTECTED_TRANSPORT,
            Self::Kerberos => authn::WINDOWS,
            Self::Certificate | Self::Smartcard => authn::TLS_CLIENT,
            Self::Totp | Self::RecoveryCode => authn::ADAPTER_OTP,
            Self::SecurityKey => authn::ADAPTER_SECURITY_KEY,
            Self::Radius => authn::ADAPTER_RADIUS,
        }
    }

    /// The values of `authnmethodsreferences` that this method gives.
    pub fn method_references(self) -> &'static [&'static str] {
        match self {
            Self::Password => &[authn::PASSWORD_PROTECTED_TRANSPORT],
            Self::Kerberos => &[authn::WINDOWS, authn::KERBEROS],
            Self::Certificate | Self::Smartcard => &[authn::MS_TLS_CLIENT, authn::X509],
            Self::Totp | Self::RecoveryCode => &[authn::ADAPTER_OTP],
            Self::SecurityKey => &[authn::ADAPTER_SECURITY_KEY],
            Self::Radius => &[authn::ADAPTER_RADIUS],
        }
    }

    /// Whether this method alone answers a request for `uri` (a `wauth` value or an authentication context class).
    pub fn satisfies(self, uri: &str) -> bool {
        match self {
            Self::Password => matches!(
                uri,
                authn::PASSWORD_PROTECTED_TRANSPORT
                    | authn::PASSWORD
                    | authn::SAML1_PASSWORD
                    | authn::MS_PASSWORD
                    | authn::UNSPECIFIED
            ),
            Self::Kerberos => matches!(
                uri,
                authn::WINDOWS
                    | authn::MS_WINDOWS
                    | authn::KERBEROS
                    | authn::WINDOWS_OR_MULTIPLE
                    | authn::UNSPECIFIED
            ),
            Self::Certificate | Self::Smartcard => {
                matches!(
                    uri,
                    authn::TLS_CLIENT
                        | authn::WS_TLS_CLIENT
                        | authn::MS_TLS_CLIENT
                        | authn::X509
                        | authn::UNSPECIFIED
                ) || self == Self::Smartcard
                    && matches!(uri, authn::MULTIPLE | authn::WINDOWS_OR_MULTIPLE)
            }
            Self::Totp | Self::SecurityKey | Self::RecoveryCode | Self::Radius => {
                uri == self.saml2_class()
            }
        }
    }

    /// The word for admins.
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Kerberos => "Kerberos",
            Self::Certificate => "certificate",
            Self::Smartcard => "smartcard",
            Self::Totp => "authenticator app",
            Self::SecurityKey => "passkey",
            Self::RecoveryCode => "recovery code",
            Self::Radius => "RADIUS",
        }
    }

    /// Whether it can stand alone.
    pub fn is_first(self) -> bool {
        Self::FIRST.contains(&self)
    }

    /// Whether it is a factor of another kind than `first`: a password and a ticket are the same secret twice.
    pub fn adds_to(self, first: Self) -> bool {
        let kind = |method| match method {
            Self::Password | Self::Kerberos => 0,
            Self::Certificate | Self::Smartcard => 1,
            Self::Totp | Self::SecurityKey | Self::RecoveryCode | Self::Radius => 2,
        };
        kind(self) != kind(first)
    }
}

/// One method, performed at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performed {
    /// What was done.
    pub method: Method,
    /// When the check succeeded.
    #[serde(with = "time::serde::timestamp::milliseconds")]
    pub at: OffsetDateTime,
}

/// All that was done in a session, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    first: Performed,
    more: Vec<Performed>,
    location: NetworkLocation,
    /// What the certificate said that was performed, as claims: type and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    certificate: Vec<(String, String)>,
}

impl Evidence {
    /// Evidence begins with one performed method.
    pub fn begin(first: Performed, location: NetworkLocation) -> Self {
        Self {
            first,
            more: Vec::new(),
            location,
            certificate: Vec::new(),
        }
    }

    /// Adds a method; a method performed again replaces its earlier time.
    pub fn add(&mut self, performed: Performed) {
        if self.first.method == performed.method {
            self.first.at = performed.at;
            return;
        }
        self.more
            .retain(|earlier| earlier.method != performed.method);
        self.more.push(performed);
    }

    /// Keeps what an accepted certificate says of itself, as claims, in place of an earlier one's.
    pub fn keep_certificate(&mut self, claims: Vec<(String, String)>) {
        self.certificate = claims;
    }

    /// What the accepted certificate says of itself: claim types and values; empty when none was used.
    pub fn certificate(&self) -> &[(String, String)] {
        &self.certificate
    }

    /// Adds what `earlier` evidence of the same person proves and this does not: credentials given again do not take back
    /// the factors of the session. The first factor stays this one's.
    pub fn carry_over(&mut self, earlier: &Self) {
        for performed in earlier.performed() {
            if self.performed().all(|own| own.method != performed.method) {
                self.more.push(performed);
            }
        }
        if self.certificate.is_empty() {
            self.certificate.clone_from(&earlier.certificate);
        }
    }

    /// Forgets added factors that were performed before `limit`: "not again for so many hours" has passed.
    pub fn forget_added_before(&mut self, limit: OffsetDateTime) {
        self.more.retain(|performed| performed.at >= limit);
    }

    /// Every method performed, each with its time.
    pub fn performed(&self) -> impl Iterator<Item = Performed> + '_ {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }

    /// The method of the first factor.
    pub fn primary(&self) -> Performed {
        self.first
    }

    /// When the first factor was checked: `AuthnInstant`, `AuthenticationInstant`, `authenticationinstant`.
    pub fn authentication_instant(&self) -> OffsetDateTime {
        self.first.at
    }

    /// The latest performed factor that makes this more than one: an added one of another kind, or a card that is two.
    /// Its time is `multifactorauthenticationinstant`.
    pub fn second_factor(&self) -> Option<Performed> {
        let card = |performed: &Performed| performed.method == Method::Smartcard;
        let added = self
            .more
            .iter()
            .copied()
            .filter(|one| one.method.adds_to(self.first.method) || card(one));
        added
            .chain(Some(self.first).filter(card))
            .max_by_key(|performed| performed.at)
    }

    /// Where the person was when the first factor was checked.
    pub fn location(&self) -> NetworkLocation {
        self.location
    }

    /// Whether what was performed answers a request for `uri`.
    pub fn satisfies(&self, uri: &str) -> bool {
        match uri {
            authn::MULTIPLE => self.second_factor().is_some(),
            authn::WINDOWS_OR_MULTIPLE => {
                let windows = |one: Performed| one.method == Method::Kerberos;
                self.second_factor().is_some() || self.performed().any(windows)
            }
            _ => self
                .performed()
                .any(|performed| performed.method.satisfies(uri)),
        }
    }
}

/// The methods that an installation performs, as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvailableMethods {
    first: Vec<Method>,
    second: Vec<Method>,
}

impl AvailableMethods {
    /// Methods that can be first, and those that can be added, each in the order in which they are offered.
    pub fn new(
        first: impl IntoIterator<Item = Method>,
        second: impl IntoIterator<Item = Method>,
    ) -> Self {
        Self {
            first: first.into_iter().filter(|one| one.is_first()).collect(),
            second: second
                .into_iter()
                .filter(|one| Method::SECOND.contains(one))
                .collect(),
        }
    }

    /// Methods that can be first.
    pub fn first(&self) -> &[Method] {
        &self.first
    }

    /// Methods that can be added.
    pub fn second(&self) -> &[Method] {
        &self.second
    }

    /// Whatever could be performed for somebody who gives `first`: it alone, and with each that can be added to it.
    pub fn possible_with(&self, first: Performed) -> impl Iterator<Item = Evidence> + '_ {
        let alone = Evidence::begin(first, NetworkLocation::Outside);
        let added = self
            .second
            .iter()
            .filter(move |one| one.adds_to(first.method))
            .map(move |method| {
                let mut evidence = Evidence::begin(first, NetworkLocation::Outside);
                evidence.add(Performed {
                    method: *method,
                    at: first.at,
                });
                evidence
            });
        std::iter::once(alone).chain(added)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-01-02 12:00 UTC);

    fn done(method: Method, minute: i64) -> Performed {
        Performed {
            method,
            at: NOON + time::Duration::minutes(minute),
        }
    }

    fn evidence(methods: &[(Method, i64)]) -> Evidence {
        let mut all = methods
            .iter()
            .map(|(method, minute)| done(*method, *minute));
        let mut evidence = Evidence::begin(
            all.next().unwrap_or(done(Method::Password, 0)),
            NetworkLocation::Inside,
        );
        all.for_each(|one| evidence.add(one));
        evidence
    }

    #[test]
    fn two_factors_are_of_two_kinds() {
        use Method::{Certificate, Kerberos, Password, SecurityKey, Smartcard, Totp};
        type Case = (&'static [(Method, i64)], Option<i64>);
        let cases: &[Case] = &[
            (&[(Password, 0)], None),
            (&[(Kerberos, 0)], None),
            (&[(Certificate, 0)], None),
            (&[(Smartcard, 0)], Some(0)),
            (&[(Kerberos, 0), (Password, 5)], None),
            (&[(Password, 0), (Kerberos, 5)], None),
            (&[(Password, 0), (Totp, 5)], Some(5)),
            (&[(Password, 0), (Totp, 5), (SecurityKey, 9)], Some(9)),
            (&[(Password, 0), (Certificate, 5)], Some(5)),
            (&[(Certificate, 0), (Password, 5)], Some(5)),
            (&[(Certificate, 0), (Totp, 5)], Some(5)),
            (&[(Certificate, 0), (Smartcard, 5)], Some(5)),
        ];
        for (methods, expected) in cases {
            let evidence = evidence(methods);
            let minute = evidence
                .second_factor()
                .map(|one| (one.at - NOON).whole_minutes());
            assert_eq!(minute, *expected, "{methods:?}");
            assert_eq!(evidence.satisfies(authn::MULTIPLE), expected.is_some());
        }
        assert!(evidence(&[(Kerberos, 0)]).satisfies(authn::WINDOWS_OR_MULTIPLE));
        assert!(!evidence(&[(Password, 0)]).satisfies(authn::WINDOWS_OR_MULTIPLE));
    }

    #[test]
    fn earlier_factors_are_carried_over_and_forgotten_in_time() {
        let earlier = evidence(&[(Method::Kerberos, 0), (Method::Totp, 1)]);
        let mut again = evidence(&[(Method::Password, 60)]);
        again.carry_over(&earlier);
        assert_eq!(again.primary(), done(Method::Password, 60));
        assert_eq!(again.second_factor(), Some(done(Method::Totp, 1)));
        again.forget_added_before(NOON + time::Duration::minutes(2));
        assert_eq!(again.second_factor(), None);
    }
}
