//! What the pages of a person share: who is there, the sign-in form when nobody is, and what binds forms to the browser.

use std::sync::Arc;

use axum::response::Response;
use http::HeaderMap;
use signet_authn::SignInFailure;
use signet_model::RelyingPartyId;
use signet_pages::{Language, Notice, SignInPage};
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

use crate::flow::credentials::{SubmittedForm, is_from_here, minutes};
use crate::flow::go_on::{Browser, browser_of, notice_status};
use crate::flow::reply::Reply;
use crate::house::{House, LiveSession};
use crate::web::caller::Caller;
use crate::web::cookies;

/// One request at a page.
pub(super) struct Desk<'a> {
    pub(super) house: &'a Arc<House>,
    pub(super) caller: &'a Caller,
    headers: &'a HeaderMap,
    /// Where the page's forms post to.
    pub(super) address: &'static str,
    browser: Browser,
}

impl<'a> Desk<'a> {
    pub(super) fn open(
        house: &'a Arc<House>,
        caller: &'a Caller,
        headers: &'a HeaderMap,
        address: &'static str,
    ) -> Result<Self, Box<Response>> {
        let browser = browser_of(house, headers)
            .map_err(|error| Box::new(Reply::new(house, caller).message(&error)))?;
        Ok(Self {
            house,
            caller,
            headers,
            address,
            browser,
        })
    }

    pub(super) async fn session(&self) -> Result<Option<LiveSession>, Box<Response>> {
        // The page counts no tokens of anybody.
        let nobody = RelyingPartyId(Uuid::nil());
        let session = self.house.session(self.headers, nobody).await;
        session.map_err(|error| Box::new(self.reply().message(&error)))
    }

    /// Whether a form was posted from a page of ours in this browser.
    pub(super) fn is_own_form(&self, body: &[u8]) -> bool {
        let token = field(body, "Flow").unwrap_or_default();
        is_from_here(self.house, self.headers) && self.is_token(&token)
    }

    /// The session of right credentials, or the form again.
    pub(super) async fn sign_in(&self, form: &SubmittedForm) -> Result<LiveSession, Box<Response>> {
        let (name, password) = form.credentials();
        let now = self.house.clock.now();
        let signed_in = self
            .house
            .authenticator
            .sign_in(name, password, &self.caller.context, now)
            .await;
        let user = match signed_in {
            Ok(user) => user,
            Err(failure) => return Err(Box::new(self.refused(&failure, name).await)),
        };
        self.house
            .begin_session(self.caller, self.headers, None, user)
            .await
            .map_err(|error| Box::new(self.reply().message(&error)))
    }

    async fn refused(&self, failure: &SignInFailure, name: &str) -> Response {
        if let Err(error) = self
            .house
            .audit_sign_in_failure(self.caller, None, failure)
            .await
        {
            return self.reply().message(&error);
        }
        let notice = match failure {
            SignInFailure::WrongNameOrPassword { .. } | SignInFailure::NameForm(_) => {
                Notice::WrongNameOrPassword
            }
            SignInFailure::NoPassword => Notice::MissingPassword,
            SignInFailure::Throttled { retry_after, .. } => Notice::TooManyTries {
                minutes: minutes(*retry_after),
            },
            SignInFailure::Busy { .. } => Notice::Busy,
            SignInFailure::Directory(_) | SignInFailure::Interrupted => {
                Notice::DirectoryUnavailable
            }
            other => return self.reply().message(&other.message()),
        };
        self.sign_in_form(Some(notice), name)
    }

    pub(super) fn sign_in_form(&self, notice: Option<Notice>, name: &str) -> Response {
        let reply = self.reply();
        let Some(token) = self.token() else {
            return reply.too_large();
        };
        let page = SignInPage {
            brand: &self.house.brand,
            language: self.language(),
            relying_party: None,
            action: self.address,
            flow: &token,
            username: name,
            notice,
            password: true,
            certificate: false,
            keep_me_signed_in: false,
            activity: &self.caller.context.activity.to_string(),
        };
        let status = notice_status(notice);
        self.browser.keep(&reply, reply.html(status, &page))
    }

    /// Gives the cookies along: the session's when it began just now, and the browser's own.
    pub(super) fn finish(&self, session: &LiveSession, response: Response) -> Response {
        let response = self.keep(response);
        match &session.cookie {
            Some(cookie) => self.reply().with_cookie(response, cookie),
            None => response,
        }
    }

    /// Gives the browser's own cookie along.
    pub(super) fn keep(&self, response: Response) -> Response {
        self.browser.keep(&self.reply(), response)
    }

    /// Binds the page's forms to this browser, against posts that other sites make it send.
    pub(super) fn token(&self) -> Option<String> {
        self.house
            .flow_sealer
            .seal(b"portal", &label(&self.browser.text))
            .ok()
    }

    fn is_token(&self, token: &str) -> bool {
        cookies::read(self.headers, cookies::BROWSER).is_some_and(|browser| {
            self.house
                .flow_sealer
                .open(token, &label(browser))
                .is_ok_and(|plain| plain.as_slice() == b"portal")
        })
    }

    pub(super) fn language(&self) -> Language {
        self.reply().language_for(None)
    }

    pub(super) fn reply(&self) -> Reply<'a> {
        Reply::new(self.house, self.caller)
    }
}

fn label(browser: &str) -> Vec<u8> {
    [b"portal\0", browser.as_bytes()].concat()
}

/// The first field of this name.
pub(super) fn field(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body)
        .take(32)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The time for people.
pub(super) fn minute(at: OffsetDateTime) -> String {
    at.format(&format_description!(
        "[year]-[month]-[day] [hour]:[minute] UTC"
    ))
    .unwrap_or_default()
}
