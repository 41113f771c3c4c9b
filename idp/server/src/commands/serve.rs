//! `signet serve`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use signet_certs::MasterKey;
use signet_directory::Clock;
use tracing::info;

use super::{Done, Failure};
use crate::config::Config;
use crate::house::{DirectoryWatch, House, load_ring, open_store, open_watched_directories};
use crate::signals::Signals;

/// How long the end waits for threads that still do something.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

pub(super) fn run(path: &Path) -> Done {
    let config = Config::read(path)?;
    start_logging(false);
    run_in(runtime(&config)?, async {
        let mut signals = Signals::listen()?;
        let opened = tokio::select! {
            opened = open(config) => Some(opened?),
            () = signals.stop() => None,
        };
        let Some((house, watch)) = opened else {
            info!("stopped before it served");
            return Ok(());
        };
        Ok(crate::serve::serve(house, signals, Some(watch), |_| {}).await?)
    })
}

/// What `config` describes, opened.
async fn open(config: Config) -> Result<(Arc<House>, DirectoryWatch), Failure> {
    let clock = Clock::system();
    let master = MasterKey::from_file(&config.store.master_key)?;
    let store = open_store(&config, &master).await?;
    let ring = load_ring(&store, &master).await?.ok_or_else(|| {
        Failure("there is no token-signing key; make one: signet cert generate".to_owned())
    })?;
    let (directories, watch) = open_watched_directories(&config, &clock)?;
    if directories.all().is_empty() {
        return Err(Failure(
            "no [[directory]] is configured; nobody could sign in".to_owned(),
        ));
    }
    let house = House::open(config, master, store, ring, directories, clock).await?;
    Ok((house, watch))
}

/// The runtime that serves.
pub(super) fn runtime(config: &Config) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if config.limits.threads > 0 {
        builder.worker_threads(config.limits.threads);
    }
    Ok(builder.enable_all().build()?)
}

/// Runs `work` to its end. What it left behind in other threads, such as a name that no resolver answers, is not waited for:
/// signals end nothing by themselves any more.
pub(super) fn run_in(runtime: tokio::runtime::Runtime, work: impl Future<Output = Done>) -> Done {
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(LEFT_BEHIND);
    done
}

/// Logs go to standard error: JSON for `serve`, text for people in `demo`.
pub(super) fn start_logging(for_people: bool) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("SIGNET_LOG")
        .unwrap_or_else(|_| EnvFilter::new(if for_people { "warn" } else { "info" }));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if for_people {
        builder.with_target(false).compact().init();
    } else {
        builder.json().flatten_event(true).init();
    }
}
