//! The proof that a second factor was performed.

use signet_model::{AccountId, FactorId, FactorKind};
use time::OffsetDateTime;

/// A second factor that was just performed, by whom and when. Only [`crate::factors::SecondFactors`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactorProof {
    account: AccountId,
    kind: FactorKind,
    factor: Option<FactorId>,
    user_verified: bool,
    at: OffsetDateTime,
}

impl SecondFactorProof {
    pub(crate) fn new(
        account: AccountId,
        kind: FactorKind,
        factor: Option<FactorId>,
        user_verified: bool,
        at: OffsetDateTime,
    ) -> Self {
        Self {
            account,
            kind,
            factor,
            user_verified,
            at,
        }
    }

    /// Who performed it. Evidence of another account must not take it (PWD-13).
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// What was performed.
    pub fn kind(&self) -> FactorKind {
        self.kind
    }

    /// Which enrolled factor it was, where there is one; for the audit.
    pub fn factor(&self) -> Option<FactorId> {
        self.factor
    }

    /// Whether the device checked its owner too (PIN, finger, face). Only passkeys say so.
    pub fn user_verified(&self) -> bool {
        self.user_verified
    }

    /// When the check succeeded.
    pub fn at(&self) -> OffsetDateTime {
        self.at
    }
}
