//! What the demonstration starts with: people, domains, relying parties.

use signet_claims::templates;
use signet_directory::{Embedded, Password, hash_password};
use signet_model::relying_party::{AssertionConsumer, ProtocolProfile};
use signet_model::uris::binding::HTTP_POST;
use signet_model::{FederatedDomain, RelyingParty};

/// The password of everyone in the demonstration.
pub(crate) const PASSWORD: &str = "Signet-Demo-1";

/// Realm of the relying party that stands for Entra over WS-Federation.
pub(crate) const WSFED_REALM: &str = "urn:signet:demo:entra-wsfed";
/// Entity id of the one that stands for Entra over SAML 2.0.
pub(crate) const SAML_ENTRA: &str = "urn:signet:demo:entra-saml";
/// Entity id of an ordinary SAML application.
pub(crate) const SAML_WIKI: &str = "urn:signet:demo:wiki";

/// Name, what it shows.
pub(crate) const PEOPLE: [(&str, &str); 6] = [
    (
        "alice@contoso.example",
        "a person of a federated domain; her ImmutableID is mS-DS-ConsistencyGuid",
    ),
    (
        "bob@fabrikam.example",
        "a person of a second federated domain with an issuer of its own; his ImmutableID is objectGUID",
    ),
    (
        "zoe@contoso.example",
        "a name full of characters that XML must escape",
    ),
    ("dora@contoso.example", "a disabled account"),
    (
        "max@contoso.example",
        "a password that must be changed first",
    ),
    (
        "nina@corp.contoso.example",
        "a domain that is not federated: Entra gets no token, the wiki does",
    ),
];

/// The directory.
pub(crate) fn directory() -> Result<Embedded, String> {
    let password = Password::new(PASSWORD.to_owned()).map_err(|error| error.to_string())?;
    let hash = hash_password(&password).ok_or("the demonstration's password cannot be hashed")?;
    let text = include_str!("demo.ldif").replace("{PASSWORD}", &hash);
    Embedded::from_ldif(&text).map_err(|error| error.to_string())
}

/// The federated domains.
pub(crate) fn domains() -> Vec<FederatedDomain> {
    ["contoso.example", "fabrikam.example"]
        .into_iter()
        .map(|name| FederatedDomain {
            name: name.to_owned(),
            issuer_uri: format!("http://{name}/adfs/services/trust/"),
            covers_subdomains: false,
        })
        .collect()
}

/// The relying parties, at `origin`.
pub(crate) fn relying_parties(origin: &str) -> Vec<RelyingParty> {
    let mut wsfed = RelyingParty::new(
        "Demonstration: Microsoft Entra over WS-Federation",
        WSFED_REALM,
    );
    wsfed.protocols = ProtocolProfile::WsFederation;
    wsfed.wsfed_endpoints = vec![format!("{origin}/demo/wsfed")];
    entra(&mut wsfed, templates::ENTRA_ISSUANCE);
    let mut saml = RelyingParty::new("Demonstration: Microsoft Entra over SAML 2.0", SAML_ENTRA);
    saml_application(&mut saml, &format!("{origin}/demo/saml/entra"));
    entra(&mut saml, templates::ENTRA_SAML_ISSUANCE);
    let mut wiki = RelyingParty::new("Demonstration: Contoso Wiki", SAML_WIKI);
    saml_application(&mut wiki, &format!("{origin}/demo/saml/wiki"));
    wiki.issuance_authorization_rules = templates::PERMIT_ALL.to_owned();
    wiki.issuance_transform_rules = templates::SAML_DEFAULT.to_owned();
    vec![wsfed, saml, wiki]
}

fn entra(party: &mut RelyingParty, rules: &str) {
    party.issuer_by_domain = true;
    party.issuance_authorization_rules = templates::PERMIT_ALL.to_owned();
    party.issuance_transform_rules = rules.to_owned();
}

fn saml_application(party: &mut RelyingParty, consumer: &str) {
    party.protocols = ProtocolProfile::Saml;
    party.assertion_consumers = vec![AssertionConsumer {
        binding: HTTP_POST.to_owned(),
        index: 0,
        is_default: true,
        location: consumer.to_owned(),
    }];
}
