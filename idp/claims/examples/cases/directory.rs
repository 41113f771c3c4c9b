//! The directory of a case: a handful of objects that answer queries to Active Directory.

use std::sync::Arc;

use serde_json::Value;
use signet_claims::{ActiveDirectoryQuery, Filter};

/// The directory of a case.
#[derive(Debug)]
pub(crate) struct Directory {
    domains: Vec<String>,
    objects: Vec<Object>,
}

#[derive(Debug)]
struct Object {
    attributes: Vec<(String, Vec<String>)>,
    groups: Vec<Value>,
}

impl Directory {
    pub(crate) fn read(given: &Value) -> Self {
        let domains = given["domains"].as_array().into_iter().flatten();
        let objects = match given["objects"].as_array() {
            Some(objects) => objects.iter().map(Object::read).collect(),
            None => vec![Object::read(given)],
        };
        Self {
            domains: domains
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            objects,
        }
    }

    /// The rows for `query`; `None` for a domain that is not this directory's.
    pub(crate) fn answer(
        &self,
        query: &ActiveDirectoryQuery,
    ) -> Option<Vec<Vec<Option<Arc<str>>>>> {
        if !self
            .domains
            .iter()
            .any(|own| own.eq_ignore_ascii_case(&query.domain))
        {
            return None;
        }
        let found = self
            .objects
            .iter()
            .filter(|object| object.matches(&query.parsed_filter));
        Some(
            found
                .flat_map(|object| object.rows(&query.attributes))
                .collect(),
        )
    }
}

impl Object {
    fn read(given: &Value) -> Self {
        let attributes = given["attributes"].as_object().into_iter().flatten();
        let groups = given["groups"].as_array().cloned().unwrap_or_default();
        Self {
            attributes: attributes
                .map(|(name, value)| (name.clone(), texts(value)))
                .collect(),
            groups,
        }
    }

    /// One row for each value of the attribute that has most.
    fn rows(&self, attributes: &[String]) -> Vec<Vec<Option<Arc<str>>>> {
        let columns: Vec<Vec<String>> = attributes.iter().map(|name| self.values(name)).collect();
        let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: usize| {
            let columns = columns.iter();
            columns.map(move |column| column.get(row).map(|text| Arc::from(text.as_str())))
        };
        (0..rows).map(|row| cell(row).collect()).collect()
    }

    fn values(&self, name: &str) -> Vec<String> {
        let field = |group: &Value, key: &str| group[key].as_str().unwrap_or("").to_owned();
        let of_groups = |make: &dyn Fn(&Value) -> String| self.groups.iter().map(make).collect();
        match name.to_ascii_lowercase().as_str() {
            "tokengroups" => of_groups(&|group| field(group, "name")),
            "tokengroups(domainqualifiedname)" => {
                of_groups(&|group| format!("{}\\{}", field(group, "netbios"), field(group, "name")))
            }
            "tokengroups(longdomainqualifiedname)" => {
                of_groups(&|group| format!("{}\\{}", field(group, "dns"), field(group, "name")))
            }
            "tokengroups(sid)" => of_groups(&|group| field(group, "sid")),
            "memberof" => {
                let direct = self.groups.iter().filter(|group| group["direct"] == true);
                direct.map(|group| field(group, "dn")).collect()
            }
            _ => self.stored(name).cloned().unwrap_or_default(),
        }
    }

    fn stored(&self, name: &str) -> Option<&Vec<String>> {
        let found = self
            .attributes
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, values)| values)
    }

    fn matches(&self, filter: &Filter) -> bool {
        let some = |name: &str, test: &dyn Fn(&str) -> bool| {
            self.values(name)
                .iter()
                .any(|value| test(&value.to_lowercase()))
        };
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).to_lowercase();
        match filter {
            Filter::And(filters) => filters.iter().all(|own| self.matches(own)),
            Filter::Or(filters) => filters.iter().any(|own| self.matches(own)),
            Filter::Not(filter) => !self.matches(filter),
            Filter::Present { attribute } if attribute.eq_ignore_ascii_case("objectClass") => true,
            Filter::Present { attribute } => some(attribute, &|_| true),
            Filter::Equal { attribute, value } | Filter::Approximate { attribute, value } => {
                some(attribute, &|own| own == text(value))
            }
            Filter::GreaterOrEqual { attribute, value } => {
                some(attribute, &|own| own >= text(value).as_str())
            }
            Filter::LessOrEqual { attribute, value } => {
                some(attribute, &|own| own <= text(value).as_str())
            }
            Filter::Substrings { attribute, parts } => {
                let parts: Vec<String> = parts.iter().map(|part| text(part)).collect();
                some(attribute, &|own| has_parts(own, &parts))
            }
            // Membership through groups: all groups of a case are those of its user, nested or not.
            Filter::Extensible {
                attribute, value, ..
            } => {
                let group = |own: &Value| own["dn"].as_str().map(str::to_lowercase);
                let wanted = text(value);
                match attribute.to_ascii_lowercase().as_str() {
                    "memberof" => self
                        .groups
                        .iter()
                        .any(|own| group(own) == Some(wanted.clone())),
                    _ => some(attribute, &|own| own == wanted),
                }
            }
        }
    }
}

fn has_parts(value: &str, parts: &[String]) -> bool {
    let [first, middle @ .., last] = parts else {
        return false;
    };
    let Some(mut rest) = value.strip_prefix(first.as_str()) else {
        return false;
    };
    for part in middle {
        match rest.split_once(part.as_str()) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

/// The values of an attribute as claims show them: octet strings in base64, SIDs as text.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(kinds) => {
            let text = kinds
                .get("b64")
                .or(kinds.get("sid"))
                .and_then(Value::as_str);
            text.map(str::to_owned).into_iter().collect()
        }
        Value::String(text) => vec![text.clone()],
        Value::Null => Vec::new(),
        other => vec![other.to_string()],
    }
}
