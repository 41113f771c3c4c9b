//! The document: one `md:EntityDescriptor`, unsigned.

use signet_issuance::UnsignedMetadata;
use signet_xml::Writer;

use super::description::ServiceDescription;
use super::roles::{write_identity_provider, write_token_service};
use crate::names::md;

/// Where it is served (compared without case).
pub const METADATA_PATH: &str = "/FederationMetadata/2007-06/FederationMetadata.xml";
/// Its content type, as AD FS sends it.
pub const METADATA_CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// Exclusive canonicalization drops a namespace that is used only inside an `xsi:type` value, unless it is listed.
const PREFIXES: &[&str] = &["fed"];

/// Writes our metadata for [`signet_issuance::Signer::sign_metadata`]; `id` is a fresh XML id such as `_<uuid>`.
///
/// Source: saml-metadata-2.0-os 2.3.2 (the signature comes first), WS-Federation 1.2 section 3.1.
pub fn write_federation_metadata(service: &ServiceDescription, id: &str) -> UnsignedMetadata {
    let mut writer = Writer::with_capacity(16 * 1024);
    writer
        .start(md("EntityDescriptor"))
        .attribute("ID", id)
        .attribute("entityID", &service.entity_id);
    let insert_at = writer.mark();
    write_token_service(&mut writer, service);
    write_identity_provider(&mut writer, service);
    writer.end();
    UnsignedMetadata {
        document: writer.finish(),
        id: id.to_owned(),
        insert_at,
        prefixes: PREFIXES,
    }
}
