//! Metadata: what partners say about themselves, what we say about ourselves, and what Entra has to be told.
//!
//! - [`partners`] reads SAML 2.0 service provider and WS-Federation relying party metadata into a draft
//!   [`RelyingParty`](signet_model::RelyingParty) with notes for the admin.
//! - [`fetch`] gets such a document from an address without becoming a tool against the own network.
//! - [`ours`] writes the federation metadata of this service; issuance's signer signs it.
//! - [`entra`] gives the settings of a federated domain as a table, JSON and a PowerShell script.

pub mod endpoint;
pub mod entra;
mod error;
pub mod fetch;
mod names;
pub mod ours;
pub mod partners;

pub use endpoint::{EndpointFault, check_endpoint};
pub use error::MetadataError;
pub use partners::{ImportOptions, PartnerMetadata, import_service_provider};
