//! The pages of a sign-in.

use askama::Template;
use signet_model::{Culprit, MessagePair};

use crate::brand::Brand;
use crate::language::Language;

/// The sign-in form.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Where the person is going; `None` on a page without an application.
    pub relying_party: Option<&'a str>,
    /// Where the form posts to: path and query on this host.
    pub action: &'a str,
    /// Sealed state of the flow.
    pub flow: &'a str,
    /// Fills the name field.
    pub username: &'a str,
    /// What to tell before the form.
    pub notice: Option<Notice>,
    /// Whether name and password are asked for.
    pub password: bool,
    /// Whether a certificate is offered, as another way or, without a password, as the only one.
    pub certificate: bool,
    /// Whether "keep me signed in" is offered.
    pub keep_me_signed_in: bool,
    /// Activity id, for support.
    pub activity: &'a str,
}

impl SignInPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }

    fn going_to(&self) -> String {
        self.language.text(
            "sign-in-to",
            &[("name", self.relying_party.unwrap_or_default())],
        )
    }

    fn notice_text(&self) -> String {
        let Some(notice) = self.notice else {
            return String::new();
        };
        match notice {
            Notice::TooManyTries { minutes } => self.language.text(
                "notice-too-many-tries",
                &[("minutes", &minutes.to_string())],
            ),
            Notice::TicketRefused { code } | Notice::ClocksDiffer { code } => {
                self.language.text(notice.id(), &[("code", code)])
            }
            other => self.language.text(other.id(), &[]),
        }
    }

    fn notice_is_error(&self) -> bool {
        self.notice.is_some_and(Notice::is_error)
    }

    fn asks_for_name(&self) -> bool {
        self.username.is_empty()
    }
}

/// What the sign-in form says before the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Name or password is wrong, or no such account.
    WrongNameOrPassword,
    /// No name was typed.
    MissingName,
    /// No password was typed.
    MissingPassword,
    /// Guessing is braked for this account or address.
    TooManyTries {
        /// Whole minutes to wait.
        minutes: u32,
    },
    /// The form was open too long; nothing is lost.
    FormExpired,
    /// The application asks for credentials again.
    SignInAgain,
    /// The account is disabled (shown after a right password only).
    AccountDisabled,
    /// The account has expired (shown after a right password only).
    AccountExpired,
    /// Not at this hour (shown after a right password only).
    OutsideLogonHours,
    /// Not from here: the account may sign in at listed workstations only (shown after a right password only).
    WorkstationNotAllowed,
    /// Too many sign-ins at once; nothing was counted.
    Busy,
    /// No domain controller answered.
    DirectoryUnavailable,
    /// The computer's own sign-in was not taken.
    TicketRefused {
        /// The code of the reason, for the help desk.
        code: &'static str,
    },
    /// The computer's own sign-in was not taken, because its clock or ours is wrong.
    ClocksDiffer {
        /// The code of the reason, for the help desk.
        code: &'static str,
    },
}

impl Notice {
    fn id(self) -> &'static str {
        match self {
            Self::WrongNameOrPassword => "notice-wrong-name-or-password",
            Self::MissingName => "notice-missing-name",
            Self::MissingPassword => "notice-missing-password",
            Self::TooManyTries { .. } => "notice-too-many-tries",
            Self::FormExpired => "notice-form-expired",
            Self::SignInAgain => "notice-sign-in-again",
            Self::AccountDisabled => "notice-account-disabled",
            Self::AccountExpired => "notice-account-expired",
            Self::OutsideLogonHours => "notice-outside-logon-hours",
            Self::WorkstationNotAllowed => "notice-workstation",
            Self::Busy => "notice-busy",
            Self::DirectoryUnavailable => "notice-directory-unavailable",
            Self::TicketRefused { .. } => "notice-ticket-refused",
            Self::ClocksDiffer { .. } => "notice-clocks-differ",
        }
    }

    fn is_error(self) -> bool {
        !matches!(
            self,
            Self::FormExpired
                | Self::SignInAgain
                | Self::TicketRefused { .. }
                | Self::ClocksDiffer { .. }
        )
    }
}

/// The page that posts a token to the relying party; a script submits it, the button does without.
#[derive(Template)]
#[template(path = "token_post.html")]
pub struct TokenPostPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Where the person is going.
    pub relying_party: &'a str,
    /// The registered reply address.
    pub action: &'a str,
    /// Hidden fields in order.
    pub fields: &'a [(&'static str, String)],
}

impl TokenPostPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }

    fn going_to(&self) -> String {
        self.language
            .text("continue-to", &[("name", self.relying_party)])
    }
}

/// An error page: what happened, what to do, an id that an admin can search.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// The message; only its public face is shown.
    pub message: &'a MessagePair,
    /// Activity id.
    pub activity: &'a str,
    /// Time in UTC, `2026-01-02 03:04:05 UTC`.
    pub time: &'a str,
    /// Address of the form the person came from, when it can be gone back to.
    pub back: Option<&'a str>,
}

impl ErrorPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }

    /// Translated by code (`SIG-WSFED-UNKNOWN-REALM` is the text `sig-wsfed-unknown-realm`), else by culprit, else as
    /// the message has it.
    fn what_happened(&self) -> String {
        self.translated("")
            .unwrap_or_else(|| self.message.public.to_owned())
    }

    fn what_to_do(&self) -> String {
        self.translated("-hint")
            .unwrap_or_else(|| self.message.hint.to_owned())
    }

    /// What the message itself says, where only its culprit has a translation: help desks look for it.
    fn original(&self) -> Option<&str> {
        let code = self.message.code.to_ascii_lowercase();
        let has_own = self.language.translation(&code).is_some();
        let by_culprit = self.language.translation(culprit(self.message.culprit));
        (by_culprit.is_some() && !has_own).then_some(self.message.public)
    }

    fn translated(&self, part: &str) -> Option<String> {
        let code = self.message.code.to_ascii_lowercase();
        let culprit = culprit(self.message.culprit);
        self.language
            .translation(&format!("{code}{part}"))
            .or_else(|| self.language.translation(&format!("{culprit}{part}")))
    }
}

fn culprit(culprit: Culprit) -> &'static str {
    match culprit {
        Culprit::User => "culprit-user",
        Culprit::RelyingParty => "culprit-relying-party",
        Culprit::Directory => "culprit-directory",
        Culprit::Operator => "culprit-operator",
        Culprit::Us => "culprit-us",
    }
}

/// The page after a sign-out.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Clean-up addresses of the session's relying parties, each with its name; loaded in frames.
    pub clean_up: &'a [(String, String)],
    /// Where the browser goes on to when the frames have loaded; the person stays here without.
    pub onward: Option<Onward<'a>>,
}

/// The way on from a page, to an address that was compared with the registered ones.
#[derive(Clone, Copy, Debug)]
pub enum Onward<'a> {
    /// An address to open.
    Address(&'a str),
    /// A form to post.
    Form {
        /// Where to.
        action: &'a str,
        /// Names and values.
        fields: &'a [(&'static str, String)],
    },
}

impl SignedOutPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }
}
