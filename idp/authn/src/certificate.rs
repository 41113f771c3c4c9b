//! Signing in with a certificate.
//!
//! ```text
//! certificates of the handshake -> Judge: path, NTAuth, purpose, revocation -> JudgedCertificate
//!     -> one search in each directory: SID, altSecurityIdentities, UPN -> CertificateCandidate…
//!     -> decide: exactly one account, by the rules of KB5014754
//!     -> Directory::read -> state of the account -> VerifiedCertificate
//! ```
//!
//! Only [`CertificateAuthenticator::sign_in`] makes a [`VerifiedCertificate`]; from the host that asks for certificates to the
//! one where sessions are it crosses as a sealed [`CertificatePass`]. No password is checked and nothing can be
//! guessed, so the guard is not asked.

mod authenticator;
mod context;
mod explain;
mod failure;
mod mapping;
mod pass;
mod trust;
mod verified;

pub use authenticator::CertificateAuthenticator;
pub use context::{CertificateContext, ContextClaim};
pub use explain::{ExplainedStep, Explanation};
pub use failure::CertificateFailure;
pub use mapping::{MappedBy, MappingPolicy, MappingRefusal, decide};
pub use pass::{CertificatePass, NotPassed, PassSeal};
pub use trust::{ConfiguredAuthorities, Refreshed};
pub use verified::{Possession, VerifiedCertificate};
