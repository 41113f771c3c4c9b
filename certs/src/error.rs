//! What can be wrong with a key, a certificate or the file it came from.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

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
    #[error("the RSA key has {bits} bits; 2048 is the least")]
    KeyTooWeak {
        /// Modulus length in bits.
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
    #[error("the certificate {subject} expired at {not_after}")]
    CertificateExpired {
        /// Subject.
        subject: String,
        /// End of validity.
        not_after: OffsetDateTime,
    },
    /// The certificate is not valid yet.
    #[error("the certificate {subject} is valid only from {not_before}")]
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

    /// A stable code that admins search for.
    pub fn code(&self) -> &'static str {
        match self {
            Self::KeySizeNotOffered(_) => "SIG-CERT-KEY-SIZE",
            Self::SubjectUnusable(_) => "SIG-CERT-SUBJECT",
            Self::KeyNotRsa => "SIG-CERT-NOT-RSA",
            Self::KeyTooWeak { .. } => "SIG-CERT-WEAK-KEY",
            Self::KeyDamaged(_) => "SIG-CERT-KEY-DAMAGED",
            Self::CertificateUnreadable(_) => "SIG-CERT-UNREADABLE",
            Self::KeyDoesNotMatchCertificate { .. } => "SIG-CERT-MISMATCH",
            Self::CertificateExpired { .. } => "SIG-CERT-EXPIRED",
            Self::CertificateNotYetValid { .. } => "SIG-CERT-NOT-YET-VALID",
            Self::CertificateForOtherUse { .. } => "SIG-CERT-USAGE",
            Self::TooLarge { .. } => "SIG-CERT-TOO-LARGE",
            Self::PfxPasswordWrong => "SIG-PFX-PASSWORD",
            Self::PfxUnreadable(_) => "SIG-PFX-UNREADABLE",
            Self::PfxWithoutKey => "SIG-PFX-NO-KEY",
            Self::PfxSeveralKeys { .. } => "SIG-PFX-SEVERAL-KEYS",
            Self::PfxWithoutCertificate => "SIG-PFX-NO-CERTIFICATE",
            Self::PemUnreadable(_) => "SIG-PEM-UNREADABLE",
            Self::PemKeyEncrypted => "SIG-PEM-ENCRYPTED",
            Self::PemWithoutKey => "SIG-PEM-NO-KEY",
            Self::PemSeveralKeys(_) => "SIG-PEM-SEVERAL-KEYS",
            Self::PemWithoutCertificate => "SIG-PEM-NO-CERTIFICATE",
            Self::File { fault, .. } => fault.code(),
            Self::InFile { fault, .. } => fault.code(),
            Self::WrappedByAnotherMasterKey { .. } => "SIG-KEY-OTHER-MASTER",
            Self::WrappedKeyTampered { .. } => "SIG-KEY-TAMPERED",
            Self::SealBroken => "SIG-SEAL-BROKEN",
            Self::SealTooLarge { .. } => "SIG-SEAL-TOO-LARGE",
            Self::ChainOutOfOrder { .. } => "SIG-TLS-CHAIN-ORDER",
            Self::HostNotCovered { .. } => "SIG-TLS-HOST-NOT-COVERED",
            Self::HostTwice(_) => "SIG-TLS-HOST-TWICE",
            Self::TlsRefused(_) => "SIG-TLS-REFUSED",
            Self::NoNextKey => "SIG-KEY-NO-NEXT",
            Self::KeyAlreadyInRing { .. } => "SIG-KEY-ALREADY-THERE",
            Self::Crypto(_) => "SIG-CRYPTO",
        }
    }

    /// What an operator can do next; safe for anyone.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::KeySizeNotOffered(_) => "Ask for 2048, 3072 or 4096 bits.",
            Self::SubjectUnusable(_) => "Use a plain common name of at most 64 characters.",
            Self::KeyNotRsa => {
                "Token-signing keys are RSA: Entra and most relying parties accept nothing else."
            }
            Self::KeyTooWeak { .. } => "Generate a new key of at least 2048 bits.",
            Self::KeyDamaged(_) | Self::CertificateUnreadable(_) => {
                "Export the key and its certificate again."
            }
            Self::KeyDoesNotMatchCertificate { .. } => {
                "Give the certificate that was issued for this key."
            }
            Self::CertificateExpired { .. } => "Renew the certificate.",
            Self::CertificateNotYetValid { .. } => {
                "Check the clock of this machine and the certificate's dates."
            }
            Self::CertificateForOtherUse { .. } => "Request a certificate for this purpose.",
            Self::TooLarge { .. } => "Give a file with one key and its chain.",
            Self::PfxPasswordWrong => "Type the password that was set when the PFX was exported.",
            Self::PfxUnreadable(_) => "Export it again with AES-256 or 3DES protection.",
            Self::PfxWithoutKey => "Export it again and choose to include the private key.",
            Self::PfxSeveralKeys { .. } => "Export only the key that is wanted.",
            Self::PfxWithoutCertificate => "Export the key together with its certificate.",
            Self::PemUnreadable(_) => {
                "Check that the file is PEM text with its BEGIN and END lines."
            }
            Self::PemKeyEncrypted => {
                "Decrypt it first: openssl pkey -in key.pem -out key-plain.pem (keep the result at mode 0600)."
            }
            Self::PemWithoutKey => "Add the BEGIN PRIVATE KEY section.",
            Self::PemSeveralKeys(_) => "Leave one private key in the file.",
            Self::PemWithoutCertificate => "Add the BEGIN CERTIFICATE section.",
            Self::File { fault, .. } => fault.hint(),
            Self::InFile { fault, .. } => fault.hint(),
            Self::WrappedByAnotherMasterKey { .. } => {
                "Restore the master key file that belongs to this store."
            }
            Self::WrappedKeyTampered { .. } => {
                "Treat the store as tampered with; restore it from a backup."
            }
            Self::SealBroken => "Start the sign-in again from the application.",
            Self::SealTooLarge { .. } => "The application sends more state than can be carried.",
            Self::ChainOutOfOrder { .. } => {
                "Put the server certificate first, then each issuer after the one it issued."
            }
            Self::HostNotCovered { .. } => "Request a certificate that lists this host name.",
            Self::HostTwice(_) => "Leave one certificate for each host name.",
            Self::TlsRefused(_) => "Check the key type: RSA, ECDSA P-256/P-384 or Ed25519.",
            Self::NoNextKey => "Generate or import a next key first.",
            Self::KeyAlreadyInRing { .. } => "Generate or import another key.",
            Self::Crypto(_) => "This is a fault of the program or the machine; report it.",
        }
    }
}

impl FileFault {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing => "SIG-FILE-MISSING",
            Self::Refused(_) => "SIG-FILE-REFUSED",
            Self::SymbolicLink => "SIG-FILE-SYMLINK",
            Self::NotAFile => "SIG-FILE-KIND",
            Self::OpenToOthers { .. } => "SIG-FILE-MODE",
            Self::WrongLength { .. } => "SIG-FILE-LENGTH",
            Self::TooLarge { .. } => "SIG-FILE-TOO-LARGE",
            Self::Exists => "SIG-FILE-EXISTS",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Missing => "Check the path in the configuration.",
            Self::Refused(_) => "Check the owner of the file and of the directories above it.",
            Self::SymbolicLink => "Put the path of the file itself into the configuration.",
            Self::NotAFile => "Put the path of a regular file into the configuration.",
            Self::OpenToOthers { .. } => {
                "chmod 600 the file; if others could read it, replace the key."
            }
            Self::WrongLength { .. } => {
                "Restore the file from a backup; a master key is 32 raw bytes."
            }
            Self::TooLarge { .. } => "Check that the path names a certificate or key file.",
            Self::Exists => "Remove it yourself if its keys are not needed any more.",
        }
    }
}
