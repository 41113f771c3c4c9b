//! What Microsoft Entra has to be told about a federated domain.
//!
//! The values are those of Graph's `internalDomainFederation`. Nothing is sent anywhere: an admin enters them, posts
//! the JSON, or runs the script.

mod powershell;
mod settings;
mod text;

pub use settings::{DomainSettings, MfaBehavior, PreferredProtocol, PromptLogin, domain_settings};
