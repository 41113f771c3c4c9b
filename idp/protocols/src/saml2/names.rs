//! Names of SAML 2.0, as read.

use signet_xml::Name;

/// Namespace of protocol messages.
pub(super) const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// Namespace of assertions.
pub(super) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// `samlp:AuthnRequest`.
pub(super) const AUTHN_REQUEST: Name = Name::new("samlp", "AuthnRequest", SAMLP);
/// `samlp:LogoutRequest`.
pub(super) const LOGOUT_REQUEST: Name = Name::new("samlp", "LogoutRequest", SAMLP);
/// `samlp:LogoutResponse`.
pub(super) const LOGOUT_RESPONSE: Name = Name::new("samlp", "LogoutResponse", SAMLP);
