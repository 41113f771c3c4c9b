//! `signet rp set`.

use serde_json::Value;
use signet_claims::templates;
use signet_model::uris::claims::GROUP_SID;
use signet_model::{RelyingParty, Sid};
use signet_store::TrustEdit;

use super::{faults, find, metadata, rules, show, text};
use crate::cli::RpSet;
use crate::commands::admin::Admin;
use crate::commands::output::{Output, one_line};
use crate::commands::{Done, Failure};

pub(super) async fn run(admin: &Admin, arguments: RpSet, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let before = find(&trust, &arguments.name)?;
    let (mut party, told) = match &arguments.metadata {
        Some(source) => metadata::refresh(admin, before, source, &arguments).await?,
        None => (before.clone(), Vec::new()),
    };
    change(&mut party, &arguments)?;
    if party == *before {
        output.show(&party, || {
            format!("{} is as you want it already.", party.name)
        });
        return Ok(());
    }
    faults::check(Some(before), &party)?;
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
        for line in &told {
            text.push_str(&format!("\n{}", one_line(line)));
        }
        for warning in show::all_warnings(&party) {
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
        rules::send(party, &arguments.send, arguments.replace_rules)?;
    }
    if let Some(file) = &arguments.issuance_rules {
        party.issuance_transform_rules = text::read(file)?;
    }
    if let Some(file) = &arguments.authorization_rules {
        party.issuance_authorization_rules = text::read(file)?;
    }
    if !arguments.permit_groups.is_empty() {
        party.issuance_authorization_rules = permit(&arguments.permit_groups)?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    /// Property and default of each line of the table in the docs.
    fn table() -> BTreeMap<String, String> {
        let page =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/relying-party-properties.md");
        let page = std::fs::read_to_string(page).unwrap();
        let rows = page.lines().filter(|line| line.starts_with("| `"));
        rows.map(|row| {
            let cells: Vec<_> = row.split(" | ").collect();
            let plain = |cell: &str| cell.trim_matches(['|', ' ', '`']).to_owned();
            (plain(cells[0]), plain(cells[2]))
        })
        .collect()
    }

    #[test]
    fn the_table_in_the_docs_has_every_property_with_its_default() {
        let party = serde_json::to_value(RelyingParty::new("Wiki", "urn:wiki")).unwrap();
        let documented = table();
        let fields = party.as_object().unwrap();
        let names: Vec<_> = documented.keys().collect();
        let mut own: Vec<_> = fields.keys().collect();
        own.sort();
        assert_eq!(names, own);
        for (name, default) in documented.iter().filter(|(_, text)| *text != "given") {
            assert_eq!(*default, fields[name].to_string(), "the default of {name}");
        }
        let given = documented.values().filter(|text| *text == "given").count();
        assert_eq!(given, 3);
    }

    #[test]
    fn a_property_is_json_or_text_and_known() {
        let party = RelyingParty::new("Wiki", "urn:wiki");
        let set = |text: &str| with_properties(&party, &[text.to_owned()]);
        assert_eq!(set("notes=a b").unwrap().notes, "a b");
        assert_eq!(
            set("token_lifetime_minutes=30")
                .unwrap()
                .token_lifetime_minutes,
            30
        );
        for wrong in [
            "colour=red",
            "id=x",
            "enabled",
            "enabled=maybe",
            "token_lifetime_minutes=-1",
        ] {
            assert!(set(wrong).is_err(), "{wrong}");
        }
    }
}
