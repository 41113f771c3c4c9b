//! What the library refuses, in types.

use thiserror::Error;

/// The library could not be used, or refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GssError {
    /// The library is not on this machine.
    #[error(
        "MIT krb5's GSSAPI is not on this machine ({0}): install libgssapi-krb5-2 (Debian, Ubuntu) or krb5-libs (Red Hat, SUSE)"
    )]
    LibraryAbsent(String),
    /// The library is too old: it lacks a function.
    #[error("libgssapi_krb5.so.2 is too old: {0}")]
    SymbolMissing(String),
    /// A path with U+0000 in it, or one that is not UTF-8.
    #[error("{0} cannot be given to the library: not a plain path")]
    PathForm(String),
    /// The keytab gives no credential.
    #[error("no credential: {0}")]
    CredentialRefused(Status),
    /// The token proves nothing.
    #[error("{0}")]
    TokenRefused(Status),
    /// The library wants a further leg; a token of Kerberos needs none.
    #[error("the token is only the first of several (DCE style)")]
    MoreLegs,
    /// The context is not of the Kerberos mechanism.
    #[error("the mechanism is not Kerberos")]
    OtherMechanism,
    /// Something given or answered is longer than it may be.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// The library answered what its interface does not allow.
    #[error("the library answered {0}")]
    BrokenAnswer(&'static str),
}

/// A refusal of the library.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text} (major {major:#010x}, minor {minor})")]
pub struct Status {
    /// What it comes down to.
    pub reason: Reason,
    /// The major status (RFC 2744, 3.9.1).
    pub major: u32,
    /// The minor status; for Kerberos the library's error number.
    pub minor: i32,
    /// The library's own words. For logs.
    pub text: String,
}

/// What a refusal of the library comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The two clocks differ by more than is allowed (KRB_AP_ERR_SKEW).
    ClockSkew,
    /// The ticket has expired (KRB_AP_ERR_TKT_EXPIRED).
    TicketExpired,
    /// The ticket is not valid yet (KRB_AP_ERR_TKT_NYV).
    TicketNotYetValid,
    /// The same authenticator was seen before (KRB_AP_ERR_REPEAT).
    Replay,
    /// The keytab has no key for the ticket's principal, version or encryption type.
    NoKey,
    /// The keytab has such a key, but another one: the ticket does not decrypt.
    WrongKey,
    /// The client's channel bindings are of another channel, or missing where it promises them.
    BadBindings,
    /// The keytab cannot be read.
    KeytabUnreadable,
    /// The token is not in its form.
    Malformed,
    /// Another reason; see [`Status::text`].
    Other,
}

/// The first error number of `krb5_err`; the others are this and the protocol's own (RFC 4120, 7.5.9) added.
const KRB5: i32 = -1_765_328_384;
const KEYTAB_NOT_FOUND: i32 = -1_765_328_203;
const KEYTAB_VERSION_NOT_FOUND: i32 = -1_765_328_154;
const KEYTAB_WRONG_PRINCIPAL: i32 = KRB5 + 144;

impl Status {
    pub(crate) fn new(major: u32, minor: u32, text: String) -> Self {
        let minor = minor.cast_signed();
        Self {
            reason: reason(major, minor),
            major,
            minor,
            text,
        }
    }
}

/// RFC 2744, 3.9.1: routine errors are in bits 16 to 23, supplementary bits below.
fn reason(major: u32, minor: i32) -> Reason {
    const DUPLICATE_TOKEN: u32 = 1 << 1;
    match minor.wrapping_sub(KRB5) {
        31 | 41 => return Reason::WrongKey,
        32 => return Reason::TicketExpired,
        33 => return Reason::TicketNotYetValid,
        34 => return Reason::Replay,
        35 | 44 | 45 => return Reason::NoKey,
        37 => return Reason::ClockSkew,
        _ => {}
    }
    match minor {
        KEYTAB_NOT_FOUND | KEYTAB_VERSION_NOT_FOUND | KEYTAB_WRONG_PRINCIPAL => {
            return Reason::NoKey;
        }
        // EACCES, ENOENT
        13 | 2 => return Reason::KeytabUnreadable,
        _ => {}
    }
    match (major >> 16) & 0xff {
        4 => Reason::BadBindings,
        7 | 13 if minor == 0 => Reason::NoKey,
        9 => Reason::Malformed,
        _ if major & DUPLICATE_TOKEN != 0 => Reason::Replay,
        _ => Reason::Other,
    }
}
