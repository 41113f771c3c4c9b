//! Signing in with a Kerberos ticket, over SPNEGO.
//!
//! ```text
//! Authorization: Negotiate … -> NegotiateToken (read here: AES only, nothing but a first token of Kerberos)
//!     -> the library, on threads that may block: key, times, replay, channel bindings, PAC signature
//!     -> what the library leaves to its caller: bindings required? a person? of a realm that may?
//!     -> ReplayLedger: once on all nodes -> account by the PAC's SID, in the directory of the client's realm
//!     -> KerberosProof
//! ```
//!
//! The protocol is MIT krb5's, behind `signet-gssapi`. What is read here before and after it are strangers' octets,
//! each with its bounds and a fuzz target ([`fuzz`]). Groups of the PAC are not read: the directory says what
//! somebody is a member of, so a forged or old ticket gives no rights that the directory does not.
//!
//! Which networks and browsers are offered `Negotiate` is the server's to decide. Whatever fails here ends in the
//! form, never in a second challenge.

mod accept;
mod ap_request;
mod authenticator;
mod binding;
mod der;
mod encryption;
mod header;
mod keytab;
mod keytab_check;
mod keytab_watch;
mod logon_info;
mod ndr;
mod pac;
mod pool;
mod principal;
mod proof;
mod refusal;
mod replay;
mod settings;

pub use ap_request::ApRequest;
pub use authenticator::KerberosAuthenticator;
pub use binding::{ChannelBinding, ExtendedProtection, NoChannelBinding};
pub use encryption::EncryptionType;
pub use header::{MOST_HEADER_OCTETS, NegotiateToken};
pub use keytab::{KeytabEntry, KeytabFault, read_keytab};
pub use keytab_check::{KeytabReport, KeytabWarning, check_keytab};
pub use proof::{KerberosProof, KerberosSignIn};
pub use refusal::{Fallback, KerberosRefusal};
pub use replay::{ReplayLedger, ReplayLedgerUnavailable};
pub use settings::{KerberosSettings, KerberosSetupError};
pub use signet_gssapi::ReplayCache;

/// What the fuzz targets call.
pub mod fuzz {
    pub use super::binding::fuzz_end_point;
    pub use super::header::fuzz_negotiate;
    pub use super::keytab::fuzz_keytab;
    pub use super::pac::fuzz_pac;
}
