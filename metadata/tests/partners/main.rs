//! Partners' metadata: what becomes of it, and what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail the test"
)]

mod changes;
mod drafts;
mod refusals;
#[path = "../support/mod.rs"]
mod support;

use crate::support::{MD, NOON, POST};
use signet_metadata::{ImportOptions, MetadataError, PartnerMetadata, import_service_provider};

pub(crate) fn import(document: &str) -> Result<PartnerMetadata, MetadataError> {
    import_service_provider(document.as_bytes(), &ImportOptions::default(), NOON)
}

pub(crate) fn import_entity(
    document: &str,
    entity_id: &str,
) -> Result<PartnerMetadata, MetadataError> {
    let options = ImportOptions {
        entity_id: Some(entity_id.to_owned()),
        ..ImportOptions::default()
    };
    import_service_provider(document.as_bytes(), &options, NOON)
}

/// The shape of Entra's own SAML metadata: byte order mark, prolog, default namespace, extensions, three bindings.
pub(crate) fn entra(certificate: &str, second: &str) -> String {
    let login = "https://login.microsoftonline.com/login.srf";
    let descriptor = |certificate: &str| {
        format!(
            "<KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>\
             <X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        )
    };
    let formats: String = [
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        "urn:mace:shibboleth:1.0:nameIdentifier",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    ]
    .iter()
    .map(|format| format!("<NameIDFormat>{format}</NameIDFormat>\r\n"))
    .collect();
    format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<EntityDescriptor ID=\"_f1\" entityID=\"urn:federation:MicrosoftOnline\" \
         xmlns=\"{MD}\" xmlns:alg=\"urn:oasis:names:tc:SAML:metadata:algsupport\">\
         <Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo/></Signature>\
         <Extensions><alg:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/></Extensions>\
         <SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\" WantAssertionsSigned=\"true\">\
         {}{}<SingleLogoutService Binding=\"{POST}\" Location=\"{login}\"/>{formats}\
         <AssertionConsumerService isDefault=\"true\" index=\"0\" Binding=\"{POST}\" Location=\"{login}\"/>\
         <AssertionConsumerService index=\"1\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST-SimpleSign\" Location=\"{login}\"/>\
         <AssertionConsumerService index=\"2\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:PAOS\" Location=\"{login}\"/>\
         </SPSSODescriptor></EntityDescriptor>",
        descriptor(certificate),
        descriptor(second),
    )
}

pub(crate) fn ws_federation(role: &str, prefix: &str, endpoint: &str) -> String {
    format!(
        "<EntityDescriptor xmlns=\"{MD}\" entityID=\"https://app.example/\">\
         <RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
          xmlns:{prefix}=\"http://docs.oasis-open.org/wsfed/federation/200706\" xsi:type=\"{prefix}:{role}\" \
          protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\" ServiceDisplayName=\"The App\">\
         <{prefix}:ClaimTypesRequested><auth:ClaimType xmlns:auth=\"http://docs.oasis-open.org/wsfed/authorization/200706\" \
          Uri=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn\" Optional=\"true\"/></{prefix}:ClaimTypesRequested>\
         <{prefix}:TargetScopes><wsa:EndpointReference xmlns:wsa=\"http://www.w3.org/2005/08/addressing\"><wsa:Address>urn:app:realm</wsa:Address></wsa:EndpointReference>\
         <wsa:EndpointReference xmlns:wsa=\"http://www.w3.org/2005/08/addressing\"><wsa:Address>https://app.example/</wsa:Address></wsa:EndpointReference></{prefix}:TargetScopes>\
         <{prefix}:PassiveRequestorEndpoint><wsa:EndpointReference xmlns:wsa=\"http://www.w3.org/2005/08/addressing\"><wsa:Address> {endpoint}\n</wsa:Address></wsa:EndpointReference></{prefix}:PassiveRequestorEndpoint>\
         </RoleDescriptor></EntityDescriptor>"
    )
}

pub(crate) fn aggregate(content: &str, attributes: &str) -> String {
    format!(
        "<md:EntitiesDescriptor xmlns:md=\"{MD}\" {attributes}>{content}</md:EntitiesDescriptor>"
    )
}
