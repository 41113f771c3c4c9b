//! The wanted entity in a document, and how long it is valid.

use signet_xml::{Element, parse_duration, parse_instant};
use time::{Duration, OffsetDateTime};

use crate::error::MetadataError;
use crate::names::MD;

/// A national federation has some ten thousand.
const MOST_ENTITIES: usize = 10_000;
/// How many are named when none was chosen.
const NAMED: usize = 20;

/// An entity with what the aggregates around it say about its validity.
#[derive(Clone, Copy)]
pub(super) struct Found<'d> {
    pub(super) entity: Element<'d>,
    pub(super) validity: Validity,
}

/// `validUntil` and `cacheDuration` (saml-metadata-2.0-os 2.2.1): the narrowest wins.
#[derive(Clone, Copy, Default)]
pub(super) struct Validity {
    pub(super) until: Option<OffsetDateTime>,
    pub(super) cache: Option<Duration>,
    pub(super) cache_unreadable: bool,
}

impl Validity {
    /// Narrowed by the attributes of `element`.
    pub(super) fn within(mut self, element: Element<'_>) -> Result<Self, MetadataError> {
        if let Some(text) = element.attribute("validUntil") {
            let until = parse_instant(text)?;
            self.until = Some(self.until.map_or(until, |outer| outer.min(until)));
        }
        match element.attribute("cacheDuration").map(parse_duration) {
            Some(Ok(cache)) => {
                self.cache = Some(self.cache.map_or(cache, |outer| outer.min(cache)))
            }
            Some(Err(_)) => self.cache_unreadable = true,
            None => {}
        }
        Ok(self)
    }
}

/// The entity named `wanted`, or the only one there is.
pub(super) fn find<'d>(
    root: Element<'d>,
    wanted: Option<&str>,
) -> Result<Found<'d>, MetadataError> {
    let all = collect(root)?;
    let id = |found: &Found<'_>| found.entity.attribute("entityID").unwrap_or("").to_owned();
    let Some(wanted) = wanted else {
        return match all.as_slice() {
            [] => Err(MetadataError::EntityMissing(String::new())),
            [only] => Ok(*only),
            several => Err(MetadataError::SeveralEntities {
                count: several.len(),
                first: several.iter().take(NAMED).map(id).collect(),
            }),
        };
    };
    let mut fitting = all
        .iter()
        .filter(|found| found.entity.attribute("entityID") == Some(wanted));
    match (fitting.next(), fitting.next()) {
        (Some(found), None) => Ok(*found),
        (Some(_), Some(_)) => Err(MetadataError::EntityTwice(wanted.to_owned())),
        (None, _) => Err(MetadataError::EntityMissing(wanted.to_owned())),
    }
}

/// Every entity, in document order; aggregates may hold aggregates.
fn collect(root: Element<'_>) -> Result<Vec<Found<'_>>, MetadataError> {
    let mut waiting = vec![(root, Validity::default())];
    let mut found = Vec::new();
    while let Some((element, outer)) = waiting.pop() {
        let validity = outer.within(element)?;
        if element.is(MD, "EntityDescriptor") {
            found.push(Found {
                entity: element,
                validity,
            });
            if found.len() > MOST_ENTITIES {
                return Err(MetadataError::TooManyEntities {
                    limit: MOST_ENTITIES,
                });
            }
            continue;
        }
        let inner = element
            .children()
            .filter(|child| child.is(MD, "EntityDescriptor") || child.is(MD, "EntitiesDescriptor"));
        let mut inner: Vec<_> = inner.map(|child| (child, validity)).collect();
        inner.reverse();
        waiting.append(&mut inner);
    }
    Ok(found)
}
