//! From an authenticated person to a permitted release: rules as AD FS runs them, then the checks.
//!
//! The order: the request against the relying party as it is now, acceptance, additional
//! authentication, authorization, issuance (claim-rules facts, section 4), then issuer, subject,
//! identity and evidence (design, section 2).

use std::collections::HashSet;
use std::sync::Arc;

use signet_authn::AuthenticatedUser;
use signet_claims::{
    Budget, Decision, RuleSet, TraceLevel, asks_for_mfa, decide_authorization, split_claim_type,
};
use signet_model::claim::AD_AUTHORITY;
use signet_model::relying_party::TokenType;
use signet_model::uris::{authn, claims as types};
use signet_model::{Claim, DomainTable, RelyingParty, RequestContext, SignInRequest};
use time::OffsetDateTime;

use crate::checks::{
    ANCHOR_RULE, Anchors, StatedByService, SubjectRequest, check_account, check_evidence_claims,
    check_identity_claims, check_request, context_class, decide_issuer, decide_subject, is_entra,
    leave_out_unwritable,
};
use crate::explain::{Explanation, HypotheticalUser};
use crate::incoming::{Person, identity_claims, request_claims};
use crate::refusal::Refusal;
use crate::release::{PermittedRelease, Terms, TokenContent};
use crate::rules::{Owner, RuleCache, RuleStage};
use crate::run::{Record, Runner};
use crate::stores::{AccountSnapshot, AttributeStores, OpaqueIds, Stores};

/// Decides what may be issued. One for the whole service; it holds compiled rules and no state of sign-ins.
#[derive(Debug)]
pub struct Engine {
    rules: RuleCache,
    opaque_ids: OpaqueIds,
}

/// This service, as tokens and rules know it.
#[derive(Clone, Debug)]
pub struct ServiceIdentity {
    /// The entity id: issuer of tokens whose relying party does not choose by domain.
    pub entity_id: String,
    /// Where people change an expiring password; `None` while no page for it is served.
    pub password_change_url: Option<String>,
    /// Acceptance rules of the directory.
    pub acceptance_rules: String,
    /// Additional-authentication rules for every relying party.
    pub additional_authentication_rules: String,
}

impl ServiceIdentity {
    /// With the acceptance rules of a fresh directory trust and no other rules.
    pub fn new(entity_id: impl Into<String>) -> Self {
        Self {
            entity_id: entity_id.into(),
            password_change_url: None,
            acceptance_rules: signet_claims::templates::ACTIVE_DIRECTORY_ACCEPTANCE.to_owned(),
            additional_authentication_rules: String::new(),
        }
    }
}

/// One wish for a token and all that a decision on it needs.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    /// The relying party, as it is registered now.
    pub relying_party: &'a RelyingParty,
    /// What it asked for.
    pub request: &'a SignInRequest,
    /// The circumstances of the HTTP request that is being answered.
    pub context: &'a RequestContext,
    /// This service.
    pub service: &'a ServiceIdentity,
    /// The federated domains.
    pub domains: &'a DomainTable,
    /// Where rules look things up.
    pub stores: &'a dyn AttributeStores,
    /// What was already looked up for this account.
    pub snapshot: &'a AccountSnapshot,
    /// `SessionIndex` of SAML 2.0 tokens: the same for every token of one session and relying party, another for
    /// another relying party (saml-core-2.0-os 2.7.2).
    pub session_index: &'a str,
    /// The time.
    pub now: OffsetDateTime,
}

impl Engine {
    /// An engine whose opaque identifiers come from `opaque_ids`.
    pub fn new(opaque_ids: OpaqueIds) -> Self {
        Self {
            rules: RuleCache::default(),
            opaque_ids,
        }
    }

    /// Decides whether `user` gets a token, and what it says.
    ///
    /// # Errors
    /// A [`Refusal`] that names what stands in the way. Every fault refuses: a rule set that cannot be read, a
    /// store that does not answer, a domain that is not in the table.
    pub async fn permit(
        &self,
        occasion: &Occasion<'_>,
        user: &AuthenticatedUser,
    ) -> Result<PermittedRelease, Refusal> {
        let person = Person {
            account: user.account(),
            evidence: user.evidence(),
            persistent: user.persistent(),
        };
        let mut record = Record::new(TraceLevel::Off);
        let content = self.decide(occasion, &person, &mut record).await?;
        let account = content.account;
        PermittedRelease::to(user, content).ok_or(Refusal::SnapshotOfAnother {
            snapshot: occasion.snapshot.account(),
            account,
        })
    }

    /// Shows what [`Engine::permit`] would decide for a person who is not here, rule by rule.
    ///
    /// The same code decides; what comes out is text and cannot become a token:
    ///
    /// ```compile_fail,E0308
    /// # async fn wrong(
    /// #     engine: &signet_issuance::Engine,
    /// #     occasion: &signet_issuance::Occasion<'_>,
    /// #     nobody: &signet_issuance::HypotheticalUser,
    /// # ) {
    /// let release = engine.permit(occasion, nobody).await;
    /// # }
    /// ```
    pub async fn explain(&self, occasion: &Occasion<'_>, user: &HypotheticalUser) -> Explanation {
        let person = Person {
            account: &user.account,
            evidence: &user.evidence,
            persistent: user.persistent,
        };
        let mut record = Record::new(TraceLevel::Full);
        let verdict = self.decide(occasion, &person, &mut record).await;
        Explanation::of(verdict, record)
    }

    async fn decide(
        &self,
        occasion: &Occasion<'_>,
        person: &Person<'_>,
        record: &mut Record,
    ) -> Result<TokenContent, Refusal> {
        let Occasion {
            relying_party,
            request,
            ..
        } = *occasion;
        if occasion.snapshot.account() != person.account.id {
            return Err(Refusal::SnapshotOfAnother {
                snapshot: occasion.snapshot.account(),
                account: person.account.id,
            });
        }
        check_account(person.account, person.evidence)?;
        check_request(relying_party, request, person.evidence, occasion.now)?;

        let runner = self.runner(occasion);
        let requested = request_claims(person, occasion.context, relying_party.id);
        let identity = self
            .accept(occasion, person, &runner, &requested, record)
            .await?;
        self.check_second_factor(occasion, person, &runner, &identity, record)
            .await?;
        self.authorize(occasion, person, &runner, &identity, record)
            .await?;
        let text = &relying_party.issuance_transform_rules;
        let rules = self.rules_of(relying_party, RuleStage::Issuance, text)?;
        let issued = runner
            .run(RuleStage::Issuance, &rules, identity, record)
            .await?
            .issued;
        self.shape(occasion, person, &runner, issued, record).await
    }

    /// Acceptance: identity and request go in; what the rules issue and the request come out.
    async fn accept(
        &self,
        occasion: &Occasion<'_>,
        person: &Person<'_>,
        runner: &Runner<'_>,
        requested: &[Claim],
        record: &mut Record,
    ) -> Result<Vec<Claim>, Refusal> {
        let mut incoming = identity_claims(
            person,
            &occasion.request.authentication.methods,
            occasion.now,
        );
        incoming.extend_from_slice(requested);
        record.incoming.clone_from(&incoming);
        let owner = Owner {
            stage: RuleStage::Acceptance,
            relying_party: None,
        };
        let rules = self.rules.load(owner, &occasion.service.acceptance_rules)?;
        let mut identity = runner
            .run(RuleStage::Acceptance, &rules, incoming, record)
            .await?
            .issued;
        for claim in requested {
            if !identity.contains(claim) {
                identity.push(claim.clone());
            }
        }
        Ok(identity)
    }

    /// Global and own additional-authentication rules are OR-ed; evidence without a second factor refuses, and the caller
    /// may ask for one. So does an old one where the request wants fresh credentials.
    async fn check_second_factor(
        &self,
        occasion: &Occasion<'_>,
        person: &Person<'_>,
        runner: &Runner<'_>,
        identity: &[Claim],
        record: &mut Record,
    ) -> Result<(), Refusal> {
        let relying_party = occasion.relying_party;
        let sets = [
            (
                Owner {
                    stage: RuleStage::GlobalAdditionalAuthentication,
                    relying_party: None,
                },
                &occasion.service.additional_authentication_rules,
            ),
            (
                Owner {
                    stage: RuleStage::AdditionalAuthentication,
                    relying_party: Some(relying_party.id),
                },
                &relying_party.additional_authentication_rules,
            ),
        ];
        for (owner, text) in sets {
            if text.trim().is_empty() {
                continue;
            }
            let rules = self.rules.load(owner, text)?;
            let outcome = runner
                .run(owner.stage, &rules, identity.to_vec(), record)
                .await?;
            if asks_for_mfa(&outcome.issued, &[]) && !has_second_factor(occasion, person) {
                let own = owner.relying_party.is_some();
                let rules = if own {
                    relying_party.name.clone()
                } else {
                    "the service".to_owned()
                };
                return Err(Refusal::SecondFactorRequired { rules });
            }
        }
        Ok(())
    }

    /// Deny wins, then permit; neither refuses (CFG-10).
    async fn authorize(
        &self,
        occasion: &Occasion<'_>,
        person: &Person<'_>,
        runner: &Runner<'_>,
        identity: &[Claim],
        record: &mut Record,
    ) -> Result<(), Refusal> {
        let relying_party = occasion.relying_party;
        let text = &relying_party.issuance_authorization_rules;
        let rules = self.rules_of(relying_party, RuleStage::Authorization, text)?;
        let outcome = runner
            .run(RuleStage::Authorization, &rules, identity.to_vec(), record)
            .await?;
        let account = || person.account.down_level_name();
        let name = || relying_party.name.clone();
        match decide_authorization(&outcome.issued) {
            Decision::Permit => Ok(()),
            Decision::Deny => Err(Refusal::Denied {
                relying_party: name(),
                account: account(),
            }),
            Decision::NoPermit => Err(Refusal::NotPermitted {
                relying_party: name(),
                account: account(),
            }),
        }
    }

    /// The checks of the release on what the rules issued.
    async fn shape(
        &self,
        occasion: &Occasion<'_>,
        person: &Person<'_>,
        runner: &Runner<'_>,
        issued: Vec<Claim>,
        record: &mut Record,
    ) -> Result<TokenContent, Refusal> {
        let Occasion {
            relying_party,
            request,
            ..
        } = *occasion;
        let account = person.account;
        let mut claims = distinct(issued);
        let observed = StatedByService {
            evidence: person.evidence,
            location: occasion.context.location,
            persistent: person.persistent,
            incoming: &record.incoming,
        };
        let mut refused = leave_out_unwritable(&mut claims);
        let trusted = &relying_party.trusted_evidence_claims;
        refused.extend(check_evidence_claims(&mut claims, &observed, trusted));

        let entity_id = &occasion.service.entity_id;
        let issuer = decide_issuer(relying_party, account, &claims, occasion.domains, entity_id)?;
        // The domain table speaks; a computed issuer is only another opinion.
        claims.retain(|claim| *claim.claim_type != *types::ISSUER_ID);

        let for_entra = is_entra(relying_party);
        if for_entra {
            let subjects = claims
                .iter()
                .filter(|claim| *claim.claim_type == *types::NAME_IDENTIFIER);
            let subject = subjects.map(|claim| claim.value.clone()).next();
            let anchors = self.anchors(person, runner, &claims, record).await?;
            refused.extend(check_identity_claims(
                relying_party,
                account,
                &anchors,
                subject.as_deref(),
                &mut claims,
            )?);
        }
        let subject = SubjectRequest {
            relying_party,
            audience: &request.audience,
            issuer: &issuer,
            account: account.id,
            policy: request.name_id_policy.as_ref(),
            is_entra: for_entra,
            opaque_ids: &self.opaque_ids,
        };
        let name_id = decide_subject(&subject, &mut claims)?;
        check_attribute_names(&claims, request.token_type)?;

        let stated = claims
            .iter()
            .filter(|claim| *claim.claim_type == *types::AUTHENTICATION_METHOD);
        let stated = stated.map(|claim| &*claim.value).collect::<Vec<_>>();
        let context_class = context_class(
            person.evidence,
            &request.authentication,
            request.protocol,
            &stated,
            for_entra,
        );
        Ok(TokenContent {
            protocol: request.protocol,
            relying_party: relying_party.id,
            relying_party_name: relying_party.name.clone(),
            audience: request.audience.clone(),
            reply_to: request.reply_to.as_str().to_owned(),
            in_response_to: request.in_response_to.clone(),
            issuer,
            account: account.id,
            account_name: account.down_level_name(),
            name_id,
            claims,
            evidence: person.evidence.clone(),
            context_class,
            session_index: occasion.session_index.to_owned(),
            terms: Terms::of(relying_party, request.token_type),
            refused_claims: refused,
            rules_summary: record.summary(),
        })
    }

    /// What may stand for the account at Entra. The directory is asked only when the rules made something else
    /// than objectGUID.
    async fn anchors(
        &self,
        person: &Person<'_>,
        runner: &Runner<'_>,
        claims: &[Claim],
        record: &mut Record,
    ) -> Result<Anchors, Refusal> {
        let mut anchors = Anchors::of(person.account);
        let stated = claims.iter().filter(|claim| {
            matches!(
                &*claim.claim_type,
                types::IMMUTABLE_ID | types::NAME_IDENTIFIER
            )
        });
        if stated
            .into_iter()
            .all(|claim| anchors.includes(&claim.value))
        {
            return Ok(anchors);
        }
        let owner = Owner {
            stage: RuleStage::Anchor,
            relying_party: None,
        };
        let rules = self.rules.load(owner, ANCHOR_RULE)?;
        let name = person.account.down_level_name();
        let name = Claim::new(types::WINDOWS_ACCOUNT_NAME, &name, AD_AUTHORITY);
        let found = runner
            .run(RuleStage::Anchor, &rules, vec![name], record)
            .await?
            .issued;
        anchors.learn(&found);
        Ok(anchors)
    }

    fn rules_of(
        &self,
        relying_party: &RelyingParty,
        stage: RuleStage,
        text: &str,
    ) -> Result<Arc<RuleSet>, Refusal> {
        self.rules.load(
            Owner {
                stage,
                relying_party: Some(relying_party.id),
            },
            text,
        )
    }

    fn runner<'a>(&'a self, occasion: &Occasion<'a>) -> Runner<'a> {
        Runner {
            stores: Stores {
                outside: occasion.stores,
                snapshot: occasion.snapshot,
                opaque_ids: &self.opaque_ids,
                relying_party: occasion.relying_party.id,
                password_change_url: occasion.service.password_change_url.as_deref(),
                now: occasion.now,
            },
            budget: Budget::default(),
        }
    }
}

/// Whether several factors were performed: since the request came, where it wants fresh credentials.
fn has_second_factor(occasion: &Occasion<'_>, person: &Person<'_>) -> bool {
    let request = occasion.request;
    let always = occasion.relying_party.always_require_authentication;
    if !always && !request.authentication.demands_fresh() {
        return person.evidence.satisfies(authn::MULTIPLE);
    }
    let mut fresh = person.evidence.clone();
    fresh.forget_added_before(request.received_at);
    fresh.satisfies(authn::MULTIPLE)
}

/// Claims that read alike in a token are one; empty values are none (claim-rules facts, section 4).
fn distinct(claims: Vec<Claim>) -> Vec<Claim> {
    let mut seen = HashSet::with_capacity(claims.len());
    let mut kept = Vec::with_capacity(claims.len());
    for claim in claims {
        let format = claim
            .properties
            .get(types::PROPERTY_ATTRIBUTE_NAME_FORMAT)
            .cloned();
        let name_format = claim.properties.get(types::PROPERTY_FORMAT).cloned();
        let key = (
            claim.claim_type.clone(),
            claim.value.clone(),
            format,
            name_format,
        );
        if !claim.value.is_empty() && seen.insert(key) {
            kept.push(claim);
        }
    }
    kept
}

/// A SAML 1.1 attribute needs a namespace: a type without one is ID4216 at AD FS, and refuses here too.
fn check_attribute_names(claims: &[Claim], token_type: TokenType) -> Result<(), Refusal> {
    let nameless = |claim: &&Claim| match token_type {
        TokenType::Saml11 => split_claim_type(&claim.claim_type).is_err(),
        TokenType::Saml20 => claim.claim_type.is_empty(),
    };
    match claims.iter().find(nameless) {
        None => Ok(()),
        Some(claim) => Err(Refusal::ClaimTypeWithoutNamespace {
            claim_type: claim.claim_type.to_string(),
            token_type,
        }),
    }
}
