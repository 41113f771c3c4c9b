//! The directories of the configuration, opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use signet_directory::{
    ActiveDirectory, ActiveDirectoryConfig, Clock, ControllerAddress, Controllers, Directories,
    Directory, DirectoryEvent, Password, ServiceAccount, Timing, Transport as LdapTransport,
    TrustedRoots,
};
use tokio::sync::mpsc::{self, Receiver};
use zeroize::Zeroizing;

use super::open::OpenError;
use crate::config::{Config, DirectoryConfig, Transport};

/// News of directories that wait to be written down; beyond them they are only logged.
const DIRECTORY_EVENTS: usize = 64;

/// Opens every `[[directory]]`. Nothing is asked yet: a directory that is down does not keep the service from starting.
pub(crate) fn open_directories(config: &Config, clock: &Clock) -> Result<Directories, OpenError> {
    let opened: Result<Vec<_>, _> = config
        .directories
        .iter()
        .map(|directory| {
            let settings = checked_settings(directory, clock)?;
            Ok(Arc::new(ActiveDirectory::start(settings)) as Arc<dyn Directory>)
        })
        .collect();
    opened.map(Directories::new)
}

/// What a running server keeps of its directories' files and news.
pub(crate) struct DirectoryWatch {
    pub(crate) roots: DirectoryRoots,
    /// What the directories have to tell.
    pub(crate) events: Receiver<DirectoryEvent>,
}

/// The authorities of the directories' controllers, exchangeable while they are in use.
pub(crate) struct DirectoryRoots(Vec<RootsFile>);

struct RootsFile {
    domain: String,
    file: PathBuf,
    roots: TrustedRoots,
}

impl DirectoryRoots {
    /// Reads every `ca` file again. Where one cannot be taken, its old roots stay in use.
    ///
    /// # Errors
    /// What is wrong with each such file.
    pub(crate) fn reload(&self) -> Result<(), OpenError> {
        let faults: Vec<String> = self.0.iter().filter_map(RootsFile::reload).collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(OpenError(faults.join("; ")))
    }
}

impl RootsFile {
    /// What is wrong with it.
    fn reload(&self) -> Option<String> {
        let fault = match std::fs::read(&self.file) {
            Err(error) => error.to_string(),
            Ok(pem) => self.roots.replace(&pem).err()?.to_string(),
        };
        let (domain, file) = (&self.domain, self.file.display());
        Some(format!("[[directory]] {domain}: ca = {file}: {fault}"))
    }
}

/// [`open_directories`] for a server that runs on.
pub(crate) fn open_watched_directories(
    config: &Config,
    clock: &Clock,
) -> Result<(Directories, DirectoryWatch), OpenError> {
    let (reports, events) = mpsc::channel(DIRECTORY_EVENTS);
    let mut roots = Vec::new();
    let opened: Result<Vec<_>, OpenError> = config
        .directories
        .iter()
        .map(|directory| {
            let settings = checked_settings(directory, clock)?;
            roots.push(RootsFile {
                domain: directory.domain.clone(),
                file: directory.ca.clone(),
                roots: settings.roots.clone(),
            });
            let reporting = ActiveDirectory::start_reporting(settings, reports.clone());
            Ok(Arc::new(reporting) as Arc<dyn Directory>)
        })
        .collect();
    let opened = opened?;
    let roots = DirectoryRoots(roots);
    Ok((Directories::new(opened), DirectoryWatch { roots, events }))
}

fn checked_settings(
    directory: &DirectoryConfig,
    clock: &Clock,
) -> Result<ActiveDirectoryConfig, OpenError> {
    let settings = settings(directory, clock)?;
    settings
        .check()
        .map_err(|fault| OpenError(format!("[[directory]] {}: {fault}", directory.domain)))?;
    Ok(settings)
}

fn settings(
    directory: &DirectoryConfig,
    clock: &Clock,
) -> Result<ActiveDirectoryConfig, OpenError> {
    let fault = |text: String| OpenError(format!("[[directory]] {}: {text}", directory.domain));
    let pem = std::fs::read(&directory.ca)
        .map_err(|error| fault(format!("ca = {}: {error}", directory.ca.display())))?;
    let roots = TrustedRoots::from_pem(&pem)
        .map_err(|error| fault(format!("ca = {}: {error}", directory.ca.display())))?;
    let password = read_secret(&directory.password_file).map_err(fault)?;
    let password = Password::new(password.to_string()).map_err(|error| {
        fault(format!(
            "password_file = {}: {error}",
            directory.password_file.display()
        ))
    })?;
    Ok(ActiveDirectoryConfig {
        dns_domain: directory.domain.clone(),
        netbios_domain: directory.netbios.clone(),
        controllers: controllers(directory).map_err(fault)?,
        resolver: directory.resolver,
        transport: match directory.transport {
            Transport::Ldaps => LdapTransport::Ldaps,
            Transport::StartTls => LdapTransport::StartTls,
        },
        roots,
        service_account: ServiceAccount {
            name: directory.account.clone(),
            password,
        },
        extra_upn_suffixes: directory.upn_suffixes.clone(),
        timing: Timing::default(),
        clock: clock.clone(),
    })
}

fn controllers(directory: &DirectoryConfig) -> Result<Controllers, String> {
    if directory.controllers.is_empty() {
        return Ok(Controllers::Discover {
            site: directory.site.clone(),
        });
    }
    let listed: Result<Vec<_>, String> = directory
        .controllers
        .iter()
        .map(|text| {
            let mut address = ControllerAddress::parse(text)
                .ok_or_else(|| format!("controllers: {text:?} is not host, host:port or [IPv6]:port; leave the scheme out"))?;
            if let Some(fixed) = directory.addresses.get(&address.host) {
                address.tls_name = Some(std::mem::replace(&mut address.host, fixed.to_string()));
            }
            Ok(address)
        })
        .collect();
    listed.map(Controllers::Listed)
}

/// A secret from a file that only its owner may read; one line end at its end is dropped.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<String>, String> {
    use std::os::unix::fs::PermissionsExt;
    let name = path.display();
    let metadata = std::fs::metadata(path).map_err(|error| format!("{name}: {error}"))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(format!("{name}: others may read it; `chmod 600 {name}`"));
    }
    if metadata.len() > 4096 {
        return Err(format!(
            "{name}: longer than 4 KiB; it should hold one password"
        ));
    }
    let text =
        Zeroizing::new(std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?);
    let trimmed = text.strip_suffix('\n').unwrap_or(&text);
    let trimmed = trimmed.strip_suffix('\r').unwrap_or(trimmed);
    Ok(Zeroizing::new(trimmed.to_owned()))
}
