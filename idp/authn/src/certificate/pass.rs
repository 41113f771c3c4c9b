//! A verification on its way from the host that asks for certificates to the one where sessions are.
//!
//! The browser carries it, sealed: only this service can make one, it is worth something for a minute, and only in the
//! place that it was bound to (the browser and the sign-in). That it is used once is for the store to see to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use signet_certs::Sealer;
use signet_certs::client::ClientCertificate;
use signet_directory::Account;
use signet_model::{AccountId, Culprit, MessagePair, Sid};
use thiserror::Error;
use time::{Duration, OffsetDateTime};

use super::authenticator::check_state;
use super::failure::CertificateFailure;
use super::mapping::MappedBy;
use super::verified::{Possession, VerifiedCertificate};

/// How long a pass is worth anything: the time of one redirect.
const LIFETIME: Duration = Duration::seconds(60);
/// Nodes' clocks may differ by so much.
const CLOCKS_DIFFER: Duration = Duration::seconds(30);

/// Seals passes and opens them, with a key for this purpose alone.
pub struct PassSeal(Sealer);

/// A pass that was opened: sealed here, for this place, not long ago.
#[derive(Clone, Debug)]
pub struct CertificatePass {
    record: Record,
    certificate: ClientCertificate,
}

/// Why a pass was not made or not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotPassed {
    /// The certificate does not fit into an address.
    #[error("the certificate is too large to be passed on")]
    TooLarge,
    /// It was sealed too long ago.
    #[error("the verification of the certificate is too old")]
    Expired,
    /// It was not sealed here, or for another browser or sign-in.
    #[error("the verification of the certificate was not sealed for this place")]
    Foreign,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    account: AccountId,
    sid: Sid,
    #[serde(with = "time::serde::timestamp::milliseconds")]
    at: OffsetDateTime,
    #[serde(with = "time::serde::timestamp::milliseconds")]
    sealed_at: OffsetDateTime,
    mapped_by: MappedBy,
    possession: Possession,
}

impl PassSeal {
    /// `sealer` must be made for passes alone.
    pub fn new(sealer: Sealer) -> Self {
        Self(sealer)
    }

    /// `verified` as text for an address, worth something where the same `binding` is said.
    ///
    /// # Errors
    /// [`NotPassed::TooLarge`].
    pub fn seal(
        &self,
        verified: &VerifiedCertificate,
        binding: &[u8],
        now: OffsetDateTime,
    ) -> Result<String, NotPassed> {
        let record = Record {
            account: verified.account.id,
            sid: verified.account.sid.clone(),
            at: verified.at,
            sealed_at: now,
            mapped_by: verified.mapped_by.clone(),
            possession: verified.possession,
        };
        let json = serde_json::to_vec(&record).map_err(|_| NotPassed::TooLarge)?;
        let length = u16::try_from(json.len()).map_err(|_| NotPassed::TooLarge)?;
        let mut plain = length.to_be_bytes().to_vec();
        plain.extend_from_slice(&json);
        plain.extend_from_slice(verified.certificate.der());
        let sealed = self.0.seal(&plain, binding);
        sealed.map_err(|_| NotPassed::TooLarge)
    }

    /// Opens what [`PassSeal::seal`] made for the same `binding`. Any text may be given.
    ///
    /// # Errors
    /// [`NotPassed`].
    pub fn open(
        &self,
        sealed: &str,
        binding: &[u8],
        now: OffsetDateTime,
    ) -> Result<CertificatePass, NotPassed> {
        let foreign = NotPassed::Foreign;
        let plain = self.0.open(sealed, binding).map_err(|_| foreign)?;
        let (length, rest) = plain.split_first_chunk::<2>().ok_or(foreign)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (json, der) = rest.split_at_checked(length).ok_or(foreign)?;
        let record: Record = serde_json::from_slice(json).map_err(|_| foreign)?;
        let age = now - record.sealed_at;
        if age > LIFETIME || age < -CLOCKS_DIFFER {
            return Err(NotPassed::Expired);
        }
        let certificate = ClientCertificate::read(der).map_err(|_| foreign)?;
        Ok(CertificatePass {
            record,
            certificate,
        })
    }
}

impl CertificatePass {
    /// Whose certificate it is.
    pub fn account(&self) -> AccountId {
        self.record.account
    }

    /// When the certificate was verified; the account that redeems the pass must not have been read before.
    pub fn at(&self) -> OffsetDateTime {
        self.record.at
    }

    /// Until when a second use has to be remembered.
    pub fn worthless_after(&self) -> OffsetDateTime {
        self.record.sealed_at + LIFETIME + CLOCKS_DIFFER
    }

    /// The verification again, for the account as the directory describes it now.
    ///
    /// # Errors
    /// [`CertificateFailure`]: another account, or one that may not sign in.
    pub fn redeem(self, account: Arc<Account>) -> Result<VerifiedCertificate, CertificateFailure> {
        if account.id != self.record.account || account.sid != self.record.sid {
            return Err(CertificateFailure::AnotherAccount {
                wanted: account.id,
                found: self.record.account,
            });
        }
        check_state(&account)?;
        Ok(VerifiedCertificate {
            account,
            certificate: self.certificate,
            at: self.record.at,
            mapped_by: self.record.mapped_by,
            possession: self.record.possession,
        })
    }
}

impl NotPassed {
    /// The two faces of this error.
    pub fn message(self) -> MessagePair {
        let (code, public, hint) = match self {
            Self::TooLarge => (
                "SIG-CRT-TOO-LARGE",
                "Your certificate is too large to be used here.",
                "Choose another certificate, or tell your help desk the code and the activity id.",
            ),
            Self::Expired | Self::Foreign => (
                "SIG-CRT-NOT-PASSED",
                "Your certificate was accepted, but not taken over into this sign-in.",
                "Go back to the application and sign in from there, in one browser and without waiting.",
            ),
        };
        MessagePair {
            code,
            culprit: Culprit::User,
            public,
            hint,
            private: self.to_string(),
        }
    }
}
