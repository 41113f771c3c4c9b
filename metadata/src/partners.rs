//! A partner's metadata, read into a draft relying party.
//!
//! The draft permits nobody: rules are the admin's to add. What was left out or looks doubtful is a [`Note`].

mod conflicts;
mod draft;
mod entity;
mod identifier;
mod keys;
mod note;
mod refresh;
mod saml;
mod title;
mod trust;
mod wsfed;

use signet_model::RelyingParty;
use signet_xml::{Limits, read};
use time::{Duration, OffsetDateTime};

pub use conflicts::{Conflict, find_conflicts};
pub use note::Note;
pub use refresh::{Change, changes, refreshed};
pub use saml::RequestedAttribute;
pub use trust::Trust;

use crate::error::MetadataError;

/// How a document is read.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// The entity wanted from a document that describes several; of one, it must be this one.
    pub entity_id: Option<String>,
    /// Certificates (DER or base64, with or without PEM lines) one of which must have signed the document's root.
    /// Empty: a signature is not looked at.
    pub signed_by: Vec<Vec<u8>>,
    /// Accept signatures with SHA-1.
    pub allow_sha1_signature: bool,
    /// Accept `http` endpoints; the draft is marked so.
    pub allow_http: bool,
}

/// What a partner's metadata says.
#[derive(Clone, Debug)]
pub struct PartnerMetadata {
    /// The draft; its rules are empty, so it permits nobody.
    pub relying_party: RelyingParty,
    /// What an admin should know before the draft is used.
    pub notes: Vec<Note>,
    /// Whether the document was verified.
    pub trust: Trust,
    /// The earliest `validUntil` of the entity, its roles and the aggregates around it.
    pub valid_until: Option<OffsetDateTime>,
    /// The shortest `cacheDuration`, likewise.
    pub cache_duration: Option<Duration>,
    /// `NameIDFormat`s it understands, in its order of preference.
    pub name_id_formats: Vec<String>,
    /// `WantAssertionsSigned`.
    pub wants_signed_assertions: bool,
    /// Whether it says how contents are to be encrypted; else the draft has what partners of its kind can read.
    pub names_encryption: bool,
    /// Attributes it asks for by SAML.
    pub requested_attributes: Vec<RequestedAttribute>,
    /// Claim types it asks for by WS-Federation.
    pub requested_claims: Vec<String>,
}

/// Reads SAML 2.0 SP metadata (saml-metadata-2.0-os) and WS-Federation relying party metadata (WS-Federation 1.2,
/// section 3) into a draft relying party.
///
/// At most 10 MiB and 10,000 entities. Takes some 10 ms a MiB: call it away from the threads that answer requests.
///
/// # Errors
/// [`MetadataError`], one variant for each reason.
pub fn import_service_provider(
    bytes: &[u8],
    options: &ImportOptions,
    now: OffsetDateTime,
) -> Result<PartnerMetadata, MetadataError> {
    let document = read(bytes, Limits::METADATA)?;
    let (root, trust) = trust::check(&document, options)?;
    let found = entity::find(root, options.entity_id.as_deref())?;
    let mut draft = draft::Draft::begin(found, options, now)?;
    draft.read_saml()?;
    draft.read_wsfed()?;
    draft.finish(trust)
}

/// Fuzz entry: reads `bytes` as an unsigned document, in whatever way they ask for.
pub fn fuzz_import(bytes: &[u8]) {
    let options = ImportOptions {
        allow_http: true,
        ..ImportOptions::default()
    };
    let _ = import_service_provider(bytes, &options, OffsetDateTime::UNIX_EPOCH);
}
