//! Finds one password tried on many accounts: many accounts failing from one network.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use ipnet::IpNet;
use signet_model::{ActivityId, NetworkLocation, RequestContext};
use time::{Duration, OffsetDateTime};

use crate::event::GuardEvent;

/// The most networks watched; the one watched longest goes first.
const MOST_NETWORKS: usize = 4096;
/// An address inside is a terminal server or an office: so many times the accounts before it is many.
const INSIDE: u32 = 10;
/// The most accounts of one network remembered.
const MOST_ACCOUNTS: u32 = 1024;

/// Watches the failures of this process, in bounded memory.
pub(crate) struct SprayWatch {
    accounts: u32,
    window: Duration,
    watched: Mutex<HashMap<IpNet, Watched>>,
}

struct Watched {
    since: OffsetDateTime,
    /// Digests of accounts and names.
    accounts: HashSet<u64>,
    tries: u32,
    told: bool,
}

impl SprayWatch {
    /// Tells when `accounts` failed from one network within `window`.
    pub(crate) fn new(accounts: u32, window: Duration) -> Self {
        Self {
            accounts: accounts.clamp(2, MOST_ACCOUNTS),
            window,
            watched: Mutex::default(),
        }
    }

    /// Notes a wrong password for `target`; an event when it makes them many.
    pub(crate) fn note(
        &self,
        target: u64,
        context: &Seen,
        now: OffsetDateTime,
    ) -> Option<GuardEvent> {
        let network = context.network()?;
        let many = if context.inside {
            self.accounts.saturating_mul(INSIDE).min(MOST_ACCOUNTS)
        } else {
            self.accounts
        };
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.len() >= MOST_NETWORKS && !watched.contains_key(&network) {
            watched.retain(|_, one| now - one.since < self.window);
            if watched.len() >= MOST_NETWORKS
                && let Some(oldest) = watched
                    .iter()
                    .min_by_key(|(_, one)| one.since)
                    .map(|(network, _)| *network)
            {
                watched.remove(&oldest);
            }
        }
        let fresh = || Watched {
            since: now,
            accounts: HashSet::new(),
            tries: 0,
            told: false,
        };
        let one = watched.entry(network).or_insert_with(fresh);
        if now - one.since >= self.window || now < one.since {
            *one = fresh();
        }
        one.tries = one.tries.saturating_add(1);
        if one.told {
            return None;
        }
        one.accounts.insert(target);
        let accounts = u32::try_from(one.accounts.len()).unwrap_or(u32::MAX);
        if accounts < many {
            return None;
        }
        one.told = true;
        // What was told needs no list any more.
        one.accounts = HashSet::new();
        Some(GuardEvent::PasswordSpray {
            network,
            address: context.address,
            accounts,
            tries: one.tries,
            since: one.since,
            activity: context.activity,
        })
    }
}

/// What is kept of a request until its try is settled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    address: IpAddr,
    inside: bool,
    activity: ActivityId,
}

impl Seen {
    pub(crate) fn of(context: &RequestContext) -> Self {
        Self {
            address: context.client_ip.to_canonical(),
            inside: context.location == NetworkLocation::Inside,
            activity: context.activity,
        }
    }

    fn network(&self) -> Option<IpNet> {
        let prefix = match (self.address, self.inside) {
            (IpAddr::V4(_), true) => 32,
            (IpAddr::V4(_), false) => 24,
            (IpAddr::V6(_), true) => 64,
            (IpAddr::V6(_), false) => 48,
        };
        IpNet::new(self.address, prefix)
            .ok()
            .map(|network| network.trunc())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    fn seen(address: &str, inside: bool) -> Seen {
        Seen {
            address: address.parse().unwrap(),
            inside,
            activity: ActivityId::random(),
        }
    }

    #[test]
    fn sec_pwd_03_many_accounts_from_one_network_are_told_once_a_window() {
        let watch = SprayWatch::new(5, Duration::minutes(30));
        let mut told = 0;
        for number in 0..100 {
            let from = seen(&format!("203.0.113.{number}"), false);
            if let Some(event) = watch.note(number, &from, NOON) {
                told += 1;
                assert!(
                    matches!(&event, GuardEvent::PasswordSpray { network, accounts: 5, tries: 5, .. } if network.to_string() == "203.0.113.0/24"),
                    "{event:?}"
                );
            }
        }
        assert_eq!(told, 1);
        for number in 0..100 {
            assert_eq!(
                watch.note(7, &seen("198.51.100.1", false), NOON),
                None,
                "one account is no spray: {number}"
            );
        }
        let later = NOON + Duration::minutes(30);
        assert!((0..5).any(|number| {
            watch
                .note(number, &seen("203.0.113.9", false), later)
                .is_some()
        }));
    }

    #[test]
    fn an_office_behind_one_address_is_no_spray_so_soon() {
        let watch = SprayWatch::new(5, Duration::minutes(30));
        let told: Vec<_> = (0..60)
            .filter(|number| watch.note(*number, &seen("10.0.0.1", true), NOON).is_some())
            .collect();
        assert_eq!(told, [49]);
    }

    #[test]
    fn sec_pwd_06_memory_is_bounded() {
        let watch = SprayWatch::new(20, Duration::minutes(30));
        for number in 0..20_000u32 {
            let address = std::net::Ipv4Addr::from(0x0b00_0000 + number * 256);
            let at = NOON + Duration::seconds(i64::from(number) / 100);
            let _ = watch.note(1, &seen(&address.to_string(), false), at);
        }
        assert!(watch.watched.lock().unwrap().len() <= MOST_NETWORKS);
    }
}
