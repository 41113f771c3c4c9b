//! Why a Kerberos sign-in did not succeed: what the person reads, and what the administrator does next.

use signet_directory::{AccountState, DirectoryError};
use signet_gssapi::GssError;
use signet_model::{AccountId, Culprit, MessagePair, Sid};
use thiserror::Error;
use time::OffsetDateTime;

use super::encryption::{EncryptionType, encryption_name};
use super::replay::ReplayLedgerUnavailable;

/// A Kerberos sign-in that failed. Whatever it is, the answer is the form, without `WWW-Authenticate`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KerberosRefusal {
    /// The header is no first token of Kerberos: an ordinary browser outside of the domain.
    #[error("no Kerberos in the Authorization header: {0}")]
    FallBack(#[from] Fallback),
    /// The ticket is to be decrypted with another ticket's key.
    #[error("a user-to-user ticket, which no browser sends")]
    UserToUser,
    /// The ticket or the authenticator is encrypted with something older than AES.
    #[error("the ticket for {service} uses {} (type {number}), which is refused: set msDS-SupportedEncryptionTypes of the service account to 24, \
             reset its password, export the keytab again; people get new tickets within ten hours or by `klist purge`", encryption_name(*.number))]
    WeakEncryption {
        /// The service's name.
        service: String,
        /// The type's number.
        number: i64,
    },
    /// As many tokens as may wait are waiting.
    #[error(
        "too many Kerberos tokens are waiting to be checked: raise the limits, or look at what makes the checks slow"
    )]
    Busy,
    /// The check took too long.
    #[error(
        "the Kerberos library did not answer in time: is the keytab or the replay cache on a slow or hanging disk?"
    )]
    TooSlow,
    /// The check ended early.
    #[error("the Kerberos check ended early")]
    Interrupted,
    /// The two clocks differ by too much.
    #[error(
        "the clocks differ by more than {allowed_seconds} s; here it is {here}: compare with `w32tm /query /status` on the client and \
             `chronyc tracking` (or `timedatectl`) on this machine, and mend the wrong one"
    )]
    ClockSkew {
        /// This machine's time.
        here: OffsetDateTime,
        /// What is allowed.
        allowed_seconds: u64,
    },
    /// The ticket has expired.
    #[error(
        "the ticket has expired; here it is {here}. The client should get a new one by itself: is its clock or this machine's wrong?"
    )]
    TicketExpired {
        /// This machine's time.
        here: OffsetDateTime,
    },
    /// The ticket begins in the future.
    #[error(
        "the ticket is not valid yet; here it is {here}: this machine's clock, the client's or the domain controller's is wrong"
    )]
    TicketNotYetValid {
        /// This machine's time.
        here: OffsetDateTime,
    },
    /// No key table has a key for the ticket.
    #[error("no key for {service}@{realm}, version {}, {encryption}; there are: {have}. {}", version(*.key_version), KEYTAB_HINT)]
    NoKey {
        /// The service's name, as the ticket says it.
        service: String,
        /// Its realm.
        realm: String,
        /// The key's version.
        key_version: Option<u32>,
        /// The encryption type.
        encryption: EncryptionType,
        /// The keys that are there.
        have: String,
    },
    /// There is a key of that name, version and type, but the ticket does not decrypt with it.
    #[error("the key for {service}@{realm}, version {}, {encryption} is another one than the domain's. {}", version(*.key_version), KEYTAB_HINT)]
    WrongKey {
        /// The service's name, as the ticket says it.
        service: String,
        /// Its realm.
        realm: String,
        /// The key's version.
        key_version: Option<u32>,
        /// The encryption type.
        encryption: EncryptionType,
    },
    /// The same token came before.
    #[error(
        "a replayed token, first seen by {seen_by}: somebody may have copied it, or a proxy sent a request twice"
    )]
    Replay {
        /// Whose memory knew it.
        seen_by: &'static str,
    },
    /// The shared memory of tokens cannot be asked.
    #[error("{0}")]
    ReplayUnknown(#[from] ReplayLedgerUnavailable),
    /// The client is bound to another TLS connection.
    #[error(
        "the token is bound to another TLS connection. Is TLS ended by a proxy that shows another certificate than this machine's? Then \
             name the proxy's certificate for extended protection, or set it to none. If not: somebody is in between"
    )]
    BindingMismatch,
    /// Bindings are required, and the client gave none.
    #[error(
        "the client gave no channel bindings, and extended protection is set to require: the browser cannot, or its policy keeps it from it"
    )]
    BindingMissing,
    /// Bindings are to be checked, but our own end has none.
    #[error(
        "extended protection is on, but this connection has no certificate to compare with: name the proxy's certificate, or set it to none"
    )]
    OwnBindingUnknown,
    /// A key table cannot be used.
    #[error("{0}")]
    Keytab(String),
    /// The library refused otherwise.
    #[error("{0}")]
    Library(GssError),
    /// The client hides who it is, or its name is in no form.
    #[error("the client's principal {principal:?} is anonymous or in no known form")]
    NoPrincipal {
        /// As the library writes it.
        principal: String,
    },
    /// The client's realm is not among those that may sign in.
    #[error("{principal} is of the realm {realm}, which is not among the realms that may sign in")]
    ForeignRealm {
        /// The client.
        principal: String,
        /// Its realm.
        realm: String,
    },
    /// A host, a service, a computer, krbtgt or another account that is no person's.
    #[error("{principal} is not a person")]
    NotAPerson {
        /// The client.
        principal: String,
    },
    /// The ticket's PAC is broken or its signature is not the service key's.
    #[error("the PAC in the ticket of {principal} cannot be trusted: {detail}")]
    PacRefused {
        /// The client.
        principal: String,
        /// What was wrong.
        detail: &'static str,
    },
    /// The ticket has no PAC that names the person, and one is required.
    #[error(
        "the ticket of {principal} has no PAC with a SID: clear NO_AUTH_DATA_REQUIRED (0x2000000) in userAccountControl of the service \
             account; for a centre that is not Active Directory allow tickets without PAC"
    )]
    NoPac {
        /// The client.
        principal: String,
    },
    /// A service got the ticket in the person's name: the person did not sign in.
    #[error(
        "the ticket of {principal} was got by a service in that name ({how}): that is no sign-in of the person"
    )]
    Delegated {
        /// The client.
        principal: String,
        /// By which way.
        how: &'static str,
    },
    /// The directory of the realm has no such account.
    #[error("{principal} ({}) is not in the directory of its realm", sid_text(.sid.as_ref()))]
    UnknownAccount {
        /// The client.
        principal: String,
        /// The SID of the PAC.
        sid: Option<Sid>,
    },
    /// The account may not sign in now.
    #[error("{account} may not sign in: {state:?}")]
    AccountNotActive {
        /// The account.
        account: AccountId,
        /// Why.
        state: AccountState,
    },
    /// The directory cannot be asked.
    #[error("{0}")]
    Directory(DirectoryError),
}

/// What came instead of Kerberos.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Fallback {
    /// Another scheme than Negotiate, such as Basic.
    #[error("another scheme than Negotiate")]
    OtherScheme,
    /// A header that is longer than is read.
    #[error("longer than 64 KiB")]
    TooLong,
    /// Not base64, or no token.
    #[error("not a token")]
    Malformed,
    /// NTLM, bare or first in SPNEGO: the machine is outside of the domain, or knows the host by another name.
    #[error(
        "NTLM: the client has no ticket (not joined, no domain controller in reach, or no SPN for the name it asked for)"
    )]
    Ntlm,
    /// NEGOEX first in SPNEGO.
    #[error("NEGOEX")]
    Negoex,
    /// Another mechanism first in SPNEGO.
    #[error("another mechanism than Kerberos")]
    OtherMechanism,
    /// SPNEGO without a token for its first mechanism.
    #[error("SPNEGO without a first token")]
    NoToken,
    /// The exchange would need a further leg.
    #[error("the exchange needs a second leg")]
    MoreLegs,
}

const KEYTAB_HINT: &str = "Export the keytab again after each password reset of the service account, and keep the old versions in it for the life of a ticket (10 h)";

impl KerberosRefusal {
    /// The account it was about, when one was found; for the audit.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::AccountNotActive { account, .. } => Some(*account),
            _ => None,
        }
    }

    /// Whether this is the everyday case of a browser without Kerberos: worth no warning and no audit row.
    pub fn is_everyday(&self) -> bool {
        matches!(self, Self::FallBack(_))
    }

    /// The two faces of this error. The form stands below the public text.
    pub fn message(&self) -> MessagePair {
        const TYPE_IT: &str = "Sign in with your user name and password here.";
        let (code, culprit) = self.code();
        let (public, hint) = match self {
            Self::Directory(error) => return error.message(),
            Self::AccountNotActive {
                state: AccountState::Disabled,
                ..
            } => (
                "Your account is disabled.",
                "Ask your help desk to enable it.",
            ),
            Self::AccountNotActive {
                state: AccountState::Expired,
                ..
            } => (
                "Your account has expired.",
                "Ask your help desk to extend it.",
            ),
            Self::AccountNotActive {
                state: AccountState::PasswordExpired | AccountState::MustChangePassword,
                ..
            } => ("You have to change your password first.", TYPE_IT),
            Self::ClockSkew { .. }
            | Self::TicketExpired { .. }
            | Self::TicketNotYetValid { .. } => (
                "Automatic sign-in did not work, because two clocks differ.",
                "Check the date and time of this computer, or sign in with your user name and password here.",
            ),
            Self::FallBack(_) => ("Automatic sign-in is not available here.", TYPE_IT),
            _ => ("Automatic sign-in did not work.", TYPE_IT),
        };
        MessagePair {
            code,
            culprit,
            public,
            hint,
            private: self.to_string(),
        }
    }

    fn code(&self) -> (&'static str, Culprit) {
        match self {
            Self::FallBack(_) => ("SIG-KRB-NOT-OFFERED", Culprit::User),
            Self::UserToUser => ("SIG-KRB-USER-TO-USER", Culprit::User),
            Self::WeakEncryption { .. } => ("SIG-KRB-WEAK-ENCRYPTION", Culprit::Operator),
            Self::Busy => ("SIG-KRB-BUSY", Culprit::Us),
            Self::TooSlow => ("SIG-KRB-SLOW", Culprit::Operator),
            Self::Interrupted => ("SIG-KRB-INTERRUPTED", Culprit::Us),
            Self::ClockSkew { .. } => ("SIG-KRB-CLOCK", Culprit::Operator),
            Self::TicketExpired { .. } => ("SIG-KRB-TICKET-EXPIRED", Culprit::User),
            Self::TicketNotYetValid { .. } => ("SIG-KRB-TICKET-EARLY", Culprit::Operator),
            Self::NoKey { .. } => ("SIG-KRB-NO-KEY", Culprit::Operator),
            Self::WrongKey { .. } => ("SIG-KRB-WRONG-KEY", Culprit::Operator),
            Self::Replay { .. } => ("SIG-KRB-REPLAY", Culprit::User),
            Self::ReplayUnknown(_) => ("SIG-KRB-REPLAY-UNKNOWN", Culprit::Operator),
            Self::BindingMismatch => ("SIG-KRB-BINDING", Culprit::Operator),
            Self::BindingMissing => ("SIG-KRB-BINDING-MISSING", Culprit::User),
            Self::OwnBindingUnknown => ("SIG-KRB-BINDING-UNKNOWN", Culprit::Operator),
            Self::Keytab(_) => ("SIG-KRB-KEYTAB", Culprit::Operator),
            Self::Library(_) => ("SIG-KRB-LIBRARY", Culprit::Operator),
            Self::NoPrincipal { .. } => ("SIG-KRB-PRINCIPAL", Culprit::User),
            Self::ForeignRealm { .. } => ("SIG-KRB-REALM", Culprit::User),
            Self::NotAPerson { .. } => ("SIG-KRB-NOT-A-PERSON", Culprit::User),
            Self::PacRefused { .. } => ("SIG-KRB-PAC", Culprit::Directory),
            Self::NoPac { .. } => ("SIG-KRB-NO-PAC", Culprit::Operator),
            Self::Delegated { .. } => ("SIG-KRB-DELEGATED", Culprit::User),
            Self::UnknownAccount { .. } => ("SIG-KRB-UNKNOWN-ACCOUNT", Culprit::Directory),
            Self::AccountNotActive { .. } => ("SIG-KRB-ACCOUNT", Culprit::User),
            Self::Directory(_) => ("SIG-KRB-DIRECTORY", Culprit::Directory),
        }
    }
}

fn version(version: Option<u32>) -> String {
    version.map_or_else(|| "of no number".to_owned(), |version| version.to_string())
}

fn sid_text(sid: Option<&Sid>) -> &str {
    sid.map_or("no SID", Sid::as_str)
}
