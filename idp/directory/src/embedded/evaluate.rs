//! Evaluates a search filter over the tree (RFC 4511 section 4.5.1.7, MS-ADTS 3.1.1.3.4.4).

use signet_claims::Filter;
use signet_model::Sid;

use super::load::{Object, Tree};
use crate::syntax::dn::Dn;

/// LDAP_MATCHING_RULE_BIT_AND.
const BIT_AND: &str = "1.2.840.113556.1.4.803";
/// LDAP_MATCHING_RULE_BIT_OR.
const BIT_OR: &str = "1.2.840.113556.1.4.804";
/// LDAP_MATCHING_RULE_TRANSITIVE_EVAL.
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// Whether the object at `at` matches.
///
/// # Errors
/// A matching rule that this directory does not know.
pub(crate) fn matches(
    tree: &Tree,
    at: usize,
    object: &Object,
    filter: &Filter,
) -> Result<bool, String> {
    Ok(match filter {
        Filter::And(inner) => {
            for filter in inner {
                if !matches(tree, at, object, filter)? {
                    return Ok(false);
                }
            }
            true
        }
        Filter::Or(inner) => {
            for filter in inner {
                if matches(tree, at, object, filter)? {
                    return Ok(true);
                }
            }
            false
        }
        Filter::Not(inner) => !matches(tree, at, object, inner)?,
        Filter::Present { attribute } => object.entry.has(attribute),
        Filter::Equal { attribute, value } | Filter::Approximate { attribute, value } => {
            equals(object, attribute, value)
        }
        Filter::GreaterOrEqual { attribute, value } => {
            ordered(object, attribute, value, |have, want| have >= want)
        }
        Filter::LessOrEqual { attribute, value } => {
            ordered(object, attribute, value, |have, want| have <= want)
        }
        Filter::Substrings { attribute, parts } => object
            .entry
            .values(attribute)
            .iter()
            .any(|have| contains(&fold(have), parts)),
        Filter::Extensible {
            attribute,
            distinguished_name: false,
            rule,
            value,
        } => match rule.as_str() {
            BIT_AND => bits(object, attribute, value, |have, want| have & want == want),
            BIT_OR => bits(object, attribute, value, |have, want| have & want != 0),
            IN_CHAIN => in_chain(tree, at, attribute, value)?,
            _ => return Err(format!("the matching rule {rule:?} is not known")),
        },
        Filter::Extensible { .. } => {
            return Err("matching on parts of the distinguished name is not known".to_owned());
        }
    })
}

fn equals(object: &Object, attribute: &str, value: &[u8]) -> bool {
    let have = object.entry.values(attribute);
    match attribute.to_ascii_lowercase().as_str() {
        "objectguid" | "ms-ds-consistencyguid" => have.iter().any(|have| have == value),
        "objectsid" => {
            let sid =
                Sid::from_binary(value).or_else(|| Sid::parse(std::str::from_utf8(value).ok()?));
            sid.is_some_and(|sid| object.entry.sid() == Some(sid))
        }
        "member" | "memberof" | "manager" | "distinguishedname" => {
            let wanted = parse_dn(value);
            wanted.is_some() && have.iter().any(|have| parse_dn(have) == wanted)
        }
        // A class name stands for the name of the class's schema object.
        "objectcategory" => {
            let wanted = fold(value);
            let category = if object.entry.is_a("computer") {
                "computer"
            } else if object.entry.is_a("user") {
                "person"
            } else if object.entry.is_a("group") {
                "group"
            } else {
                return false;
            };
            wanted == category
                || wanted.starts_with(&format!("cn={category},"))
                || (wanted == "user" && category == "person")
        }
        _ => {
            let wanted = fold(value);
            have.iter().any(|have| fold(have) == wanted)
        }
    }
}

fn ordered(
    object: &Object,
    attribute: &str,
    value: &[u8],
    holds: impl Fn(&Ordered, &Ordered) -> bool,
) -> bool {
    let wanted = Ordered::of(value);
    object
        .entry
        .values(attribute)
        .iter()
        .map(|have| Ordered::of(have))
        .any(|have| {
            std::mem::discriminant(&have) == std::mem::discriminant(&wanted)
                && holds(&have, &wanted)
        })
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Ordered {
    Number(i64),
    Text(String),
}

impl Ordered {
    fn of(value: &[u8]) -> Self {
        let text = fold(value);
        text.parse().map_or(Self::Text(text), Self::Number)
    }
}

fn bits(object: &Object, attribute: &str, value: &[u8], holds: impl Fn(i64, i64) -> bool) -> bool {
    let wanted = std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    wanted.is_some_and(|wanted| {
        object
            .entry
            .number(attribute)
            .is_some_and(|have| holds(have, wanted))
    })
}

fn in_chain(tree: &Tree, at: usize, attribute: &str, value: &[u8]) -> Result<bool, String> {
    let other = parse_dn(value).and_then(|dn| tree.by_dn.get(&dn).copied());
    Ok(match (other, attribute.to_ascii_lowercase().as_str()) {
        (None, _) => false,
        (Some(member), "member") => tree.members_of(at).contains(&member),
        (Some(group), "memberof") => tree.groups_of(at).contains(&group),
        _ => {
            return Err(format!(
                "{attribute} cannot be followed in a chain, only member and memberOf"
            ));
        }
    })
}

/// Whether `have` is the parts in order with anything between them; the first and the last may be empty.
fn contains(have: &str, parts: &[Vec<u8>]) -> bool {
    let Some(((first, last), middle)) = parts.split_first().and_then(|(first, rest)| {
        let (last, middle) = rest.split_last()?;
        Some(((first, last), middle))
    }) else {
        return false;
    };
    let Some(mut rest) = have.strip_prefix(&fold(first)) else {
        return false;
    };
    for part in middle {
        let part = fold(part);
        let Some(at) = rest.find(&part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(&fold(last))
}

fn parse_dn(value: &[u8]) -> Option<Dn> {
    Dn::parse(std::str::from_utf8(value).ok()?)
}

fn fold(value: &[u8]) -> String {
    String::from_utf8_lossy(value).to_lowercase()
}
