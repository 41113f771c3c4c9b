//! Answers to people: pages, redirects, and the page that says what went wrong.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderName, HeaderValue, StatusCode};
use signet_model::{Culprit, MessagePair};
use signet_pages::{ErrorPage, Language, TokenPostPage};
use signet_protocols::saml2::{SamlRefusal, respond_refusal};
use signet_protocols::{FormPost, ProtocolError, Refusal};
use signet_store::EventNumber;
use tracing::{error, info, warn};

use crate::house::House;
use crate::web::caller::Caller;
use crate::web::headers::token_post_policy;

/// Answers one caller.
pub(crate) struct Reply<'a> {
    house: &'a House,
    caller: &'a Caller,
}

impl<'a> Reply<'a> {
    pub(crate) fn new(house: &'a House, caller: &'a Caller) -> Self {
        Self { house, caller }
    }

    /// A page.
    pub(crate) fn html(&self, status: StatusCode, page: &impl Template) -> Response {
        match page.render() {
            Ok(text) => {
                (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
            }
            Err(fault) => {
                error!(error = %fault, "a page could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// The error page for `message`; its private face goes to the log, once, here.
    pub(crate) fn message(&self, message: &MessagePair) -> Response {
        let status = match message.culprit {
            Culprit::User | Culprit::RelyingParty => StatusCode::BAD_REQUEST,
            Culprit::Directory => StatusCode::SERVICE_UNAVAILABLE,
            Culprit::Operator | Culprit::Us => StatusCode::INTERNAL_SERVER_ERROR,
        };
        self.message_with(status, message)
    }

    /// The error page for `message` under `status`.
    pub(crate) fn message_with(&self, status: StatusCode, message: &MessagePair) -> Response {
        self.message_with_way_back(status, message, None)
    }

    /// The same, with the address of the form that the person came from.
    pub(crate) fn message_with_way_back(
        &self,
        status: StatusCode,
        message: &MessagePair,
        back: Option<&str>,
    ) -> Response {
        match message.culprit {
            Culprit::User | Culprit::RelyingParty => {
                info!(code = message.code, detail = %message.private, "request refused")
            }
            Culprit::Directory | Culprit::Operator => {
                warn!(code = message.code, detail = %message.private, "request failed")
            }
            Culprit::Us => error!(code = message.code, detail = %message.private, "request failed"),
        }
        self.page_of(status, message, back)
    }

    /// The same, and nothing in the log.
    pub(crate) fn error_page(&self, status: StatusCode, message: &MessagePair) -> Response {
        self.page_of(status, message, None)
    }

    fn page_of(&self, status: StatusCode, message: &MessagePair, back: Option<&str>) -> Response {
        let page = ErrorPage {
            brand: &self.house.brand,
            language: self.language_for(None),
            message,
            activity: &self.caller.context.activity.to_string(),
            time: &self.house.now_in_words(),
            back,
        };
        self.html(status, &page)
    }

    /// The page for a refused protocol message, and its audit row.
    pub(crate) async fn protocol_error(&self, error: &ProtocolError) -> Response {
        let message = error.message();
        let event = match error {
            ProtocolError::SignOut(_) => EventNumber::SIGN_OUT_FAILURE,
            _ => EventNumber::APP_TOKEN_FAILURE,
        };
        if let Err(fault) = self
            .house
            .audit_request_failure(self.caller, event, None, &message)
            .await
        {
            return self.message(&fault);
        }
        let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
        self.message_with(status, &message)
    }

    /// What the protocol says to a request that cannot be met.
    pub(crate) async fn refusal(&self, refusal: Refusal) -> Response {
        match refusal {
            Refusal::Page(error) => self.protocol_error(&error).await,
            Refusal::Status(refusal) => self.saml_refusal(&refusal).await,
        }
    }

    /// A SAML status to a registered assertion consumer, and its audit row.
    pub(crate) async fn saml_refusal(&self, refusal: &SamlRefusal) -> Response {
        let message = MessagePair {
            code: "SIG-SAML-STATUS",
            culprit: Culprit::RelyingParty,
            public: "The application's request could not be met.",
            hint: "Go back to the application.",
            private: format!("answered with {:?}: {}", refusal.status, refusal.detail),
        };
        if let Err(fault) = self
            .house
            .audit_request_failure(
                self.caller,
                EventNumber::APP_TOKEN_FAILURE,
                Some(refusal.relying_party),
                &message,
            )
            .await
        {
            return self.message(&fault);
        }
        info!(code = message.code, detail = %message.private, "request answered with a status");
        self.saml_status(refusal)
    }

    /// A SAML status whose reason is audited already.
    pub(crate) fn saml_status(&self, refusal: &SamlRefusal) -> Response {
        let trust = self.house.trust.load();
        let Some(party) = trust.by_id(refusal.relying_party) else {
            return self.relying_party_gone();
        };
        match respond_refusal(
            refusal,
            &self.house.service.entity_id,
            self.house.clock.now(),
        ) {
            Ok(form) => self.token_post(&party.name, &form),
            Err(error) => self.message(&error.message()),
        }
    }

    /// The page that posts `form` to the relying party.
    pub(crate) fn token_post(&self, relying_party: &str, form: &FormPost) -> Response {
        let page = TokenPostPage {
            brand: &self.house.brand,
            language: self.language_for(None),
            relying_party,
            action: &form.action,
            fields: &form.fields,
        };
        let mut response = self.html(StatusCode::OK, &page);
        if let Ok(policy) = HeaderValue::from_str(&token_post_policy(&form.action)) {
            response
                .headers_mut()
                .insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    /// A page that posts `fields` to an address of ours.
    pub(crate) fn own_post(&self, action: &str, fields: &[(&'static str, String)]) -> Response {
        let page = TokenPostPage {
            brand: &self.house.brand,
            language: self.language_for(None),
            relying_party: &self.house.brand.organisation,
            action,
            fields,
        };
        self.html(StatusCode::OK, &page)
    }

    /// A page for a bare status.
    pub(crate) fn status(&self, status: StatusCode) -> Response {
        self.message_with(status, &message_for(status))
    }

    /// A redirect whose `location` was made here or compared with registered addresses.
    pub(crate) fn redirect(
        &self,
        status: StatusCode,
        header: HeaderName,
        location: &str,
    ) -> Response {
        match HeaderValue::from_str(location) {
            Ok(value) => (status, [(header, value)]).into_response(),
            Err(_) => self.status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// `response` with one more cookie.
    pub(crate) fn with_cookie(&self, mut response: Response, cookie: &str) -> Response {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(SET_COOKIE, value);
        }
        response
    }

    /// The language of pages for this caller; a hint of the request comes first.
    pub(crate) fn language_for(&self, hint: Option<&str>) -> Language {
        Language::choose(hint.into_iter().chain([self.caller.languages.as_str()]))
    }

    /// The relying party was removed while the person signed in.
    pub(crate) fn relying_party_gone(&self) -> Response {
        self.message(&MessagePair {
            code: "SIG-FLOW-RP-GONE",
            culprit: Culprit::Operator,
            public: "This application is no longer registered here.",
            hint: "Tell your administrator the activity id below.",
            private: "the relying party of a started sign-in does not exist any more".to_owned(),
        })
    }

    /// The request cannot travel through the form.
    pub(crate) fn too_large(&self) -> Response {
        self.status(StatusCode::PAYLOAD_TOO_LARGE)
    }
}

/// A page for a request that reached no handler.
pub(crate) fn page_for_status(
    house: &Arc<House>,
    status: StatusCode,
    caller: &Caller,
) -> Response<Body> {
    Reply::new(house, caller).status(status)
}

fn message_for(status: StatusCode) -> MessagePair {
    let (code, culprit, public, hint) = match status {
        StatusCode::NOT_FOUND => (
            "SIG-HTTP-404",
            Culprit::User,
            "There is no page at this address.",
            "Check the address, or go back to the application you came from.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            "SIG-HTTP-405",
            Culprit::RelyingParty,
            "This address does not take that kind of request.",
            "Go back to the application and start again.",
        ),
        StatusCode::MISDIRECTED_REQUEST => (
            "SIG-HTTP-421",
            Culprit::RelyingParty,
            "This server does not answer for that host name.",
            "Check the address.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "SIG-HTTP-413",
            Culprit::RelyingParty,
            "The application sent a request that is too large.",
            "Go back to the application and start again.",
        ),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
            "SIG-HTTP-431",
            Culprit::User,
            "Your browser sent too many header fields.",
            "Remove the cookies of your organisation's sites, and try again.",
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "SIG-HTTP-415",
            Culprit::RelyingParty,
            "The application sent a form that cannot be read.",
            "Go back to the application and start again.",
        ),
        StatusCode::REQUEST_TIMEOUT => (
            "SIG-HTTP-408",
            Culprit::User,
            "The request took too long.",
            "Try again.",
        ),
        StatusCode::BAD_REQUEST => (
            "SIG-HTTP-400",
            Culprit::RelyingParty,
            "This request cannot be understood.",
            "Go back to the application and start again.",
        ),
        _ => (
            "SIG-HTTP-500",
            Culprit::Us,
            "Something went wrong here.",
            "Try again. If it happens again, tell your administrator the activity id below.",
        ),
    };
    MessagePair {
        code,
        culprit,
        public,
        hint,
        private: format!("answered with status {}", status.as_u16()),
    }
}
