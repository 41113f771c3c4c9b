//! How many wrong passwords are too many.

use time::Duration;

/// The limits of the guard.
///
/// Active Directory locks an account after a threshold of its own; Windows' security baseline sets 10.
/// Whatever passes the guard counts there too, so `account_near + account_far` has to stay below that
/// threshold: otherwise a stranger on the Internet can lock people out of their desktops. The default
/// of 5 + 4 does, for a threshold of 10. Where a domain or a fine-grained policy has a lower one, the guard
/// keeps below it by itself, and `signet check` says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wrong passwords an account may have from where its owner signed in before, or from inside.
    pub account_near: u32,
    /// Wrong passwords an account may have from anywhere else.
    pub account_far: u32,
    /// Wrong passwords from one address outside (an IPv4 address, an IPv6 /64), all accounts together.
    pub address: u32,
    /// The same for an address inside: a terminal server is one address for hundreds of people.
    pub address_inside: u32,
    /// Wrong passwords from one network outside (an IPv4 /24, an IPv6 /48), all accounts together.
    pub network: u32,
    /// How long a counter holds. An account's counter starts again once so long has passed since the
    /// last admitted try, as Active Directory's does; an address's once so long since its first.
    pub window: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            account_near: 5,
            account_far: 4,
            address: 50,
            address_inside: 500,
            network: 200,
            window: Duration::minutes(30),
        }
    }
}
