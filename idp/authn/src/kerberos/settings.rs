//! What Kerberos needs to be told.

use std::path::PathBuf;
use std::time::Duration;

use signet_gssapi::{GssError, ReplayCache};
use signet_model::{Culprit, MessagePair};
use thiserror::Error;

use super::binding::ExtendedProtection;
use super::keytab::KeytabFault;

/// The settings of [`KerberosAuthenticator`](super::KerberosAuthenticator).
#[derive(Clone, Debug)]
pub struct KerberosSettings {
    /// Key tables, at least one. Files may be replaced and grow while the program runs.
    pub keytabs: Vec<PathBuf>,
    /// Realms whose people may sign in; each is the DNS name of a configured directory. Empty: all of those.
    pub realms: Vec<String>,
    /// How strictly tokens are bound to the TLS connection.
    pub extended_protection: ExtendedProtection,
    /// Refuse a ticket without a PAC that names the person by SID. Active Directory always sends one; other
    /// centres do not, and then the principal's name is taken as sAMAccountName in its realm's own domain.
    pub require_pac: bool,
    /// The library's own replay cache, beside the shared one.
    pub replay_cache: ReplayCache,
    /// How far clocks may differ, `clockskew` of `krb5.conf`: a token is remembered for twice as long.
    pub clock_skew: Duration,
    /// How many tokens are checked at once; each takes a thread that may block.
    pub at_once: usize,
    /// How many more may wait.
    pub queue: usize,
    /// How long a token may take, waiting included.
    pub deadline: Duration,
}

impl Default for KerberosSettings {
    fn default() -> Self {
        Self {
            keytabs: Vec::new(),
            realms: Vec::new(),
            extended_protection: ExtendedProtection::default(),
            require_pac: true,
            replay_cache: ReplayCache::default(),
            clock_skew: Duration::from_secs(300),
            at_once: 8,
            queue: 128,
            deadline: Duration::from_secs(5),
        }
    }
}

/// Kerberos cannot begin; the form works without it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KerberosSetupError {
    /// MIT krb5 is not there, or cannot use a key table.
    #[error("{0}")]
    Library(GssError),
    /// A key table cannot be used. [`KeytabFault::OpenToOthers`] should keep the program from starting.
    #[error("{0}")]
    Keytab(KeytabFault),
    /// No key table is configured.
    #[error("no keytab is configured")]
    NoKeytab,
    /// A realm that is no configured directory's domain.
    #[error(
        "the realm {0} is not the domain of a configured directory: nobody of it could be found"
    )]
    RealmWithoutDirectory(String),
    /// The start ended early.
    #[error("the start of Kerberos ended early")]
    Interrupted,
    /// A number is 0 where it must not be, or far too large.
    #[error("{0} is out of its range")]
    OutOfRange(&'static str),
}

impl KerberosSetupError {
    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        let code = match self {
            Self::Keytab(fault) => return fault.message(),
            Self::Library(_) => "SIG-KRB-LIBRARY",
            Self::NoKeytab => "SIG-KRB-NO-KEYTAB",
            Self::RealmWithoutDirectory(_) => "SIG-KRB-REALM-DIRECTORY",
            Self::OutOfRange(_) => "SIG-KRB-SETTING",
            Self::Interrupted => "SIG-KRB-INTERRUPTED",
        };
        MessagePair {
            code,
            culprit: Culprit::Operator,
            public: "Automatic sign-in is not available.",
            hint: "Sign in with your user name and password.",
            private: self.to_string(),
        }
    }
}
