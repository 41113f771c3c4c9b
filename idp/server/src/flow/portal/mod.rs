//! A person's own pages: what they sign in with, where they are signed in, and the way to the password change.
//!
//! `desk` is what the pages share: the sign-in form in front of them, the session behind them, and the tokens that bind
//! their forms to the browser.

mod desk;
pub(crate) mod factors;
pub(crate) mod sessions;

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;
use http::StatusCode;
use signet_pages::PortalPage;

use super::reply::Reply;
use crate::house::House;
use crate::web::caller::Caller;

/// `GET /adfs/portal/`: the ways to the pages that this installation has. It says nothing of any account.
pub(crate) async fn get(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let reply = Reply::new(&house, &caller);
    let page = PortalPage {
        brand: &house.brand,
        language: reply.language_for(None),
        factors: house.second.is_some(),
    };
    reply.html(StatusCode::OK, &page)
}
