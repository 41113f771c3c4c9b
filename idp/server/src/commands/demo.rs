//! `signet demo`: the main job with nothing else installed.
//!
//! The same router, store, rules and sign-in flow as `signet serve`; only the directory is another.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use signet_certs::{DemoAuthority, MasterKey, SigningKey};
use signet_directory::{Clock, Directories, Directory};
use signet_model::ActivityId;
use signet_store::trust::Editor;
use signet_store::{KeyRole, Store, TrustEdit};
use time::Duration;

use super::output::Output;
use super::serve::{run_in, runtime, start_logging};
use super::{Done, Failure};
use crate::cli::DemoArgs;
use crate::config::Config;
use crate::demo::data;
use crate::house::{House, load_ring, open_store, stored};
use crate::signals::Signals;

pub(super) fn run(arguments: DemoArgs, output: &Output) -> Done {
    start_logging(true);
    let folder = Folder::open(arguments.state.as_deref())?;
    let config = configuration(&arguments, &folder.path)?;
    run_in(runtime(&config)?, async {
        let mut signals = Signals::listen()?;
        let opened = tokio::select! {
            opened = open(&arguments, &folder, config) => Some(opened?),
            () = signals.stop() => None,
        };
        let Some((house, ca)) = opened else {
            return Ok(());
        };
        let started = |house: &House| output.plain(&welcome(house, &ca));
        Ok(crate::serve::serve(house, signals, None, started).await?)
    })
}

/// The demonstration's house and the file of its certification authority.
async fn open(
    arguments: &DemoArgs,
    folder: &Folder,
    config: Config,
) -> Result<(Arc<House>, PathBuf), Failure> {
    let clock = Clock::system();
    let ca = certificates(&folder.path, arguments, &clock)?;
    let master = master_key(&config.store.master_key)?;
    let store = open_store(&config, &master).await?;
    fill(&store, &master, &config, &clock).await?;
    let ring = load_ring(&store, &master)
        .await?
        .ok_or_else(|| Failure("the demonstration has no key".to_owned()))?;
    let directory = Arc::new(data::directory().map_err(Failure)?) as Arc<dyn Directory>;
    let directories = Directories::new(vec![directory]);
    let house = House::open(config, master, store, ring, directories, clock).await?;
    Ok((house, ca))
}

/// Where the demonstration keeps its keys and store.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn open(given: Option<&Path>) -> Result<Self, Failure> {
        let path = match given {
            Some(path) => path.to_path_buf(),
            None => std::env::temp_dir().join(format!("signet-demo-{}", ActivityId::random())),
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|error| Failure(format!("{}: {error}", path.display())))?;
        Ok(Self {
            path,
            temporary: given.is_none(),
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn configuration(arguments: &DemoArgs, folder: &Path) -> Result<Config, Failure> {
    let text = format!(
        "[service]\nhost = {:?}\nport = {}\norganisation = \"Contoso (demonstration)\"\n[listen]\nhttps = [{:?}]\n[tls]\ncertificate = \"{f}/tls.pem\"\nkey = \"{f}/tls.key\"\n[store]\nurl = \"sqlite://{f}/signet.db\"\nmaster_key = \"{f}/master.key\"\n[network]\ninside = [\"127.0.0.0/8\", \"::1/128\"]\n[session]\nkeep_me_signed_in = true\n[second_factor]\n",
        arguments.host,
        arguments.listen.port(),
        arguments.listen.to_string(),
        f = folder.display(),
    );
    let mut config = Config::parse(&text, "the demonstration's configuration")?;
    config.demo = true;
    Ok(config)
}

/// A server certificate of the demonstration's own authority; where the authority's certificate lies.
fn certificates(folder: &Path, arguments: &DemoArgs, clock: &Clock) -> Result<PathBuf, Failure> {
    let ca = folder.join("ca.pem");
    let authority = DemoAuthority::generate(clock.now())?;
    let address = arguments.listen.ip().to_string();
    let issued =
        authority.issue_server(&[arguments.host.as_str(), address.as_str()], clock.now())?;
    write_private(&folder.join("tls.pem"), issued.chain_pem.as_bytes())?;
    write_private(&folder.join("tls.key"), issued.key_pem.as_bytes())?;
    write_private(&ca, authority.certificate_pem().as_bytes())?;
    Ok(ca)
}

fn write_private(path: &Path, content: &[u8]) -> Done {
    let _ = std::fs::remove_file(path);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    Ok(())
}

fn master_key(path: &Path) -> Result<MasterKey, Failure> {
    Ok(if path.exists() {
        MasterKey::from_file(path)?
    } else {
        MasterKey::create_file(path)?
    })
}

/// Key, domains and relying parties, unless a kept folder has them already.
async fn fill(store: &Store, master: &MasterKey, config: &Config, clock: &Clock) -> Done {
    let trust = store.load_trust().await?;
    if !trust.signing_keys.is_empty() {
        return Ok(());
    }
    let now = clock.now();
    let key = SigningKey::generate(
        2048,
        &SigningKey::default_subject(&config.service.host),
        Duration::days(365),
        now,
    )?;
    let mut edits = vec![TrustEdit::AddSigningKey(stored(
        &key,
        KeyRole::Current,
        master,
    )?)];
    edits.extend(data::domains().into_iter().map(TrustEdit::PutDomain));
    edits.extend(
        data::relying_parties(&config.origin())
            .into_iter()
            .map(|party| TrustEdit::PutRelyingParty(Box::new(party))),
    );
    let editor = Editor {
        name: "demonstration".to_owned(),
        activity: ActivityId::random(),
    };
    store
        .edit_trust(trust.version, &edits, &editor, now)
        .await?;
    Ok(())
}

fn welcome(house: &House, ca: &Path) -> String {
    let people: Vec<_> = data::PEOPLE
        .iter()
        .map(|(name, shows)| format!("  {name:<28} {shows}"))
        .collect();
    format!(
        "Signet demonstration\n\nOpen      {origin}/\nPassword  {password} (for everyone)\n\nSign in as\n{people}\n\nYour browser does not know the demonstration's own authority and will warn; go on past the warning,\nor trust {ca} for this try.\nStop with Ctrl-C.",
        origin = house.origin,
        password = data::PASSWORD,
        people = people.join("\n"),
        ca = ca.display(),
    )
}
