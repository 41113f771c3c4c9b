//! `signet rp add`.

use serde::Serialize;
use signet_metadata::partners::RequestedAttribute;
use signet_metadata::{ImportOptions, check_endpoint};
use signet_model::RelyingParty;
use signet_model::relying_party::ProtocolProfile;
use signet_model::uris::{ENTRA_REALM, ENTRA_REPLY};
use signet_store::TrustEdit;

use super::{faults, metadata, rules};
use crate::cli::{Preset, RpAdd};
use crate::commands::admin::Admin;
use crate::commands::output::{Output, one_line};
use crate::commands::{Done, Failure};

#[derive(Serialize)]
struct Added {
    id: String,
    name: String,
    identifiers: Vec<String>,
    notes: Vec<String>,
}

/// A relying party that is not registered yet.
struct Drafted {
    party: RelyingParty,
    notes: Vec<String>,
    /// What its metadata asks for.
    asked: Vec<RequestedAttribute>,
}

impl Drafted {
    fn of(party: RelyingParty) -> Self {
        Self {
            party,
            notes: Vec::new(),
            asked: Vec::new(),
        }
    }
}

pub(super) async fn run(admin: &Admin, arguments: RpAdd, output: &Output) -> Done {
    let Drafted {
        mut party,
        mut notes,
        asked,
    } = draft(admin, &arguments).await?;
    if let Some(name) = &arguments.name {
        party.name.clone_from(name);
    }
    if !arguments.send.is_empty() {
        rules::send(&mut party, &arguments.send, false)?;
    }
    faults::check(None, &party)?;
    notes.extend(metadata::note_asked(&party, &asked));
    let trust = admin.trust().await?;
    admin
        .edit(
            &trust,
            &[TrustEdit::PutRelyingParty(Box::new(party.clone()))],
        )
        .await?;
    let added = Added {
        id: party.id.to_string(),
        name: party.name.clone(),
        identifiers: party.identifiers.clone(),
        notes,
    };
    output.show(&added, || {
        let mut text = format!(
            "Added {} ({}).\nEveryone may sign in to it.",
            added.name,
            added.identifiers.join(", ")
        );
        for note in &added.notes {
            text.push_str("\nNote: ");
            text.push_str(&one_line(note));
        }
        let next = if party.issuer_by_domain {
            "enter at Entra what `signet domain show DOMAIN` prints".to_owned()
        } else {
            format!(
                "give the application {}/FederationMetadata/2007-06/FederationMetadata.xml",
                admin.config.origin()
            )
        };
        text.push_str(&format!(
            "\nNext: {next}\nSee what it gets: signet rp show {:?}",
            added.name
        ));
        text
    });
    Ok(())
}

async fn draft(admin: &Admin, arguments: &RpAdd) -> Result<Drafted, Failure> {
    if let Some(preset) = arguments.preset {
        let note = "it issues only to people of domains added with `signet domain add`";
        return Ok(Drafted {
            notes: vec![note.to_owned()],
            ..Drafted::of(entra(preset))
        });
    }
    if let Some(source) = &arguments.metadata {
        return from_metadata(admin, arguments, source).await;
    }
    match (&arguments.realm, &arguments.wsfed) {
        (Some(realm), Some(reply)) => {
            check_endpoint(reply, arguments.allow_http).map_err(|fault| Failure(format!("--wsfed {reply:?}: {fault}")))?;
            let mut party = RelyingParty::new(arguments.name.as_deref().unwrap_or(realm), realm);
            party.protocols = ProtocolProfile::WsFederation;
            party.wsfed_endpoints = vec![reply.clone()];
            party.allow_http_endpoints = arguments.allow_http;
            rules::defaults(&mut party, &[]);
            Ok(Drafted::of(party))
        }
        _ => Err(Failure("say what to add: --metadata FILE|URL, or --realm REALM --wsfed ADDRESS, or --preset entra".to_owned())),
    }
}

/// Microsoft Entra, worldwide cloud, as Entra Connect sets it up at AD FS.
fn entra(preset: Preset) -> RelyingParty {
    let mut party = RelyingParty::new("Microsoft Office 365 Identity Platform", ENTRA_REALM);
    party.identifiers.extend([
        "https://login.microsoftonline.com/extSTS.srf".to_owned(),
        "https://login.microsoftonline.com".to_owned(),
    ]);
    party.wsfed_endpoints = vec![
        ENTRA_REPLY.to_owned(),
        "https://ests.login.microsoftonline.com/login.srf".to_owned(),
        "https://stamp2.login.microsoftonline.com/login.srf".to_owned(),
        "https://ccs.login.microsoftonline.com/login.srf".to_owned(),
        "https://ccs-sdf.login.microsoftonline.com/login.srf".to_owned(),
    ];
    party.assertion_consumers = vec![signet_model::relying_party::AssertionConsumer {
        binding: signet_model::uris::binding::HTTP_POST.to_owned(),
        index: 0,
        is_default: true,
        location: ENTRA_REPLY.to_owned(),
    }];
    party.protocols = match preset {
        Preset::Entra => ProtocolProfile::WsFederation,
        Preset::EntraSaml => ProtocolProfile::Saml,
    };
    party.issuer_by_domain = true;
    rules::entra(&mut party);
    party
}

async fn from_metadata(admin: &Admin, arguments: &RpAdd, source: &str) -> Result<Drafted, Failure> {
    let options = ImportOptions {
        entity_id: arguments.entity.clone(),
        signed_by: arguments
            .signed_by
            .as_deref()
            .map(metadata::certificates)
            .transpose()?
            .unwrap_or_default(),
        allow_http: arguments.allow_http,
        ..ImportOptions::default()
    };
    let imported = metadata::read(admin, source, &options).await?;
    let mut asked = metadata::asked(&imported);
    let mut party = imported.relying_party;
    if metadata::is_url(source) {
        party.metadata_url = Some(source.to_owned());
    }
    if party.issuer_by_domain || party.has_identifier(ENTRA_REALM) {
        party.issuer_by_domain = true;
        if !party.wsfed_endpoints.is_empty() {
            party.protocols = ProtocolProfile::WsFederation;
        }
        rules::entra(&mut party);
        // Its rules are known to be what it needs.
        asked.clear();
    } else {
        let formats: Vec<_> = imported
            .name_id_formats
            .iter()
            .map(String::as_str)
            .collect();
        rules::defaults(&mut party, &formats);
    }
    Ok(Drafted {
        party,
        notes: imported.notes.iter().map(ToString::to_string).collect(),
        asked,
    })
}
