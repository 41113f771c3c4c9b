//! What a token can carry: characters of XML 1.0, and values of a sane length.

use signet_model::Claim;

use super::evidence::{RefusedBecause, RefusedClaim};

/// Leaves out claims with characters that no XML document can hold (SAML-14).
///
/// The claim goes as a whole: to drop the characters alone would make one value into another, such as the
/// name of somebody else. The sign-in goes on.
pub(crate) fn leave_out_unwritable(claims: &mut Vec<Claim>) -> Vec<RefusedClaim> {
    let mut refused = Vec::new();
    claims.retain(|claim| {
        let properties = claim.properties.values().all(|text| is_xml_text(text));
        if properties && is_xml_text(&claim.value) && is_xml_text(&claim.claim_type) {
            return true;
        }
        refused.push(RefusedClaim {
            claim_type: claim
                .claim_type
                .chars()
                .filter(|one| is_xml_character(*one))
                .collect(),
            value: String::new(),
            because: RefusedBecause::UnwritableCharacters,
        });
        false
    });
    refused
}

fn is_xml_text(text: &str) -> bool {
    text.bytes().all(|octet| (0x20..0x7f).contains(&octet)) || text.chars().all(is_xml_character)
}

/// XML 1.0, production 2: `Char`.
fn is_xml_character(character: char) -> bool {
    matches!(character,
        '\u{9}' | '\u{A}' | '\u{D}' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}
