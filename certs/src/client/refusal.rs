//! Why a certificate does not sign anybody in: one variant, one page.

use time::OffsetDateTime;

use super::error::Unreadable;
use crate::facts::instant;

/// A certificate was refused for what it is. Who it belongs to is another question, asked after.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The client sent none.
    #[error("no certificate was sent")]
    NoCertificate,
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It is past its time.
    #[error("the certificate expired at {}", instant(*.not_after))]
    Expired {
        /// End of validity.
        not_after: OffsetDateTime,
    },
    /// Its time has not come.
    #[error("the certificate is valid only from {}", instant(*.not_before))]
    NotYetValid {
        /// Start of validity.
        not_before: OffsetDateTime,
    },
    /// It is for something else.
    #[error("the certificate is not meant for {wanted}")]
    WrongPurpose {
        /// What it lacks.
        wanted: &'static str,
    },
    /// No path leads to a trusted root.
    #[error("no path leads from the certificate to a trusted authority")]
    UnknownIssuer,
    /// Trusted, but not for signing in.
    #[error("the issuer {issuer} is not in the NTAuth store")]
    NotInNtAuth {
        /// Subject and thumbprint of the direct issuer.
        issuer: String,
    },
    /// An authority on the path is past its time, or before it.
    #[error("{authority} is out of date")]
    AuthorityOutOfDate {
        /// Which.
        authority: String,
    },
    /// A constraint, a critical extension or an algorithm that forbids its use.
    #[error("the certificate or one above it cannot be used: {detail}")]
    Unusable {
        /// What stands against it.
        detail: String,
    },
    /// It was revoked.
    #[error("{certificate} was revoked, as {source_of_news} says")]
    Revoked {
        /// Subject of the revoked certificate: the person's, or an authority's.
        certificate: String,
        /// The list or the responder.
        source_of_news: String,
    },
    /// Nobody could say whether it was revoked.
    #[error("whether {certificate} was revoked is not known: {detail}")]
    RevocationUnknown {
        /// Subject of the certificate.
        certificate: String,
        /// What each source did.
        detail: String,
    },
    /// What is known of revocations is too old.
    #[error("what is known about revocations of {certificate} is out of date: {detail}")]
    RevocationStale {
        /// Subject of the certificate.
        certificate: String,
        /// What each source did.
        detail: String,
    },
    /// No authorities are loaded: neither the configuration nor the directory names one.
    #[error("no authority is known that may issue certificates for signing in")]
    NoAuthorities,
}

impl Refusal {
    /// A stable code that admins search for.
    pub fn code(&self) -> &'static str {
        self.words().0
    }

    /// One plain sentence for the person.
    pub fn public(&self) -> &'static str {
        self.words().1
    }

    /// What the person can do next.
    pub fn hint(&self) -> &'static str {
        self.words().2
    }

    /// Whether an operator has to mend it, rather than the person.
    pub fn is_operators(&self) -> bool {
        matches!(
            self,
            Self::NoAuthorities
                | Self::AuthorityOutOfDate { .. }
                | Self::RevocationUnknown { .. }
                | Self::RevocationStale { .. }
        )
    }

    fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NoCertificate => (
                "SIG-CRT-NONE",
                "Your browser sent no certificate.",
                "Insert your smart card, close the browser completely, and try again; or sign in another way.",
            ),
            Self::Unreadable(_) => (
                "SIG-CRT-UNREADABLE",
                "Your certificate cannot be read.",
                "Choose another certificate, or ask your help desk for a new card.",
            ),
            Self::Expired { .. } => (
                "SIG-CRT-EXPIRED",
                "Your certificate has expired.",
                "If your card holds a newer one, close the browser and choose that; otherwise ask your help desk to renew the card.",
            ),
            Self::NotYetValid { .. } => (
                "SIG-CRT-NOT-YET-VALID",
                "Your certificate is not valid yet.",
                "Check the date of your computer; if it is right, wait until the certificate's first day or choose another one.",
            ),
            Self::WrongPurpose { .. } => (
                "SIG-CRT-PURPOSE",
                "This certificate is not meant for signing in.",
                "Close the browser, try again, and choose the certificate for signing in, not the one for e-mail or encryption.",
            ),
            Self::UnknownIssuer => (
                "SIG-CRT-UNKNOWN-ISSUER",
                "This certificate was not issued by your organisation.",
                "Close the browser, try again, and choose the certificate of your organisation's card.",
            ),
            Self::NotInNtAuth { .. } => (
                "SIG-CRT-NOT-IN-NTAUTH",
                "The issuer of this certificate may not issue certificates for signing in.",
                "Choose another certificate. If it is the right one, your administrator has to publish its issuer in the NTAuth store.",
            ),
            Self::AuthorityOutOfDate { .. } => (
                "SIG-CRT-AUTHORITY-EXPIRED",
                "The authority that issued your certificate is out of date.",
                "Tell your help desk; until then sign in another way.",
            ),
            Self::Unusable { .. } => (
                "SIG-CRT-UNUSABLE",
                "This certificate cannot be used here.",
                "Choose another certificate, or tell your help desk the code and the activity id.",
            ),
            Self::Revoked { .. } => (
                "SIG-CRT-REVOKED",
                "This certificate was revoked.",
                "Ask your help desk for a new card; if you have one already, close the browser and choose its certificate.",
            ),
            Self::RevocationUnknown { .. } => (
                "SIG-CRT-REVOCATION-UNKNOWN",
                "Whether your certificate is still good cannot be found out now.",
                "Try again in a few minutes, or sign in another way.",
            ),
            Self::RevocationStale { .. } => (
                "SIG-CRT-REVOCATION-STALE",
                "Your organisation's list of revoked certificates is out of date, so no certificate is accepted.",
                "Tell your help desk; until then sign in another way.",
            ),
            Self::NoAuthorities => (
                "SIG-CRT-NO-AUTHORITIES",
                "Signing in by certificate is not ready here.",
                "Sign in another way. Your administrator has to name the certification authorities.",
            ),
        }
    }
}
