//! Names of groups by SID, remembered for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use signet_model::Sid;
use tokio::time::Instant;

use crate::render::GroupName;

/// How long a name is believed.
const FRESH: Duration = Duration::from_secs(600);
/// The most names kept; beyond it all are forgotten.
const MOST: usize = 50_000;

/// The names of SIDs; `None` for a SID that has none in this domain.
#[derive(Default)]
pub(crate) struct SidNames(Mutex<HashMap<Sid, (Option<GroupName>, Instant)>>);

impl SidNames {
    /// What is known of `sids`; a SID that is not known is missing in the answer.
    pub(crate) fn known(&self, sids: &[Sid]) -> HashMap<Sid, Option<GroupName>> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |sid: &Sid| {
            let (name, since) = names.get(sid)?;
            (since.elapsed() < FRESH).then(|| (sid.clone(), name.clone()))
        };
        sids.iter().filter_map(fresh).collect()
    }

    pub(crate) fn learn(&self, found: impl IntoIterator<Item = (Sid, Option<GroupName>)>) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() > MOST {
            names.clear();
        }
        let now = Instant::now();
        names.extend(found.into_iter().map(|(sid, name)| (sid, (name, now))));
    }
}
