//! A person's own pages: the way to each, and where they are signed in.

use askama::Template;
use signet_model::Method;

use crate::brand::Brand;
use crate::language::Language;

/// The ways to a person's own pages.
#[derive(Template)]
#[template(path = "portal.html")]
pub struct PortalPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Whether second factors are configured.
    pub factors: bool,
}

impl PortalPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }
}

/// A session in the person's list.
#[derive(Clone, Debug)]
pub struct SeenSession {
    /// Its public id, for the form.
    pub id: String,
    /// Whether it is the one of this browser.
    pub own: bool,
    /// Family of the browser.
    pub browser: Option<String>,
    /// What the browser runs on.
    pub platform: Option<String>,
    /// Network address that was signed in from.
    pub address: Option<String>,
    /// What was performed, the first factor first; empty when it is not known.
    pub methods: Vec<Method>,
    /// `2026-01-02 03:04 UTC`.
    pub began: String,
    /// The same form.
    pub last_used: String,
    /// When it ends whatever happens.
    pub ends: String,
    /// Which applications got tokens in it; `None` for those that are no longer registered.
    pub applications: Vec<Option<String>>,
}

/// What the list of sessions says before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionNotice {
    /// A session was ended.
    Ended,
    /// It had ended before.
    Gone,
    /// All others were ended.
    OthersEnded {
        /// So many there were.
        count: u64,
    },
    /// The page was open too long, or is not ours: nothing was done.
    Expired,
}

/// Where a person is signed in, with buttons to end the other sessions.
#[derive(Template)]
#[template(path = "my_sessions.html")]
pub struct MySessionsPage<'a> {
    /// The organisation.
    pub brand: &'a Brand,
    /// Language of the page.
    pub language: Language,
    /// Whose page it is.
    pub name: &'a str,
    /// Where the forms post to.
    pub action: &'a str,
    /// Where the session of this browser is ended.
    pub sign_out: &'a str,
    /// Token against requests of other sites, in each form's field `Flow`.
    pub flow: &'a str,
    /// The own one first.
    pub sessions: &'a [SeenSession],
    /// Whether there are more than are listed.
    pub more: bool,
    /// What to tell before the list.
    pub notice: Option<SessionNotice>,
}

impl MySessionsPage<'_> {
    fn t(&self, id: &str) -> String {
        self.language.text(id, &[])
    }

    fn whose(&self) -> String {
        self.language.text("factors-for", &[("name", self.name)])
    }

    fn notice_text(&self) -> String {
        match self.notice {
            None => String::new(),
            Some(SessionNotice::Ended) => self.t("sessions-notice-ended"),
            Some(SessionNotice::Gone) => self.t("sessions-notice-gone"),
            Some(SessionNotice::Expired) => self.t("sessions-notice-expired"),
            Some(SessionNotice::OthersEnded { count }) => self.language.text(
                "sessions-notice-others-ended",
                &[("count", &count.to_string())],
            ),
        }
    }

    fn has_others(&self) -> bool {
        self.more || self.sessions.iter().any(|one| !one.own)
    }

    /// `Firefox on Windows`, or as much as is known.
    fn called(&self, one: &SeenSession) -> String {
        match (&one.browser, &one.platform) {
            (Some(browser), Some(platform)) => self.language.text(
                "sessions-browser-on",
                &[("browser", browser), ("platform", platform)],
            ),
            (Some(known), None) => known.clone(),
            (None, Some(known)) => self
                .language
                .text("sessions-unknown-on", &[("platform", known)]),
            (None, None) => self.t("sessions-unknown"),
        }
    }

    fn how(&self, one: &SeenSession) -> String {
        let methods: Vec<String> = one
            .methods
            .iter()
            .map(|method| self.t(method_text(*method)))
            .collect();
        methods.join(" + ")
    }

    fn applications(&self, one: &SeenSession) -> String {
        let names: Vec<String> = one
            .applications
            .iter()
            .map(|name| name.clone().unwrap_or_else(|| self.t("sessions-app-gone")))
            .collect();
        if names.is_empty() {
            return self.t("sessions-no-apps");
        }
        names.join(", ")
    }
}

fn method_text(method: Method) -> &'static str {
    match method {
        Method::Password => "method-password",
        Method::Kerberos => "method-kerberos",
        Method::Certificate => "method-certificate",
        Method::Smartcard => "method-smartcard",
        Method::Totp => "method-totp",
        Method::SecurityKey => "method-passkey",
        Method::RecoveryCode => "method-recovery-code",
        Method::Radius => "method-radius",
        _ => "method-other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "11111111-0000-4000-8000-000000000001";
    const OTHER: &str = "22222222-0000-4000-8000-000000000002";

    fn brand() -> Brand {
        Brand {
            organisation: "Contoso".into(),
            colour: None,
            help: None,
        }
    }

    fn session(id: &str, own: bool) -> SeenSession {
        SeenSession {
            id: id.into(),
            own,
            browser: Some("Firefox".into()),
            platform: Some("Windows".into()),
            address: Some("192.0.2.1".into()),
            methods: vec![Method::Password, Method::Totp],
            began: "2026-01-02 03:04 UTC".into(),
            last_used: "2026-01-02 03:05 UTC".into(),
            ends: "2026-01-02 11:04 UTC".into(),
            applications: vec![Some("Contoso <b>Wiki</b>".into()), None],
        }
    }

    fn list(language: Language, sessions: &[SeenSession], notice: Option<SessionNotice>) -> String {
        MySessionsPage {
            brand: &brand(),
            language,
            name: "bob@example.com",
            action: "/adfs/portal/sessions",
            sign_out: "/adfs/ls/?wa=wsignout1.0",
            flow: "token",
            sessions,
            more: false,
            notice,
        }
        .render()
        .unwrap()
    }

    #[test]
    fn each_other_session_has_a_button_and_this_one_the_sign_out() {
        let both = [session(OWN, true), session(OTHER, false)];
        let html = list(Language::English, &both, None);
        assert!(html.contains(&format!(r#"name="End" value="{OTHER}""#)));
        assert!(!html.contains(OWN) && html.contains(r#"name="EndOthers""#));
        assert!(html.contains("/adfs/ls/?wa=wsignout1.0"));
        for said in [
            "Firefox on Windows",
            "password + code from an app",
            "192.0.2.1",
            "may stay open",
        ] {
            assert!(html.contains(said), "{said} is not in {html}");
        }
        let alone = list(Language::English, &both[..1], None);
        assert!(!alone.contains(r#"name="End""#) && !alone.contains("EndOthers"));
    }

    #[test]
    fn sec_web_12_names_of_applications_are_escaped_and_every_text_is_there() {
        let unknown = SeenSession {
            browser: None,
            platform: None,
            address: None,
            applications: vec![],
            methods: [Method::FIRST.as_slice(), Method::SECOND.as_slice()].concat(),
            ..session(OTHER, false)
        };
        let linux = SeenSession {
            browser: None,
            platform: Some("Linux".into()),
            ..session(OTHER, false)
        };
        let all = [session(OWN, true), unknown, linux];
        let notices = [
            SessionNotice::Ended,
            SessionNotice::Gone,
            SessionNotice::Expired,
            SessionNotice::OthersEnded { count: 3 },
        ];
        for language in [Language::English, Language::German] {
            for notice in notices {
                let html = list(language, &all, Some(notice));
                assert!(!html.contains("<b>") && !html.contains("<script"));
                assert!(!html.contains("sessions-") && !html.contains("method-"));
            }
        }
    }

    #[test]
    fn the_index_leads_to_what_is_configured() {
        let page = |factors| {
            PortalPage {
                brand: &brand(),
                language: Language::English,
                factors,
            }
            .render()
            .unwrap()
        };
        assert!(page(true).contains(r#"href="/adfs/portal/factors""#));
        let without = page(false);
        assert!(!without.contains("/adfs/portal/factors"));
        assert!(without.contains(r#"href="/adfs/portal/sessions""#));
        assert!(without.contains(r#"href="/adfs/portal/updatepassword/""#));
    }
}
