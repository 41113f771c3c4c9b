//! What the guard is told: limits, who is banned, and how limits stay below the directory's own.

use ipnet::IpNet;
use signet_directory::DirectoryLockout;
use time::Duration;

use crate::limits::Limits;

/// Everything that an administrator decides about guessing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardSettings {
    /// How many wrong passwords are too many.
    pub limits: Limits,
    /// Whether familiar and unknown places have counters of their own.
    pub smart_lockout: SmartLockout,
    /// Wrong passwords from unknown places outside, all accounts and addresses together: beyond it unknown
    /// places are refused until the window ends; familiar places and the inside are not.
    pub everywhere: u32,
    /// Networks from which no password is taken.
    pub banned: Vec<IpNet>,
    /// How far below the directory's own lockout threshold an account's limits are kept.
    pub directory_margin: u32,
    /// From so many accounts failing from one network within the window on, it is called a spray.
    pub spray_accounts: u32,
    /// Password checks under way in this process.
    pub checks_at_once: usize,
    /// Sign-ins that may wait for one.
    pub checks_waiting: usize,
}

/// AD FS's extranet smart lockout (`ExtranetLockoutMode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmartLockout {
    /// One counter an account, wherever the tries come from (`ADPasswordCounter`).
    Off,
    /// As `Off`, and places are learnt and counted; what would have been refused is only told (`LogOnly`).
    LogOnly,
    /// Familiar and unknown places are counted and refused apart (`Enforce`).
    #[default]
    Enforce,
}

/// The limits of one account, kept below its directory's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountLimits {
    pub(crate) near: u32,
    pub(crate) far: u32,
    /// For all places together, when that has to be counted too.
    pub(crate) all: Option<u32>,
    pub(crate) window: Duration,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            smart_lockout: SmartLockout::default(),
            everywhere: 10_000,
            banned: Vec::new(),
            directory_margin: 1,
            spray_accounts: 20,
            checks_at_once: 64,
            checks_waiting: 256,
        }
    }
}

impl From<Limits> for GuardSettings {
    fn from(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }
}

impl GuardSettings {
    /// The wrong passwords that may reach a directory, from all places together, before nothing more is let through.
    pub fn most_for_one_account(&self) -> u32 {
        self.limits
            .account_near
            .saturating_add(self.limits.account_far)
    }

    /// Whether these settings alone would let through as many wrong passwords as lock an account there; the
    /// guard then keeps below the directory's threshold by itself, and `signet check` warns.
    pub fn reaches(&self, lockout: &DirectoryLockout) -> bool {
        self.most_for_one_account()
            .saturating_add(self.directory_margin)
            > lockout.threshold.get()
    }

    /// The account's limits: the settings, or less where its directory would lock it sooner.
    ///
    /// The window is never shorter than the directory's: its count must have ended when ours does.
    pub(crate) fn limits_below(&self, lockout: Option<&DirectoryLockout>) -> AccountLimits {
        let settings = &self.limits;
        let wanted = self.most_for_one_account();
        let budget = lockout.map_or(wanted, |lockout| {
            let below = lockout
                .threshold
                .get()
                .saturating_sub(self.directory_margin);
            wanted.min(below.max(1))
        });
        let (near, far) = if budget >= wanted {
            (settings.account_near, settings.account_far)
        } else {
            // Shared as the settings share it, and each keeps one.
            let share =
                u64::from(budget) * u64::from(settings.account_far) / u64::from(wanted.max(1));
            let most = budget.saturating_sub(1).max(1);
            let far = u32::try_from(share).unwrap_or(1).clamp(1, most);
            (budget.saturating_sub(far).max(1), far)
        };
        let apart = self.smart_lockout == SmartLockout::Enforce;
        let together = near.saturating_add(far) > budget;
        AccountLimits {
            near,
            far,
            all: (!apart || together).then_some(budget),
            window: lockout.map_or(settings.window, |lockout| {
                settings.window.max(lockout.window)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn lockout(threshold: u32) -> DirectoryLockout {
        DirectoryLockout {
            threshold: NonZeroU32::new(threshold).unwrap(),
            window: Duration::minutes(60),
            duration: None,
        }
    }

    #[test]
    fn sec_pwd_01_limits_stay_below_whatever_threshold_a_directory_has() {
        for near in [1, 2, 5, 50, u32::MAX] {
            for far in [1, 4, 50, u32::MAX] {
                let mut settings = GuardSettings::default();
                (settings.limits.account_near, settings.limits.account_far) = (near, far);
                for threshold in 2..60 {
                    let limits = settings.limits_below(Some(&lockout(threshold)));
                    let most = limits.near.saturating_add(limits.far);
                    let most = limits.all.map_or(most, |all| most.min(all));
                    assert!(most < threshold, "{near}+{far} at {threshold}: {limits:?}");
                    assert!(limits.near >= 1 && limits.far >= 1);
                    assert!(limits.near <= near && limits.far <= far);
                }
                assert!(settings.limits_below(Some(&lockout(1))).all == Some(1));
            }
        }
    }

    #[test]
    fn without_a_lockout_of_the_directory_the_settings_hold() {
        let settings = GuardSettings::default();
        let limits = settings.limits_below(None);
        assert_eq!((limits.near, limits.far, limits.all), (5, 4, None));
        assert_eq!(limits.window, Duration::minutes(30));
        assert!(!settings.reaches(&lockout(10)), "10 is Windows' baseline");
        assert!(settings.reaches(&lockout(9)));
        let limits = settings.limits_below(Some(&lockout(10)));
        assert_eq!((limits.near, limits.far, limits.all), (5, 4, None));
        assert_eq!(
            limits.window,
            Duration::minutes(60),
            "as long as the directory's"
        );
    }

    #[test]
    fn one_counter_for_all_places_when_they_are_not_told_apart() {
        for smart_lockout in [SmartLockout::Off, SmartLockout::LogOnly] {
            let settings = GuardSettings {
                smart_lockout,
                ..GuardSettings::default()
            };
            assert_eq!(settings.limits_below(None).all, Some(9));
            assert_eq!(settings.limits_below(Some(&lockout(4))).all, Some(3));
        }
    }
}
