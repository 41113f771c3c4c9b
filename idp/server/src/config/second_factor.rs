//! `[second_factor]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// `[second_factor]`: what people show beside a password, card or ticket.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SecondFactor {
    /// Codes of authenticator apps.
    pub(crate) totp: bool,
    /// Passkeys and security keys.
    pub(crate) passkeys: bool,
    /// Codes to print, for the loss of the others.
    pub(crate) recovery_codes: bool,
    /// A RADIUS server that checks codes.
    pub(crate) radius: Option<RadiusConfig>,
    /// File with the rules that say who needs one at every relying party (AD FS: `AdditionalAuthenticationRules`).
    pub(crate) rules: Option<PathBuf>,
    /// Whether the first factor may be set up in the middle of a sign-in, from inside and from outside.
    pub(crate) enrol_inside: bool,
    pub(crate) enrol_outside: bool,
    /// How old a sign-in may be before factors are changed.
    pub(crate) fresh_minutes: u32,
    /// Wrong codes of one account within the window, and within a day.
    pub(crate) tries: u32,
    pub(crate) window_minutes: u32,
    pub(crate) tries_a_day: u32,
}

impl Default for SecondFactor {
    fn default() -> Self {
        Self {
            totp: true,
            passkeys: true,
            recovery_codes: true,
            radius: None,
            rules: None,
            enrol_inside: true,
            enrol_outside: false,
            fresh_minutes: 10,
            tries: 5,
            window_minutes: 15,
            tries_a_day: 30,
        }
    }
}

impl SecondFactor {
    /// What stands against it beside so many directories, in words.
    pub(super) fn check(&self, directories: usize) -> Result<(), String> {
        let limits = [
            self.tries,
            self.window_minutes,
            self.tries_a_day,
            self.fresh_minutes,
        ];
        if limits.contains(&0) {
            return Err("values must be at least 1; a limit of 0 would lock everyone out".into());
        }
        if !self.totp && !self.passkeys && self.radius.is_none() {
            return Err(
                "has no factor: switch totp or passkeys on, or configure [second_factor.radius]"
                    .into(),
            );
        }
        if self
            .radius
            .as_ref()
            .is_some_and(|radius| radius.servers.is_empty())
        {
            return Err("radius: servers is empty".into());
        }
        let sam_alone = |radius: &RadiusConfig| radius.user_name == RadiusName::Sam;
        if directories > 1 && self.radius.as_ref().is_some_and(sam_alone) {
            return Err("radius: user_name = \"sam\" does not tell people of several [[directory]] apart: alice of one would confirm for alice of another; set \"upn\" or \"down-level\"".into());
        }
        Ok(())
    }
}

/// `[second_factor.radius]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RadiusConfig {
    /// Asked in this order.
    pub(crate) servers: Vec<RadiusServerConfig>,
    /// Who we are to them.
    pub(crate) nas_identifier: String,
    /// How a person is named to them.
    #[serde(default)]
    pub(crate) user_name: RadiusName,
}

/// One server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RadiusServerConfig {
    pub(crate) address: SocketAddr,
    /// File with the shared secret, readable by its owner alone.
    pub(crate) secret_file: PathBuf,
}

/// `user_name`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RadiusName {
    #[default]
    Sam,
    DownLevel,
    Upn,
}
