//! The one route of the host that asks for certificates: it judges what the handshake brought, at every request.

use std::sync::Arc;

use axum::extract::{Extension, RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use http::header::LOCATION;
use signet_authn::certificate::{CertificateFailure, VerifiedCertificate};
use signet_certs::client::Refusal;
use signet_model::MessagePair;

use super::certificate::SHOW_FORM;
use super::crossing::Crossing;
use super::receive::parameter;
use super::reply::Reply;
use super::sealed::Stage;
use crate::house::{Certificates, House};
use crate::web::caller::Caller;
use crate::web::certificate::Presented;

/// `GET /adfs/certauth`: a good certificate leads back to the sign-in, any other to a page that says why not.
pub(crate) async fn judge(
    State(house): State<Arc<House>>,
    Extension(caller): Extension<Caller>,
    presented: Option<Extension<Presented>>,
    RawQuery(query): RawQuery,
) -> Response {
    let reply = Reply::new(&house, &caller);
    // Without it the request did not come over a connection that asks for certificates: the route is not there.
    let (Some(Extension(presented)), Some(certificates)) = (presented, &house.certificates) else {
        return reply.status(StatusCode::NOT_FOUND);
    };
    let sealed = parameter(&query.unwrap_or_default(), "flow").unwrap_or_default();
    let crossing = match Crossing::open(&house, &sealed, Stage::Certificate) {
        Ok(crossing) => crossing,
        Err(why) => return reply.message(&why.message()),
    };
    match verify(&house, certificates, &crossing, &presented).await {
        Ok(verified) => match lead_back(&house, certificates, crossing, &verified) {
            Ok(location) => reply.redirect(StatusCode::SEE_OTHER, LOCATION, &location),
            Err(error) => reply.message(&error),
        },
        Err(failure) => refuse(&house, &caller, &crossing, &failure).await,
    }
}

async fn verify(
    house: &House,
    certificates: &Certificates,
    crossing: &Crossing,
    presented: &Presented,
) -> Result<VerifiedCertificate, CertificateFailure> {
    let chain = presented
        .chain
        .as_ref()
        .map_err(|unreadable| Refusal::Unreadable(unreadable.clone()))?;
    let verified = certificates
        .authenticator
        .sign_in(chain, presented.possession, house.clock.now())
        .await?;
    if let Some(second) = &crossing.second {
        verified.check_belongs_to(second.account, &second.sid)?;
    }
    Ok(verified)
}

/// Seals the verification for the browser that began, and gives the address that takes it.
fn lead_back(
    house: &House,
    certificates: &Certificates,
    mut crossing: Crossing,
    verified: &VerifiedCertificate,
) -> Result<String, MessagePair> {
    crossing.id = house.random_text()?;
    let pass = certificates
        .seal
        .seal(verified, &crossing.binding(), house.clock.now())
        .map_err(|error| error.message())?;
    let passed = crossing
        .lead_back(house)
        .ok_or_else(|| super::sealed::NotOpened::Foreign.message())?;
    house.keep_account(verified.account());
    Ok(format!(
        "{}/adfs/ls/?passed={passed}&certificate={pass}",
        house.origin
    ))
}

async fn refuse(
    house: &Arc<House>,
    caller: &Caller,
    crossing: &Crossing,
    failure: &CertificateFailure,
) -> Response {
    let reply = Reply::new(house, caller);
    if let Err(fault) = house
        .audit_certificate_failure(caller, crossing.party, failure)
        .await
    {
        return reply.message(&fault);
    }
    let status = match failure {
        CertificateFailure::Directory(_) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    };
    let back = crossing
        .handle(house, house.clock.now())
        .map(|handle| format!("{}/adfs/ls/?flow={handle}&{SHOW_FORM}", house.origin));
    reply.message_with_way_back(status, &failure.message(), back.as_deref())
}
