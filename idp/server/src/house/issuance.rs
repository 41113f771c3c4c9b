//! What happens around a token: the loop breaker before it, the audit row with it, our metadata beside it.

use std::sync::Arc;

use serde_json::json;
use signet_issuance::{AuditFacts, NameId};
use signet_metadata::ours::{LogoutSupport, ServiceDescription, write_federation_metadata};
use signet_model::relying_party::SignatureAlgorithm;
use signet_model::{Culprit, MessagePair, Protocol, RelyingParty};
use signet_store::{AuditEvent, EventNumber, Issuance, Outcome, ParticipantUpdate};

use super::audit::{circumstances, merge};
use super::{House, LiveSession};
use crate::web::caller::Caller;

/// A token that is about to leave.
pub(crate) struct Issued<'a> {
    pub(crate) party: &'a RelyingParty,
    pub(crate) session: &'a LiveSession,
    pub(crate) facts: &'a AuditFacts,
    pub(crate) name_id: Option<&'a NameId>,
    pub(crate) session_index: Option<&'a str>,
    pub(crate) reply_to: &'a str,
}

/// Our signed metadata, and the certificates it was made for.
pub(super) struct PublishedMetadata {
    certificates: Vec<Vec<u8>>,
    document: Arc<str>,
}

impl House {
    /// Stops a browser that runs in circles between us and a relying party, and says what its likely fault is.
    pub(crate) fn check_loop(
        &self,
        session: &LiveSession,
        party: &RelyingParty,
    ) -> Result<(), MessagePair> {
        let most = self.config.session.loop_tokens;
        if session.recent_tokens < most {
            return Ok(());
        }
        Err(MessagePair {
            code: "SIG-FLOW-LOOP",
            culprit: Culprit::RelyingParty,
            public: "You are being sent back and forth between this page and the application.",
            hint: "The application does not keep you signed in: it may have lost its cookie, its clock may be wrong, or its sign-in address may differ from the one it uses. Wait a minute, then start again at the application.",
            private: format!(
                "MSIS7042: {:?} asked for {} tokens in 20 seconds in one session; check its cookies (SameSite, host name), its clock and its reply address",
                party.name, session.recent_tokens
            ),
        })
    }

    /// Writes the audit row (1200) and the session's participant; only then may the token leave.
    pub(crate) async fn record_issuance(
        &self,
        caller: &Caller,
        issued: &Issued<'_>,
    ) -> Result<(), MessagePair> {
        let facts = issued.facts;
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({
                "session": issued.session.public_id.to_string(),
                "user": facts.account_name,
                "relying_party": facts.relying_party_name,
                "protocol": facts.protocol.as_str(),
                "token_type": facts.token_type.uri(),
                "token_sha256": facts.token_sha256,
                "issuer": facts.issuer,
                "audience": facts.audience,
                "reply_to": facts.reply_to,
                "name_id_format": facts.name_id_format,
                "claim_types": facts.claim_types,
                "refused_claims": facts.refused_claims.iter().map(|claim| format!("{claim:?}")).collect::<Vec<_>>(),
                "methods": facts.methods,
                "authenticated_at": signet_xml::instant(facts.authenticated_at),
                "algorithm": facts.algorithm.uri(),
                "signing_thumbprint": facts.signing_thumbprint,
                "encrypted": facts.encrypted,
                "rules": facts.rules_summary,
            }),
        );
        let event = AuditEvent {
            account: Some(facts.account),
            relying_party: Some(facts.relying_party),
            token_id: Some(facts.token_id.clone()),
            ..self.event(
                caller,
                EventNumber::APP_TOKEN_SUCCESS,
                Outcome::Success,
                details,
            )
        };
        let participant = ParticipantUpdate {
            session: issued.session.key,
            relying_party: issued.party.id,
            protocol: facts.protocol,
            name_id: issued
                .name_id
                .map(|name_id| name_id.value.clone())
                .unwrap_or_default(),
            session_index: issued.session_index.unwrap_or_default().to_owned(),
            reply_to: issued.reply_to.to_owned(),
        };
        let issuance = Issuance {
            event,
            participant: Some(participant),
        };
        self.store
            .record_issuance(&issuance)
            .await
            .map(drop)
            .map_err(|error| error.message())
    }

    /// Our federation metadata, signed again whenever the published keys change.
    pub(crate) fn federation_metadata(&self) -> Result<Arc<str>, MessagePair> {
        let ring = self.signer.keys();
        let certificates: Vec<Vec<u8>> = ring.certificates().map(<[u8]>::to_vec).collect();
        if let Some(published) = &*self.metadata.load()
            && published.certificates == certificates
        {
            return Ok(Arc::clone(&published.document));
        }
        let host = self.origin.strip_prefix("https://").unwrap_or(&self.origin);
        let mut description = ServiceDescription::new(
            &self.service.entity_id,
            &self.config.service.organisation,
            host,
            &ring,
        );
        description.logout = LogoutSupport::WsFederationAndSaml;
        let unsigned =
            write_federation_metadata(&description, &format!("_{}", uuid::Uuid::new_v4()));
        let signed = self
            .signer
            .sign_metadata(unsigned, SignatureAlgorithm::RsaSha256)
            .map_err(|error| error.message())?;
        let document: Arc<str> = signed.into_string().into();
        self.metadata.store(Some(Arc::new(PublishedMetadata {
            certificates,
            document: Arc::clone(&document),
        })));
        Ok(document)
    }

    /// Whether a partner speaks WS-Federation in a session: only those are told by a clean-up address.
    pub(crate) fn is_wsfed(protocol: Protocol) -> bool {
        protocol == Protocol::WsFederation
    }
}
