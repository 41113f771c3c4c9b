//! RADIUS: whatever a token server asks for (RFC 2865), by PAP with a one-time code in the place of the password.
//!
//! Message-Authenticator is sent first and demanded of every answer, and the answer's own authenticator is verified:
//! without the first a man in the middle turns a reject into an accept by a collision of MD5 (CVE-2024-3596, Blast-RADIUS).

mod client;
mod error;
mod packet;
mod secret;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use signet_directory::Account;
use signet_model::FactorKind;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::factors::failure::FactorFailure;
use crate::factors::provider::{Answer, Begun, Checked, Person, Prompt, SecondFactor};
use crate::factors::radius::client::{Client, Verdict};

pub use error::RadiusError;
pub use packet::fuzz_radius;
pub use secret::RadiusSecret;

/// A server and what it shares with us.
#[derive(Clone, Debug)]
pub struct RadiusServer {
    /// Address and port; 1812 by custom.
    pub address: SocketAddr,
    /// The shared secret.
    pub secret: Arc<RadiusSecret>,
}

/// How the person is named to the servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RadiusUserName {
    /// `sAMAccountName`.
    #[default]
    Sam,
    /// `DOMAIN\sAMAccountName`.
    DownLevel,
    /// The user principal name; people without one are not asked.
    Upn,
}

/// What is configured.
#[derive(Clone, Debug)]
pub struct RadiusSettings {
    /// In the order in which they are asked; the one that answered last comes first.
    pub servers: Vec<RadiusServer>,
    /// `NAS-Identifier`: who we are to the servers.
    pub nas_identifier: String,
    /// How the person is named.
    pub user_name: RadiusUserName,
    /// How long one try waits for an answer.
    pub timeout: Duration,
    /// How often one server is tried.
    pub tries: u32,
    /// How long all servers together may take.
    pub deadline: Duration,
}

impl RadiusSettings {
    /// With the customary waiting times: three tries of three seconds at each server, fifteen seconds in all.
    pub fn new(servers: Vec<RadiusServer>, nas_identifier: &str) -> Self {
        Self {
            servers,
            nas_identifier: nas_identifier.to_owned(),
            user_name: RadiusUserName::default(),
            timeout: Duration::from_secs(3),
            tries: 3,
            deadline: Duration::from_secs(15),
        }
    }
}

/// The RADIUS factor. Everybody who can be named has it: the servers know who has a token.
pub struct Radius {
    client: Client,
    user_name: RadiusUserName,
}

impl Radius {
    /// Asks the servers of `settings`.
    pub fn new(settings: RadiusSettings) -> Self {
        Self {
            user_name: settings.user_name,
            client: Client::new(settings),
        }
    }

    fn name_of(&self, account: &Account) -> Option<String> {
        match self.user_name {
            RadiusUserName::Sam => Some(account.sam.clone()),
            RadiusUserName::DownLevel => Some(account.down_level_name()),
            RadiusUserName::Upn => account.upn.clone(),
        }
    }
}

#[async_trait]
impl SecondFactor for Radius {
    fn kind(&self) -> FactorKind {
        FactorKind::Radius
    }

    fn is_held(&self, person: &Person<'_>) -> bool {
        self.name_of(person.account).is_some()
    }

    fn is_remote(&self) -> bool {
        true
    }

    async fn begin(
        &self,
        _person: &Person<'_>,
        _now: OffsetDateTime,
    ) -> Result<Begun, FactorFailure> {
        Ok(Begun {
            prompt: Prompt::Code {
                digits: None,
                text: None,
                echo: false,
            },
            state: None,
        })
    }

    async fn check(
        &self,
        person: &Person<'_>,
        state: Option<&[u8]>,
        answer: &Answer,
        _now: OffsetDateTime,
    ) -> Result<Checked, FactorFailure> {
        let wrong = |detail: &str| FactorFailure::Wrong {
            kind: FactorKind::Radius,
            detail: detail.to_owned(),
        };
        let name = self.name_of(person.account).ok_or(FactorFailure::NotHeld {
            kind: FactorKind::Radius,
        })?;
        let Answer::Code(code) = answer else {
            return Err(wrong("not a code"));
        };
        let code = code.trim();
        if code.is_empty() || code.len() > packet::LONGEST_PASSWORD || code.contains('\0') {
            return Err(wrong("not a code"));
        }
        match self.client.ask(&name, code, state).await? {
            Verdict::Accepted => Ok(Checked::Right {
                factor: None,
                user_verified: false,
            }),
            Verdict::Rejected => Err(wrong("rejected by the server")),
            Verdict::Challenged { message, state } => Ok(Checked::More(Begun {
                prompt: Prompt::Code {
                    digits: None,
                    text: message,
                    echo: false,
                },
                state: Some(Zeroizing::new(state)),
            })),
        }
    }
}
