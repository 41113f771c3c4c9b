//! `signet domain`: federated domains and what to enter at Entra.

use std::path::Path;

use signet_metadata::entra::{DomainSettings, domain_settings};
use signet_model::FederatedDomain;
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
            } => add(&admin, &name, issuer, !without_subdomains, output).await,
            DomainCommand::List => list(&admin, output).await,
            DomainCommand::Show { name, script } => show(&admin, &name, script, output).await,
            DomainCommand::Remove { name } => remove(&admin, &name, output).await,
        }
    })
}

async fn add(
    admin: &Admin,
    name: &str,
    issuer: Option<String>,
    covers_subdomains: bool,
    output: &Output,
) -> Done {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_domain = name.contains('.')
        && url::Host::parse(&name).is_ok_and(|host| matches!(host, url::Host::Domain(_)));
    if !is_domain {
        return Err(Failure(format!(
            "{name:?} is not a DNS domain name; write it like contoso.com"
        )));
    }
    if name.ends_with(".onmicrosoft.com") {
        return Err(Failure(format!(
            "{name} cannot be federated: Entra keeps onmicrosoft.com domains managed"
        )));
    }
    let issuer_uri = issuer.unwrap_or_else(|| format!("http://{name}/adfs/services/trust/"));
    if url::Url::parse(&issuer_uri).is_err() {
        return Err(Failure(format!("--issuer {issuer_uri:?} is not a URI")));
    }
    let trust = admin.trust().await?;
    if let Some(other) = trust
        .domains
        .iter()
        .find(|other| other.issuer_uri == issuer_uri && other.name != name)
    {
        return Err(Failure(format!(
            "{} has the issuer {issuer_uri} already; Entra wants one for each domain",
            other.name
        )));
    }
    let domain = FederatedDomain {
        name,
        issuer_uri,
        covers_subdomains,
    };
    admin
        .edit(&trust, &[TrustEdit::PutDomain(domain.clone())])
        .await?;
    output.show(&domain, || {
        format!("{} is federated here with the issuer {}.\nNext: enter it at Entra: signet domain show {}", domain.name, domain.issuer_uri, domain.name)
    });
    Ok(())
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
    let settings = settings(admin, &trust, find(&trust, name)?)?;
    if script {
        output.plain(&settings.powershell());
    } else {
        output.show(&settings, || {
            format!(
                "{}\nAs a script that enters them: signet domain show {} --script",
                settings.table(),
                settings.domain
            )
        });
    }
    Ok(())
}

fn settings(
    admin: &Admin,
    trust: &TrustConfiguration,
    domain: &FederatedDomain,
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
    trust
        .domains
        .iter()
        .find(|domain| domain.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            Failure(format!(
                "{name} is not federated here; `signet domain list` shows all"
            ))
        })
}
