//! The proof that a token may be made, and all that will stand in it.

use signet_authn::AuthenticatedUser;
use signet_model::relying_party::{
    EncryptionAlgorithm, ResponseSignature, SignatureAlgorithm, TokenType,
};
use signet_model::{AccountId, Claim, Evidence, Protocol, RelyingParty, RelyingPartyId};
use time::{Duration, OffsetDateTime};

use crate::checks::{RefusedClaim, is_entra};
use crate::name_id::NameId;

/// Permission to issue one token: to whom, in whose name, saying what.
///
/// Only [`crate::Engine::permit`] makes one, and only from an
/// [`AuthenticatedUser`](signet_authn::AuthenticatedUser); [`crate::Signer`] writes nothing else into a
/// token than what is in it. It cannot be cloned, built or changed outside this crate:
///
/// ```compile_fail,E0308
/// fn twice(release: &signet_issuance::PermittedRelease) -> signet_issuance::PermittedRelease {
///     release.clone()
/// }
/// ```
#[derive(Debug)]
pub struct PermittedRelease {
    content: TokenContent,
}

/// What one token says. Not a permission: an explanation comes this far, too.
#[derive(Debug)]
pub(crate) struct TokenContent {
    pub(crate) protocol: Protocol,
    pub(crate) relying_party: RelyingPartyId,
    pub(crate) relying_party_name: String,
    pub(crate) audience: String,
    pub(crate) reply_to: String,
    pub(crate) in_response_to: Option<String>,
    pub(crate) issuer: String,
    pub(crate) account: AccountId,
    pub(crate) account_name: String,
    pub(crate) name_id: Option<NameId>,
    /// Without `nameidentifier` and `issuerid`, distinct, in order of issue.
    pub(crate) claims: Vec<Claim>,
    pub(crate) evidence: Evidence,
    /// `AuthnContextClassRef` or `AuthenticationMethod`.
    pub(crate) context_class: String,
    pub(crate) session_index: String,
    pub(crate) terms: Terms,
    pub(crate) refused_claims: Vec<RefusedClaim>,
    pub(crate) rules_summary: String,
}

/// How the relying party wants its tokens.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) token_type: TokenType,
    pub(crate) lifetime: Duration,
    pub(crate) not_before_skew: Duration,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) response_signature: ResponseSignature,
    /// Certificate (base64 DER) and content algorithm, when assertions are encrypted.
    pub(crate) encryption: Option<(String, EncryptionAlgorithm)>,
}

impl Terms {
    /// The terms of `relying_party` for a token of `token_type`. Whatever an older store says, its life is a day at most,
    /// `NotBefore` goes back 15 minutes at most, and Entra, which reads no encrypted tokens (AADSTS500082), gets none.
    pub(crate) fn of(relying_party: &RelyingParty, token_type: TokenType) -> Self {
        let skew = relying_party
            .not_before_skew_minutes
            .min(GREATEST_SKEW_MINUTES);
        let certificate = relying_party.encryption_certificate.as_ref();
        Self {
            token_type,
            lifetime: relying_party.token_lifetime(),
            not_before_skew: Duration::minutes(i64::from(skew)),
            algorithm: relying_party.signature_algorithm,
            response_signature: relying_party.saml_response_signature,
            encryption: certificate
                .filter(|_| relying_party.encrypt_claims && !is_entra(relying_party))
                .map(|der| (der.clone(), relying_party.encryption_algorithm)),
        }
    }
}

impl TokenContent {
    pub(crate) fn authentication_instant(&self) -> OffsetDateTime {
        self.evidence.authentication_instant()
    }
}

impl PermittedRelease {
    /// The one way to a release: the content was decided for `user`, who was authenticated.
    pub(crate) fn to(user: &AuthenticatedUser, content: TokenContent) -> Option<Self> {
        (user.account().id == content.account).then_some(Self { content })
    }

    pub(crate) fn content(&self) -> &TokenContent {
        &self.content
    }

    /// The relying party.
    pub fn relying_party(&self) -> RelyingPartyId {
        self.content.relying_party
    }

    /// The protocol that the request came by.
    pub fn protocol(&self) -> Protocol {
        self.content.protocol
    }

    /// The issuer of the token.
    pub fn issuer(&self) -> &str {
        &self.content.issuer
    }

    /// The identifier that the relying party called itself by.
    pub fn audience(&self) -> &str {
        &self.content.audience
    }

    /// Where the answer is posted.
    pub fn reply_to(&self) -> &str {
        &self.content.reply_to
    }

    /// Whose token it is.
    pub fn account(&self) -> AccountId {
        self.content.account
    }

    /// The subject, when the rules or the request's policy made one.
    pub fn name_id(&self) -> Option<&NameId> {
        self.content.name_id.as_ref()
    }

    /// The claims that become attributes, distinct, in order of issue.
    pub fn claims(&self) -> &[Claim] {
        &self.content.claims
    }

    /// Claims that rules made and that were kept out of the token.
    pub fn refused_claims(&self) -> &[RefusedClaim] {
        &self.content.refused_claims
    }

    /// What was done to know the person.
    pub fn evidence(&self) -> &Evidence {
        &self.content.evidence
    }

    /// The authentication context class of the token: performed, and what the request asked for.
    pub fn context_class(&self) -> &str {
        &self.content.context_class
    }

    /// One line on the rules that ran.
    pub fn rules_summary(&self) -> &str {
        &self.content.rules_summary
    }
}

/// AD FS takes `NotBeforeSkew` from 0 to 15 minutes.
const GREATEST_SKEW_MINUTES: u32 = 15;
