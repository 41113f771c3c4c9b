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
}

impl Method {
    /// The SAML 2.0 authentication context class that says exactly this method.
    ///
    /// Source: saml-authn-context-2.0-os, section 3.4.
    pub fn saml2_class(self) -> &'static str {
        match self {
            Self::Password => authn::PASSWORD_PROTECTED_TRANSPORT,
        }
    }

    /// The values of `authnmethodsreferences` that this method gives.
    pub fn method_references(self) -> &'static [&'static str] {
        match self {
            Self::Password => &[authn::PASSWORD_PROTECTED_TRANSPORT],
        }
    }

    /// Whether this method answers a request for `uri` (a `wauth` value or an authentication context class).
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
        }
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
}

impl Evidence {
    /// Evidence begins with one performed method.
    pub fn begin(first: Performed, location: NetworkLocation) -> Self {
        Self {
            first,
            more: Vec::new(),
            location,
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

    /// Where the person was when the first factor was checked.
    pub fn location(&self) -> NetworkLocation {
        self.location
    }

    /// Whether some performed method answers a request for `uri`.
    pub fn satisfies(&self, uri: &str) -> bool {
        self.performed()
            .any(|performed| performed.method.satisfies(uri))
    }
}
