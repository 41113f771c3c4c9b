//! `_OpaqueIdStore`: an identifier of a person for one relying party that says nothing about them.
//!
//! The values of AD FS cannot be made again: how it makes them is not published.

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::placeholders::{Piece, join, pieces, split};
use super::query::StoreQuery;
use crate::engine::{EvaluationError, StoreFault};

/// Makes the identifiers of one relying party.
///
/// A value is the base64 of HMAC-SHA-256, under a secret salt, over relying party, purpose, user
/// and original issuer, each with its length before it. It is the same at every sign-in, differs
/// between relying parties, and cannot be traced to the user without the salt.
#[derive(Clone, Debug)]
pub struct OpaqueIds {
    key: hmac::Key,
    relying_party: Arc<str>,
}

impl OpaqueIds {
    /// For `relying_party`, by an identifier that stays with it for life. `salt` is secret, at
    /// least 32 octets, and must never change: with it all identifiers would.
    pub fn new(salt: &[u8], relying_party: &str) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, salt),
            relying_party: Arc::from(relying_party),
        }
    }

    /// Answers `query`: `{0};{1};{2}` with `ppid`, a user and an original issuer, for an identifier
    /// for life; `{0};{1};{2};{3};{4}` with `useEntropy`, a user, an original issuer, nothing and
    /// the instant of the authentication, for one that lives as long as that authentication.
    pub fn answer(
        &self,
        query: &StoreQuery,
    ) -> Result<Vec<Vec<Option<Arc<str>>>>, EvaluationError> {
        const TAKEN: &str = "`ppid;user;issuer` or `useEntropy;user;issuer;;instant`, and one type";
        let fail = |fault| query.failed(fault);
        let pieces: Vec<Piece<'_>> = pieces(query).map_err(fail)?;
        let parts: Vec<String> = split(&pieces, ';').iter().map(|part| join(part)).collect();
        let purpose = parts.first().map_or("", |purpose| purpose.trim());
        let taken = match parts.len() {
            3 => purpose.eq_ignore_ascii_case("ppid"),
            5 => purpose.eq_ignore_ascii_case("useEntropy"),
            _ => false,
        };
        let named = parts.get(1).is_some_and(|user| !user.is_empty());
        if !taken || !named {
            return Err(fail(StoreFault::Query { what: TAKEN }));
        }
        if query.types.len() != 1 {
            return Err(query.wrong_field_count(1));
        }
        let mut message = hmac::Context::with_key(&self.key);
        let purpose = purpose.to_ascii_lowercase();
        let first = [&*self.relying_party, purpose.as_str()];
        let fields = first
            .into_iter()
            .chain(parts.iter().skip(1).map(String::as_str));
        for field in fields {
            message.update(&(field.len() as u64).to_be_bytes());
            message.update(field.as_bytes());
        }
        let value = STANDARD.encode(message.sign().as_ref());
        Ok(vec![vec![Some(Arc::from(value))]])
    }
}
