//! A session answers a request: permit, sign, write the audit row, post.

use std::sync::Arc;

use axum::response::Response;
use signet_issuance::{AuditFacts, NameId, Occasion, Refusal};
use signet_model::{MessagePair, Protocol, RelyingParty};
use signet_protocols::saml2::{self, SamlRefusal};
use signet_protocols::{FormPost, wsfed};

use super::reply::Reply;
use super::sealed::Flow;
use crate::house::{House, Issued, LiveSession};
use crate::web::caller::Caller;

/// One token to be made.
pub(crate) struct Issue<'a> {
    pub(crate) flow: &'a Flow,
    pub(crate) party: &'a Arc<RelyingParty>,
    pub(crate) session: &'a LiveSession,
}

/// How a wish for a token ended.
pub(crate) enum Answered {
    /// With this answer.
    Done(Response),
    /// The rules want a second factor that the evidence lacks: it can be asked for.
    SecondFactorWanted(Refusal),
}

/// Makes the token and the page that posts it, or says why not.
pub(crate) async fn issue(house: &Arc<House>, caller: &Caller, wish: Issue<'_>) -> Answered {
    let reply = Reply::new(house, caller);
    Answered::Done(match make(house, caller, &wish).await {
        Ok(form) => reply.token_post(&wish.party.name, &form),
        Err(Failed::Refused(refusal @ Refusal::SecondFactorRequired { .. }))
            if house.second.is_some() || house.certificates.is_some() =>
        {
            return Answered::SecondFactorWanted(refusal);
        }
        Err(Failed::Refused(refusal)) => {
            refused(house, caller, wish.party, wish.flow, wish.session, &refusal).await
        }
        Err(Failed::Other(message)) => {
            if let Err(fault) = house
                .audit_token_failure(caller, wish.party, wish.session, &message)
                .await
            {
                return Answered::Done(reply.message(&fault));
            }
            reply.message(&message)
        }
    })
}

enum Failed {
    Refused(Refusal),
    Other(MessagePair),
}

impl From<MessagePair> for Failed {
    fn from(message: MessagePair) -> Self {
        Self::Other(message)
    }
}

async fn make(house: &Arc<House>, caller: &Caller, wish: &Issue<'_>) -> Result<FormPost, Failed> {
    let request = &wish.flow.request;
    let now = house.clock.now();
    house.check_loop(wish.session, wish.party)?;
    let trust = house.trust.load_full();
    let session_index = house.session_index(wish.session, wish.party.id);
    let occasion = Occasion {
        relying_party: wish.party,
        request,
        context: &caller.context,
        service: &house.service,
        domains: trust.domains(),
        stores: &house.directories,
        snapshot: &wish.session.known.answers,
        session_index: &session_index,
        now,
    };
    let release = house
        .engine
        .permit(&occasion, &wish.session.user)
        .await
        .map_err(Failed::Refused)?;
    // Only now is a signed request used up: a refusal, a reload of the form or a wrong password must not burn it.
    if let Some(replay) = &wish.flow.replay {
        house.use_once(replay).await?;
    }
    match request.protocol {
        Protocol::WsFederation => {
            let token = house
                .signer
                .sign_token(&release, now)
                .map_err(|error| error.message())?;
            let form = wsfed::respond(request, &token).map_err(|error| error.message())?;
            record(
                house,
                caller,
                wish,
                &token.facts,
                token.name_id.as_ref(),
                token.session_index.as_deref(),
            )
            .await?;
            Ok(form)
        }
        Protocol::Saml2 => {
            let response = house
                .signer
                .sign_saml_response(&release, now)
                .map_err(|error| error.message())?;
            let form = saml2::respond(request, &response).map_err(|error| error.message())?;
            record(
                house,
                caller,
                wish,
                &response.facts,
                response.name_id.as_ref(),
                Some(&response.session_index),
            )
            .await?;
            Ok(form)
        }
    }
}

/// The audit row and the session's participant are durable before the token leaves.
async fn record(
    house: &Arc<House>,
    caller: &Caller,
    wish: &Issue<'_>,
    facts: &AuditFacts,
    name_id: Option<&NameId>,
    session_index: Option<&str>,
) -> Result<(), MessagePair> {
    let issued = Issued {
        party: wish.party,
        session: wish.session,
        facts,
        name_id,
        session_index,
        reply_to: wish.flow.request.reply_to.as_str(),
    };
    house.record_issuance(caller, &issued).await
}

/// SAML tells the relying party by a status; WS-Federation has only our own page. The person who is not permitted
/// is told here in both: a status would leave them at an application that cannot explain it.
pub(crate) async fn refused(
    house: &Arc<House>,
    caller: &Caller,
    party: &RelyingParty,
    flow: &Flow,
    session: &LiveSession,
    refusal: &Refusal,
) -> Response {
    let reply = Reply::new(house, caller);
    let message = refusal.message();
    if let Err(fault) = house
        .audit_token_failure(caller, party, session, &message)
        .await
    {
        return reply.message(&fault);
    }
    let request = &flow.request;
    let partner_can_act = matches!(
        refusal,
        Refusal::MethodNotPerformed { .. }
            | Refusal::SecondFactorRequired { .. }
            | Refusal::NameIdFormatUnavailable { .. }
            | Refusal::NameQualifierForeign { .. }
    );
    if request.protocol == Protocol::Saml2 && (partner_can_act || request.authentication.passive) {
        return reply.saml_status(&SamlRefusal::of(
            request,
            refusal.saml_status(),
            message.private.clone(),
        ));
    }
    reply.message(&message)
}
