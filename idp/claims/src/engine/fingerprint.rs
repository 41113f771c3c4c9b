//! Fingerprints of claims: equal claims have equal ones, others hardly ever.
//!
//! Claims come from outside, so the key is random: nobody can prepare claims that collide.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::LazyLock;

use signet_model::Claim;

/// Two odd words of this process.
static KEY: LazyLock<(u64, u64)> = LazyLock::new(|| {
    let random = RandomState::new();
    (random.hash_one(1u8) | 1, random.hash_one(2u8) | 1)
});

/// A fingerprint of type and value; the other fields seldom tell claims apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) fn of(claim: &Claim) -> Self {
        let (seed, factor) = *KEY;
        let mut state = mix(seed, claim.value.len() as u64, factor);
        for text in [&claim.value, &claim.claim_type] {
            let (words, rest) = text.as_bytes().as_chunks();
            for word in words {
                state = mix(state, u64::from_le_bytes(*word), factor);
            }
            let rest = rest.iter().rev();
            let last = rest.fold(0, |word, octet| word << 8 | u64::from(*octet));
            state = mix(state, last, factor);
        }
        Self(state)
    }
}

/// Both halves of a product that depends on all bits of either side.
fn mix(state: u64, word: u64, factor: u64) -> u64 {
    let product = u128::from(state ^ word).wrapping_mul(u128::from(factor));
    let [low, high] = [product as u64, (product >> 64) as u64];
    (low ^ high).wrapping_add(word.rotate_left(29))
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Hashes a fingerprint to itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fingerprints;

impl BuildHasher for Fingerprints {
    type Hasher = Identity;

    fn build_hasher(&self) -> Identity {
        Identity(0)
    }
}

#[derive(Debug)]
pub(super) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = self.0.rotate_left(8) ^ u64::from(*octet);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }
}
