//! Why a certificate signed nobody in: what the person reads, and what the log says.

use signet_certs::client::Refusal;
use signet_directory::DirectoryError;
use signet_model::{AccountId, Culprit, MessagePair};
use thiserror::Error;

use super::mapping::MappingRefusal;

/// A certificate sign-in that failed. The sender has proved to hold the key, so each variant may be told plainly.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CertificateFailure {
    /// The certificate itself.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Whose it is.
    #[error(transparent)]
    Mapping(#[from] MappingRefusal),
    /// Good, but not by what the directory of its account publishes and the files say: by another directory's authorities.
    #[error(
        "the certificate names {account} of {directory}, for whose people it does not count: {detail}"
    )]
    NotOfThisDirectory {
        /// Whose certificate it claims to be.
        account: AccountId,
        /// The directory of that account.
        directory: String,
        /// What stands against it there.
        detail: String,
    },
    /// A computer, krbtgt, Guest, a trust or a service account.
    #[error("{0} is not a person's account")]
    NotAPerson(AccountId),
    /// An administrator disabled the account.
    #[error("{0} is disabled")]
    AccountDisabled(AccountId),
    /// The account has expired.
    #[error("{0} has expired")]
    AccountExpired(AccountId),
    /// The directory has locked the account.
    #[error("{0} is locked in the directory")]
    AccountLocked(AccountId),
    /// The certificate is good, but another person's than the one who is signing in.
    #[error("the certificate is that of {found}, not of {wanted}")]
    AnotherAccount {
        /// Who is signing in.
        wanted: AccountId,
        /// Whose certificate it is.
        found: AccountId,
    },
    /// The directory gave no answer.
    #[error("{0}")]
    Directory(DirectoryError),
}

impl CertificateFailure {
    /// The account it was about, when there is one; for the audit.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::NotAPerson(id)
            | Self::AccountDisabled(id)
            | Self::AccountExpired(id)
            | Self::AccountLocked(id)
            | Self::NotOfThisDirectory { account: id, .. }
            | Self::AnotherAccount { found: id, .. } => Some(*id),
            Self::Refused(_) | Self::Mapping(_) | Self::Directory(_) => None,
        }
    }

    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        if let Self::Directory(error) = self {
            return error.message();
        }
        let (code, public, hint) = self.words();
        MessagePair {
            code,
            culprit: self.culprit(),
            public,
            hint,
            private: self.to_string(),
        }
    }

    fn culprit(&self) -> Culprit {
        match self {
            Self::Refused(refusal) if refusal.is_operators() => Culprit::Operator,
            Self::Mapping(_) => Culprit::Operator,
            Self::Directory(_) => Culprit::Directory,
            _ => Culprit::User,
        }
    }

    fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Refused(refusal) => (refusal.code(), refusal.public(), refusal.hint()),
            Self::Mapping(refusal) => mapping_words(refusal),
            Self::NotOfThisDirectory { .. } => (
                "SIG-CRT-NOT-OF-DIRECTORY",
                "The issuer of this certificate may not issue certificates for your account.",
                "Choose another certificate. If it is the right one, your administrator has to publish its issuer in the NTAuth store of your account's own directory.",
            ),
            Self::NotAPerson(_) => (
                "SIG-CRT-NOT-A-PERSON",
                "This certificate does not belong to a person.",
                "Choose your own certificate.",
            ),
            Self::AccountDisabled(_) => (
                "SIG-CRT-ACCOUNT-DISABLED",
                "Your account is disabled.",
                "Ask your help desk.",
            ),
            Self::AccountExpired(_) => (
                "SIG-CRT-ACCOUNT-EXPIRED",
                "Your account has expired.",
                "Ask your help desk.",
            ),
            Self::AccountLocked(_) => (
                "SIG-CRT-ACCOUNT-LOCKED",
                "Your account is locked after too many wrong passwords.",
                "Wait until it is free again, or ask your help desk to unlock it.",
            ),
            Self::AnotherAccount { .. } => (
                "SIG-CRT-OTHER-PERSON",
                "This certificate belongs to somebody else.",
                "Insert your own card, close the browser completely, and try again.",
            ),
            Self::Directory(_) => ("SIG-CRT-DIRECTORY", "", ""),
        }
    }
}

fn mapping_words(refusal: &MappingRefusal) -> (&'static str, &'static str, &'static str) {
    match refusal {
        MappingRefusal::SidMismatch { .. } => (
            "SIG-CRT-SID-MISMATCH",
            "This certificate names two different accounts.",
            "Ask your help desk for a new certificate: it was issued for another account than the one it names.",
        ),
        MappingRefusal::NoAccount { .. } => (
            "SIG-CRT-NO-ACCOUNT",
            "No account belongs to this certificate.",
            "Choose another certificate. If it is the right one, your administrator can map it with signet certmap.",
        ),
        MappingRefusal::TwoAccounts { .. } => (
            "SIG-CRT-TWO-ACCOUNTS",
            "More than one account belongs to this certificate.",
            "Ask your help desk: the certificate has to be mapped to one account only.",
        ),
        MappingRefusal::WeakNotAllowed { .. } => (
            "SIG-CRT-WEAK-MAPPING",
            "This certificate is not firmly bound to your account.",
            "Ask your help desk for a newer certificate, or to map this one by its serial number.",
        ),
        MappingRefusal::OlderThanAccount { .. } => (
            "SIG-CRT-OLDER-THAN-ACCOUNT",
            "This certificate is older than your account.",
            "Ask your help desk for a new certificate.",
        ),
    }
}
