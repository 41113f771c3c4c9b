//! From a directory object to a candidate, an account and its state.
//!
//! Sources: MS-ADTS 2.2.16 (userAccountControl), MS-ADA2 2.462 (msDS-User-Account-Control-Computed),
//! MS-ADTS 3.1.1.4.5.17 and .38 (how the two computed attributes come about).

use std::sync::Arc;

use signet_model::Sid;
use time::OffsetDateTime;

use crate::account::{Account, AccountKind, AccountState, Candidate};
use crate::change::LockoutStatus;
use crate::entry::Entry;
use crate::syntax::file_time;

/// What [`candidate`] reads.
pub(crate) const CANDIDATE_ATTRIBUTES: [&str; 8] = [
    "objectGUID",
    "objectSid",
    "sAMAccountName",
    "userPrincipalName",
    "userAccountControl",
    "objectClass",
    "msDS-SecondaryKrbTgtNumber",
    "msDS-ResultantPSO",
];

/// What [`account`] reads, beside the groups.
pub(crate) const ACCOUNT_ATTRIBUTES: [&str; 15] = [
    "objectGUID",
    "objectSid",
    "sAMAccountName",
    "userPrincipalName",
    "userAccountControl",
    "objectClass",
    "msDS-SecondaryKrbTgtNumber",
    "displayName",
    "cn",
    "primaryGroupID",
    "msDS-User-Account-Control-Computed",
    "msDS-UserPasswordExpiryTimeComputed",
    "accountExpires",
    "pwdLastSet",
    "lockoutTime",
];

/// Bits of userAccountControl.
const DISABLED: i64 = 0x2;
const LOCKED_OUT: i64 = 0x10;
const TRUST: i64 = 0x800;
const WORKSTATION: i64 = 0x1000;
const CONTROLLER: i64 = 0x2000;
const PASSWORD_NEVER_EXPIRES: i64 = 0x1_0000;
const SMARTCARD_REQUIRED: i64 = 0x4_0000;

/// The names of the domain that an object lives in.
#[derive(Clone, Debug)]
pub(crate) struct DomainNames {
    /// `corp.example`
    pub(crate) dns: Arc<str>,
    /// `CORP`
    pub(crate) netbios: Arc<str>,
}

/// The object as a candidate.
///
/// # Errors
/// What is missing, when it is no account or not readable.
pub(crate) fn candidate(entry: &Entry, directory: &Arc<str>) -> Result<Candidate, String> {
    let sid = entry.sid().ok_or_else(|| unreadable(entry, "objectSid"))?;
    Ok(Candidate {
        id: entry
            .guid()
            .ok_or_else(|| unreadable(entry, "objectGUID"))?,
        kind: kind(entry, &sid)?,
        sid,
        dn: entry.dn.clone(),
        sam: entry
            .text("samaccountname")
            .ok_or_else(|| unreadable(entry, "sAMAccountName"))?
            .to_owned(),
        upn: entry.text("userprincipalname").map(str::to_owned),
        directory: Arc::clone(directory),
        seen_at: None,
        resultant_policy: entry.text("msds-resultantpso").map(Arc::from),
    })
}

/// The object as an account; `groups` are the SIDs of its groups, nested, in any order.
///
/// # Errors
/// What is missing: an account whose state or groups cannot be read must not pass as one without obstacles.
pub(crate) fn account(
    entry: &Entry,
    groups: Vec<Sid>,
    domain: &DomainNames,
    now: OffsetDateTime,
) -> Result<Account, String> {
    let sid = entry.sid().ok_or_else(|| unreadable(entry, "objectSid"))?;
    let sam = entry
        .text("samaccountname")
        .ok_or_else(|| unreadable(entry, "sAMAccountName"))?;
    let flags = flags(entry)?;
    let primary_group_sid = primary_group(entry, &sid)?;
    let mut group_sids = groups;
    group_sids.push(primary_group_sid.clone());
    group_sids.retain(|group| *group != sid);
    group_sids.sort();
    group_sids.dedup();
    Ok(Account {
        id: entry
            .guid()
            .ok_or_else(|| unreadable(entry, "objectGUID"))?,
        kind: kind(entry, &sid)?,
        sam: sam.to_owned(),
        netbios_domain: Arc::clone(&domain.netbios),
        dns_domain: Arc::clone(&domain.dns),
        upn: entry.text("userprincipalname").map(str::to_owned),
        dn: entry.dn.clone(),
        display_name: entry
            .text("displayname")
            .or_else(|| entry.text("cn"))
            .unwrap_or(sam)
            .to_owned(),
        primary_group_sid,
        group_sids: group_sids.into(),
        state: state(entry, flags, now),
        password_last_set: entry.number("pwdlastset").and_then(file_time::instant),
        password_expires: entry
            .number("msds-userpasswordexpirytimecomputed")
            .and_then(file_time::instant),
        account_expires: entry.number("accountexpires").and_then(file_time::instant),
        smartcard_required: flags & SMARTCARD_REQUIRED != 0,
        read_at: now,
        sid,
    })
}

/// What [`lockout_status`] reads.
pub(crate) const LOCKOUT_ATTRIBUTES: [&str; 5] = [
    "objectGUID",
    "badPwdCount",
    "badPasswordTime",
    "lockoutTime",
    "msDS-User-Account-Control-Computed",
];

/// What the controller has counted against the object; what is absent was never counted.
pub(crate) fn lockout_status(entry: &Entry, controller: &Arc<str>) -> LockoutStatus {
    let instant = |name| entry.number(name).and_then(file_time::instant);
    LockoutStatus {
        locked: is_locked(entry),
        bad_passwords: entry
            .number("badpwdcount")
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(0),
        last_bad_password: instant("badpasswordtime"),
        locked_since: instant("lockouttime"),
        controller: Arc::clone(controller),
    }
}

fn is_locked(entry: &Entry) -> bool {
    match entry.number("msds-user-account-control-computed") {
        Some(computed) => computed & LOCKED_OUT != 0,
        None => entry.number("lockouttime").is_some_and(|time| time > 0),
    }
}

fn kind(entry: &Entry, sid: &Sid) -> Result<AccountKind, String> {
    let flags = flags(entry)?;
    Ok(match sid.as_str().rsplit('-').next() {
        Some("501") => AccountKind::Guest,
        Some("502") => AccountKind::KeyDistribution,
        _ if entry.has("msds-secondarykrbtgtnumber") => AccountKind::KeyDistribution,
        _ if [
            "msDS-ManagedServiceAccount",
            "msDS-GroupManagedServiceAccount",
            "msDS-DelegatedManagedServiceAccount",
        ]
        .iter()
        .any(|class| entry.is_a(class)) =>
        {
            AccountKind::ManagedService
        }
        _ if flags & TRUST != 0 => AccountKind::Trust,
        _ if flags & (WORKSTATION | CONTROLLER) != 0 || entry.is_a("computer") => {
            AccountKind::Computer
        }
        _ => AccountKind::Person,
    })
}

fn state(entry: &Entry, flags: i64, now: OffsetDateTime) -> AccountState {
    let locked = is_locked(entry);
    let account_expires = entry.number("accountexpires").and_then(file_time::instant);
    if flags & DISABLED != 0 {
        AccountState::Disabled
    } else if account_expires.is_some_and(|end| end <= now) {
        AccountState::Expired
    } else if locked {
        AccountState::LockedOut
    } else {
        password_state(entry, flags, now)
    }
}

/// msDS-UserPasswordExpiryTimeComputed is 0 for "must change"; without it pwdLastSet tells.
fn password_state(entry: &Entry, flags: i64, now: OffsetDateTime) -> AccountState {
    if flags & (PASSWORD_NEVER_EXPIRES | SMARTCARD_REQUIRED) != 0 {
        return AccountState::Active;
    }
    match entry.number("msds-userpasswordexpirytimecomputed") {
        Some(0) => AccountState::MustChangePassword,
        Some(end) if file_time::instant(end).is_some_and(|end| end <= now) => {
            AccountState::PasswordExpired
        }
        Some(_) => AccountState::Active,
        None if entry.number("pwdlastset") == Some(0) => AccountState::MustChangePassword,
        None => AccountState::Active,
    }
}

fn flags(entry: &Entry) -> Result<i64, String> {
    entry
        .number("useraccountcontrol")
        .ok_or_else(|| unreadable(entry, "userAccountControl"))
}

fn primary_group(entry: &Entry, sid: &Sid) -> Result<Sid, String> {
    let id = entry
        .number("primarygroupid")
        .ok_or_else(|| unreadable(entry, "primaryGroupID"))?;
    let domain = sid.as_str().rsplit_once('-').map(|(domain, _)| domain);
    domain
        .and_then(|domain| Sid::parse(&format!("{domain}-{id}")))
        .ok_or_else(|| format!("{}: primaryGroupID {id} makes no SID", entry.dn))
}

fn unreadable(entry: &Entry, attribute: &str) -> String {
    format!(
        "{attribute} of {} is missing or the service account may not read it",
        entry.dn
    )
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
    const PAST: &str = "132539328000000000";
    const NEVER: &str = "9223372036854775807";

    fn entry(pairs: &[(&str, &str)]) -> Entry {
        let mut entry = Entry::new("CN=x,DC=corp,DC=example".to_owned());
        entry.set("objectGUID", vec![vec![7; 16]]);
        entry.set(
            "objectSid",
            vec![Sid::parse("S-1-5-21-1-2-3-1105").unwrap().to_binary()],
        );
        for (name, value) in [
            ("sAMAccountName", "x"),
            ("userAccountControl", "512"),
            ("primaryGroupID", "513"),
            ("objectClass", "user"),
        ]
        .iter()
        .chain(pairs)
        {
            entry.set(name, vec![value.as_bytes().to_vec()]);
        }
        entry
    }

    fn read(pairs: &[(&str, &str)]) -> Account {
        let domain = DomainNames {
            dns: "corp.example".into(),
            netbios: "CORP".into(),
        };
        account(&entry(pairs), Vec::new(), &domain, NOW).unwrap()
    }

    #[test]
    fn sec_ad_11_states_are_told_apart() {
        for (pairs, state) in [
            (&[][..], AccountState::Active),
            (&[("userAccountControl", "514")], AccountState::Disabled),
            (
                &[("userAccountControl", "514"), ("accountExpires", PAST)],
                AccountState::Disabled,
            ),
            (&[("accountExpires", PAST)], AccountState::Expired),
            (&[("accountExpires", "0")], AccountState::Active),
            (&[("accountExpires", NEVER)], AccountState::Active),
            (
                &[("msDS-User-Account-Control-Computed", "16")],
                AccountState::LockedOut,
            ),
            (
                &[
                    ("msDS-User-Account-Control-Computed", "0"),
                    ("lockoutTime", PAST),
                ],
                AccountState::Active,
            ),
            (&[("lockoutTime", PAST)], AccountState::LockedOut),
            (
                &[("msDS-UserPasswordExpiryTimeComputed", "0")],
                AccountState::MustChangePassword,
            ),
            (
                &[("msDS-UserPasswordExpiryTimeComputed", PAST)],
                AccountState::PasswordExpired,
            ),
            (
                &[("msDS-UserPasswordExpiryTimeComputed", NEVER)],
                AccountState::Active,
            ),
            (&[("pwdLastSet", "0")], AccountState::MustChangePassword),
            (
                &[("pwdLastSet", "0"), ("userAccountControl", "66048")],
                AccountState::Active,
            ),
        ] {
            assert_eq!(read(pairs).state, state, "{pairs:?}");
        }
    }

    #[test]
    fn sec_ad_10_kinds_that_are_no_persons_are_flagged() {
        for (pairs, kind) in [
            (&[][..], AccountKind::Person),
            (&[("userAccountControl", "4096")], AccountKind::Computer),
            (&[("userAccountControl", "532480")], AccountKind::Computer),
            (&[("objectClass", "computer")], AccountKind::Computer),
            (&[("userAccountControl", "2080")], AccountKind::Trust),
            (
                &[
                    ("objectClass", "msDS-GroupManagedServiceAccount"),
                    ("userAccountControl", "4096"),
                ],
                AccountKind::ManagedService,
            ),
            (
                &[("msDS-SecondaryKrbTgtNumber", "12345")],
                AccountKind::KeyDistribution,
            ),
        ] {
            assert_eq!(read(pairs).kind, kind, "{pairs:?}");
            assert_eq!(kind.may_sign_in(), kind == AccountKind::Person);
        }
        for (rid, kind) in [
            ("501", AccountKind::Guest),
            ("502", AccountKind::KeyDistribution),
            ("500", AccountKind::Person),
        ] {
            let mut object = entry(&[]);
            object.set(
                "objectSid",
                vec![
                    Sid::parse(&format!("S-1-5-21-1-2-3-{rid}"))
                        .unwrap()
                        .to_binary(),
                ],
            );
            assert_eq!(candidate(&object, &"d".into()).unwrap().kind, kind, "{rid}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_account_without_obstacles() {
        let domain = DomainNames {
            dns: "corp.example".into(),
            netbios: "CORP".into(),
        };
        for missing in [
            "userAccountControl",
            "objectGUID",
            "objectSid",
            "primaryGroupID",
            "sAMAccountName",
        ] {
            let mut object = entry(&[]);
            object.take(missing);
            let refused = account(&object, Vec::new(), &domain, NOW).unwrap_err();
            assert!(refused.starts_with(missing), "{refused}");
        }
    }

    #[test]
    fn groups_are_sorted_with_the_primary_group_and_without_oneself() {
        let domain = DomainNames {
            dns: "corp.example".into(),
            netbios: "CORP".into(),
        };
        let group = |rid: u32| Sid::parse(&format!("S-1-5-21-1-2-3-{rid}")).unwrap();
        let account = account(
            &entry(&[]),
            vec![group(2000), group(1105), group(1999), group(2000)],
            &domain,
            NOW,
        )
        .unwrap();
        assert_eq!(*account.group_sids, [group(1999), group(2000), group(513)]);
        assert_eq!(account.primary_group_sid, group(513));
    }
}
