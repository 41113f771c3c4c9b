//! Changing a password: in the middle of a sign-in, or on its own address.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use signet_authn::{ChangeFailure, Changed, PasswordDue, SignInFailure, TypedChange};
use signet_directory::{DirectoryError, PasswordPolicy, PasswordRule};
use signet_model::RelyingParty;
use signet_pages::{ChangeNotice, ChangePasswordPage, PasswordChangedPage, Rule};
use signet_protocols::recheck;
use zeroize::Zeroizing;

use super::credentials::{self, is_from_here, minutes};
use super::go_on::{Arrived, browser_of, proceed};
use super::receive::is_form;
use super::reply::Reply;
use super::sealed::Stage;
use crate::house::House;
use crate::web::caller::Caller;

/// Where people change passwords without an application, as AD FS has it.
const OWN_ADDRESS: &str = "/adfs/portal/updatepassword/";
/// Longest field that is read, in octets.
const LONGEST: usize = 16 * 1024;

/// The fields as AD FS names them. A form is this one when it has a new password.
pub(crate) struct SubmittedChange {
    flow: String,
    name: String,
    old: Zeroizing<String>,
    new: Zeroizing<String>,
    confirmation: Zeroizing<String>,
}

impl SubmittedChange {
    /// Reads the form; `None` when the body is some other form.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let (mut flow, mut name) = (String::new(), String::new());
        let secret = || Zeroizing::new(String::new());
        let (mut old, mut new, mut confirmation) = (secret(), None, secret());
        for (key, value) in form_urlencoded::parse(body).take(32) {
            if value.len() > LONGEST {
                return None;
            }
            match &*key {
                "Flow" => flow = value.into_owned(),
                "UserName" => name = value.into_owned(),
                "OldPassword" => old = Zeroizing::new(value.into_owned()),
                "NewPassword" => new = Some(Zeroizing::new(value.into_owned())),
                "ConfirmNewPassword" => confirmation = Zeroizing::new(value.into_owned()),
                _ => {}
            }
        }
        Some(Self {
            flow,
            name,
            old,
            new: new?,
            confirmation,
        })
    }

    fn typed(&self) -> TypedChange<'_> {
        TypedChange {
            name: &self.name,
            old: &self.old,
            new: &self.new,
            confirmation: &self.confirmation,
        }
    }
}

/// A right password that has to be changed first: the page for it, in the place of the sign-in form.
pub(crate) async fn due(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    place: Place<'_>,
    notice: ChangeNotice,
    due: &PasswordDue,
    name: &str,
) -> Response {
    let rules = house.authenticator.rules_due(due).await;
    let shown = Shown {
        notice: Some(notice),
        broken: Vec::new(),
        rules: rules.map(|policy| rules_of(&policy)).unwrap_or_default(),
    };
    page(house, caller, headers, place, name, &shown)
}

/// Takes the form in the middle of a sign-in; whoever changed a password goes on without typing it again.
pub(crate) async fn submit(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    query: &str,
    form: SubmittedChange,
) -> Response {
    let reply = Reply::new(house, caller);
    let action = super::receive::action(query);
    let flow = match credentials::open(house, headers, &form.flow) {
        Ok(flow) => flow,
        Err(why) => {
            return credentials::show_again(house, caller, headers, query, action, why, &form.name)
                .await;
        }
    };
    let Some(party) = house.trust.load().by_id(flow.request.relying_party) else {
        return reply.relying_party_gone();
    };
    if let Err(error) = recheck(&flow.request, &party) {
        return reply.protocol_error(&error).await;
    }
    let arrived = Arrived { flow, action };
    let place = Place::Flow {
        party: &party,
        arrived: &arrived,
    };
    let changed = match change(house, caller, &form).await {
        Ok(changed) => changed,
        Err(failure) => return refused(house, caller, headers, place, &form.name, &failure).await,
    };
    match changed.sign_in {
        Ok(user) => match house
            .begin_session(caller, headers, Some(&party), user)
            .await
        {
            Ok(session) => proceed(house, caller, headers, &party, &arrived, session).await,
            Err(error) => reply.message(&error),
        },
        Err(failure) => {
            credentials::refused(
                house, caller, headers, &party, &arrived, &failure, &form.name,
            )
            .await
        }
    }
}

/// `GET /adfs/portal/updatepassword/`: the form. It says nothing of any account.
pub(crate) async fn get(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    let shown = Shown {
        notice: None,
        broken: Vec::new(),
        rules: rules_for_all(&house, "").await,
    };
    page(&house, &caller, &headers, Place::Own, "", &shown)
}

/// `POST /adfs/portal/updatepassword/`.
pub(crate) async fn post(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let reply = Reply::new(&house, &caller);
    if !is_form(&headers) {
        return reply.status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let form = SubmittedChange::read(&body).filter(|_| is_from_here(&house, &headers));
    let Some(form) = form else {
        let shown = Shown {
            notice: Some(ChangeNotice::FormExpired),
            broken: Vec::new(),
            rules: rules_for_all(&house, "").await,
        };
        return page(&house, &caller, &headers, Place::Own, "", &shown);
    };
    match change(&house, &caller, &form).await {
        Ok(_) => reply.html(
            StatusCode::OK,
            &PasswordChangedPage {
                brand: &house.brand,
                language: reply.language_for(None),
            },
        ),
        Err(failure) => refused(&house, &caller, &headers, Place::Own, &form.name, &failure).await,
    }
}

/// Changes the password, writes it down, and ends the sessions that began with the old one.
async fn change(
    house: &Arc<House>,
    caller: &Caller,
    form: &SubmittedChange,
) -> Result<Changed, Refused> {
    let now = house.clock.now();
    match house
        .authenticator
        .change_password(form.typed(), &caller.context, now)
        .await
    {
        Ok(changed) => {
            house.snapshots_forget(changed.account);
            let ended = house.store.end_sessions_of(changed.account).await;
            let ended = ended.map_err(|error| Refused::Other(error.message()))?;
            house
                .audit_password_changed(caller, &changed, ended)
                .await
                .map_err(Refused::Other)?;
            Ok(changed)
        }
        Err(failure) => {
            house
                .audit_password_refused(caller, &failure)
                .await
                .map_err(Refused::Other)?;
            Err(Refused::Change(failure))
        }
    }
}

enum Refused {
    Change(ChangeFailure),
    Other(signet_model::MessagePair),
}

/// Where the page stands.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// In an interrupted sign-in.
    Flow {
        party: &'a RelyingParty,
        arrived: &'a Arrived,
    },
    /// At its own address.
    Own,
}

struct Shown {
    notice: Option<ChangeNotice>,
    broken: Vec<Rule>,
    rules: Vec<Rule>,
}

/// The page again, with what was wrong.
async fn refused(
    house: &Arc<House>,
    caller: &Caller,
    headers: &HeaderMap,
    place: Place<'_>,
    name: &str,
    refused: &Refused,
) -> Response {
    let reply = Reply::new(house, caller);
    let failure = match refused {
        Refused::Change(failure) => failure,
        Refused::Other(message) => return reply.message(message),
    };
    use ChangeFailure as F;
    use SignInFailure as S;
    let (mut broken, mut rules) = (Vec::new(), None);
    let notice = match failure {
        F::NoNewPassword => ChangeNotice::MissingNew,
        F::NotConfirmed => ChangeNotice::Unconfirmed,
        F::Unchanged => ChangeNotice::Unchanged,
        F::NotAPassword => ChangeNotice::Unusable,
        F::NotAllowed(_) => ChangeNotice::NotAllowed,
        F::Refused { refusal, .. } => {
            rules = Some(all(&refusal.rules));
            broken = all(&refusal.broken);
            if broken.is_empty() {
                broken = all(&refusal.perhaps);
                ChangeNotice::PerhapsRefused
            } else {
                ChangeNotice::Refused
            }
        }
        F::SignIn(S::Banned { .. }) => {
            return reply.message_with(StatusCode::FORBIDDEN, &failure.message());
        }
        F::SignIn(S::WrongNameOrPassword { .. }) => ChangeNotice::WrongNameOrPassword,
        F::SignIn(S::NameForm(_)) if name.trim().is_empty() => ChangeNotice::MissingName,
        F::SignIn(S::NameForm(_)) => ChangeNotice::WrongNameOrPassword,
        F::SignIn(S::NoPassword) => ChangeNotice::MissingOld,
        F::SignIn(S::Throttled { retry_after, .. }) => ChangeNotice::TooManyTries {
            minutes: minutes(*retry_after),
        },
        F::SignIn(S::Busy { .. }) => ChangeNotice::Busy,
        F::SignIn(S::Directory(DirectoryError::OutcomeUnknown { .. })) => {
            ChangeNotice::OutcomeUnknown
        }
        _ => ChangeNotice::DirectoryUnavailable,
    };
    let shown = Shown {
        notice: Some(notice),
        broken,
        rules: match rules {
            Some(rules) => rules,
            None => rules_for_all(house, name).await,
        },
    };
    page(house, caller, headers, place, name, &shown)
}

fn page(
    house: &House,
    caller: &Caller,
    headers: &HeaderMap,
    place: Place<'_>,
    name: &str,
    shown: &Shown,
) -> Response {
    let reply = Reply::new(house, caller);
    let name: String = name.chars().take(320).collect();
    let status = match shown.notice {
        Some(ChangeNotice::DirectoryUnavailable | ChangeNotice::Busy) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Some(ChangeNotice::TooManyTries { .. }) => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::OK,
    };
    let render = |relying_party, action, flow, language| {
        let page = ChangePasswordPage {
            brand: &house.brand,
            language,
            relying_party,
            action,
            flow,
            username: &name,
            notice: shown.notice,
            broken: &shown.broken,
            rules: &shown.rules,
        };
        reply.html(status, &page)
    };
    let Place::Flow { party, arrived } = place else {
        return render(None, OWN_ADDRESS, None, reply.language_for(None));
    };
    let browser = match browser_of(house, headers) {
        Ok(browser) => browser,
        Err(error) => return reply.message(&error),
    };
    let sealed = arrived.flow.seal(
        &house.flow_sealer,
        Stage::Form {
            browser: &browser.text,
        },
        house.clock.now(),
    );
    let Some(sealed) = sealed else {
        return reply.too_large();
    };
    let hint = arrived.flow.request.hints.language.as_deref();
    let response = render(
        Some(&party.name),
        &arrived.action,
        Some(&sealed),
        reply.language_for(hint),
    );
    browser.keep(&reply, response)
}

async fn rules_for_all(house: &House, name: &str) -> Vec<Rule> {
    let policy = house.authenticator.rules_of_domain(name).await;
    policy.map(|policy| rules_of(&policy)).unwrap_or_default()
}

fn rules_of(policy: &PasswordPolicy) -> Vec<Rule> {
    all(&policy.rules())
}

fn all(rules: &[PasswordRule]) -> Vec<Rule> {
    rules.iter().filter_map(|rule| one(*rule)).collect()
}

fn one(rule: PasswordRule) -> Option<Rule> {
    Some(match rule {
        PasswordRule::Length(least) => Rule::Length(least),
        PasswordRule::Complexity => Rule::Complexity,
        PasswordRule::NoName => Rule::NoName,
        PasswordRule::History(count) => Rule::History(count),
        PasswordRule::MinAge(age) => {
            let hours = (age.whole_seconds() + 3599) / 3600;
            Rule::AgeHours(u32::try_from(hours).unwrap_or(u32::MAX))
        }
        _ => return None,
    })
}
