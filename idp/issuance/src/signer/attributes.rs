//! Claims to attributes: values of one type stand in one attribute, in order of issue.

use signet_model::Claim;

/// One attribute to be.
pub(super) struct Group<'a> {
    pub(super) claim_type: &'a str,
    /// The text of the property that was asked for.
    pub(super) property: Option<&'a str>,
    /// Never empty; distinct, because the release's claims are.
    pub(super) values: Vec<&'a str>,
}

/// Groups by claim type.
pub(super) fn group_by_type(claims: &[Claim]) -> Vec<Group<'_>> {
    group(claims, |_| None)
}

/// Groups by claim type and the text of property `uri`.
pub(super) fn group_by_type_and<'a>(claims: &'a [Claim], uri: &str) -> Vec<Group<'a>> {
    group(claims, |claim| {
        claim.property(uri).filter(|text| !text.is_empty())
    })
}

fn group<'a>(
    claims: &'a [Claim],
    property_of: impl Fn(&'a Claim) -> Option<&'a str>,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::with_capacity(claims.len().min(32));
    for claim in claims.iter().filter(|claim| !claim.value.is_empty()) {
        let property = property_of(claim);
        let same = |group: &&mut Group<'a>| {
            group.property == property && group.claim_type == &*claim.claim_type
        };
        // Values of one type mostly follow each other.
        match groups.iter_mut().rev().find(same) {
            Some(group) => group.values.push(&claim.value),
            None => groups.push(Group {
                claim_type: &claim.claim_type,
                property,
                values: vec![&claim.value],
            }),
        }
    }
    groups
}
