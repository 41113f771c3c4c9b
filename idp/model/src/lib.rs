//! The vocabulary of Signet: who asks, who answers, what was proved, what is said.
//!
//! Types and their invariants only: nothing here reads a directory, a database, a configuration
//! file or the clock. Every other room speaks in these names, which are the names of the field:
//! relying party, federated domain, issuer, claim, evidence, authentication context.

pub mod claim;
pub mod domain;
pub mod evidence;
pub mod factor;
pub mod ids;
pub mod message;
pub mod network;
pub mod relying_party;
pub mod request;
pub mod uris;

pub use claim::Claim;
pub use domain::{DomainTable, FederatedDomain};
pub use evidence::{AvailableMethods, Evidence, Method, Performed};
pub use factor::{FactorAdded, FactorId, FactorKind, FactorRecord, NoSuchFactorKind};
pub use ids::{AccountId, ActivityId, RelyingPartyId, SessionId, Sid};
pub use message::{Culprit, MessagePair};
pub use network::{NetworkLocation, RequestContext};
pub use relying_party::RelyingParty;
pub use request::{Protocol, ReplyTo, RequestedAuthentication, SignInRequest};
