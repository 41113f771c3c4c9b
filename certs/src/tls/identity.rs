//! One server certificate with its chain and key.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, ServerName};
use time::OffsetDateTime;
use webpki::EndEntityCert;
use zeroize::Zeroizing;

use crate::error::{CertError, FileFault};
use crate::facts::{CertificateFacts, parse};
use crate::import::{pem_certificates, pem_private_key};
use crate::master_file::refused;
use crate::validity::{check_may_serve_tls, check_time};

const LARGEST_FILE: u64 = 256 * 1024;

/// A server certificate that was found fit to serve.
#[derive(Clone)]
pub struct TlsIdentity {
    pub(super) certified: Arc<CertifiedKey>,
    facts: CertificateFacts,
}

impl TlsIdentity {
    /// Loads a PEM chain (server certificate first) and a PEM key; one file may be given for both.
    ///
    /// # Errors
    /// [`CertError::File`] or [`CertError::InFile`], naming the file at fault.
    pub fn load(chain: &Path, key: &Path, now: OffsetDateTime) -> Result<Self, CertError> {
        let chain_pem = read_file(chain)?;
        let key_pem = read_secret_file(key)?;
        let certificates = check_chain(&chain_pem, now).map_err(|fault| fault.in_file(chain))?;
        let private = pem_private_key(&key_pem).map_err(|fault| fault.in_file(key))?;
        // Both files are at fault when they do not fit; the key file is the one that is changed by mistake.
        Self::assemble(certificates, private).map_err(|fault| fault.in_file(key))
    }

    /// From PEM texts.
    ///
    /// # Errors
    /// As [`TlsIdentity::load`], without a file name.
    pub fn from_pem(
        chain_pem: &[u8],
        key_pem: &[u8],
        now: OffsetDateTime,
    ) -> Result<Self, CertError> {
        Self::assemble(check_chain(chain_pem, now)?, pem_private_key(key_pem)?)
    }

    fn assemble(
        chain: Vec<CertificateDer<'static>>,
        key: rustls_pki_types::PrivateKeyDer<'static>,
    ) -> Result<Self, CertError> {
        let leaf = chain.first().ok_or(CertError::PemWithoutCertificate)?;
        let facts = CertificateFacts::read(leaf)?;
        let key =
            any_supported_type(&key).map_err(|error| CertError::TlsRefused(error.to_string()))?;
        let certified = CertifiedKey::new(chain, key);
        certified
            .keys_match()
            .map_err(|_| CertError::KeyDoesNotMatchCertificate {
                thumbprint: facts.thumbprint.to_string(),
            })?;
        Ok(Self {
            certified: Arc::new(certified),
            facts,
        })
    }

    /// What the server certificate says.
    pub fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    /// The server certificate itself (DER).
    pub fn certificate_der(&self) -> &[u8] {
        self.certified
            .cert
            .first()
            .map_or(&[], |leaf| leaf.as_ref())
    }

    /// Whether the certificate covers `host`, by RFC 6125 rules (wildcards in the first label only).
    ///
    /// # Errors
    /// [`CertError::HostNotCovered`].
    pub fn check_covers(&self, host: &str) -> Result<(), CertError> {
        let not_covered = || CertError::HostNotCovered {
            subject: self.facts.subject.clone(),
            host: host.to_owned(),
        };
        let leaf = self
            .certified
            .end_entity_cert()
            .map_err(|_| not_covered())?;
        let certificate = EndEntityCert::try_from(leaf).map_err(|_| not_covered())?;
        let name = ServerName::try_from(host).map_err(|_| not_covered())?;
        certificate
            .verify_is_valid_for_subject_name(&name)
            .map_err(|_| not_covered())
    }
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TlsIdentity({})", self.facts.thumbprint)
    }
}

/// Leaf first, each following certificate the issuer of the one before; time and use of the leaf.
fn check_chain(pem: &[u8], now: OffsetDateTime) -> Result<Vec<CertificateDer<'static>>, CertError> {
    let chain = pem_certificates(pem)?;
    let parsed = chain
        .iter()
        .map(|der| parse(der))
        .collect::<Result<Vec<_>, _>>()?;
    for (position, pair) in parsed.windows(2).enumerate() {
        let [child, parent] = pair else { continue };
        let issued = child.issuer().as_raw() == parent.subject().as_raw()
            && child.verify_signature(Some(parent.public_key())).is_ok();
        if !issued {
            return Err(CertError::ChainOutOfOrder {
                position: position + 2,
                subject: parent.subject().to_string(),
                child: child.subject().to_string(),
            });
        }
    }
    for (at, (certificate, der)) in parsed.iter().zip(&chain).enumerate() {
        let facts = CertificateFacts::of(certificate, der);
        check_time(&facts, now)?;
        if at == 0 {
            check_may_serve_tls(certificate, &facts)?;
        }
    }
    drop(parsed);
    Ok(chain.into_iter().map(CertificateDer::from).collect())
}

fn read_file(path: &Path) -> Result<Vec<u8>, CertError> {
    let fault = |fault| CertError::file(path, fault);
    let about = fs::metadata(path).map_err(|error| fault(refused(&error)))?;
    if !about.is_file() {
        return Err(fault(FileFault::NotAFile));
    }
    if about.len() > LARGEST_FILE {
        return Err(fault(FileFault::TooLarge {
            length: about.len(),
        }));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| fault(refused(&error)))?;
    file.take(LARGEST_FILE)
        .read_to_end(&mut bytes)
        .map_err(|error| fault(refused(&error)))?;
    Ok(bytes)
}

/// TLS keys may be shared with a group (`ssl-cert`) and may be links (certbot), but not be readable by everyone.
fn read_secret_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, CertError> {
    let bytes = Zeroizing::new(read_file(path)?);
    let about = fs::metadata(path).map_err(|error| CertError::file(path, refused(&error)))?;
    let mode = about.permissions().mode() & 0o7777;
    if mode & 0o007 != 0 {
        return Err(CertError::file(path, FileFault::OpenToOthers { mode }));
    }
    Ok(bytes)
}
