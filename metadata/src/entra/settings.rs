//! The settings of one domain.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use signet_certs::KeyRing;
use signet_model::{FederatedDomain, RelyingParty};

/// `preferredAuthenticationProtocol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum PreferredProtocol {
    /// WS-Federation: what Entra's clients and its certificate poll expect.
    #[default]
    #[serde(rename = "wsFed")]
    WsFed,
    /// SAML 2.0. Entra never polls our metadata then: a new certificate must be entered by hand.
    #[serde(rename = "saml")]
    Saml,
}

impl PreferredProtocol {
    /// What `entra`, the relying party of Entra, is answered by. Entra asks by the one protocol that is entered for the
    /// domain, so any other would be refused here.
    pub fn of(entra: &RelyingParty) -> Self {
        let wsfed = entra.protocols.allows_wsfed() && !entra.wsfed_endpoints.is_empty();
        if wsfed || !entra.protocols.allows_saml() {
            Self::WsFed
        } else {
            Self::Saml
        }
    }
}

/// `promptLoginBehavior`: what Entra sends for `prompt=login`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PromptLogin {
    /// `prompt=login` as it is. It asks for fresh credentials and leaves the method to this service; the
    /// translated form would ask for a password even of people who sign in with a card.
    #[default]
    NativeSupport,
    /// `wauth` for a password, and `wfresh=0`.
    TranslateToFreshPasswordAuthentication,
    /// `wfresh=0` alone.
    Disabled,
}

/// `federatedIdpMfaBehavior`. The third value of Graph, `enforceMfaByFederatedIdp`, is not offered: it sends everybody
/// here for a second factor, and whoever has none yet could not sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MfaBehavior {
    /// Entra always asks for its own second factor. Right where this service can do none: a token that claims one could
    /// only be forged, and Entra then ignores the claim.
    RejectMfaByFederatedIdp,
    /// Entra believes a second factor in the token, and asks for its own otherwise. Right where this service can do one:
    /// nobody is asked twice. Graph's own default.
    AcceptIfMfaDoneByFederatedIdp,
}

/// The values of Graph's `internalDomainFederation` for one domain, in the order that the portal shows them.
///
/// `activeSignInUri` and `metadataExchangeUri` are left out until those endpoints are served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainSettings {
    #[serde(rename = "@odata.type")]
    odata_type: &'static str,
    /// DNS name; part of the address of the call, not of its body.
    #[serde(skip)]
    pub domain: String,
    /// Shown by Entra as the brand of the sign-in.
    pub display_name: String,
    /// Compared octet by octet with the issuer of tokens.
    pub issuer_uri: String,
    /// Where people are sent to sign in.
    pub passive_sign_in_uri: String,
    /// Where people are sent to sign out.
    pub sign_out_uri: String,
    /// Current certificate, base64 DER without line breaks.
    pub signing_certificate: String,
    /// Next certificate, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_signing_certificate: Option<String>,
    /// Protocol.
    pub preferred_authentication_protocol: PreferredProtocol,
    /// What `prompt=login` becomes.
    pub prompt_login_behavior: PromptLogin,
    /// Whose second factor counts.
    pub federated_idp_mfa_behavior: MfaBehavior,
}

/// The settings to enter at Entra for `domain`, served at `passive_endpoint` (`https://fs.contoso.com/adfs/ls/`) with
/// the keys of `ring`; `protocol` is the one that Entra is answered by ([`PreferredProtocol::of`]), `several_factors`
/// says whether the service can do more than one.
pub fn domain_settings(
    domain: &FederatedDomain,
    display_name: &str,
    passive_endpoint: &str,
    ring: &KeyRing,
    protocol: PreferredProtocol,
    several_factors: bool,
) -> DomainSettings {
    DomainSettings {
        odata_type: "#microsoft.graph.internalDomainFederation",
        domain: domain.name.clone(),
        display_name: display_name.to_owned(),
        issuer_uri: domain.issuer_uri.clone(),
        passive_sign_in_uri: passive_endpoint.to_owned(),
        sign_out_uri: passive_endpoint.to_owned(),
        signing_certificate: ring.current().certificate_base64().to_owned(),
        next_signing_certificate: ring
            .next()
            .map(|key| STANDARD.encode(key.certificate_der())),
        preferred_authentication_protocol: protocol,
        prompt_login_behavior: PromptLogin::default(),
        federated_idp_mfa_behavior: if several_factors {
            MfaBehavior::AcceptIfMfaDoneByFederatedIdp
        } else {
            MfaBehavior::RejectMfaByFederatedIdp
        },
    }
}
