//! `signet rp set`.

use std::path::Path;

use serde_json::Value;
use signet_claims::templates;
use signet_model::uris::claims::GROUP_SID;
use signet_model::{RelyingParty, Sid};
use signet_store::TrustEdit;

use super::{find, rules, show};
use crate::cli::RpSet;
use crate::commands::admin::Admin;
use crate::commands::output::Output;
use crate::commands::{Done, Failure};

pub(super) async fn run(admin: &Admin, arguments: RpSet, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let before = find(&trust, &arguments.name)?;
    let mut party = before.clone();
    change(&mut party, &arguments)?;
    if party == *before {
        output.show(&party, || {
            format!("{} is as you want it already.", party.name)
        });
        return Ok(());
    }
    rules::check(&party)?;
    admin
        .edit(
            &trust,
            &[TrustEdit::PutRelyingParty(Box::new(party.clone()))],
        )
        .await?;
    output.show(&party, || {
        let mut text = format!(
            "Changed {}. It takes effect within two seconds.",
            party.name
        );
        for warning in show::warnings(&party) {
            text.push_str(&format!("\nWarning: {warning}"));
        }
        text
    });
    Ok(())
}

fn change(party: &mut RelyingParty, arguments: &RpSet) -> Done {
    if !arguments.properties.is_empty() {
        *party = with_properties(party, &arguments.properties)?;
    }
    if let Some(enabled) = arguments.enabled {
        party.enabled = enabled;
    }
    if !arguments.send.is_empty() {
        rules::send(party, &arguments.send)?;
    }
    if let Some(file) = &arguments.issuance_rules {
        party.issuance_transform_rules = read(file)?;
    }
    if let Some(file) = &arguments.authorization_rules {
        party.issuance_authorization_rules = read(file)?;
    }
    if !arguments.permit_groups.is_empty() {
        party.issuance_authorization_rules = permit(&arguments.permit_groups)?;
    }
    Ok(())
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure(format!("{}: {error}", file.display())))
}

fn permit(groups: &[String]) -> Result<String, Failure> {
    let mut text = String::new();
    for group in groups {
        let sid = Sid::parse(group).ok_or_else(|| {
            Failure(format!(
                "--permit-group {group:?} is not a SID; it looks like S-1-5-21-…-1105"
            ))
        })?;
        text.push_str(&templates::authorize_claim_rule(
            &format!("Permit {sid}"),
            GROUP_SID,
            sid.as_str(),
            true,
        )?);
    }
    Ok(text)
}

/// Properties as `rp show --json` writes them; the value is JSON, or text when it is not.
fn with_properties(party: &RelyingParty, properties: &[String]) -> Result<RelyingParty, Failure> {
    let Value::Object(mut fields) = serde_json::to_value(party)? else {
        return Err(Failure("the relying party has no fields".to_owned()));
    };
    for property in properties {
        let (name, value) = property
            .split_once('=')
            .ok_or_else(|| Failure(format!("--property {property:?} is not NAME=VALUE")))?;
        if name == "id" {
            return Err(Failure(
                "the id of a relying party cannot be changed".to_owned(),
            ));
        }
        if !fields.contains_key(name) {
            let known: Vec<_> = fields.keys().map(String::as_str).collect();
            return Err(Failure(format!(
                "there is no property {name:?}; there are {}",
                known.join(", ")
            )));
        }
        fields.insert(
            name.to_owned(),
            serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned())),
        );
    }
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| Failure(format!("--property: {error}")))
}
