//! The rules a password has to keep: the domain's, or those of a fine-grained policy.
//!
//! Sources: MS-ADA1 2.229 (lockoutThreshold and its kin), MS-ADA2 2.3 and 2.348 (minPwdLength, pwdProperties),
//! MS-ADTS 3.1.1.4.5.36 (msDS-ResultantPSO), MS-SAMR 3.1.1.8.7 (how lengths of time are kept).

use std::num::NonZeroU32;

use time::Duration;

use crate::entry::Entry;

/// What the head of a domain is read for.
pub(crate) const DOMAIN_ATTRIBUTES: [&str; 8] = [
    "minPwdLength",
    "pwdProperties",
    "pwdHistoryLength",
    "minPwdAge",
    "maxPwdAge",
    "lockoutThreshold",
    "lockOutObservationWindow",
    "lockoutDuration",
];

/// What a fine-grained policy is read for.
pub(crate) const FINE_GRAINED_ATTRIBUTES: [&str; 9] = [
    "name",
    "msDS-MinimumPasswordLength",
    "msDS-PasswordComplexityEnabled",
    "msDS-PasswordHistoryLength",
    "msDS-MinimumPasswordAge",
    "msDS-MaximumPasswordAge",
    "msDS-LockoutThreshold",
    "msDS-LockoutObservationWindow",
    "msDS-LockoutDuration",
];

/// DOMAIN_PASSWORD_COMPLEX of pwdProperties.
const COMPLEX: i64 = 0x1;
/// 100 ns a second.
const TICKS: i64 = 10_000_000;

/// The rules for the password of one account, and when the directory locks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Where these rules stand.
    pub source: PolicySource,
    /// The fewest characters; 0 for no such rule.
    pub min_length: u32,
    /// Three kinds of characters, and no part of the name.
    pub complexity: bool,
    /// How many former passwords may not come again.
    pub history: u32,
    /// How old a password has to be before its owner may change it.
    pub min_age: Duration,
    /// After how long a password has to be changed; `None` for never.
    pub max_age: Option<Duration>,
    /// When the directory itself locks the account; `None` for never.
    pub lockout: Option<DirectoryLockout>,
}

/// When a directory locks an account by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryLockout {
    /// The wrong password with this number locks.
    pub threshold: NonZeroU32,
    /// The count starts again when so long has passed since the last wrong password.
    pub window: Duration,
    /// How long it is locked; `None` until an administrator unlocks it.
    pub duration: Option<Duration>,
}

/// Where the rules of an account stand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicySource {
    /// At the domain.
    Domain,
    /// In the fine-grained policy of this name.
    FineGrained(String),
    /// A fine-grained policy (its distinguished name) holds, which the service account may not read: the
    /// values are the domain's, and may be wrong for this account.
    Unreadable(String),
}

impl PasswordPolicy {
    /// The rules at the head of a domain; what is absent there is no rule.
    pub(crate) fn of_domain(head: &Entry) -> Self {
        Self {
            source: PolicySource::Domain,
            min_length: count(head, "minpwdlength"),
            complexity: head.number("pwdproperties").unwrap_or(0) & COMPLEX != 0,
            history: count(head, "pwdhistorylength"),
            min_age: span(head, "minpwdage").unwrap_or(Duration::ZERO),
            max_age: span(head, "maxpwdage").filter(|age| !age.is_zero()),
            lockout: lockout(
                count(head, "lockoutthreshold"),
                span(head, "lockoutobservationwindow"),
                span(head, "lockoutduration"),
            ),
        }
    }

    /// The rules of a fine-grained policy; `None` when they cannot be read, as AD answers to most accounts.
    pub(crate) fn of_fine_grained(object: &Entry) -> Option<Self> {
        if !object.has("msds-minimumpasswordlength") {
            return None;
        }
        Some(Self {
            source: PolicySource::FineGrained(object.text("name").unwrap_or(&object.dn).to_owned()),
            min_length: count(object, "msds-minimumpasswordlength"),
            complexity: object
                .text("msds-passwordcomplexityenabled")
                .is_some_and(|word| word.eq_ignore_ascii_case("true")),
            history: count(object, "msds-passwordhistorylength"),
            min_age: span(object, "msds-minimumpasswordage").unwrap_or(Duration::ZERO),
            max_age: span(object, "msds-maximumpasswordage").filter(|age| !age.is_zero()),
            lockout: lockout(
                count(object, "msds-lockoutthreshold"),
                span(object, "msds-lockoutobservationwindow"),
                span(object, "msds-lockoutduration"),
            ),
        })
    }

    /// The same values, marked as those of the domain in place of a policy that cannot be read.
    pub(crate) fn in_place_of(&self, dn: &str) -> Self {
        Self {
            source: PolicySource::Unreadable(dn.to_owned()),
            ..self.clone()
        }
    }
}

fn lockout(
    threshold: u32,
    window: Option<Duration>,
    duration: Option<Duration>,
) -> Option<DirectoryLockout> {
    Some(DirectoryLockout {
        threshold: NonZeroU32::new(threshold)?,
        window: window.unwrap_or(Duration::ZERO),
        duration: duration.filter(|length| !length.is_zero()),
    })
}

fn count(entry: &Entry, attribute: &str) -> u32 {
    let number = entry.number(attribute).unwrap_or(0);
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// A length of time: a negative number of 100 ns; the smallest number means for ever, so `None`.
fn span(entry: &Entry, attribute: &str) -> Option<Duration> {
    let ticks = entry.number(attribute)?;
    if ticks == i64::MIN {
        return None;
    }
    let ticks = ticks.unsigned_abs();
    let ticks = i64::try_from(ticks).ok()?;
    Some(Duration::seconds(ticks / TICKS) + Duration::nanoseconds(ticks % TICKS * 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pairs: &[(&str, &str)]) -> Entry {
        let mut entry = Entry::new("CN=x,DC=corp,DC=example".to_owned());
        for (name, value) in pairs {
            entry.set(name, vec![value.as_bytes().to_vec()]);
        }
        entry
    }

    #[test]
    fn a_domain_is_read() {
        let read = PasswordPolicy::of_domain(&entry(&[
            ("minPwdLength", "7"),
            ("pwdProperties", "1"),
            ("pwdHistoryLength", "24"),
            ("minPwdAge", "-864000000000"),
            ("maxPwdAge", "-36288000000000"),
            ("lockoutThreshold", "10"),
            ("lockOutObservationWindow", "-18000000000"),
            ("lockoutDuration", "-9223372036854775808"),
        ]));
        assert_eq!(
            read,
            PasswordPolicy {
                source: PolicySource::Domain,
                min_length: 7,
                complexity: true,
                history: 24,
                min_age: Duration::days(1),
                max_age: Some(Duration::days(42)),
                lockout: Some(DirectoryLockout {
                    threshold: NonZeroU32::new(10).unwrap(),
                    window: Duration::minutes(30),
                    duration: None,
                }),
            }
        );
    }

    #[test]
    fn what_is_absent_or_never_is_no_rule() {
        let read = PasswordPolicy::of_domain(&entry(&[
            ("maxPwdAge", "-9223372036854775808"),
            ("lockoutThreshold", "0"),
            ("minPwdLength", "-3"),
            ("pwdHistoryLength", "nonsense"),
        ]));
        assert_eq!(
            (read.min_length, read.history, read.max_age, read.lockout),
            (0, 0, None, None)
        );
        let never = PasswordPolicy::of_domain(&entry(&[("maxPwdAge", "0")]));
        assert_eq!(never.max_age, None);
    }

    #[test]
    fn a_fine_grained_policy_is_read_or_said_to_be_unreadable() {
        let object = entry(&[
            ("name", "strict"),
            ("msDS-MinimumPasswordLength", "14"),
            ("msDS-PasswordComplexityEnabled", "TRUE"),
            ("msDS-PasswordHistoryLength", "3"),
            ("msDS-MinimumPasswordAge", "0"),
            ("msDS-LockoutThreshold", "3"),
            ("msDS-LockoutObservationWindow", "-600000000"),
            ("msDS-LockoutDuration", "-600000000"),
        ]);
        let read = PasswordPolicy::of_fine_grained(&object).unwrap();
        assert_eq!(read.source, PolicySource::FineGrained("strict".to_owned()));
        assert_eq!((read.min_length, read.complexity), (14, true));
        let lockout = read.lockout.unwrap();
        assert_eq!(
            (lockout.threshold.get(), lockout.window, lockout.duration),
            (3, Duration::minutes(1), Some(Duration::minutes(1)))
        );
        assert_eq!(PasswordPolicy::of_fine_grained(&entry(&[])), None);
        assert!(matches!(
            read.in_place_of("CN=p").source,
            PolicySource::Unreadable(_)
        ));
    }
}
