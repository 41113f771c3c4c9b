//! Tests a controller in the background, so that no person has to be the first to find it dead or back.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::connection::Search;
use super::controller::{Controller, Shared};
use super::failure::Failure;
use crate::certificates::generalized_time;
use crate::directory::ControllerState;
use crate::entry::Entry;
use crate::syntax::dn::Dn;

/// The pause before the first test of a controller that failed; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Runs until it is dropped.
pub(crate) async fn keep(controller: Arc<Controller>, shared: Arc<Shared>, base: Arc<str>) {
    let mut pause = FIRST_PAUSE;
    loop {
        match test(&controller, &shared, &base).await {
            Ok(()) => {
                controller.note_answer();
                pause = FIRST_PAUSE;
                let _ = timeout(shared.timing.heartbeat, controller.doubted.notified()).await;
                // A failure just now speaks against trying the same again at once.
                if controller.state() == ControllerState::Down {
                    sleep(jitter(pause)).await;
                }
            }
            Err(failure) => {
                controller.note_failure(&failure).await;
                sleep(jitter(pause)).await;
                pause = shared.timing.probe_pause.min(pause * 2);
            }
        }
    }
}

/// Asks for the root of the directory, that it is the root of the right one, and what time it is there.
async fn test(controller: &Controller, shared: &Shared, base: &str) -> Result<(), Failure> {
    let search = Search::base("", &["defaultNamingContext", "currentTime"]);
    let (asked_at, taken) = (shared.clock.now(), std::time::Instant::now());
    let found = controller
        .search(&search, Instant::now() + shared.timing.open)
        .await?;
    let context = found
        .entries
        .first()
        .and_then(|root| root.text("defaultnamingcontext"));
    match context {
        Some(context) if Dn::parse(context) == Dn::parse(base) => {
            let there = found.entries.first().and_then(current_time);
            if let Some(there) = there {
                controller.note_clock(there, asked_at, taken);
            }
            Ok(())
        }
        Some(other) => Err(Failure::Unreachable(format!(
            "it serves {other}, not {base}"
        ))),
        None => Err(Failure::Unreachable(
            "it names no defaultNamingContext: not a domain controller".to_owned(),
        )),
    }
}

/// currentTime of the root (MS-ADTS 3.1.1.3.2.2): whole seconds.
fn current_time(root: &Entry) -> Option<OffsetDateTime> {
    generalized_time(root.text("currenttime")?)
}

/// Half to all of `pause`, so that many nodes do not come at once.
fn jitter(pause: Duration) -> Duration {
    let per_mille = u32::try_from(Uuid::new_v4().as_u128() % 500).unwrap_or(0) + 500;
    pause * per_mille / 1000
}
