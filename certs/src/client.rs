//! People's certificates: read, judged, and put into the words of an account mapping.
//!
//! ```text
//! handshake      the key is proved; nothing else is asked        certificate_host_config
//! certificate    the bytes are read, once and to the last octet  ClientCertificate::read
//! path           trusted root; direct issuer in NTAuth; purpose  Judge
//! revocation     CRLs and OCSP, from configured hosts            Judge, RevocationCache, HttpSource
//! mapping        what altSecurityIdentities would say            mapping_strings, SecurityIdentity
//! header         the same certificate from a listed proxy        header
//! ```
//!
//! Only [`Judge::judge`] makes a [`JudgedCertificate`], and only that is mapped to an account (in `signet-authn`).

mod certificate;
mod der;
mod error;
mod extensions;
mod handshake;
pub mod header;
mod judge;
mod mapping;
mod name;
mod path;
mod refusal;
pub mod revocation;
mod san;
mod sid;
mod trust;

pub use certificate::{ClientCertificate, LARGEST_CERTIFICATE, fuzz_client_certificate};
pub use error::Unreadable;
pub use extensions::{Extensions, KeyUsages};
pub use handshake::{RecordingVerifier, certificate_host_config};
pub use judge::{Judge, JudgedCertificate, JudgingPolicy, Revocation, Step};
pub use mapping::{
    MappingString, Match, SecurityIdentity, Strength, fuzz_security_identity, mapping_strings,
    search_values,
};
pub use name::DistinguishedName;
pub use refusal::Refusal;
pub use trust::Authorities;

/// Extended key usage: TLS client authentication.
pub const CLIENT_AUTHENTICATION: &str = "1.3.6.1.5.5.7.3.2";
/// Extended key usage: smart card logon of Windows.
pub const SMARTCARD_LOGON: &str = "1.3.6.1.4.1.311.20.2.2";
