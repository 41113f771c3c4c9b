//! Identifiers of what is issued: `_` and 128 random bits.

use std::fmt::Write as _;

use aws_lc_rs::rand;
use thiserror::Error;

/// The system's source of randomness gave nothing. Nothing can be issued then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the system's source of randomness failed")]
pub struct RandomnessFailed;

/// A fresh identifier: `_` and 32 lower-case hex digits, an `xs:NCName` of 128 random bits.
///
/// saml-core-2.0-os 1.3.4 wants 128 to 160 bits; xml `ID` values must not begin with a digit.
pub(crate) fn fresh_id() -> Result<String, RandomnessFailed> {
    let mut octets = [0u8; 16];
    rand::fill(&mut octets).map_err(|_| RandomnessFailed)?;
    let mut id = String::with_capacity(33);
    id.push('_');
    for octet in octets {
        // Writing to a String cannot fail.
        let _ = write!(id, "{octet:02x}");
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn sec_saml_15_a_million_ids_are_unique_ncnames_of_128_bits() {
        let mut seen = HashSet::new();
        for _ in 0..1_000_000 {
            let id = fresh_id().unwrap();
            assert_eq!(id.len(), 33);
            assert!(id.starts_with('_'));
            assert!(
                id[1..]
                    .bytes()
                    .all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'))
            );
            assert!(seen.insert(id));
        }
    }
}
