//! The accepting side of Kerberos, by MIT krb5's GSSAPI, opened when the program runs.
//!
//! The room is as small as the trust in C can be made: one token goes in, and what the library proved comes
//! out ([`Credential::accept`] to [`Accepted`]). No context, credential or name of the library leaves it,
//! nothing is kept between two tokens, and delegated credentials are never asked for.
//!
//! All `unsafe` code is in the private module `ffi`; a machine without the library gets
//! [`GssError::LibraryAbsent`] and signs people in another way. Calls block (files are read): call them on
//! threads that may.

mod accept;
mod credential;
mod error;
mod ffi;

pub use accept::{Accepted, MOST_TOKEN_OCTETS, Pac};
pub use credential::{Credential, ReplayCache};
pub use error::{GssError, Reason, Status};

/// Whether the library is there and has what is needed, told once at the start.
///
/// # Errors
/// [`GssError::LibraryAbsent`], [`GssError::SymbolMissing`].
pub fn check_library() -> Result<(), GssError> {
    ffi::library().map(|_| ())
}
