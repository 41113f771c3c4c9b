//! The commands: one file each; every one prints text for people or, with `--json`, a document for programs.

mod account;
mod admin;
mod audit;
mod cert;
mod certmap;
mod check;
mod demo;
mod domain;
mod init;
mod output;
mod rp;
mod serve;

use std::process::ExitCode;

use signet_certs::CertError;
use signet_metadata::fetch::FetchError;
use signet_store::StoreError;

use crate::cli::{Cli, Command};

use self::output::Output;

/// Runs the command line; the exit code is 0, 1 when something is wrong, 2 when the command line is (by clap).
pub(crate) fn run(cli: Cli) -> ExitCode {
    let output = Output::new(cli.json);
    let config = cli.config;
    let done = match cli.command {
        Command::Demo(arguments) => demo::run(arguments, &output),
        Command::Init(arguments) => init::run(&config, &arguments, &output),
        Command::Serve => serve::run(&config),
        Command::Check => check::run(&config, &output),
        Command::Rp(command) => rp::run(&config, command, &output),
        Command::Domain(command) => domain::run(&config, command, &output),
        Command::Cert(command) => cert::run(&config, command, &output),
        Command::Certmap { file } => certmap::run(&config, &file, &output),
        Command::Account(command) => account::run(&config, command, &output),
        Command::Audit(command) => audit::run(&config, command, &output),
    };
    match done {
        Ok(()) if output.is_lost() => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::FAILURE
        }
    }
}

/// Why a command did not do what was asked: one text that names the culprit and the next step.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl<E: std::error::Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let text = error.to_string();
        Self(match hint(&error) {
            Some(hint) => format!("{}. {hint}", text.trim_end_matches('.')),
            None => text,
        })
    }
}

/// The next step after errors whose hint is for an operator. Others say it in their text, or to whoever signs in.
fn hint(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<CertError>() {
        return Some(error.hint());
    }
    if let Some(error) = error.downcast_ref::<FetchError>() {
        return Some(error.message().hint);
    }
    match error.downcast_ref::<StoreError>()? {
        error @ (StoreError::StaleTrustVersion { .. } | StoreError::NameTaken { .. }) => {
            Some(error.message().hint)
        }
        _ => None,
    }
}

/// What a command returns.
pub(crate) type Done = Result<(), Failure>;

/// Runs `work` on a small runtime of its own.
pub(crate) fn block_on<F: Future<Output = Done>>(work: F) -> Done {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_the_next_step_and_never_the_one_of_people_who_sign_in() {
        let Failure(text) = FetchError::ForbiddenAddress {
            host: "10.0.0.1".to_owned(),
            address: std::net::Ipv4Addr::new(10, 0, 0, 1).into(),
        }
        .into();
        assert!(
            text.starts_with("10.0.0.1 is a private address, which is not fetched from. ")
                && text.contains("[metadata] allow_networks")
                && text.contains("--metadata FILE"),
            "{text}"
        );
        let Failure(text) = CertError::KeyNotRsa.into();
        assert!(
            text.contains("RSA key. Token-signing keys are RSA"),
            "{text}"
        );
        let Failure(text) = StoreError::TrustTampered.into();
        assert!(!text.contains("Try again in a few minutes"), "{text}");
    }
}
