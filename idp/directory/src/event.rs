//! What a directory has to tell an operator: once, when it begins, not at every try.

use std::fmt;

use time::{Duration, OffsetDateTime};

/// Something that belongs into log and audit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DirectoryEvent {
    /// A controller showed a TLS certificate that is not trusted; it is not used. Told again when it shows another, or when
    /// it was well in between.
    CertificateRefused {
        /// The directory's name.
        directory: String,
        /// The controller, `host:port`.
        controller: String,
        /// What it showed, and why that is refused.
        certificate: RefusedCertificate,
    },
    /// A controller's clock and this machine's differ by more than Kerberos and most applications bear.
    ClocksDiffer {
        /// The directory's name.
        directory: String,
        /// The controller, `host:port`.
        controller: String,
        /// By how much this machine is ahead; negative: behind.
        ahead: Duration,
    },
}

impl DirectoryEvent {
    /// The stable code for log and audit.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CertificateRefused { .. } => "SIG-DIRECTORY-CERTIFICATE",
            Self::ClocksDiffer { .. } => "SIG-DIRECTORY-CLOCK",
        }
    }
}

impl fmt::Display for DirectoryEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateRefused {
                controller,
                certificate,
                ..
            } => write!(f, "{controller} is not used: {certificate}"),
            Self::ClocksDiffer {
                controller, ahead, ..
            } => {
                let (seconds, side) = (ahead.whole_seconds().abs(), side(*ahead));
                write!(f, "this machine's clock is {seconds} s {side} {controller}")
            }
        }
    }
}

/// On which side of a controller's clock this machine's is.
fn side(ahead: Duration) -> &'static str {
    if ahead.is_negative() {
        "behind"
    } else {
        "ahead of"
    }
}

/// A controller's certificate that is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedCertificate {
    /// Why, in the TLS library's words.
    pub reason: String,
    /// Subject; empty when the certificate cannot be read.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// DNS names and addresses in it.
    pub names: Vec<String>,
    /// Start of validity.
    pub not_before: Option<OffsetDateTime>,
    /// End of validity.
    pub not_after: Option<OffsetDateTime>,
    /// SHA-1 of it, upper-case hex.
    pub thumbprint: String,
}

impl fmt::Display for RefusedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subject, issuer) = (&self.subject, &self.issuer);
        write!(
            f,
            "{}: certificate of {subject:?} by {issuer:?}",
            self.reason
        )?;
        if let (Some(from), Some(to)) = (self.not_before, self.not_after) {
            write!(f, ", valid from {from} to {to}")?;
        }
        write!(
            f,
            ", for {}, thumbprint {}",
            self.names.join(" "),
            self.thumbprint
        )
    }
}

impl std::error::Error for RefusedCertificate {}
