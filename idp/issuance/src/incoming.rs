//! The claims before any rule: what this service itself knows of the person, the request and the evidence.
//!
//! Source: claim-rules facts, section 8. A type stands here only when there is something to say.

use std::sync::Arc;

use signet_directory::Account;
use signet_model::claim::{AD_AUTHORITY, LOCAL_AUTHORITY, XS_STRING};
use signet_model::uris::{authn, claims as types};
use signet_model::{Claim, Evidence, Method, NetworkLocation, RelyingPartyId, RequestContext};
use signet_xml::instant;
use time::OffsetDateTime;

/// Original issuer of what the connection itself tells, as AD FS writes it.
const CLIENT_CONTEXT: &str = "CLIENT CONTEXT";

/// Whom the claims are about and how that is known; real or hypothetical.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person<'a> {
    pub(crate) account: &'a Account,
    pub(crate) evidence: &'a Evidence,
    pub(crate) persistent: bool,
}

/// What the directory sign-in tells: the input of the acceptance rules. `asked` are the methods that the request names.
pub(crate) fn identity_claims(
    person: &Person<'_>,
    asked: &[String],
    now: OffsetDateTime,
) -> Vec<Claim> {
    let Person {
        account, evidence, ..
    } = person;
    let mut claims = Claims::of(AD_AUTHORITY, account.group_sids.len() + 24);
    let name = account.down_level_name();
    claims.add(types::WINDOWS_ACCOUNT_NAME, &name);
    claims.add(types::NAME, &name);
    claims.add(types::PRIMARY_SID, account.sid.as_str());
    claims.add(types::PRIMARY_GROUP_SID, account.primary_group_sid.as_str());
    claims.add_all(
        types::GROUP_SID,
        account.group_sids.iter().map(|sid| sid.as_str()),
    );
    claims.add(types::UPN, &account.effective_upn());
    claims.add(
        types::AUTHENTICATION_METHOD,
        evidence.primary().method.saml2_class(),
    );
    claims.add(
        types::AUTHENTICATION_INSTANT,
        &instant(evidence.authentication_instant()),
    );
    let mut references: Vec<&str> = Vec::new();
    for performed in evidence.performed() {
        for reference in performed.method.method_references() {
            if !references.contains(reference) {
                references.push(reference);
            }
        }
    }
    if let Some(second) = evidence.second_factor() {
        claims.add(types::AUTHENTICATION_METHOD, authn::MULTIPLE);
        references.push(authn::MULTIPLE);
        claims.add(types::MFA_INSTANT, &instant(second.at));
        claims.add(types::AUTHN_METHODS_PROVIDERS, second.method.saml2_class());
    }
    // No method, but what a joining device asks for by name and reads from the token (entra-federation facts 1.1).
    let either = authn::WINDOWS_OR_MULTIPLE;
    if asked.iter().any(|uri| uri == either) && evidence.satisfies(either) {
        references.push(either);
    }
    claims.add_all(types::AUTHN_METHODS_REFERENCES, references.into_iter());
    for (claim_type, value) in evidence.certificate() {
        claims.add(claim_type, value);
    }
    let by_password = evidence
        .performed()
        .any(|one| one.method == Method::Password);
    if let Some(expires) = account
        .password_expires
        .filter(|at| by_password && *at > now)
    {
        let seconds = (expires - now).whole_seconds();
        claims.add(types::PASSWORD_EXPIRATION_TIME, &seconds.to_string());
    }
    claims.made
}

/// What the request and the session tell. They reach authorization and issuance even when imported acceptance rules
/// do not name them.
pub(crate) fn request_claims(
    person: &Person<'_>,
    context: &RequestContext,
    relying_party: RelyingPartyId,
) -> Vec<Claim> {
    let mut claims = Claims::of(LOCAL_AUTHORITY, 16);
    claims.original_issuer = Arc::from(CLIENT_CONTEXT);
    let inside = context.location == NetworkLocation::Inside;
    claims.add(
        types::INSIDE_CORPORATE_NETWORK,
        if inside { "true" } else { "false" },
    );
    let address = context.client_ip.to_string();
    claims.add(types::USER_IP, &address);
    claims.add_context("x-ms-client-ip", Some(&address));
    claims.add_context("x-ms-forwarded-client-ip", context.forwarded_for.as_deref());
    claims.add_context("x-ms-proxy", context.proxy.as_deref());
    claims.add_context(
        "x-ms-client-application",
        context.client_application.as_deref(),
    );
    claims.add_context("x-ms-client-user-agent", context.user_agent.as_deref());
    claims.add_context("x-ms-endpoint-absolute-path", Some(&context.endpoint_path));
    let activity = context.activity.to_string();
    let request_id = context.client_request_id.as_deref().unwrap_or(&activity);
    claims.add_context("client-request-id", Some(request_id));
    claims.add_context("relyingpartytrustid", Some(&relying_party.to_string()));
    if person.persistent {
        claims.add(types::PSSO, "true");
    }
    claims.made
}

/// Claims of one issuer.
struct Claims {
    issuer: Arc<str>,
    original_issuer: Arc<str>,
    value_type: Arc<str>,
    made: Vec<Claim>,
}

impl Claims {
    fn of(issuer: &str, room: usize) -> Self {
        let issuer: Arc<str> = Arc::from(issuer);
        Self {
            original_issuer: Arc::clone(&issuer),
            issuer,
            value_type: Arc::from(XS_STRING),
            made: Vec::with_capacity(room),
        }
    }

    fn add(&mut self, claim_type: &str, value: &str) {
        self.add_all(claim_type, std::iter::once(value));
    }

    fn add_all<'v>(&mut self, claim_type: &str, values: impl Iterator<Item = &'v str>) {
        let claim_type: Arc<str> = Arc::from(claim_type);
        for value in values.filter(|value| !value.is_empty()) {
            self.made.push(Claim {
                claim_type: Arc::clone(&claim_type),
                value: Arc::from(value),
                value_type: Arc::clone(&self.value_type),
                issuer: Arc::clone(&self.issuer),
                original_issuer: Arc::clone(&self.original_issuer),
                properties: Default::default(),
            });
        }
    }

    fn add_context(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(&format!("{}{name}", types::REQUEST_CONTEXT), value);
        }
    }
}
