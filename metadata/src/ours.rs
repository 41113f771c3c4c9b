//! The federation metadata of this service, at AD FS's path and in AD FS's form.
//!
//! It holds what is served and nothing else: a WS-Federation token service role with its passive endpoint, and a
//! SAML 2.0 identity provider role whose protocol list also names WS-Federation as Shibboleth knows it. There are
//! no active endpoints, no artifact resolution and no service provider role until those exist.

mod claim_types;
mod description;
mod roles;
mod write;

pub use claim_types::{OfferedClaim, standard_claims};
pub use description::{LogoutSupport, ServiceDescription};
pub use write::{METADATA_CONTENT_TYPE, METADATA_PATH, write_federation_metadata};
