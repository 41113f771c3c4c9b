//! What can be wrong with a key, a certificate or the file it came from.

mod words;

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::facts::instant;

/// A fault of key material or of something sealed with it.
///
/// `Display` is the private detail for logs and command output; it never holds key material or a password.
/// [`CertError::code`] is stable, [`CertError::hint`] says what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertError {
    /// Only 2048, 3072 and 4096 bits are generated.
    #[error("a key of {0} bits is not offered: 2048, 3072 or 4096")]
    KeySizeNotOffered(u32),
    /// The subject cannot be written into a certificate.
    #[error("the certificate subject {0:?} cannot be used")]
    SubjectUnusable(String),
    /// The key is not RSA.
    #[error("the private key is not an RSA key")]
    KeyNotRsa,
    /// The key has fewer than 2048 bits.
    #[error("the RSA key has {}", too_few(*.bits))]
    KeyTooWeak {
        /// Modulus length in bits; 0 when it is not known how much shorter than 2048 it is.
        bits: u32,
    },
    /// The key does not parse or is inconsistent in itself.
    #[error("the private key is damaged: {0}")]
    KeyDamaged(String),
    /// The certificate does not parse.
    #[error("the certificate cannot be read: {0}")]
    CertificateUnreadable(String),
    /// The certificate holds another public key than the private key's.
    #[error("the certificate {thumbprint} does not belong to the private key")]
    KeyDoesNotMatchCertificate {
        /// SHA-1 thumbprint of the certificate.
        thumbprint: String,
    },
    /// The certificate is past its time.
    #[error("the certificate {subject} expired at {}", instant(*.not_after))]
    CertificateExpired {
        /// Subject.
        subject: String,
        /// End of validity.
        not_after: OffsetDateTime,
    },
    /// The certificate is not valid yet.
    #[error("the certificate {subject} is valid only from {}", instant(*.not_before))]
    CertificateNotYetValid {
        /// Subject.
        subject: String,
        /// Start of validity.
        not_before: OffsetDateTime,
    },
    /// The certificate says that its key is for something else.
    #[error("the certificate {subject} is not meant for {wanted}")]
    CertificateForOtherUse {
        /// Subject.
        subject: String,
        /// The use it lacks.
        wanted: &'static str,
    },
    /// Larger than any file of its kind.
    #[error("{what} has {length} bytes, more than the {limit} allowed")]
    TooLarge {
        /// PFX or PEM.
        what: &'static str,
        /// Its length.
        length: usize,
        /// The cap.
        limit: usize,
    },
    /// The MAC of the PFX does not fit the password.
    #[error("the PFX password is wrong, or the file is damaged")]
    PfxPasswordWrong,
    /// Not PKCS#12, or an algorithm that is not supported.
    #[error("the PFX file cannot be read: {0}")]
    PfxUnreadable(String),
    /// Only certificates inside.
    #[error("the PFX file holds no private key (exported without it?)")]
    PfxWithoutKey,
    /// More than one private key.
    #[error("the PFX file holds several private keys: {}", .names.join(", "))]
    PfxSeveralKeys {
        /// Friendly names, or key ids in hex.
        names: Vec<String>,
    },
    /// No certificate inside belongs to the key.
    #[error("the PFX file holds no certificate for its private key")]
    PfxWithoutCertificate,
    /// The PEM text does not parse.
    #[error("the PEM text cannot be read: {0}")]
    PemUnreadable(String),
    /// The key is encrypted.
    #[error("the PEM private key is encrypted")]
    PemKeyEncrypted,
    /// No private key section.
    #[error("the PEM text holds no private key")]
    PemWithoutKey,
    /// More than one private key section.
    #[error("the PEM text holds {0} private keys")]
    PemSeveralKeys(usize),
    /// No certificate section.
    #[error("the PEM text holds no certificate")]
    PemWithoutCertificate,
    /// The file itself.
    #[error("{}: {fault}", .path.display())]
    File {
        /// Path as configured.
        path: PathBuf,
        /// What is wrong with it.
        fault: FileFault,
    },
    /// The content of a file.
    #[error("{}: {fault}", .path.display())]
    InFile {
        /// Path as configured.
        path: PathBuf,
        /// What is wrong inside.
        fault: Box<CertError>,
    },
    /// Wrapped by a master key that is not this one.
    #[error("the key {kid} was wrapped by master key {wrapped_by}, the one loaded is {loaded}")]
    WrappedByAnotherMasterKey {
        /// Key id.
        kid: String,
        /// Id of the master key that wrapped it.
        wrapped_by: String,
        /// Id of the master key at hand.
        loaded: String,
    },
    /// The wrapped bytes, their certificate or their key id were changed.
    #[error("the wrapped key {kid} was changed since it was written")]
    WrappedKeyTampered {
        /// Key id.
        kid: String,
    },
    /// A sealed value that this service did not make for this purpose, or that was changed.
    #[error("a sealed value was not made by this service for this purpose")]
    SealBroken,
    /// More than fits into a sealed value.
    #[error("{length} bytes are too many to seal, the limit is {limit}")]
    SealTooLarge {
        /// Bytes offered.
        length: usize,
        /// The cap.
        limit: usize,
    },
    /// A chain file whose certificates do not follow each other.
    #[error(
        "certificate {position} of the chain ({subject}) did not issue the one before it ({child})"
    )]
    ChainOutOfOrder {
        /// Position, counted from 1.
        position: usize,
        /// Subject at that position.
        subject: String,
        /// Subject of the certificate before it.
        child: String,
    },
    /// A host name that the certificate does not cover.
    #[error("the certificate {subject} does not cover the host name {host}")]
    HostNotCovered {
        /// Subject.
        subject: String,
        /// The host name.
        host: String,
    },
    /// Two certificates for one host name.
    #[error("two certificates are configured for the host name {0}")]
    HostTwice(String),
    /// rustls refuses the key or the configuration.
    #[error("TLS cannot use this: {0}")]
    TlsRefused(String),
    /// There is no next key to promote.
    #[error("there is no next key to promote")]
    NoNextKey,
    /// The key is already in the ring.
    #[error("the key {thumbprint} is already in use")]
    KeyAlreadyInRing {
        /// SHA-1 thumbprint of its certificate.
        thumbprint: String,
    },
    /// The cryptographic library failed.
    #[error("the cryptographic library failed at {0}")]
    Crypto(&'static str),
}

/// What is wrong with a file before its content is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// No such file.
    #[error("there is no such file")]
    Missing,
    /// The operating system refuses.
    #[error("it cannot be opened or written ({0})")]
    Refused(String),
    /// A symbolic link where a file of its own is asked for.
    #[error("it is a symbolic link; name the file itself")]
    SymbolicLink,
    /// A directory, a socket, a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// Readable by more than its owner.
    #[error("its mode {mode:04o} lets others read it; set 0600")]
    OpenToOthers {
        /// Permission bits.
        mode: u32,
    },
    /// Not the length of a key.
    #[error("it has {length} bytes; a master key has {expected}")]
    WrongLength {
        /// Its length.
        length: u64,
        /// The right one.
        expected: u64,
    },
    /// Larger than any file of its kind.
    #[error("it has {length} bytes, more than any certificate file")]
    TooLarge {
        /// Its length.
        length: u64,
    },
    /// It is there already and will not be overwritten.
    #[error("it exists already and is not overwritten")]
    Exists,
}

/// How many bits a weak key has, as far as that is known.
fn too_few(bits: u32) -> String {
    match bits {
        0 => "fewer than 2048 bits".to_owned(),
        bits => format!("{bits} bits; 2048 is the least"),
    }
}

impl CertError {
    /// States which file the fault is in.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::File { .. } | Self::InFile { .. } => self,
            fault => Self::InFile {
                path: path.to_owned(),
                fault: Box::new(fault),
            },
        }
    }

    /// A fault of the file itself.
    pub(crate) fn file(path: &Path, fault: FileFault) -> Self {
        Self::File {
            path: path.to_owned(),
            fault,
        }
    }
}
