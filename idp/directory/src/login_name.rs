//! What a person typed into the name field.

use signet_model::{Culprit, MessagePair};
use thiserror::Error;

/// A typed name in one of the two forms that a directory can look up.
///
/// The text is kept as typed (trimmed of outer white space); it is only ever looked up, and never
/// becomes part of a claim, a key or a bind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LoginName {
    /// `user@suffix`: an explicit userPrincipalName, or sAMAccountName at the domain's DNS name.
    Upn {
        /// The text before the last `@`.
        user: String,
        /// The text after it.
        suffix: String,
    },
    /// `DOMAIN\user`, the domain by NetBIOS or DNS name.
    DownLevel {
        /// The domain as typed, or the default domain for a bare name.
        domain: String,
        /// The sAMAccountName.
        sam: String,
    },
}

impl LoginName {
    /// The longest name taken, in characters; userPrincipalName holds at most 1024 in Active Directory.
    pub const LONGEST: usize = 1024;

    /// Reads a typed name; a bare name belongs to `default_domain`.
    ///
    /// # Errors
    /// When it is empty, too long, holds a control character, has an empty half, or is bare with no
    /// default domain.
    pub fn parse(typed: &str, default_domain: Option<&str>) -> Result<Self, LoginNameError> {
        if typed.len() > Self::LONGEST * 4 || typed.chars().count() > Self::LONGEST {
            return Err(LoginNameError::TooLong);
        }
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(LoginNameError::Empty);
        }
        if typed.chars().any(char::is_control) {
            return Err(LoginNameError::ControlCharacter);
        }
        if let Some((domain, sam)) = typed.split_once('\\') {
            if domain.is_empty() || sam.is_empty() || sam.contains('\\') {
                return Err(LoginNameError::HalfMissing);
            }
            return Ok(Self::DownLevel {
                domain: domain.to_owned(),
                sam: sam.to_owned(),
            });
        }
        if let Some((user, suffix)) = typed.rsplit_once('@') {
            if user.is_empty() || suffix.is_empty() {
                return Err(LoginNameError::HalfMissing);
            }
            return Ok(Self::Upn {
                user: user.to_owned(),
                suffix: suffix.to_owned(),
            });
        }
        match default_domain {
            Some(domain) => Ok(Self::DownLevel {
                domain: domain.to_owned(),
                sam: typed.to_owned(),
            }),
            None => Err(LoginNameError::NoDomain),
        }
    }

    /// The domain or suffix that decides which directory is asked.
    pub fn domain(&self) -> &str {
        match self {
            Self::Upn { suffix, .. } => suffix,
            Self::DownLevel { domain, .. } => domain,
        }
    }

    /// The name in its own form again: `user@suffix` or `DOMAIN\user`.
    pub fn text(&self) -> String {
        match self {
            Self::Upn { user, suffix } => format!("{user}@{suffix}"),
            Self::DownLevel { domain, sam } => format!("{domain}\\{sam}"),
        }
    }
}

/// Why a typed text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoginNameError {
    /// Nothing was typed.
    #[error("the name is empty")]
    Empty,
    /// More than [`LoginName::LONGEST`] characters.
    #[error("the name is too long")]
    TooLong,
    /// A control character, such as U+0000.
    #[error("the name holds a control character")]
    ControlCharacter,
    /// `@suffix`, `user@`, `\user` or `DOMAIN\`.
    #[error("one half of the name is missing")]
    HalfMissing,
    /// A bare name, and no default domain is configured.
    #[error("the name has no domain, and no default domain is configured")]
    NoDomain,
}

impl LoginNameError {
    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        MessagePair {
            code: "SIG-NAME-FORM",
            culprit: Culprit::User,
            public: "That is not a complete user name.",
            hint: "Enter your user name as name@example.com or DOMAIN\\name.",
            private: self.to_string(),
        }
    }
}

/// Fuzz target: no input panics, and what parses keeps its parts.
pub fn fuzz_login_name(bytes: &[u8]) {
    let Ok(typed) = std::str::from_utf8(bytes) else {
        return;
    };
    for default_domain in [None, Some("CORP")] {
        if let Ok(name) = LoginName::parse(typed, default_domain) {
            assert!(!name.domain().is_empty());
            assert_eq!(LoginName::parse(&name.text(), None).as_ref(), Ok(&name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down_level(domain: &str, sam: &str) -> LoginName {
        LoginName::DownLevel {
            domain: domain.to_owned(),
            sam: sam.to_owned(),
        }
    }

    #[test]
    fn three_forms_are_read() {
        assert_eq!(
            LoginName::parse("CORP\\bob", None),
            Ok(down_level("CORP", "bob"))
        );
        assert_eq!(
            LoginName::parse(" bob ", Some("CORP")),
            Ok(down_level("CORP", "bob"))
        );
        assert_eq!(
            LoginName::parse("a@b@example.com", None),
            Ok(LoginName::Upn {
                user: "a@b".to_owned(),
                suffix: "example.com".to_owned()
            })
        );
        assert_eq!(
            LoginName::parse("CORP\\a@b", None),
            Ok(down_level("CORP", "a@b"))
        );
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (typed, error) in [
            ("", LoginNameError::Empty),
            (" \t", LoginNameError::Empty),
            ("a\0b", LoginNameError::ControlCharacter),
            ("@x", LoginNameError::HalfMissing),
            ("x@", LoginNameError::HalfMissing),
            ("\\x", LoginNameError::HalfMissing),
            ("X\\", LoginNameError::HalfMissing),
            ("A\\B\\C", LoginNameError::HalfMissing),
            ("bob", LoginNameError::NoDomain),
        ] {
            assert_eq!(LoginName::parse(typed, None), Err(error), "{typed:?}");
        }
        assert_eq!(
            LoginName::parse(&"x".repeat(1025), Some("C")),
            Err(LoginNameError::TooLong)
        );
    }
}
