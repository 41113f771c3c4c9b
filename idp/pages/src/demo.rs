//! The pages of the built-in relying party.

use askama::Template;

use crate::brand::Brand;
use crate::language::Language;

/// Where the demonstration begins.
#[derive(Template)]
#[template(path = "demo_home.html")]
pub struct DemoHomePage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Sign-ins to start: address, title, explanation.
    pub starts: &'a [(String, &'static str, &'static str)],
    /// Names and passwords to sign in with, and what each shows.
    pub people: &'a [(String, String, String)],
}

/// A received token, decoded and judged.
#[derive(Template)]
#[template(path = "demo_token.html")]
pub struct DemoTokenPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// What the verdict is over all findings.
    pub verdict: Verdict,
    /// `SAML 1.1 by WS-Federation` and the like.
    pub kind: &'a str,
    /// Facts of the token in order: name and value.
    pub facts: &'a [(String, String)],
    /// Claims in order: type and value.
    pub claims: &'a [(String, String)],
    /// What Entra would look at, one by one.
    pub findings: &'a [Finding],
    /// The token, indented for reading.
    pub xml: &'a str,
    /// Where to sign out.
    pub sign_out: &'a str,
}

/// One requirement and whether the token meets it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How it stands.
    pub verdict: Verdict,
    /// The requirement in plain words.
    pub requirement: String,
    /// What was found.
    pub found: String,
}

/// How a requirement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Met.
    Met,
    /// Not met.
    NotMet,
    /// Does not apply here.
    NotApplicable,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::NotApplicable => "n/a",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Met => "good",
            Self::NotMet => "bad",
            Self::NotApplicable => "none",
        }
    }
}
