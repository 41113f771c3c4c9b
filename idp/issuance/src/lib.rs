//! What is issued: the room between "who is there" and "what the relying party reads".
//!
//! - [`Engine`] runs the claim rules as AD FS runs them and holds what they made against what this
//!   service knows: the account, the evidence, the request, the domain table. Only
//!   [`Engine::permit`] makes a [`PermittedRelease`], and only from an
//!   [`AuthenticatedUser`](signet_authn::AuthenticatedUser).
//! - [`Engine::explain`] decides by the same code for a [`HypotheticalUser`]; it gives text.
//! - [`Signer`] is the only user of the token-signing key. It takes a release, or one of a closed set of
//!   messages, writes the document itself and signs what it wrote.
//! - Each token comes with its [`AuditFacts`]: tokens issued = signatures made = audit rows.
//!
//! Nothing here knows HTTP, a database or a configuration file: relying party, request, circumstances, time and
//! attribute stores come in with the [`Occasion`].

mod address;
mod audit;
mod checks;
mod engine;
mod explain;
mod id;
mod incoming;
mod name_id;
mod refusal;
mod release;
mod rules;
mod run;
mod signer;
mod stores;

pub use address::{is_below, unsafe_because};
pub use audit::AuditFacts;
pub use checks::{RefusedBecause, RefusedClaim, demanded_classes, restricts, satisfies_demand};
pub use engine::{Engine, Occasion, ServiceIdentity};
pub use explain::{ExplainedStage, Explanation, HypotheticalUser, TokenPreview};
pub use id::RandomnessFailed;
pub use name_id::NameId;
pub use refusal::{Refusal, SamlStatus};
pub use release::PermittedRelease;
pub use rules::RuleStage;
pub use signer::{
    ErrorResponse, LogoutMessage, LogoutRequest, LogoutResponse, SignatureCounts, SignedMessage,
    SignedRedirect, SignedResponse, SignedToken, Signer, SignerError, UnsignedMessage,
    UnsignedMetadata, wrap_in_rstr, write_error_response,
};
pub use stores::{AccountSnapshot, AttributeStores, OpaqueIds};
