//! LDAP result codes (RFC 4511 appendix A) and Active Directory's reasons inside them.

/// What the answer to a bind means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BindOutcome {
    /// Result 0, and only that.
    Accepted,
    /// The password is wrong, or the name means nobody (52e, 525, or result 49 with no known reason).
    Wrong,
    /// 775
    LockedOut,
    /// 533
    Disabled,
    /// 701
    AccountExpired,
    /// 532
    PasswordExpired,
    /// 773
    MustChange,
    /// 530
    LogonHours,
    /// 531
    Workstation,
    /// This controller cannot say; another may: referral, busy, unavailable, no logon server.
    AskAnother,
    /// No verdict, and no use in asking further.
    NoVerdict,
}

/// Reads the answer to a bind.
pub(crate) fn bind_outcome(code: u32, diagnostic: &str) -> BindOutcome {
    match code {
        0 => BindOutcome::Accepted,
        49 => match reason(diagnostic) {
            Some(0x530) => BindOutcome::LogonHours,
            Some(0x531) => BindOutcome::Workstation,
            Some(0x532) => BindOutcome::PasswordExpired,
            Some(0x533) => BindOutcome::Disabled,
            Some(0x701) => BindOutcome::AccountExpired,
            Some(0x773) => BindOutcome::MustChange,
            Some(0x775) => BindOutcome::LockedOut,
            // ERROR_NO_LOGON_SERVERS: the password was not looked at.
            Some(0x51f) => BindOutcome::AskAnother,
            _ => BindOutcome::Wrong,
        },
        10 | 51 | 52 => BindOutcome::AskAnother,
        _ => BindOutcome::NoVerdict,
    }
}

/// Whether a refusal says no more than "wrong name or password" (52e, 525).
pub(crate) fn is_plain_refusal(diagnostic: &str) -> bool {
    matches!(reason(diagnostic), None | Some(0x52e | 0x525))
}

/// `data 52e` in `80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1`.
fn reason(diagnostic: &str) -> Option<u32> {
    let after = diagnostic.split_once("data ")?.1;
    let digits = after
        .find(|c: char| !c.is_ascii_hexdigit())
        .map_or(after, |end| after.get(..end).unwrap_or(""));
    u32::from_str_radix(digits, 16).ok()
}

/// What the answer to a password change means (MS-ADTS 3.1.1.3.1.5 and what controllers were seen to say).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeOutcome {
    /// Result 0, and only that.
    Changed,
    /// ERROR_INVALID_PASSWORD (56).
    WrongOld,
    /// ERROR_PASSWORD_RESTRICTION (52d).
    Policy,
    /// ERROR_ACCOUNT_LOCKED_OUT (775).
    LockedOut,
    /// No right, or refused for a reason that is not the password's.
    NotAllowed,
    /// 32: the object is not there any more.
    Gone,
    /// This controller has done nothing; another may: referral (a read-only one), busy, unavailable.
    AskAnother,
    /// No verdict, and no use in asking further.
    NoVerdict,
}

/// Reads the answer to a password change.
pub(crate) fn change_outcome(code: u32, diagnostic: &str) -> ChangeOutcome {
    match (code, leading_error(diagnostic)) {
        (0, _) => ChangeOutcome::Changed,
        (19 | 49 | 53, Some(0x56)) => ChangeOutcome::WrongOld,
        (19 | 53, Some(0x52d)) => ChangeOutcome::Policy,
        (19 | 49 | 53, Some(0x775)) => ChangeOutcome::LockedOut,
        // ERROR_GEN_FAILURE: the connection is not protected enough.
        (53, Some(0x1f)) => ChangeOutcome::NoVerdict,
        (16 | 19 | 50 | 53, _) => ChangeOutcome::NotAllowed,
        (32, _) => ChangeOutcome::Gone,
        (10 | 51 | 52, _) => ChangeOutcome::AskAnother,
        _ => ChangeOutcome::NoVerdict,
    }
}

/// `0000052D` in `0000052D: AtrErr: DSID-031A12D2, #1: …`: a Windows error number.
fn leading_error(diagnostic: &str) -> Option<u32> {
    let (digits, _) = diagnostic.split_once(':')?;
    u32::from_str_radix(digits.trim(), 16).ok()
}

/// What a search result other than success means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SearchOutcome {
    /// 0
    Complete,
    /// 4: there is more than was asked for.
    TooMany,
    /// 32: the base is not there.
    NoSuchObject,
    /// The request itself is at fault; no controller will take it.
    Refused,
    /// This controller cannot answer now.
    AskAnother,
}

/// Reads the end of a search.
pub(crate) fn search_outcome(code: u32) -> SearchOutcome {
    match code {
        0 => SearchOutcome::Complete,
        4 => SearchOutcome::TooMany,
        32 => SearchOutcome::NoSuchObject,
        2 | 3 | 11 | 12 | 16 | 17 | 18 | 21 | 34 | 50 | 53 => SearchOutcome::Refused,
        _ => SearchOutcome::AskAnother,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(code: &str) -> BindOutcome {
        bind_outcome(
            49,
            &format!(
                "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {code}, v1db1\0"
            ),
        )
    }

    #[test]
    fn sec_ad_03_only_zero_is_success() {
        assert_eq!(bind_outcome(0, ""), BindOutcome::Accepted);
        for code in (1..200).chain([4095, u32::MAX]) {
            let outcome = bind_outcome(code, "");
            assert_ne!(outcome, BindOutcome::Accepted, "{code}");
            assert_eq!(outcome == BindOutcome::Wrong, code == 49, "{code}");
            assert_eq!(
                outcome == BindOutcome::AskAnother,
                [10, 51, 52].contains(&code),
                "{code}"
            );
        }
    }

    #[test]
    fn sec_ad_21_refusals_of_a_change_are_told_apart() {
        for (code, diagnostic, outcome) in [
            (0, "", ChangeOutcome::Changed),
            (
                19,
                "00000056: AtrErr: DSID-03190F80, #1:\n\t0: 00000056: DSID-03190F80, problem 1005",
                ChangeOutcome::WrongOld,
            ),
            (
                19,
                "00000056: check_password_restrictions: old password specified doesn't match",
                ChangeOutcome::WrongOld,
            ),
            (
                19,
                "0000052D: AtrErr: DSID-031A12D2, #1",
                ChangeOutcome::Policy,
            ),
            (
                19,
                "0000052D: Constraint violation - check_password_restrictions: too short",
                ChangeOutcome::Policy,
            ),
            (
                53,
                "0000052D: SvcErr: DSID-031A124C, problem 5003 (WILL_NOT_PERFORM), data 0",
                ChangeOutcome::Policy,
            ),
            (19, "00000775: AtrErr", ChangeOutcome::LockedOut),
            (53, "00000775: SvcErr", ChangeOutcome::LockedOut),
            (
                50,
                "00000005: SecErr: DSID-031A11E5, problem 4003 (INSUFF_ACCESS_RIGHTS)",
                ChangeOutcome::NotAllowed,
            ),
            (
                53,
                "0000001F: SvcErr: DSID-031A12D2, problem 5003",
                ChangeOutcome::NoVerdict,
            ),
            (53, "00002077: SvcErr", ChangeOutcome::NotAllowed),
            (32, "0000208D: NameErr", ChangeOutcome::Gone),
            (10, "0000202B: RefErr", ChangeOutcome::AskAnother),
            (51, "", ChangeOutcome::AskAnother),
            (52, "", ChangeOutcome::AskAnother),
            (8, "", ChangeOutcome::NoVerdict),
            (80, "00000056: x", ChangeOutcome::NoVerdict),
            (4095, "", ChangeOutcome::NoVerdict),
        ] {
            assert_eq!(
                change_outcome(code, diagnostic),
                outcome,
                "{code} {diagnostic}"
            );
        }
        for code in 1..200 {
            assert_ne!(change_outcome(code, ""), ChangeOutcome::Changed, "{code}");
        }
    }

    #[test]
    fn sec_ad_04_reasons_are_told_apart() {
        for (code, outcome) in [
            ("525", BindOutcome::Wrong),
            ("52e", BindOutcome::Wrong),
            ("52E", BindOutcome::Wrong),
            ("530", BindOutcome::LogonHours),
            ("531", BindOutcome::Workstation),
            ("532", BindOutcome::PasswordExpired),
            ("533", BindOutcome::Disabled),
            ("701", BindOutcome::AccountExpired),
            ("773", BindOutcome::MustChange),
            ("775", BindOutcome::LockedOut),
            ("51f", BindOutcome::AskAnother),
            ("7730", BindOutcome::Wrong),
            ("52f", BindOutcome::Wrong),
            ("", BindOutcome::Wrong),
            ("fffffffffffffff", BindOutcome::Wrong),
        ] {
            assert_eq!(data(code), outcome, "{code}");
        }
        assert_eq!(bind_outcome(49, "Invalid Credentials"), BindOutcome::Wrong);
    }
}
