//! What a person may read of an error, and what only an operator may.

use std::fmt;

/// Who can mend it. The page, the log level and the audit follow from this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The person signing in: a wrong password, an expired form.
    User,
    /// The application that sent the person here.
    RelyingParty,
    /// The directory: unreachable, refusing, answering nonsense.
    Directory,
    /// The operator: configuration, certificates, rules.
    Operator,
    /// This program.
    Us,
}

/// The two faces of an error. `Display` is deliberately missing: a caller has to say which face.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessagePair {
    /// A stable code that admins search for, such as `SIG-WSFED-UNKNOWN-REALM`.
    pub code: &'static str,
    /// Who can mend it.
    pub culprit: Culprit,
    /// One plain sentence, safe for anyone; pages translate it by `code` and fall back to this.
    pub public: &'static str,
    /// What the reader can do next; safe for anyone.
    pub hint: &'static str,
    /// For the log and the audit: names the value at fault. Never a secret.
    pub private: String,
}

impl MessagePair {
    /// The line for logs: code and private detail.
    pub fn log_line(&self) -> impl fmt::Display + '_ {
        struct Line<'a>(&'a MessagePair);
        impl fmt::Display for Line<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}: {}", self.0.code, self.0.private)
            }
        }
        Line(self)
    }
}
