//! What tries are counted by, as keys that say nothing to a reader of the database.

use std::fmt;
use std::net::IpAddr;

use aws_lc_rs::hmac;
use signet_model::AccountId;

/// What a bucket counts the tries of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BucketKind {
    /// One account, tried from where its owner has signed in before, or from inside.
    AccountNear,
    /// One account, tried from anywhere else.
    AccountFar,
    /// One address: an IPv4 address or an IPv6 /64.
    Address,
    /// One network: an IPv4 /24 or an IPv6 /48.
    Network,
    /// Codes of one account's second factors, within minutes.
    SecondFactor,
    /// The same within a day.
    SecondFactorDay,
    /// One account, tried from anywhere.
    AccountAll,
    /// Everything from unknown places outside.
    Everywhere,
}

impl BucketKind {
    /// Whether this counts tries at one account (or one name that no account has).
    pub fn is_account(self) -> bool {
        matches!(
            self,
            Self::AccountNear | Self::AccountFar | Self::AccountAll
        )
    }
}

/// The key of one counter: a kind and a keyed digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    kind: BucketKind,
    digest: [u8; 16],
}

impl Bucket {
    /// What it counts.
    pub fn kind(&self) -> BucketKind {
        self.kind
    }

    /// Eight octets of the digest: enough to tell accounts apart in memory.
    pub(crate) fn short(&self) -> u64 {
        self.digest
            .iter()
            .take(8)
            .fold(0, |sum, octet| sum << 8 | u64::from(*octet))
    }

    /// 17 octets: the kind, then the digest. The primary key of a counter's row.
    pub fn to_octets(&self) -> [u8; 17] {
        let mut octets = [0u8; 17];
        if let Some((kind, digest)) = octets.split_first_mut() {
            *kind = match self.kind {
                BucketKind::AccountNear => 1,
                BucketKind::AccountFar => 2,
                BucketKind::Address => 3,
                BucketKind::Network => 4,
                BucketKind::SecondFactor => 32,
                BucketKind::SecondFactorDay => 33,
                BucketKind::AccountAll => 5,
                BucketKind::Everywhere => 6,
            };
            digest.copy_from_slice(&self.digest);
        }
        octets
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:", self.kind)?;
        self.digest
            .iter()
            .take(4)
            .try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// Whom a try is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// An account that exists.
    Account(AccountId),
    /// A name that no account has, by [`BucketKeys::name_tag`].
    Nobody([u8; 2]),
}

/// Makes buckets; the key keeps a reader of the counters from finding out whose they are.
pub(crate) struct BucketKeys(hmac::Key);

impl BucketKeys {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub(crate) fn target(&self, kind: BucketKind, target: Target) -> Bucket {
        let digest = match target {
            Target::Account(account) => self.digest(&[b"account", account.as_octets()]),
            Target::Nobody(tag) => self.digest(&[b"nobody", &tag]),
        };
        Bucket { kind, digest }
    }

    /// A counter of factors that another server checks, beside those that are checked here.
    pub(crate) fn remote(&self, kind: BucketKind, account: AccountId) -> Bucket {
        Bucket {
            kind,
            digest: self.digest(&[b"remote factor", account.as_octets()]),
        }
    }

    /// The counter of an address: at most 2^18 of them, so that nobody can fill the table.
    pub(crate) fn address(&self, address: IpAddr) -> Bucket {
        Bucket {
            kind: BucketKind::Address,
            digest: self.folded(b"address", address, 32, 64, 0xff_ff_03),
        }
    }

    /// An address as a place that somebody is known at. It is not folded as its counter is: two addresses that share a counter
    /// are refused together, but nobody is at home at a stranger's. An account has few of them.
    pub(crate) fn place(&self, address: IpAddr) -> Bucket {
        Bucket {
            kind: BucketKind::Address,
            digest: self.digest(&[b"place", &prefix(address, 32, 64)]),
        }
    }

    /// The counter of the network around an address: at most 2^16 of them.
    pub(crate) fn network(&self, address: IpAddr) -> Bucket {
        Bucket {
            kind: BucketKind::Network,
            digest: self.folded(b"network", address, 24, 48, 0xff_ff_00),
        }
    }

    /// The one counter of everything.
    pub(crate) fn everywhere(&self) -> Bucket {
        Bucket {
            kind: BucketKind::Everywhere,
            digest: self.digest(&[b"everywhere"]),
        }
    }

    /// A name that no account has, folded to 16 bits: ten million random names make at most 65,536
    /// counters (PWD-06). Two names that share one are refused a little early, no more.
    pub(crate) fn name_tag(&self, domain: &str, user: &str) -> [u8; 2] {
        let digest = self.digest(&[
            b"name",
            domain.to_lowercase().as_bytes(),
            user.to_lowercase().as_bytes(),
        ]);
        let [first, second, ..] = digest;
        [first, second]
    }

    fn folded(&self, label: &[u8], address: IpAddr, v4: u32, v6: u32, mask: u32) -> [u8; 16] {
        let [a, b, c, ..] = self.digest(&[label, &prefix(address, v4, v6)]);
        let folded = u32::from_be_bytes([0, a, b, c]) & mask;
        self.digest(&[label, b"folded", &folded.to_be_bytes()])
    }

    fn digest(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut digest = [0u8; 16];
        for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        digest
    }
}

/// The first `v4` or `v6` bits of an address, the others zero.
fn prefix(address: IpAddr, v4: u32, v6: u32) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => (u32::from(address) & (u32::MAX << (32 - v4)))
            .to_be_bytes()
            .to_vec(),
        IpAddr::V6(address) => (u128::from(address) & (u128::MAX << (128 - v6)))
            .to_be_bytes()
            .to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn keys() -> BucketKeys {
        BucketKeys::new(&[7; 32])
    }

    #[test]
    fn addresses_are_counted_by_v4_host_and_v6_subnet() {
        let keys = keys();
        let of = |text: &str| keys.address(text.parse().unwrap());
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        let net = |text: &str| keys.network(text.parse().unwrap());
        assert_eq!(net("192.0.2.1"), net("192.0.2.200"));
        assert_ne!(net("192.0.2.1"), net("192.0.3.1"));
        assert_eq!(net("2001:db8:0:1::1"), net("2001:db8:0:2::1"));
    }

    /// Whoever has many addresses finds one whose counter is that of somebody's home; it is not their home.
    #[test]
    fn sec_pwd_10_addresses_that_share_a_counter_are_different_places() {
        let keys = keys();
        let mut seen = std::collections::HashMap::new();
        let mut shared = 0;
        for number in 0..5_000u32 {
            let address = IpAddr::from((0x0a00_0000 + number).to_be_bytes());
            if let Some(other) = seen.insert(keys.address(address).to_octets(), address) {
                shared += 1;
                assert_ne!(keys.place(address), keys.place(other));
            }
        }
        assert!(shared > 10, "{shared}");
        let of = |text: &str| keys.place(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
    }

    #[test]
    fn sec_pwd_06_ten_million_names_need_at_most_65536_counters() {
        let keys = keys();
        let mut seen = HashSet::new();
        for number in 0..300_000 {
            let tag = keys.name_tag("corp.example", &format!("random{number}"));
            seen.insert(
                keys.target(BucketKind::AccountFar, Target::Nobody(tag))
                    .to_octets(),
            );
        }
        assert!(seen.len() <= 65_536, "{}", seen.len());
        assert!(
            seen.len() > 60_000,
            "the names must spread, or one attacker blocks every other name"
        );
    }

    #[test]
    fn a_reader_without_the_key_cannot_name_the_account() {
        let account = AccountId::from_directory_octets(&[3; 16]).unwrap();
        let with = |key: u8| {
            BucketKeys::new(&[key; 32]).target(BucketKind::AccountFar, Target::Account(account))
        };
        assert_ne!(with(1), with(2));
    }
}
