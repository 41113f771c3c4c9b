//! The proof that a certificate was verified for an account.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use signet_certs::client::{ClientCertificate, JudgedCertificate};
use signet_directory::Account;
use signet_model::{AccountId, Sid};
use time::OffsetDateTime;

use super::context::CertificateContext;
use super::failure::CertificateFailure;
use super::mapping::MappedBy;

/// Who saw that the sender holds the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Possession {
    /// This server's own TLS handshake.
    Handshake,
    /// A listed reverse proxy, by its word.
    Proxy,
}

/// A certificate that was verified, and the account it belongs to. Made by
/// [`CertificateAuthenticator::sign_in`](super::CertificateAuthenticator::sign_in) only, and made again of the pass that it
/// was sealed into ([`CertificatePass::redeem`](super::CertificatePass::redeem)).
#[derive(Clone, Debug)]
pub struct VerifiedCertificate {
    pub(super) account: Arc<Account>,
    pub(super) certificate: ClientCertificate,
    pub(super) at: OffsetDateTime,
    pub(super) mapped_by: MappedBy,
    pub(super) possession: Possession,
}

impl VerifiedCertificate {
    pub(super) fn new(
        account: Arc<Account>,
        judged: JudgedCertificate,
        mapped_by: MappedBy,
        possession: Possession,
    ) -> Self {
        Self {
            account,
            at: judged.judged_at(),
            certificate: judged.into_certificate(),
            mapped_by,
            possession,
        }
    }

    /// The account, read from the directory for this sign-in.
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// The certificate.
    pub fn certificate(&self) -> &ClientCertificate {
        &self.certificate
    }

    /// When it was verified: the time of the evidence.
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// What bound it to the account; for the audit.
    pub fn mapped_by(&self) -> &MappedBy {
        &self.mapped_by
    }

    /// Who saw that the sender holds the key; for the audit.
    pub fn possession(&self) -> Possession {
        self.possession
    }

    /// What claim rules may say of the certificate.
    pub fn context(&self) -> CertificateContext {
        CertificateContext::of(self.certificate())
    }

    /// As a second factor: the certificate has to be that of the person who gave the first.
    ///
    /// # Errors
    /// [`CertificateFailure::AnotherAccount`].
    pub fn check_belongs_to(&self, wanted: AccountId, sid: &Sid) -> Result<(), CertificateFailure> {
        // Two directories may hold objects of one identifier; their domains differ.
        if self.account.id == wanted && self.account.sid == *sid {
            return Ok(());
        }
        Err(CertificateFailure::AnotherAccount {
            wanted,
            found: self.account.id,
        })
    }
}
