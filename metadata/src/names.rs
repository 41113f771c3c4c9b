//! The names that metadata is written in, and read by.

use signet_xml::Name;

/// SAML 2.0 metadata (saml-metadata-2.0-os).
pub(crate) const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// SAML 2.0 assertions: `saml:Attribute` in a role.
pub(crate) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// WS-Federation 1.2.
pub(crate) const FED: &str = "http://docs.oasis-open.org/wsfed/federation/200706";
/// WS-Federation 1.2, claim types.
pub(crate) const AUTH: &str = "http://docs.oasis-open.org/wsfed/authorization/200706";
/// WS-Addressing 1.0.
pub(crate) const WSA: &str = "http://www.w3.org/2005/08/addressing";
/// User interface extensions (sstc-saml-metadata-ui-v1.0).
pub(crate) const MDUI: &str = "urn:oasis:names:tc:SAML:metadata:ui";

/// The protocol of a SAML 2.0 role.
pub(crate) const SAML20_PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// WS-Federation as Shibboleth names it: protocol and binding in one.
pub(crate) const SHIBBOLETH_WSFED: &str = "http://schemas.xmlsoap.org/ws/2003/07/secext";
/// `NameFormat` of attributes that are named by URI.
pub(crate) const ATTRIBUTE_URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";

/// A name of SAML metadata.
pub(crate) const fn md(local: &'static str) -> Name {
    Name::new("md", local, MD)
}

/// A name of WS-Federation metadata.
pub(crate) const fn fed(local: &'static str) -> Name {
    Name::new("fed", local, FED)
}

/// A name of WS-Federation's claim types.
pub(crate) const fn auth(local: &'static str) -> Name {
    Name::new("auth", local, AUTH)
}

/// A name of WS-Addressing.
pub(crate) const fn wsa(local: &'static str) -> Name {
    Name::new("wsa", local, WSA)
}

/// A name of XML signatures.
pub(crate) const fn ds(local: &'static str) -> Name {
    Name::new("ds", local, signet_xml::ns::DS)
}
