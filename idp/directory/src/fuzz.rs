//! What the fuzz targets call: one function a reader of outside bytes. None may panic.

pub use crate::active::message::fuzz_ldap_answer;
pub use crate::embedded::ldif::fuzz_ldif;
pub use crate::login_name::fuzz_login_name;
pub use crate::rules::fuzz_password_rules;
pub use crate::syntax::dn::fuzz_dn;
pub use crate::syntax::filter::fuzz_filter_value;

use signet_model::Sid;

/// Fuzz target: a binary SID that is read is written back as the same octets, and reads as text.
pub fn fuzz_sid(bytes: &[u8]) {
    if let Some(sid) = Sid::from_binary(bytes) {
        assert_eq!(sid.to_binary(), bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(sid) = Sid::parse(text)
    {
        assert_eq!(
            Sid::from_binary(&sid.to_binary()).map(|read| read.to_binary()),
            Some(sid.to_binary())
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::proptest;

    use super::*;

    proptest! {
        #[test]
        fn any_octets_are_a_sid_or_not(octets in vec(0u8..=255, 0..80), text in "S-1-[0-9]{1,3}(-[0-9]{1,11}){0,17}") {
            fuzz_sid(&octets);
            fuzz_sid(text.as_bytes());
            fuzz_login_name(&octets);
        }
    }
}
