//! What is secret in a factor, sealed by the house's key and bound to its row.

use aws_lc_rs::hmac;
use signet_certs::Sealer;
use signet_model::{AccountId, FactorKind, FactorRecord};
use zeroize::Zeroizing;

use crate::factors::failure::FactorFailure;

/// Seals factors' secrets and ceremonies, and hashes recovery codes.
pub struct FactorSeal {
    sealer: Sealer,
    codes: hmac::Key,
}

impl FactorSeal {
    /// `sealer` is for the purpose `second factor`; `codes` is a key derived for recovery codes alone.
    pub fn new(sealer: Sealer, codes: &[u8; 32]) -> Self {
        Self {
            sealer,
            codes: hmac::Key::new(hmac::HMAC_SHA256, codes),
        }
    }

    /// The secret of a factor, for the row with this account, kind and id only.
    pub(crate) fn seal_secret(
        &self,
        record: &FactorRecord,
        secret: &[u8],
    ) -> Result<String, FactorFailure> {
        self.sealer
            .seal(secret, &row_of(record))
            .map_err(FactorFailure::Seal)
    }

    pub(crate) fn open_secret(
        &self,
        record: &FactorRecord,
    ) -> Result<Zeroizing<Vec<u8>>, FactorFailure> {
        self.sealer
            .open(&record.sealed, &row_of(record))
            .map(Zeroizing::new)
            .map_err(|_| FactorFailure::UnreadableFactor { id: record.id })
    }

    /// The state of a ceremony: opens for the same account, kind, step and flow only.
    pub(crate) fn seal_state(
        &self,
        scene: &Ceremony<'_>,
        state: &[u8],
    ) -> Result<String, FactorFailure> {
        self.sealer
            .seal(state, &scene.bound())
            .map_err(FactorFailure::Seal)
    }

    pub(crate) fn open_state(
        &self,
        scene: &Ceremony<'_>,
        sealed: &str,
    ) -> Result<Zeroizing<Vec<u8>>, FactorFailure> {
        self.sealer
            .open(sealed, &scene.bound())
            .map(Zeroizing::new)
            .map_err(|_| FactorFailure::CeremonyGone)
    }

    /// A recovery code as the store holds it.
    pub(crate) fn hash_code(&self, account: AccountId, code: &str) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.codes);
        context.update(b"signet recovery code\0");
        context.update(account.as_octets());
        context.update(code.as_bytes());
        let mut hash = [0u8; 32];
        for (to, from) in hash.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        hash
    }
}

/// What a ceremony's state is bound to.
pub(crate) struct Ceremony<'a> {
    /// `check` or `enrol`.
    pub(crate) step: &'static str,
    pub(crate) account: AccountId,
    pub(crate) kind: FactorKind,
    /// What tells this sign-in from all others.
    pub(crate) flow: &'a [u8],
}

impl Ceremony<'_> {
    fn bound(&self) -> Vec<u8> {
        bind(&[
            b"ceremony",
            self.step.as_bytes(),
            self.account.as_octets(),
            self.kind.as_str().as_bytes(),
            self.flow,
        ])
    }
}

fn row_of(record: &FactorRecord) -> Vec<u8> {
    bind(&[
        b"factor",
        record.account.as_octets(),
        record.kind.as_str().as_bytes(),
        record.id.0.as_bytes(),
    ])
}

fn bind(parts: &[&[u8]]) -> Vec<u8> {
    let mut bound = Vec::new();
    for part in parts {
        bound.extend((part.len() as u64).to_be_bytes());
        bound.extend_from_slice(part);
    }
    bound
}
