//! How one try at one controller can end without a result.

use std::fmt;

use crate::event::RefusedCertificate;

/// Why a controller gave no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection: TCP, TLS or StartTLS failed. Nothing was asked.
    Unreachable(String),
    /// No connection: the controller's certificate is not trusted. Nothing was asked.
    Certificate(Box<RefusedCertificate>),
    /// Asked, and no answer came: time ran out, or the connection ended.
    NoAnswer(String),
    /// It answered that it cannot answer now, or what no directory would answer.
    Unable(String),
    /// It refused the service account.
    ServiceAccount(String),
    /// The request is at fault; every controller would refuse it.
    Refused(String),
}

impl Failure {
    /// Whether the controller should be skipped for a while.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Certificate(_) | Self::NoAnswer(_)
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(detail) => write!(f, "unreachable: {detail}"),
            Self::Certificate(refused) => write!(f, "unreachable: TLS: {refused}"),
            Self::NoAnswer(detail) => write!(f, "no answer: {detail}"),
            Self::Unable(detail) => write!(f, "unable: {detail}"),
            Self::ServiceAccount(detail) => write!(f, "service account refused: {detail}"),
            Self::Refused(detail) => write!(f, "refused: {detail}"),
        }
    }
}
