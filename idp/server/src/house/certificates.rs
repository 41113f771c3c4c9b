//! Signing in by certificate: opened from the configuration, kept up to date, audited.

use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use signet_authn::certificate::{
    CertificateAuthenticator, CertificateFailure, ConfiguredAuthorities, PassSeal, Refreshed,
    VerifiedCertificate,
};
use signet_certs::MasterKey;
use signet_certs::client::revocation::{CacheTiming, HttpSource, ListedHosts, RevocationCache};
use signet_directory::Directories;
use signet_model::{MessagePair, Method, RelyingPartyId};
use signet_store::{AuditEvent, EventNumber, Outcome};
use tokio_rustls::rustls::DistinguishedName;
use tracing::{error, info, warn};

use super::House;
use super::audit::{circumstances, merge};
use super::open::OpenError;
use crate::config::{CertificateConfig, Config};
use crate::web::caller::Caller;

/// No file of authorities is larger.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// Signing in by certificate.
pub(crate) struct Certificates {
    pub(crate) authenticator: CertificateAuthenticator,
    pub(crate) seal: PassSeal,
    /// Whether a certificate counts as a card that only its owner can open: as two factors.
    pub(crate) as_card: bool,
    /// `https://HOST` or `https://HOST:PORT` of the host that asks for certificates.
    pub(crate) origin: String,
    section: CertificateConfig,
}

impl Certificates {
    /// What `[certificate]` says; `None` when it is absent.
    pub(super) fn open(
        config: &Config,
        master: &MasterKey,
        directories: &Directories,
    ) -> Result<Option<Self>, OpenError> {
        let Some(section) = &config.certificate else {
            return Ok(None);
        };
        Ok(Some(Self {
            authenticator: open_certificates(section, directories)?,
            seal: PassSeal::new(master.sealer("certificate-pass")?),
            as_card: section.counts_as_two_factors,
            origin: section.origin(&config.service),
            section: section.clone(),
        }))
    }

    /// What a certificate is performed as.
    pub(crate) fn method(&self) -> Method {
        if self.as_card {
            Method::Smartcard
        } else {
            Method::Certificate
        }
    }

    /// Reads the files and the directories' stores anew and says what was found; whether every one could be read and
    /// somebody can be signed in.
    pub(crate) async fn refresh(&self) -> bool {
        let section = self.section.clone();
        let files = tokio::task::spawn_blocking(move || configured(&section)).await;
        let files_read = match files {
            Ok(Ok(files)) => {
                self.authenticator.configure(files);
                true
            }
            Ok(Err(fault)) => {
                error!(%fault, "ALARM: a file of authorities could not be read; what it said last still counts");
                false
            }
            Err(_) => false,
        };
        let Refreshed {
            counts: (ntauth, roots, intermediates),
            left_out,
            failures,
        } = self.authenticator.refresh().await;
        for failure in &failures {
            warn!(detail = %failure.message().private, "a directory's authorities could not be read; what it said last still counts");
        }
        if left_out > 0 {
            warn!(left_out, "authorities that cannot be read were left out");
        }
        if self.authenticator.authorities().is_empty() {
            warn!(
                ntauth,
                roots, "nobody can sign in by certificate: no root is trusted, or NTAuth is empty"
            );
        } else {
            info!(ntauth, roots, intermediates, "authorities read");
        }
        files_read && failures.is_empty() && !self.authenticator.authorities().is_empty()
    }

    /// The authorities whose certificates browsers are told to offer; none means any.
    pub(crate) fn hints(&self) -> Vec<DistinguishedName> {
        if self.section.ca_hints {
            self.authenticator.authorities().hints()
        } else {
            Vec::new()
        }
    }
}

/// The authenticator that `section` describes.
pub(crate) fn open_certificates(
    section: &CertificateConfig,
    directories: &Directories,
) -> Result<CertificateAuthenticator, OpenError> {
    let hosts = ListedHosts::parse(section.revocation_hosts.iter().map(String::as_str))
        .map_err(|error| OpenError(format!("[certificate] revocation_hosts: {error}")))?;
    let source = Arc::new(HttpSource::new(hosts)?);
    Ok(CertificateAuthenticator::new(
        directories.clone(),
        configured(section)?,
        RevocationCache::new(source, CacheTiming::default()),
        section.judging(),
        section.mapping(),
    ))
}

/// What the files hold.
fn configured(section: &CertificateConfig) -> Result<ConfiguredAuthorities, OpenError> {
    Ok(ConfiguredAuthorities {
        roots: authorities(section.roots.as_deref(), "roots")?,
        intermediates: authorities(section.intermediates.as_deref(), "intermediates")?,
        ntauth: authorities(section.ntauth.as_deref(), "ntauth")?,
        trust_directory_roots: section.trusts_directory_roots(),
    })
}

/// Every certificate of a PEM file; an empty file is a mistake.
fn authorities(file: Option<&Path>, key: &str) -> Result<Vec<Vec<u8>>, OpenError> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    let fault =
        |text: String| OpenError(format!("[certificate] {key} = {}: {text}", file.display()));
    let about = std::fs::metadata(file).map_err(|error| fault(error.to_string()))?;
    if about.len() > LARGEST_FILE {
        return Err(fault("larger than 4 MiB".to_owned()));
    }
    let pem = std::fs::read(file).map_err(|error| fault(error.to_string()))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem)
        .map(|one| one.map(|der| der.to_vec()))
        .collect();
    let read = read.map_err(|error| fault(error.to_string()))?;
    if read.is_empty() {
        return Err(fault("holds no certificate in PEM form".to_owned()));
    }
    Ok(read)
}

impl House {
    /// A certificate that signed nobody in (1203).
    pub(crate) async fn audit_certificate_failure(
        &self,
        caller: &Caller,
        party: RelyingPartyId,
        failure: &CertificateFailure,
    ) -> Result<(), MessagePair> {
        let message = failure.message();
        // Anybody can make a certificate and show it: these rows must not fill the disk.
        let Some(left_out) = self.uncounted_tries.admit(self.clock.now()) else {
            return Ok(());
        };
        let mut details = circumstances(caller);
        merge(
            &mut details,
            json!({ "detail": message.private, "cause": "certificate", "left_out_before": left_out }),
        );
        let event = self.event(
            caller,
            EventNumber::CREDENTIALS_FAILURE,
            Outcome::Failure,
            details,
        );
        self.write(AuditEvent {
            account: failure.account(),
            relying_party: Some(party),
            reason: Some(message.code.into()),
            ..event
        })
        .await
    }
}

/// What the audit says of a certificate that signed somebody in.
pub(crate) fn note(verified: &VerifiedCertificate) -> Value {
    let certificate = verified.certificate();
    json!({ "certificate": {
        "subject": certificate.subject.display_text(),
        "issuer": certificate.issuer.display_text(),
        "serial": certificate.serial_text(),
        "thumbprint": certificate.thumbprint.sha1(),
        "mapped_by": verified.mapped_by().to_string(),
        "possession": verified.possession(),
    } })
}
