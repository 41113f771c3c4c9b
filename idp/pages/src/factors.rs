//! The pages of second factors.

use askama::Template;

use crate::brand::Brand;
use crate::language::Language;
use crate::qr;

/// A kind of second factor, as pages speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorWay {
    /// Codes of an authenticator app.
    Totp,
    /// A passkey or security key.
    Passkey,
    /// A recovery code.
    RecoveryCode,
    /// A code that a RADIUS server checks.
    Radius,
    /// A smartcard or certificate, on the host that asks for them.
    Certificate,
}

impl FactorWay {
    /// The word in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery-code",
            Self::Radius => "radius",
            Self::Certificate => "certificate",
        }
    }

    fn text_id(self) -> &'static str {
        match self {
            Self::Totp => "factor-way-totp",
            Self::Passkey => "factor-way-passkey",
            Self::RecoveryCode => "factor-way-recovery-code",
            Self::Radius => "factor-way-radius",
            Self::Certificate => "factor-way-certificate",
        }
    }
}

/// What a page asks for.
#[derive(Clone, Copy, Debug)]
pub enum FactorPrompt<'a> {
    /// A field for a code.
    Code {
        /// Whether only digits are typed: phones show the keys for them.
        numeric: bool,
        /// Whether what is typed may be seen.
        echo: bool,
        /// What the factor's server says.
        text: Option<&'a str>,
    },
    /// A passkey.
    Passkey {
        /// Options for the script, as JSON.
        options: &'a str,
    },
    /// The person confirms on another device.
    Waiting {
        /// What to do there.
        text: &'a str,
    },
    /// A smartcard or certificate, where nothing else can be asked for.
    Certificate,
}

/// What a page of second factors says before the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorNotice {
    /// The answer is wrong.
    Wrong,
    /// The code was used before.
    Used,
    /// Guessing is braked.
    TooManyTries {
        /// Whole minutes to wait.
        minutes: u32,
    },
    /// The page was open too long.
    Expired,
    /// A server does not answer.
    Unavailable,
    /// A key may have been copied.
    PossiblyCopied,
    /// Nothing else can be set up from this network.
    NotFromHere,
    /// A factor was removed.
    Removed,
    /// A factor was set up.
    Added,
}

impl FactorNotice {
    fn text(self, language: Language) -> String {
        match self {
            Self::TooManyTries { minutes } => language.text(
                "factor-notice-too-many",
                &[("minutes", &minutes.to_string())],
            ),
            Self::Wrong => language.text("factor-notice-wrong", &[]),
            Self::Used => language.text("factor-notice-used", &[]),
            Self::Expired => language.text("factor-notice-expired", &[]),
            Self::Unavailable => language.text("factor-notice-unavailable", &[]),
            Self::PossiblyCopied => language.text("factor-notice-copied", &[]),
            Self::NotFromHere => language.text("factor-notice-not-from-here", &[]),
            Self::Removed => language.text("factor-notice-removed", &[]),
            Self::Added => language.text("factor-notice-added", &[]),
        }
    }

    fn is_error(self) -> bool {
        !matches!(
            self,
            Self::Expired | Self::NotFromHere | Self::Removed | Self::Added
        )
    }
}

/// A button to another factor of the person.
#[derive(Clone, Copy, Debug)]
pub struct FactorChoice {
    /// Which.
    pub way: FactorWay,
}

/// Asks for a second factor.
#[derive(Template)]
#[template(path = "factor.html")]
pub struct FactorPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Where the person is going.
    pub relying_party: Option<&'a str>,
    /// Where the form posts to.
    pub action: &'a str,
    /// Sealed state of the flow.
    pub flow: &'a str,
    /// Which factor is asked for.
    pub way: FactorWay,
    /// What is shown for it.
    pub prompt: FactorPrompt<'a>,
    /// The ceremony's ticket; empty when none is under way.
    pub challenge: &'a str,
    /// The person's other factors.
    pub others: &'a [FactorChoice],
    /// What to tell before the form.
    pub notice: Option<FactorNotice>,
}

impl FactorPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }

    fn notice_text(&self) -> String {
        self.notice
            .map(|notice| notice.text(self.language))
            .unwrap_or_default()
    }

    fn going_to(&self) -> String {
        let name = self.relying_party.unwrap_or_default();
        self.language.text("sign-in-to", &[("name", name)])
    }

    fn label(&self) -> String {
        self.t(match self.way {
            FactorWay::Totp => "factor-code-label",
            FactorWay::RecoveryCode => "factor-recovery-label",
            FactorWay::Radius | FactorWay::Passkey | FactorWay::Certificate => {
                "factor-radius-label"
            }
        })
    }

    fn hint(&self) -> Option<String> {
        match self.way {
            FactorWay::Totp => Some(self.t("factor-code-hint")),
            FactorWay::RecoveryCode => Some(self.t("factor-recovery-hint")),
            FactorWay::Radius | FactorWay::Passkey | FactorWay::Certificate => None,
        }
    }

    fn is_wrong(&self) -> bool {
        matches!(self.notice, Some(FactorNotice::Wrong | FactorNotice::Used))
    }
}

/// Sets up an authenticator app.
#[derive(Template)]
#[template(path = "totp_enrolment.html")]
pub struct TotpEnrolmentPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Where the person is going; `None` on the person's own page.
    pub relying_party: Option<&'a str>,
    /// Where the form posts to.
    pub action: &'a str,
    /// Sealed state of the flow.
    pub flow: &'a str,
    /// The ceremony's ticket.
    pub challenge: &'a str,
    /// The secret in base32.
    pub secret: &'a str,
    /// `otpauth://…`.
    pub uri: &'a str,
    /// Other kinds that could be set up instead.
    pub others: &'a [FactorChoice],
    /// What to tell before the form.
    pub notice: Option<FactorNotice>,
}

impl TotpEnrolmentPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }

    fn notice_text(&self) -> String {
        self.notice
            .map(|notice| notice.text(self.language))
            .unwrap_or_default()
    }

    fn going_to(&self) -> String {
        let name = self.relying_party.unwrap_or_default();
        self.language.text("sign-in-to", &[("name", name)])
    }

    fn qr(&self) -> String {
        qr::svg(self.uri, &self.t("totp-qr-label")).unwrap_or_default()
    }

    /// In groups of four, as people read it aloud.
    fn grouped(&self) -> String {
        let characters: Vec<char> = self.secret.chars().collect();
        let groups: Vec<String> = characters
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect();
        groups.join(" ")
    }
}

/// Sets up a passkey.
#[derive(Template)]
#[template(path = "passkey_enrolment.html")]
pub struct PasskeyEnrolmentPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Where the person is going; `None` on the person's own page.
    pub relying_party: Option<&'a str>,
    /// Where the form posts to.
    pub action: &'a str,
    /// Sealed state of the flow.
    pub flow: &'a str,
    /// The ceremony's ticket.
    pub challenge: &'a str,
    /// Options for the script, as JSON.
    pub options: &'a str,
    /// Other kinds that could be set up instead.
    pub others: &'a [FactorChoice],
    /// What to tell before the form.
    pub notice: Option<FactorNotice>,
}

impl PasskeyEnrolmentPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }

    fn notice_text(&self) -> String {
        self.notice
            .map(|notice| notice.text(self.language))
            .unwrap_or_default()
    }

    fn going_to(&self) -> String {
        let name = self.relying_party.unwrap_or_default();
        self.language.text("sign-in-to", &[("name", name)])
    }
}

/// Shows recovery codes, this once.
#[derive(Template)]
#[template(path = "recovery_codes.html")]
pub struct RecoveryCodesPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Whose codes: the name to sign in with.
    pub name: &'a str,
    /// The codes.
    pub codes: &'a [&'a str],
    /// Where the button leads.
    pub action: &'a str,
    /// Sealed state of the flow; empty on the person's own page.
    pub flow: &'a str,
}

impl RecoveryCodesPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }

    fn whose(&self) -> String {
        self.language.text("factors-for", &[("name", self.name)])
    }
}

/// A factor in the person's list.
#[derive(Clone, Debug)]
pub struct HeldFactor {
    /// Its id, for the form.
    pub id: String,
    /// What it is.
    pub way: FactorWay,
    /// Its owner's name for it; empty when none was given.
    pub label: String,
    /// `2026-01-02`.
    pub set_up: String,
    /// `2026-01-02 03:04 UTC`.
    pub last_used: Option<String>,
}

/// The person's own page: what is set up, with buttons to remove and to add.
#[derive(Template)]
#[template(path = "my_factors.html")]
pub struct MyFactorsPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Whose page it is.
    pub name: &'a str,
    /// Where the forms post to.
    pub action: &'a str,
    /// Token against requests of other sites, in each form's field `Flow`.
    pub flow: &'a str,
    /// What is set up.
    pub factors: &'a [HeldFactor],
    /// What can be set up.
    pub can_add: &'a [FactorChoice],
    /// Recovery codes left.
    pub recovery_codes: u32,
    /// Whether so few are left that new ones should be made.
    pub few: bool,
    /// What to tell before the list.
    pub notice: Option<FactorNotice>,
}

impl MyFactorsPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }

    fn notice_text(&self) -> String {
        self.notice
            .map(|notice| notice.text(self.language))
            .unwrap_or_default()
    }

    fn whose(&self) -> String {
        self.language.text("factors-for", &[("name", self.name)])
    }

    fn set_up(&self, factor: &HeldFactor) -> String {
        self.language
            .text("factors-set-up", &[("date", &factor.set_up)])
    }

    fn last_used(&self, factor: &HeldFactor) -> String {
        match &factor.last_used {
            Some(date) => self.language.text("factors-used", &[("date", date)]),
            None => self.t("factors-never-used"),
        }
    }

    fn called(&self, factor: &HeldFactor) -> String {
        if factor.label.is_empty() {
            self.t(factor.way.text_id())
        } else {
            factor.label.clone()
        }
    }

    fn removing(&self, factor: &HeldFactor) -> String {
        let id = if self.factors.len() == 1 {
            "factors-remove-last-button"
        } else {
            "factors-remove-button"
        };
        self.language.text(id, &[("name", &self.called(factor))])
    }

    fn codes_left(&self) -> String {
        let count = self.recovery_codes.to_string();
        self.language
            .text("factors-codes-left", &[("count", &count)])
    }
}

#[cfg(test)]
mod tests;
