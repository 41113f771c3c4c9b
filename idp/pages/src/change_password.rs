//! The page on which people change their password, and the one after it.

use askama::Template;

use crate::brand::Brand;
use crate::language::Language;

/// The form for a new password: in the middle of a sign-in, or on its own address.
#[derive(Template)]
#[template(path = "change_password.html")]
pub struct ChangePasswordPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Where the person goes on to; `None` on the page's own address.
    pub relying_party: Option<&'a str>,
    /// Where the form posts to: path and query on this host.
    pub action: &'a str,
    /// Sealed state of the interrupted sign-in.
    pub flow: Option<&'a str>,
    /// Fills the name field.
    pub username: &'a str,
    /// What to tell before the form.
    pub notice: Option<ChangeNotice>,
    /// The rules that the new password broke, or may have broken.
    pub broken: &'a [Rule],
    /// The rules to keep.
    pub rules: &'a [Rule],
}

impl ChangePasswordPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }

    fn going_to(&self) -> String {
        let name = self.relying_party.unwrap_or_default();
        self.language.text("change-then", &[("name", name)])
    }

    fn notice_text(&self) -> String {
        match self.notice {
            None => String::new(),
            Some(ChangeNotice::TooManyTries { minutes }) => self.language.text(
                "notice-too-many-tries",
                &[("minutes", &minutes.to_string())],
            ),
            Some(notice) => self.t(notice.id()),
        }
    }

    fn rule_text(&self, rule: &Rule) -> String {
        let with = |id, count: u32| self.language.text(id, &[("count", &count.to_string())]);
        match *rule {
            Rule::Length(least) => with("rule-length", least),
            Rule::Complexity => self.t("rule-complexity"),
            Rule::NoName => self.t("rule-no-name"),
            Rule::History(count) => with("rule-history", count),
            Rule::AgeHours(hours) => with("rule-age", hours),
        }
    }

    fn notice_is_error(&self) -> bool {
        self.notice.is_some_and(ChangeNotice::is_error)
    }

    fn old_is_wrong(&self) -> bool {
        matches!(
            self.notice,
            Some(ChangeNotice::WrongNameOrPassword | ChangeNotice::MissingOld)
        )
    }

    fn new_is_wrong(&self) -> bool {
        use ChangeNotice as N;
        matches!(
            self.notice,
            Some(
                N::Refused
                    | N::PerhapsRefused
                    | N::MissingNew
                    | N::Unconfirmed
                    | N::Unchanged
                    | N::Unusable
            )
        )
    }

    fn asks_for_name(&self) -> bool {
        self.username.is_empty()
    }
}

/// One rule in plain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// At least so many characters.
    Length(u32),
    /// Three of four kinds of characters.
    Complexity,
    /// No name in it.
    NoName,
    /// None of so many former ones.
    History(u32),
    /// Not before the old one is so many hours old.
    AgeHours(u32),
}

/// What the page says before the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeNotice {
    /// The password has expired (after a right password only).
    Expired,
    /// The password must be changed first (after a right password only).
    MustChange,
    /// Name or old password is wrong, or no such account.
    WrongNameOrPassword,
    /// No name was typed.
    MissingName,
    /// No old password was typed.
    MissingOld,
    /// No new password was typed.
    MissingNew,
    /// The two new ones differ.
    Unconfirmed,
    /// The new one is the old one.
    Unchanged,
    /// The new one cannot be a password.
    Unusable,
    /// The rules in `broken` refuse it.
    Refused,
    /// A rule refuses it that cannot be named; those in `broken` are likely.
    PerhapsRefused,
    /// The owner may not change it.
    NotAllowed,
    /// Guessing is braked.
    TooManyTries {
        /// Whole minutes to wait.
        minutes: u32,
    },
    /// The form was open too long.
    FormExpired,
    /// Too many at once; nothing was counted.
    Busy,
    /// No domain controller answered; nothing was changed.
    DirectoryUnavailable,
    /// Sent, and no answer: it may have been changed.
    OutcomeUnknown,
}

impl ChangeNotice {
    fn id(self) -> &'static str {
        match self {
            Self::Expired => "change-notice-expired",
            Self::MustChange => "change-notice-must-change",
            Self::WrongNameOrPassword => "change-notice-wrong",
            Self::MissingName => "notice-missing-name",
            Self::MissingOld => "change-notice-missing-old",
            Self::MissingNew => "change-notice-missing-new",
            Self::Unconfirmed => "change-notice-unconfirmed",
            Self::Unchanged => "change-notice-unchanged",
            Self::Unusable => "change-notice-unusable",
            Self::Refused => "change-notice-refused",
            Self::PerhapsRefused => "change-notice-perhaps-refused",
            Self::NotAllowed => "change-notice-not-allowed",
            Self::TooManyTries { .. } => "notice-too-many-tries",
            Self::FormExpired => "notice-form-expired",
            Self::Busy => "change-notice-busy",
            Self::DirectoryUnavailable => "change-notice-directory",
            Self::OutcomeUnknown => "change-notice-unknown",
        }
    }

    fn is_error(self) -> bool {
        !matches!(self, Self::FormExpired | Self::Expired | Self::MustChange)
    }
}

/// The page after a change that was not part of a sign-in.
#[derive(Template)]
#[template(path = "password_changed.html")]
pub struct PasswordChangedPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
}

impl PasswordChangedPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brand() -> Brand {
        Brand {
            organisation: "Contoso & Co".to_owned(),
            colour: None,
            help: None,
        }
    }

    #[test]
    fn the_form_has_the_names_of_ad_fs_and_says_what_broke() {
        for language in [Language::English, Language::German] {
            let brand = brand();
            let rules = [
                Rule::Length(8),
                Rule::Complexity,
                Rule::NoName,
                Rule::History(24),
                Rule::AgeHours(24),
            ];
            let page = ChangePasswordPage {
                brand: &brand,
                language,
                relying_party: Some("Wiki <b>"),
                action: "/adfs/portal/updatepassword/",
                flow: Some("sealed"),
                username: "bob\"><script>",
                notice: Some(ChangeNotice::Refused),
                broken: &rules[..2],
                rules: &rules,
            };
            let html = page.render().unwrap();
            for name in [
                "UserName",
                "OldPassword",
                "NewPassword",
                "ConfirmNewPassword",
                "Flow",
            ] {
                assert_eq!(
                    html.matches(&format!("name=\"{name}\"")).count(),
                    1,
                    "{name}"
                );
            }
            assert_eq!(html.matches("autocomplete=\"new-password\"").count(), 2);
            assert_eq!(html.matches("autocomplete=\"current-password\"").count(), 1);
            assert_eq!(html.matches("<li>").count(), 7);
            assert!(!html.contains("<script") && !html.contains("<b>"));
            assert!(
                !html.contains("rule-") && !html.contains("change-"),
                "a text is missing"
            );
        }
    }

    #[test]
    fn every_notice_has_its_text() {
        use ChangeNotice as N;
        for notice in [
            N::Expired,
            N::MustChange,
            N::WrongNameOrPassword,
            N::MissingName,
            N::MissingOld,
            N::MissingNew,
            N::Unconfirmed,
            N::Unchanged,
            N::Unusable,
            N::Refused,
            N::PerhapsRefused,
            N::NotAllowed,
            N::TooManyTries { minutes: 3 },
            N::FormExpired,
            N::Busy,
            N::DirectoryUnavailable,
            N::OutcomeUnknown,
        ] {
            assert_ne!(
                Language::English.text(notice.id(), &[("minutes", "3")]),
                notice.id()
            );
        }
    }
}
