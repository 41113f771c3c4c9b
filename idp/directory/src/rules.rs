//! Which rules of a policy a new password breaks, as far as that can be known outside of the directory.
//!
//! Source: MS-SAMR 3.1.1.7.2 and the published description of "Password must meet complexity requirements".
//! The directory decides; this only explains. Its history and a password filter of the organisation cannot be seen.

use time::{Duration, OffsetDateTime};

use crate::account::Account;
use crate::password::Password;
use crate::policy::PasswordPolicy;

/// Kinds of characters that complexity wants.
const KINDS: usize = 3;
/// Names and parts of names shorter than this are not looked for.
const SHORTEST_NAME: usize = 3;

/// One rule of a policy, with what a person has to know to keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordRule {
    /// At least so many characters.
    Length(u32),
    /// Three of: capital letters, small letters, digits, other characters.
    Complexity,
    /// No user name and no part of the full name in it.
    NoName,
    /// None of so many former ones.
    History(u32),
    /// Not before the last one is so old.
    MinAge(Duration),
}

/// Why the directory refused a new password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRefusal {
    /// The rules that it certainly breaks.
    pub broken: Vec<PasswordRule>,
    /// The rules that it may break, when none is certain: the directory's history cannot be seen.
    pub perhaps: Vec<PasswordRule>,
    /// All rules that hold for the account.
    pub rules: Vec<PasswordRule>,
    /// From when on the password may be changed, when it is too young now.
    pub not_before: Option<OffsetDateTime>,
}

impl PasswordPolicy {
    /// The rules in the order in which a person reads them.
    pub fn rules(&self) -> Vec<PasswordRule> {
        let mut rules = Vec::new();
        if self.min_length > 0 {
            rules.push(PasswordRule::Length(self.min_length));
        }
        if self.complexity {
            rules.extend([PasswordRule::Complexity, PasswordRule::NoName]);
        }
        if self.history > 0 {
            rules.push(PasswordRule::History(self.history));
        }
        if self.min_age > Duration::ZERO {
            rules.push(PasswordRule::MinAge(self.min_age));
        }
        rules
    }

    /// Explains a refusal that the directory gave for `new` in place of `old`.
    pub fn explain(
        &self,
        account: &Account,
        old: &Password,
        new: &Password,
        now: OffsetDateTime,
    ) -> PolicyRefusal {
        let typed = new.expose();
        // A password that has to be changed has no pwdLastSet, and no least age either.
        let may_change_at = account.password_last_set.map(|set| set + self.min_age);
        let not_before = may_change_at.filter(|at| *at > now && self.min_age > Duration::ZERO);
        let rules = self.rules();
        let is_broken = |rule: &PasswordRule| match rule {
            PasswordRule::Length(least) => typed.encode_utf16().count() < *least as usize,
            PasswordRule::Complexity => kinds(typed) < KINDS,
            PasswordRule::NoName => holds_name(typed, &account.sam, &account.display_name),
            PasswordRule::History(_) => typed == old.expose(),
            PasswordRule::MinAge(_) => not_before.is_some(),
        };
        let broken: Vec<_> = rules.iter().copied().filter(is_broken).collect();
        let perhaps = if broken.is_empty() {
            rules
                .iter()
                .copied()
                .filter(|rule| matches!(rule, PasswordRule::History(_)))
                .collect()
        } else {
            Vec::new()
        };
        PolicyRefusal {
            broken,
            perhaps,
            rules,
            not_before,
        }
    }
}

/// How many of the five kinds of characters are in it: capital, small, digit, mark, other letter.
fn kinds(typed: &str) -> usize {
    let has = |wanted: fn(char) -> bool| usize::from(typed.chars().any(wanted));
    has(char::is_uppercase)
        + has(char::is_lowercase)
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_alphanumeric())
        + has(|c| c.is_alphabetic() && !c.is_uppercase() && !c.is_lowercase())
}

/// Whether the account name, or a part of the full name between its delimiters, is in it, whatever the case.
fn holds_name(typed: &str, sam: &str, display_name: &str) -> bool {
    let typed = typed.to_lowercase();
    let holds =
        |name: &str| name.chars().count() >= SHORTEST_NAME && typed.contains(&name.to_lowercase());
    holds(sam)
        || display_name
            .split([',', '.', '-', '_', ' ', '#', '\t'])
            .any(holds)
}

/// Fuzz target: any text in any of the three places is judged, and nothing panics.
pub fn fuzz_password_rules(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    let mut parts = text.splitn(3, '\n');
    let mut part = || parts.next().unwrap_or_default();
    let (typed, sam, display) = (part(), part(), part());
    assert!(kinds(typed) <= 5);
    if sam.chars().count() >= SHORTEST_NAME && typed.contains(sam) {
        assert!(holds_name(typed, sam, display));
    }
    let _ = holds_name(typed, sam, display);
}

#[cfg(test)]
mod tests {
    use proptest::proptest;

    use super::*;

    #[test]
    fn kinds_are_counted_as_windows_counts_them() {
        for (typed, count) in [
            ("abc", 1),
            ("Abc", 2),
            ("Abc1", 3),
            ("Abc1!", 4),
            ("пароль", 1),
            ("パスワード", 1),
            ("Aパ1 ", 4),
            ("", 0),
        ] {
            assert_eq!(kinds(typed), count, "{typed}");
        }
    }

    #[test]
    fn names_are_found_in_any_case_and_part() {
        let holds = |typed| holds_name(typed, "bob", "O'Brien, Al-Bert Müller");
        for typed in ["xBOBx", "o'brien1!", "1BERT!", "MÜLLER-7"] {
            assert!(holds(typed), "{typed}");
        }
        for typed in ["al-7", "Correct-Horse", ""] {
            assert!(!holds(typed), "{typed}");
        }
        assert!(!holds_name("ab12", "ab", ""), "two characters are no name");
    }

    proptest! {
        #[test]
        fn any_text_is_judged(octets in proptest::collection::vec(0u8..=255, 0..200)) {
            fuzz_password_rules(&octets);
        }
    }
}
