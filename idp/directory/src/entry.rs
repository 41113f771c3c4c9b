//! One directory object, as octets.

use std::collections::BTreeMap;

use signet_model::{AccountId, Sid};

/// A directory object: attribute names compare without case, values are octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Distinguished name as the directory writes it.
    pub(crate) dn: String,
    /// Lower-case name to values.
    attributes: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Entry {
    pub(crate) fn new(dn: String) -> Self {
        Self {
            dn,
            attributes: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, name: &str, value: Vec<u8>) {
        self.attributes
            .entry(name.to_ascii_lowercase())
            .or_default()
            .push(value);
    }

    pub(crate) fn set(&mut self, name: &str, values: Vec<Vec<u8>>) {
        self.attributes.insert(name.to_ascii_lowercase(), values);
    }

    pub(crate) fn take(&mut self, name: &str) -> Vec<Vec<u8>> {
        self.attributes
            .remove(&name.to_ascii_lowercase())
            .unwrap_or_default()
    }

    pub(crate) fn values(&self, name: &str) -> &[Vec<u8>] {
        self.attributes
            .get(&name.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.values(name).is_empty()
    }

    /// The names of all attributes, in lower case.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.keys().map(String::as_str)
    }

    /// The only value of an attribute; `None` when there is none, or more than one.
    pub(crate) fn one(&self, name: &str) -> Option<&[u8]> {
        match self.values(name) {
            [value] => Some(value),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.one(name)?).ok()
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    pub(crate) fn guid(&self) -> Option<AccountId> {
        AccountId::from_directory_octets(self.one("objectguid")?)
    }

    pub(crate) fn sid(&self) -> Option<Sid> {
        Sid::from_binary(self.one("objectsid")?)
    }

    /// Whether objectClass holds `class`.
    pub(crate) fn is_a(&self, class: &str) -> bool {
        self.values("objectclass")
            .iter()
            .any(|value| value.eq_ignore_ascii_case(class.as_bytes()))
    }
}
