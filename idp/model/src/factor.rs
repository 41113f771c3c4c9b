//! Second factors, as the store keeps them and the authenticators use them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::evidence::Method;
use crate::ids::AccountId;

/// A kind of second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorKind {
    /// Codes of an authenticator app (RFC 6238).
    Totp,
    /// A passkey or security key (W3C Web Authentication).
    Passkey,
    /// One of the codes printed at enrolment.
    RecoveryCode,
    /// Whatever a RADIUS server asks for (RFC 2865).
    Radius,
}

impl FactorKind {
    /// The method that evidence says when it was performed.
    pub fn method(self) -> Method {
        match self {
            Self::Totp => Method::Totp,
            Self::Passkey => Method::SecurityKey,
            Self::RecoveryCode => Method::RecoveryCode,
            Self::Radius => Method::Radius,
        }
    }

    /// All kinds, in the order in which a person is offered them.
    pub const ALL: [Self; 4] = [Self::Passkey, Self::Totp, Self::Radius, Self::RecoveryCode];

    /// The word for rows, forms, audit and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery-code",
            Self::Radius => "radius",
        }
    }
}

impl fmt::Display for FactorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FactorKind {
    type Err = NoSuchFactorKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(NoSuchFactorKind)
    }
}

/// The word names no kind of second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchFactorKind;

/// One enrolled factor of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactorId(pub Uuid);

impl FactorId {
    /// A fresh random identifier.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for FactorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for FactorId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// An enrolled factor, as its row has it.
#[derive(Clone, PartialEq, Eq)]
pub struct FactorRecord {
    /// Its id, unique within the account.
    pub id: FactorId,
    /// Whose it is.
    pub account: AccountId,
    /// What it is.
    pub kind: FactorKind,
    /// What its owner calls it.
    pub label: String,
    /// Its secret or public key, sealed by the authenticator: the store cannot read it.
    pub sealed: String,
    /// Hash of what may be enrolled once in the whole service, such as the id of a passkey.
    pub handle: Option<[u8; 32]>,
    /// When it was enrolled.
    pub created_at: OffsetDateTime,
    /// When it was last used.
    pub last_used_at: Option<OffsetDateTime>,
    /// The time step of the last code, or the signature counter of a passkey: only ever moves forward.
    pub counter: i64,
}

impl fmt::Debug for FactorRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FactorRecord({} {} of {})",
            self.kind, self.id, self.account
        )
    }
}

/// What became of a factor that was to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum FactorAdded {
    /// It is there.
    Added,
    /// It was to be the account's first, and another came before it.
    NotTheFirst,
    /// The account has as many as one may have.
    TooMany,
    /// Its handle is enrolled already, here or with another account.
    HandleTaken,
}
