//! `signet rp`: relying parties.

mod add;
pub(super) mod faults;
mod metadata;
mod rules;
mod set;
pub(super) mod show;
mod text;

use std::path::Path;

use signet_model::RelyingParty;
use signet_store::{TrustConfiguration, TrustEdit};

use super::admin::Admin;
use super::output::Output;
use super::{Done, Failure, block_on};
use crate::cli::RpCommand;

pub(super) fn run(path: &Path, command: RpCommand, output: &Output) -> Done {
    block_on(async {
        let admin = Admin::open(path).await?;
        match command {
            RpCommand::Add(arguments) => add::run(&admin, arguments, output).await,
            RpCommand::List => show::list(&admin, output).await,
            RpCommand::Show { name } => show::one(&admin, &name, output).await,
            RpCommand::Remove { name } => remove(&admin, &name, output).await,
            RpCommand::Set(arguments) => set::run(&admin, arguments, output).await,
        }
    })
}

/// The relying party that `name` means: its id, an identifier octet by octet, or its name in any letter case.
fn find<'t>(trust: &'t TrustConfiguration, name: &str) -> Result<&'t RelyingParty, Failure> {
    let parties = &trust.relying_parties;
    parties
        .iter()
        .find(|party| party.id.to_string() == name || party.has_identifier(name))
        .or_else(|| {
            parties
                .iter()
                .find(|party| party.name.to_lowercase() == name.to_lowercase())
        })
        .ok_or_else(|| {
            Failure(format!(
                "no relying party is called {name:?}; `signet rp list` shows all"
            ))
        })
}

async fn remove(admin: &Admin, name: &str, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let party = find(&trust, name)?;
    admin
        .edit(&trust, &[TrustEdit::RemoveRelyingParty(party.id)])
        .await?;
    output.show(
        &serde_json::json!({ "removed": party.id, "name": party.name }),
        || format!("Removed {}. Nobody can sign in to it any more.", party.name),
    );
    Ok(())
}
