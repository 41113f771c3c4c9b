//! A sign-in that goes to the certificate host and comes back.
//!
//! The two hosts share no cookie. What goes there is sealed and names the browser it is for; what comes back opens in that
//! browser only, so nobody's certificate can finish a sign-in that somebody else began, nor the other way round.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use signet_model::{AccountId, MessagePair, RelyingPartyId, SessionId, Sid};
use time::OffsetDateTime;

use super::receive::{LONGEST_IN_URL, open_parked};
use super::sealed::{Flow, NotOpened, Stage, open_for, seal_for};
use crate::house::House;
use crate::web::caller::Caller;

/// The sign-in, and whose it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Crossing {
    carried: Carried,
    pub(super) party: RelyingPartyId,
    /// The main host's cookie of the browser that began it.
    pub(super) browser: String,
    /// When the certificate is wanted in addition to what a session holds.
    pub(super) second: Option<Second>,
    /// Names this crossing once it leads back; empty before.
    pub(super) id: String,
}

/// The session to which a certificate is to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Second {
    pub(super) account: AccountId,
    pub(super) sid: Sid,
    pub(super) session: SessionId,
}

/// A small request travels along, a large one is parked in the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Carried {
    Flow(Box<Flow>),
    Parked(String),
}

impl Crossing {
    /// The way to the certificate host: the value for its URL.
    pub(super) async fn begin(
        house: &Arc<House>,
        caller: &Caller,
        flow: &Flow,
        browser: String,
        second: Option<Second>,
    ) -> Result<String, MessagePair> {
        let mut crossing = Self {
            carried: Carried::Flow(Box::new(flow.clone())),
            party: flow.request.relying_party,
            browser,
            second,
            id: String::new(),
        };
        let sealed = crossing.seal(house, Stage::Certificate);
        if let Some(sealed) = sealed.filter(|sealed| sealed.len() <= LONGEST_IN_URL) {
            return Ok(sealed);
        }
        let handle = house.park(flow, caller.context.client_ip).await?;
        crossing.carried = Carried::Parked(handle);
        crossing
            .seal(house, Stage::Certificate)
            .ok_or_else(|| NotOpened::Foreign.message())
    }

    /// The way back: the value for the main host's URL.
    pub(super) fn lead_back(&self, house: &House) -> Option<String> {
        let browser = &self.browser;
        self.seal(house, Stage::Passed { browser })
    }

    fn seal(&self, house: &House, stage: Stage<'_>) -> Option<String> {
        seal_for(self, &house.flow_sealer, stage, house.clock.now())
    }

    /// Opens what was sealed for `stage`.
    pub(super) fn open(house: &House, sealed: &str, stage: Stage<'_>) -> Result<Self, NotOpened> {
        open_for(sealed, &house.flow_sealer, stage, house.clock.now())
    }

    /// The sign-in.
    pub(super) async fn flow(&self, house: &Arc<House>) -> Result<Flow, MessagePair> {
        match &self.carried {
            Carried::Flow(flow) => Ok(Flow::clone(flow)),
            Carried::Parked(handle) => open_parked(house, handle).await,
        }
    }

    /// The sign-in as a URL of the main host carries it: worth no more than a link.
    pub(super) fn handle(&self, house: &House, now: OffsetDateTime) -> Option<String> {
        match &self.carried {
            Carried::Flow(flow) => flow.seal(&house.flow_sealer, Stage::Parked, now),
            Carried::Parked(handle) => Some(handle.clone()),
        }
    }

    /// What a verification is bound to: this browser and this crossing.
    pub(super) fn binding(&self) -> Vec<u8> {
        [self.browser.as_bytes(), b"\0", self.id.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_certs::MasterKey;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    #[test]
    fn sec_crt_11_what_leads_back_opens_in_the_browser_that_began() {
        let sealer = MasterKey::generate().unwrap().sealer("flow").unwrap();
        let crossing = Crossing {
            carried: Carried::Parked("p.x".into()),
            party: RelyingPartyId::random(),
            browser: "one".into(),
            second: None,
            id: "1".into(),
        };
        let seal = |stage| seal_for(&crossing, &sealer, stage, NOW).unwrap();
        let open = |text: &str, stage, minutes| {
            let now = NOW + time::Duration::minutes(minutes);
            open_for::<Crossing>(text, &sealer, stage, now).map(|found| found.id)
        };
        let (one, two) = (
            Stage::Passed { browser: "one" },
            Stage::Passed { browser: "two" },
        );
        let back = seal(one);
        assert_eq!(open(&back, one, 59), Ok("1".to_owned()));
        assert_eq!(open(&back, two, 0), Err(NotOpened::Foreign));
        assert_eq!(open(&back, Stage::Certificate, 0), Err(NotOpened::Foreign));
        assert_eq!(open(&back, one, 61), Err(NotOpened::Expired));
        assert_eq!(open(&back, one, -5), Err(NotOpened::Expired));
        // What leads there is no way back, whoever's browser it names.
        let there = seal(Stage::Certificate);
        assert_eq!(open(&there, one, 0), Err(NotOpened::Foreign));
        let form = seal(Stage::Form { browser: "one" });
        assert_eq!(open(&form, one, 0), Err(NotOpened::Foreign));
    }
}
