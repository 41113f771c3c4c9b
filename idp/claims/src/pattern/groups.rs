//! The numbering of groups: unnamed ones first, left to right, then named ones.
//!
//! The engine underneath numbers all groups left to right; such a number is called a slot here.
//! Groups of one name or number share it, so a number can stand for several slots.

use std::collections::BTreeMap;

/// What a group is called in a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GroupName {
    Unnamed,
    Number(u32),
    Name(String),
}

/// The groups of a pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Groups {
    numbers: BTreeMap<u32, Vec<usize>>,
    names: BTreeMap<String, u32>,
}

impl Groups {
    /// Numbers the groups of a pattern, given in the order of their opening parentheses.
    pub(super) fn number(found: &[GroupName]) -> Self {
        let mut groups = Self::default();
        let mut automatic = 1;
        for (index, name) in found.iter().enumerate() {
            let number = match name {
                GroupName::Unnamed => {
                    automatic += 1;
                    automatic - 1
                }
                GroupName::Number(number) => *number,
                GroupName::Name(_) => continue,
            };
            groups.numbers.entry(number).or_default().push(index + 1);
        }
        for (index, name) in found.iter().enumerate() {
            let GroupName::Name(name) = name else {
                continue;
            };
            let number = groups.names.get(name).copied().unwrap_or_else(|| {
                while groups.numbers.contains_key(&automatic) {
                    automatic += 1;
                }
                groups.names.insert(name.clone(), automatic);
                automatic
            });
            groups.numbers.entry(number).or_default().push(index + 1);
        }
        groups
    }

    /// The slots of group `number`, in order of their opening parentheses.
    pub(super) fn slots_of_number(&self, number: u32) -> Option<&[usize]> {
        self.numbers.get(&number).map(Vec::as_slice)
    }

    /// The slots of the groups called `name`.
    pub(super) fn slots_of_name(&self, name: &str) -> Option<&[usize]> {
        self.slots_of_number(*self.names.get(name)?)
    }

    /// The slots of the group with the highest number.
    pub(super) fn last_slots(&self) -> Option<&[usize]> {
        self.numbers
            .last_key_value()
            .map(|(_, slots)| slots.as_slice())
    }
}
