//! What the guard has to tell an operator: once, not at every try.

use std::net::IpAddr;

use ipnet::IpNet;
use signet_model::{AccountId, ActivityId};
use time::{Duration, OffsetDateTime};

use crate::bucket::BucketKind;

/// Something that belongs into the audit beside the failures themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GuardEvent {
    /// Many accounts failed from one network within a window: one password tried on everybody. Told once a
    /// window, by each node for the tries that it saw.
    PasswordSpray {
        /// Where from: an IPv4 /24, an IPv6 /48; one address when it is inside.
        network: IpNet,
        /// The address of the try that made it many.
        address: IpAddr,
        /// Accounts (and names that nobody has) that failed so far.
        accounts: u32,
        /// Wrong passwords so far.
        tries: u32,
        /// The first of them.
        since: OffsetDateTime,
        /// The request that made it many.
        activity: ActivityId,
    },
    /// Smart lockout in log-only mode would have refused this try.
    WouldRefuse {
        /// Whose.
        account: AccountId,
        /// Which counter is full.
        limit: BucketKind,
        /// For how long it would have refused.
        retry_after: Duration,
        /// The request.
        activity: ActivityId,
    },
}

impl GuardEvent {
    /// The stable code for log and audit.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PasswordSpray { .. } => "SIG-AUTHN-SPRAY",
            Self::WouldRefuse { .. } => "SIG-AUTHN-WOULD-REFUSE",
        }
    }

    /// The request it came from.
    pub fn activity(&self) -> ActivityId {
        match self {
            Self::PasswordSpray { activity, .. } | Self::WouldRefuse { activity, .. } => *activity,
        }
    }
}
