//! Which counters a try takes places in.

use std::net::IpAddr;

use crate::bucket::{BucketKeys, BucketKind, Target};
use crate::ledger::{CountsFrom, Demand};
use crate::settings::{AccountLimits, GuardSettings, SmartLockout};

/// One request, seen as counters.
pub(crate) struct Demands<'a> {
    pub(crate) settings: &'a GuardSettings,
    pub(crate) keys: &'a BucketKeys,
    pub(crate) address: IpAddr,
    pub(crate) inside: bool,
}

impl Demands<'_> {
    /// What refuses a request before anything is looked up: its address and, outside, its network.
    pub(crate) fn brakes(&self) -> Vec<Demand> {
        let limits = &self.settings.limits;
        let window = limits.window;
        let mut brakes = vec![Demand {
            bucket: self.keys.address(self.address),
            limit: if self.inside {
                limits.address_inside
            } else {
                limits.address
            },
            window,
            counts_from: CountsFrom::FirstTry,
        }];
        if !self.inside {
            brakes.push(Demand {
                bucket: self.keys.network(self.address),
                limit: limits.network,
                window,
                counts_from: CountsFrom::FirstTry,
            });
        }
        brakes
    }

    /// The counter of everything outside. It is looked at before and counted after, and no place is taken in it:
    /// one row for all sign-ins would make them wait for each other.
    pub(crate) fn everywhere(&self) -> Option<Demand> {
        (!self.inside).then(|| Demand {
            bucket: self.keys.everywhere(),
            limit: self.settings.everywhere,
            window: self.settings.limits.window,
            counts_from: CountsFrom::FirstTry,
        })
    }

    /// The counters in which a try has to find room.
    pub(crate) fn reserved(
        &self,
        target: Target,
        near: bool,
        limits: &AccountLimits,
    ) -> Vec<Demand> {
        let mut demands = self.brakes();
        if self.settings.smart_lockout == SmartLockout::Enforce {
            demands.push(self.place(target, near, limits));
        }
        if let Some(limit) = limits.all {
            demands.push(Demand {
                bucket: self.keys.target(BucketKind::AccountAll, target),
                limit,
                window: limits.window,
                counts_from: CountsFrom::LastTry,
            });
        }
        // One order for all, so that two nodes never wait for each other's rows.
        demands.sort_by_key(|demand| demand.bucket);
        demands
    }

    /// The counters that a failure is only added to.
    pub(crate) fn tallied(&self, near: bool) -> Vec<Demand> {
        if near {
            return Vec::new();
        }
        self.everywhere().into_iter().collect()
    }

    /// In log-only mode the counter that would have had to have room: tries are counted there, and none is refused.
    pub(crate) fn watched(
        &self,
        target: Target,
        near: bool,
        limits: &AccountLimits,
    ) -> Option<Demand> {
        (self.settings.smart_lockout == SmartLockout::LogOnly)
            .then(|| self.place(target, near, limits))
    }

    /// The same at a third, never at none: for one node that counts alone.
    pub(crate) fn strict(mut demands: Vec<Demand>) -> Vec<Demand> {
        for demand in &mut demands {
            demand.limit = (demand.limit / 3).max(1);
        }
        demands
    }

    fn place(&self, target: Target, near: bool, limits: &AccountLimits) -> Demand {
        let (kind, limit) = if near {
            (BucketKind::AccountNear, limits.near)
        } else {
            (BucketKind::AccountFar, limits.far)
        };
        Demand {
            bucket: self.keys.target(kind, target),
            limit,
            window: limits.window,
            counts_from: CountsFrom::LastTry,
        }
    }
}
