//! `signet domain`: federated domains and what to enter at Entra.

use std::path::Path;

use serde::Serialize;
use signet_metadata::entra::{DomainSettings, PreferredProtocol, domain_settings};
use signet_model::uris::ENTRA_REALM;
use signet_model::{FederatedDomain, RelyingParty};
use signet_store::{TrustConfiguration, TrustEdit};

use super::admin::Admin;
use super::output::{Output, table};
use super::{Done, Failure, block_on};
use crate::cli::DomainCommand;
use crate::house::ring_of;

pub(super) fn run(path: &Path, command: DomainCommand, output: &Output) -> Done {
    block_on(async {
        let admin = Admin::open(path).await?;
        match command {
            DomainCommand::Add {
                name,
                issuer,
                without_subdomains,
                replace,
            } => {
                let wanted = draft(&name, issuer, !without_subdomains)?;
                add(&admin, wanted, replace, output).await
            }
            DomainCommand::List => list(&admin, output).await,
            DomainCommand::Show { name, script } => show(&admin, &name, script, output).await,
            DomainCommand::Remove { name } => remove(&admin, &name, output).await,
        }
    })
}

/// The domain as it is asked for.
fn draft(
    name: &str,
    issuer: Option<String>,
    covers_subdomains: bool,
) -> Result<FederatedDomain, Failure> {
    let name = ascii_name(name).ok_or_else(|| {
        Failure(format!(
            "{name:?} is not a DNS domain name; write it like contoso.com"
        ))
    })?;
    if name.ends_with(".onmicrosoft.com") {
        return Err(Failure(format!(
            "{name} cannot be federated: Entra keeps onmicrosoft.com domains managed"
        )));
    }
    let issuer_uri = issuer.unwrap_or_else(|| format!("http://{name}/adfs/services/trust/"));
    match url::Url::parse(&issuer_uri) {
        Err(_) => {
            return Err(Failure(format!(
                "--issuer {issuer_uri:?} is not a URI; write it like http://{name}/adfs/services/trust/"
            )));
        }
        // Entra compares octets, and two writers may put one such text into different octets.
        Ok(ascii) if !issuer_uri.bytes().all(|octet| octet.is_ascii_graphic()) => {
            return Err(Failure(format!(
                "--issuer {issuer_uri:?} is not written in ASCII; write it {ascii}"
            )));
        }
        Ok(_) => {}
    }
    Ok(FederatedDomain {
        name,
        issuer_uri,
        covers_subdomains,
    })
}

/// A domain name as DNS and Entra write it: lower case, `xn--` for what is not ASCII, no final dot.
fn ascii_name(typed: &str) -> Option<String> {
    match url::Host::parse(typed.trim_end_matches('.')) {
        Ok(url::Host::Domain(name)) if name.contains('.') => Some(name),
        _ => None,
    }
}

async fn add(admin: &Admin, wanted: FederatedDomain, replace: bool, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let known = trust.domains.iter().find(|own| own.name == wanted.name);
    if known == Some(&wanted) {
        output.show(&wanted, || {
            format!(
                "{} is federated here already, with just these settings; nothing was changed.",
                wanted.name
            )
        });
        return Ok(());
    }
    if let Some(known) = known
        && !replace
    {
        return Err(Failure(differs(known, &wanted)));
    }
    if let Some(other) = trust
        .domains
        .iter()
        .find(|other| other.issuer_uri == wanted.issuer_uri && other.name != wanted.name)
    {
        return Err(Failure(format!(
            "{} has the issuer {} already; Entra wants one for each domain",
            other.name, wanted.issuer_uri
        )));
    }
    admin
        .edit(&trust, &[TrustEdit::PutDomain(wanted.clone())])
        .await?;
    output.show(&wanted, || {
        format!("{} is federated here with the issuer {}.\nNext: enter it at Entra: signet domain show {}", wanted.name, wanted.issuer_uri, wanted.name)
    });
    Ok(())
}

/// Why a domain that is there is not overwritten.
fn differs(known: &FederatedDomain, wanted: &FederatedDomain) -> String {
    let said = |domain: &FederatedDomain| {
        let subdomains = if domain.covers_subdomains {
            "with"
        } else {
            "without"
        };
        format!("the issuer {}, {subdomains} subdomains", domain.issuer_uri)
    };
    format!(
        "{} is federated here already with {}; tokens of another issuer are refused by Entra (AADSTS50107) until it is told. To change it to {}: repeat this with --replace, then enter it at Entra",
        known.name,
        said(known),
        said(wanted)
    )
}

async fn list(admin: &Admin, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let domains: Vec<_> = trust.domains.iter().collect();
    output.show(&domains, || {
        if domains.is_empty() {
            return "There is no federated domain yet; add one: signet domain add contoso.com"
                .to_owned();
        }
        let rows: Vec<_> = domains
            .iter()
            .map(|domain| {
                let subdomains = if domain.covers_subdomains {
                    "yes"
                } else {
                    "no"
                };
                vec![
                    domain.name.clone(),
                    domain.issuer_uri.clone(),
                    subdomains.to_owned(),
                ]
            })
            .collect();
        table(&["DOMAIN", "ISSUER", "SUBDOMAINS"], &rows)
    });
    Ok(())
}

async fn show(admin: &Admin, name: &str, script: bool, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let entra = entra(&trust);
    let settings = settings(admin, &trust, find(&trust, name)?, entra)?;
    if script {
        // Whoever runs it sends people here.
        if let Some(missing) = unanswered(entra) {
            return Err(Failure(missing));
        }
        let script = Script {
            script: settings.powershell(),
        };
        output.show(&script, || script.script.clone());
        return Ok(());
    }
    output.show(&settings, || {
        let next = unanswered(entra).map_or_else(
            || {
                format!(
                    "As a script that enters them: signet domain show {} --script",
                    settings.domain
                )
            },
            |missing| format!("Before you enter them: {missing}"),
        );
        format!("{}\n{next}", settings.table())
    });
    Ok(())
}

#[derive(Serialize)]
struct Script {
    script: String,
}

/// The relying party that stands for Entra: the one with its realm, else one that issues by domain.
pub(super) fn entra(trust: &TrustConfiguration) -> Option<&RelyingParty> {
    let parties = || trust.relying_parties.iter();
    parties()
        .find(|party| party.has_identifier(ENTRA_REALM))
        .or_else(|| parties().find(|party| party.issuer_by_domain))
}

/// What keeps this service from answering Entra, with the next step.
pub(super) fn unanswered(entra: Option<&RelyingParty>) -> Option<String> {
    match entra {
        None => Some("no relying party stands for Entra, so people of the domain would be refused here; add it: signet rp add --preset entra".to_owned()),
        Some(party) if !party.enabled => Some(format!(
            "the relying party {:?} is disabled, so people of the domain would be refused here; enable it: signet rp set {:?} --enabled true",
            party.name, party.name
        )),
        Some(_) => None,
    }
}

fn settings(
    admin: &Admin,
    trust: &TrustConfiguration,
    domain: &FederatedDomain,
    entra: Option<&RelyingParty>,
) -> Result<DomainSettings, Failure> {
    let ring = ring_of(&trust.signing_keys, &admin.master)?.ok_or_else(|| {
        Failure("there is no token-signing key yet; make one: signet cert generate".to_owned())
    })?;
    let endpoint = format!("{}/adfs/ls/", admin.config.origin());
    Ok(domain_settings(
        domain,
        &admin.config.service.organisation,
        &endpoint,
        &ring,
        entra.map(PreferredProtocol::of).unwrap_or_default(),
        admin.config.can_do_several_factors(),
    ))
}

async fn remove(admin: &Admin, name: &str, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let domain = find(&trust, name)?.clone();
    admin
        .edit(&trust, &[TrustEdit::RemoveDomain(domain.name.clone())])
        .await?;
    output.show(&serde_json::json!({ "removed": domain.name }), || {
        format!(
            "{} is no longer federated here; its users get no token for Entra.",
            domain.name
        )
    });
    Ok(())
}

fn find<'t>(trust: &'t TrustConfiguration, name: &str) -> Result<&'t FederatedDomain, Failure> {
    let named = |name: &str| {
        let mut domains = trust.domains.iter();
        domains.find(|domain| domain.name.eq_ignore_ascii_case(name))
    };
    named(name)
        .or_else(|| named(&ascii_name(name)?))
        .ok_or_else(|| {
            Failure(format!(
                "{name} is not federated here; `signet domain list` shows all"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drafted(name: &str, issuer: Option<&str>) -> Result<FederatedDomain, String> {
        draft(name, issuer.map(str::to_owned), true).map_err(|Failure(text)| text)
    }

    #[test]
    fn a_domain_is_kept_as_dns_and_entra_write_it() {
        for typed in ["m\u{fc}nchen.de", "XN--MNCHEN-3YA.de", "M\u{dc}NCHEN.DE."] {
            let domain = drafted(typed, None).unwrap();
            assert_eq!(domain.name, "xn--mnchen-3ya.de");
            assert_eq!(
                domain.issuer_uri,
                "http://xn--mnchen-3ya.de/adfs/services/trust/"
            );
        }
        for wrong in ["contoso", "10.0.0.1", "a b.com", "contoso.com/x", ""] {
            let refused = drafted(wrong, None).unwrap_err();
            assert!(refused.contains("like contoso.com"), "{refused}");
        }
        let refused = drafted("contoso.com", Some("http://m\u{fc}nchen.de/trust")).unwrap_err();
        assert!(
            refused.contains("write it http://xn--mnchen-3ya.de/trust"),
            "{refused}"
        );
    }

    #[test]
    fn a_domain_that_is_there_is_not_overwritten_in_passing() {
        let known = drafted("contoso.com", Some("urn:old")).unwrap();
        let text = differs(&known, &drafted("contoso.com", None).unwrap());
        for said in ["the issuer urn:old", "--replace", "AADSTS50107"] {
            assert!(text.contains(said), "{text}");
        }
    }

    #[test]
    fn entra_is_the_relying_party_with_its_realm_and_must_be_there_and_enabled() {
        let mut trust = TrustConfiguration::default();
        trust
            .relying_parties
            .push(RelyingParty::new("Wiki", "urn:wiki"));
        assert!(
            unanswered(entra(&trust))
                .unwrap()
                .contains("--preset entra")
        );
        let mut other = RelyingParty::new("By domain", "urn:other");
        other.issuer_by_domain = true;
        trust.relying_parties.push(other);
        assert_eq!(entra(&trust).unwrap().name, "By domain");
        let mut party = RelyingParty::new("Entra", ENTRA_REALM);
        party.enabled = false;
        trust.relying_parties.push(party);
        assert_eq!(entra(&trust).unwrap().name, "Entra");
        assert!(
            unanswered(entra(&trust))
                .unwrap()
                .contains("--enabled true")
        );
    }
}
