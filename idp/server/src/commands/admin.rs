//! What commands that edit the trust configuration share: the open store, and one way to edit it.

use std::path::Path;

use signet_certs::MasterKey;
use signet_directory::Clock;
use signet_model::ActivityId;
use signet_store::trust::Editor;
use signet_store::{Store, TrustConfiguration, TrustEdit};

use super::Failure;
use crate::config::Config;
use crate::house::open_store;

/// An admin at the command line, with the store open.
pub(super) struct Admin {
    pub(super) config: Config,
    pub(super) master: MasterKey,
    pub(super) store: Store,
    pub(super) clock: Clock,
}

impl Admin {
    /// Opens what `signet serve` with the same file opens.
    pub(super) async fn open(path: &Path) -> Result<Self, Failure> {
        let config = Config::read(path)?;
        let master = MasterKey::from_file(&config.store.master_key)?;
        let store = open_store(&config, &master).await?;
        Ok(Self {
            config,
            master,
            store,
            clock: Clock::system(),
        })
    }

    /// The trust configuration, every row checked.
    pub(super) async fn trust(&self) -> Result<TrustConfiguration, Failure> {
        Ok(self.store.load_trust().await?)
    }

    /// Makes `edits`, all or none, on the version of `trust`; audited with before and after.
    pub(super) async fn edit(
        &self,
        trust: &TrustConfiguration,
        edits: &[TrustEdit],
    ) -> Result<(), Failure> {
        let editor = Editor {
            name: editor(),
            activity: ActivityId::random(),
        };
        self.store
            .edit_trust(trust.version, edits, &editor, self.clock.now())
            .await?;
        Ok(())
    }
}

/// How the audit calls whoever runs the command.
pub(super) fn editor() -> String {
    format!("command line as {}", user())
}

/// Who runs the command, as the environment says; for the audit.
fn user() -> String {
    std::env::var("SUDO_USER")
        .or_else(|_| std::env::var("USER"))
        .unwrap_or_else(|_| "an unknown user".to_owned())
}
