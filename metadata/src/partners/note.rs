//! What an admin should know about an imported partner.

use std::fmt;

use signet_certs::instant;
use time::OffsetDateTime;

/// Something that was left out of a draft, or looks doubtful. `Display` is the sentence for the admin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The document is signed, but no certificate was given to check it with.
    SignatureNotChecked,
    /// An endpoint with a binding that is not served: kept, not used.
    BindingNotUsed {
        /// Binding URI.
        binding: String,
        /// Address.
        location: String,
    },
    /// A logout service with a binding that is not served: left out.
    LogoutLeftOut {
        /// Binding URI.
        binding: String,
    },
    /// More than one endpoint calls itself the default; the first one is.
    SeveralDefaults,
    /// An assertion consumer service without an index got this one.
    IndexAssigned(u16),
    /// A certificate that cannot be used.
    CertificateLeftOut {
        /// `signing` or `encryption`.
        usage: &'static str,
        /// Why.
        reason: String,
    },
    /// A certificate that is past its time; its key is pinned and still counts.
    CertificateExpired {
        /// Subject.
        subject: String,
        /// End of validity.
        not_after: OffsetDateTime,
    },
    /// A key without a certificate.
    KeyWithoutCertificate,
    /// More encryption keys than one; the first usable is taken.
    SeveralEncryptionKeys,
    /// The partner signs its requests, but none of its signing certificates can be used.
    SignedRequestsWithoutKey,
    /// Plain http endpoints were allowed.
    PlainHttp {
        /// Address.
        location: String,
    },
    /// A second role of the same kind was ignored.
    SecondRoleIgnored {
        /// Element name or type.
        role: &'static str,
    },
    /// A role of a protocol that is not spoken.
    ProtocolNotSpoken {
        /// Its `protocolSupportEnumeration`.
        protocols: String,
    },
    /// The metadata ends its validity soon (within three days).
    ExpiresSoon(OffsetDateTime),
    /// `cacheDuration` is not a duration.
    CacheDurationUnreadable,
    /// The partner understands only name identifier formats that rules rarely make.
    NameIdFormats(Vec<String>),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignatureNotChecked => {
                f.write_str("The metadata is signed, but no certificate was given to check it with.")
            }
            Self::BindingNotUsed { binding, location } => {
                write!(f, "The endpoint {location} uses the binding {binding}, which is not served; it is kept but not used.")
            }
            Self::LogoutLeftOut { binding } => {
                write!(f, "A logout service with the binding {binding} was left out: it is not served.")
            }
            Self::SeveralDefaults => {
                f.write_str("Several assertion consumer services call themselves the default; the first one is.")
            }
            Self::IndexAssigned(index) => {
                write!(f, "An assertion consumer service without an index got the index {index}.")
            }
            Self::CertificateLeftOut { usage, reason } => {
                write!(f, "A certificate for {usage} was left out: {reason}.")
            }
            Self::CertificateExpired { subject, not_after } => {
                write!(f, "The certificate {subject} expired at {}; its key is pinned and still counts.", instant(*not_after))
            }
            Self::KeyWithoutCertificate => f.write_str("A key without a certificate was left out."),
            Self::SeveralEncryptionKeys => {
                f.write_str("There are several encryption keys; the first usable one is taken.")
            }
            Self::SignedRequestsWithoutKey => f.write_str(
                "The partner signs its requests, but no certificate of it can be used: its SAML requests are refused until one is added.",
            ),
            Self::PlainHttp { location } => {
                write!(f, "The endpoint {location} is plain http: anybody on the way reads the tokens.")
            }
            Self::SecondRoleIgnored { role } => write!(f, "A second {role} was ignored."),
            Self::ProtocolNotSpoken { protocols } => {
                write!(f, "A role of protocols that are not spoken was ignored: {protocols}.")
            }
            Self::ExpiresSoon(at) => write!(f, "The metadata is valid only until {}.", instant(*at)),
            Self::CacheDurationUnreadable => f.write_str("cacheDuration is not a duration; it is ignored."),
            Self::NameIdFormats(formats) => {
                write!(f, "The partner asks for name identifiers of the format {}; give it a rule that makes one.", formats.join(" or "))
            }
        }
    }
}
