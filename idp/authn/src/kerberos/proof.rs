//! What a Kerberos sign-in proves.

use std::sync::Arc;

use signet_directory::Account;
use time::OffsetDateTime;

/// Proof that the holder of a ticket of this account spoke over this connection. Only
/// [`KerberosAuthenticator::sign_in`](super::KerberosAuthenticator::sign_in) makes one.
#[derive(Clone, Debug)]
pub struct KerberosProof {
    pub(super) account: Arc<Account>,
    pub(super) principal: String,
    pub(super) at: OffsetDateTime,
    pub(super) ticket_ends: OffsetDateTime,
    pub(super) channel_bound: bool,
}

impl KerberosProof {
    /// The account, read from the directory after the ticket was accepted.
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// The client's principal; for the log. Never an identity: people are known by their account.
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// When the token was accepted.
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// When the ticket ends. A session may last longer; that is the policy's to say.
    pub fn ticket_ends(&self) -> OffsetDateTime {
        self.ticket_ends
    }

    /// Whether the token was bound to the TLS connection it came over.
    pub fn channel_bound(&self) -> bool {
        self.channel_bound
    }
}

/// A sign-in that succeeded.
#[derive(Clone, Debug)]
pub struct KerberosSignIn {
    /// Who it is.
    pub proof: KerberosProof,
    /// The value of `WWW-Authenticate` for the answer, whatever its status: our proof to the client.
    pub www_authenticate: Option<String>,
}
