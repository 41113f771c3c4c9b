//! The two things without which no password check can be written down.

use std::fmt;

use signet_model::AccountId;
use thiserror::Error;
use zeroize::Zeroizing;

/// A typed password: at least one character, sent to the directory byte for byte.
///
/// RFC 4513 section 5.1.2: a simple bind with a name and an empty password is an *unauthenticated*
/// bind, which a server may answer with success. Active Directory does. So an empty password does
/// not exist here. Nothing is trimmed, normalised or cut; the memory is wiped when it is dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// The longest password taken, in octets of UTF-8; Active Directory's own limit is 256 characters.
    pub const LONGEST: usize = 4096;

    /// Takes the typed text as it is.
    ///
    /// # Errors
    /// When it is empty, longer than [`Password::LONGEST`], or holds U+0000, which a directory
    /// written in C may read as the end (and so as an empty password).
    pub fn new(typed: String) -> Result<Self, EmptyPassword> {
        let typed = Zeroizing::new(typed);
        if typed.is_empty() || typed.len() > Self::LONGEST || typed.contains('\0') {
            return Err(EmptyPassword);
        }
        Ok(Self(typed))
    }

    /// A second copy in memory that is wiped like the first, for work on another thread.
    pub(crate) fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

/// The text cannot be a password: empty, too long, or with U+0000 in it. Treat as a wrong password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a password: empty, too long, or with U+0000 in it")]
pub struct EmptyPassword;

/// Proof that the guard against guessing has counted this try before it is made.
///
/// Good for one password check of one account: it is consumed, and cannot be copied.
#[derive(Debug)]
pub struct LockoutPermit(AccountId);

impl LockoutPermit {
    /// Permits one check of `account`'s password.
    ///
    /// Only the guard of signet-authn may call this, after it has reserved the try; the root
    /// `clippy.toml` disallows it everywhere else.
    pub fn issue_for(account: AccountId) -> Self {
        Self(account)
    }

    /// Whose password may be checked.
    pub fn account(&self) -> AccountId {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_ad_01_an_empty_password_does_not_exist() {
        assert_eq!(Password::new(String::new()).unwrap_err(), EmptyPassword);
    }

    #[test]
    fn sec_ad_02_a_password_is_taken_byte_for_byte_or_refused() {
        for refused in ["\0", "\0abc", "abc\0"] {
            assert!(Password::new(refused.to_owned()).is_err());
        }
        assert!(Password::new("x".repeat(4097)).is_err());
        let long = "y".repeat(4096);
        for kept in ["   ", " a ", "e\u{301}", "\u{e9}", "🗝️", long.as_str()] {
            assert_eq!(Password::new(kept.to_owned()).unwrap().expose(), kept);
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let password = Password::new("Sommer2024".to_owned()).unwrap();
        assert!(!format!("{password:?}").contains("Sommer"));
    }
}
