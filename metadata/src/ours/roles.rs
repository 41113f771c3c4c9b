//! The two roles of the service.

use signet_model::uris::{binding, name_id, token};
use signet_xml::{Name, Writer, ns};

use super::description::{LogoutSupport, ServiceDescription};
use crate::names::{
    ATTRIBUTE_URI, FED, SAML, SAML20_PROTOCOL, SHIBBOLETH_WSFED, auth, ds, fed, md, wsa,
};

const XSI_TYPE: Name = Name::new("xsi", "type", ns::XSI);

/// `fed:SecurityTokenServiceType`: what Entra's certificate poll and WS-Federation partners read.
pub(super) fn write_token_service(writer: &mut Writer, service: &ServiceDescription) {
    writer
        .start(md("RoleDescriptor"))
        .declare("fed", FED)
        .attribute_ns(XSI_TYPE, "fed:SecurityTokenServiceType")
        .attribute("protocolSupportEnumeration", FED)
        .attribute("ServiceDisplayName", &service.display_name);
    write_signing_keys(writer, service);
    writer.start(fed("TokenTypesOffered"));
    for uri in [token::SAML20, token::SAML11] {
        writer.start(fed("TokenType")).attribute("Uri", uri).end();
    }
    writer.end();
    writer.start(fed("ClaimTypesOffered"));
    for claim in &service.claims {
        writer
            .start(auth("ClaimType"))
            .attribute("Uri", &claim.uri)
            .attribute("Optional", "true");
        writer
            .element(auth("DisplayName"), &claim.name)
            .element(auth("Description"), &claim.description)
            .end();
    }
    writer.end();
    // The schema asks for at least one (WS-Federation 1.2, 3.1.2.1). No active endpoint is served, so it is the
    // passive one, as in Entra's own metadata.
    write_endpoint(
        writer,
        fed("SecurityTokenServiceEndpoint"),
        &service.passive_endpoint,
    );
    write_endpoint(
        writer,
        fed("PassiveRequestorEndpoint"),
        &service.passive_endpoint,
    );
    writer.end();
}

/// `IDPSSODescriptor` (saml-metadata-2.0-os 2.4.3) for SAML 2.0, and for WS-Federation as Shibboleth looks it up.
pub(super) fn write_identity_provider(writer: &mut Writer, service: &ServiceDescription) {
    writer.start(md("IDPSSODescriptor")).attribute(
        "protocolSupportEnumeration",
        &format!("{SAML20_PROTOCOL} {SHIBBOLETH_WSFED}"),
    );
    write_signing_keys(writer, service);
    if service.logout == LogoutSupport::WsFederationAndSaml {
        for binding in [binding::HTTP_REDIRECT, binding::HTTP_POST] {
            write_service(writer, md("SingleLogoutService"), binding, service);
        }
    }
    write_service(writer, md("SingleLogoutService"), SHIBBOLETH_WSFED, service);
    for format in [
        name_id::EMAIL,
        name_id::PERSISTENT,
        name_id::TRANSIENT,
        name_id::UNSPECIFIED,
    ] {
        writer.element(md("NameIDFormat"), format);
    }
    for binding in [binding::HTTP_REDIRECT, binding::HTTP_POST, SHIBBOLETH_WSFED] {
        write_service(writer, md("SingleSignOnService"), binding, service);
    }
    for claim in &service.claims {
        writer
            .start(Name::new("saml", "Attribute", SAML))
            .attribute("Name", &claim.uri)
            .attribute("NameFormat", ATTRIBUTE_URI)
            .attribute("FriendlyName", &claim.name)
            .end();
    }
    writer.end();
}

/// One `KeyDescriptor` for each published certificate, the current key first.
fn write_signing_keys(writer: &mut Writer, service: &ServiceDescription) {
    for certificate in &service.signing_certificates {
        writer
            .start(md("KeyDescriptor"))
            .attribute("use", "signing");
        writer.start(ds("KeyInfo")).start(ds("X509Data"));
        writer.element(ds("X509Certificate"), certificate);
        writer.end().end().end();
    }
}

fn write_endpoint(writer: &mut Writer, name: Name, address: &str) {
    writer.start(name).start(wsa("EndpointReference"));
    writer.element(wsa("Address"), address).end().end();
}

fn write_service(writer: &mut Writer, name: Name, binding: &str, service: &ServiceDescription) {
    writer
        .start(name)
        .attribute("Binding", binding)
        .attribute("Location", &service.passive_endpoint)
        .end();
}
