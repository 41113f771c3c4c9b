//! Status codes of SAML answers without an assertion.

/// What an answer without an assertion says: a top-level and a second-level code, nothing else.
///
/// Source: saml-core-2.0-os 3.2.2.2. Texts and details stay with us (security case SAML-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SamlStatus {
    /// `IsPassive`, and the person would have to be asked.
    NoPassive,
    /// The authentication context asked for cannot be met.
    NoAuthnContext,
    /// The `NameIDPolicy` cannot be met.
    InvalidNameIdPolicy,
    /// Understood and refused.
    RequestDenied,
    /// The person could not be authenticated.
    AuthnFailed,
    /// Everything is well (logout).
    Success,
    /// The session was ended here, but not at every partner (logout).
    PartialLogout,
}

impl SamlStatus {
    /// The top-level code.
    pub fn top(self) -> &'static str {
        match self {
            Self::Success | Self::PartialLogout => "urn:oasis:names:tc:SAML:2.0:status:Success",
            Self::InvalidNameIdPolicy => "urn:oasis:names:tc:SAML:2.0:status:Requester",
            Self::NoPassive | Self::NoAuthnContext | Self::RequestDenied | Self::AuthnFailed => {
                "urn:oasis:names:tc:SAML:2.0:status:Responder"
            }
        }
    }

    /// The second-level code.
    pub fn second(self) -> Option<&'static str> {
        Some(match self {
            Self::NoPassive => "urn:oasis:names:tc:SAML:2.0:status:NoPassive",
            Self::NoAuthnContext => "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext",
            Self::InvalidNameIdPolicy => "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy",
            Self::RequestDenied => "urn:oasis:names:tc:SAML:2.0:status:RequestDenied",
            Self::AuthnFailed => "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed",
            Self::PartialLogout => "urn:oasis:names:tc:SAML:2.0:status:PartialLogout",
            Self::Success => return None,
        })
    }
}
