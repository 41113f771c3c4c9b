//! Whether a relying party would be confused with one that is there already.

use std::fmt;

use signet_model::RelyingParty;

/// Two relying parties that a request could mean at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Both have this identifier.
    SameIdentifier {
        /// The identifier.
        identifier: String,
        /// Name of the other relying party.
        other: String,
    },
    /// Two identifiers that differ by case only: somewhere on the way they will be confused.
    IdentifierDiffersByCase {
        /// The new identifier.
        identifier: String,
        /// The other's.
        existing: String,
        /// Name of the other relying party.
        other: String,
    },
    /// Both have this display name, regardless of case.
    SameName {
        /// Name of the other relying party.
        other: String,
    },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameIdentifier { identifier, other } => {
                write!(f, "{other:?} has the identifier {identifier:?} already")
            }
            Self::IdentifierDiffersByCase {
                identifier,
                existing,
                other,
            } => {
                write!(
                    f,
                    "{other:?} has the identifier {existing:?}, which differs from {identifier:?} by case only"
                )
            }
            Self::SameName { other } => {
                write!(f, "there is a relying party named {other:?} already")
            }
        }
    }
}

/// Every conflict of `new` with `existing`; an entry with the id of `new` is its earlier self and does not count.
pub fn find_conflicts<'a>(
    new: &RelyingParty,
    existing: impl IntoIterator<Item = &'a RelyingParty>,
) -> Vec<Conflict> {
    let mut found = Vec::new();
    for other in existing.into_iter().filter(|other| other.id != new.id) {
        if other.name.to_lowercase() == new.name.to_lowercase() {
            found.push(Conflict::SameName {
                other: other.name.clone(),
            });
        }
        for identifier in &new.identifiers {
            for theirs in &other.identifiers {
                if identifier == theirs {
                    found.push(Conflict::SameIdentifier {
                        identifier: identifier.clone(),
                        other: other.name.clone(),
                    });
                } else if identifier.to_lowercase() == theirs.to_lowercase() {
                    found.push(Conflict::IdentifierDiffersByCase {
                        identifier: identifier.clone(),
                        existing: theirs.clone(),
                        other: other.name.clone(),
                    });
                }
            }
        }
    }
    found
}
