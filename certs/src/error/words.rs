//! Codes and hints of the faults: stable codes that admins search for, hints that are safe for anyone.

use super::{CertError, FileFault};

impl CertError {
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
