//! The `SPSSODescriptor` (saml-metadata-2.0-os 2.4.4).

use std::collections::BTreeSet;

use serde::Serialize;
use signet_model::relying_party::{AssertionConsumer, LogoutService};
use signet_model::uris::binding::{HTTP_POST, HTTP_REDIRECT};
use signet_xml::Element;

use super::draft::Draft;
use super::keys;
use super::note::Note;
use crate::error::MetadataError;
use crate::names::{MD, SAML20_PROTOCOL};

const MOST_ENDPOINTS: usize = 500;

/// An attribute that a service provider asks for (saml-metadata-2.0-os 2.4.4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestedAttribute {
    /// `Name`.
    pub name: String,
    /// `FriendlyName`.
    pub friendly_name: Option<String>,
    /// `isRequired`.
    pub required: bool,
}

impl Draft<'_> {
    /// Reads the first SAML 2.0 service provider role, if there is one.
    pub(super) fn read_saml(&mut self) -> Result<(), MetadataError> {
        for role in self.entity.children_named(MD, "SPSSODescriptor") {
            let protocols = role.attribute("protocolSupportEnumeration").unwrap_or("");
            if !protocols
                .split_ascii_whitespace()
                .any(|protocol| protocol == SAML20_PROTOCOL)
            {
                self.notes.push(Note::ProtocolNotSpoken {
                    protocols: protocols.chars().take(200).collect(),
                });
            } else if self.speaks_saml {
                self.notes.push(Note::SecondRoleIgnored {
                    role: "SPSSODescriptor",
                });
            } else {
                self.speaks_saml = true;
                self.read_role(role)?;
            }
        }
        Ok(())
    }

    fn read_role(&mut self, role: Element<'_>) -> Result<(), MetadataError> {
        self.enter_role(role)?;
        let keys = keys::read(role, self.now, &mut self.notes)?;
        self.take_keys(keys);
        self.relying_party.signed_requests_required =
            is_true(role.attribute("AuthnRequestsSigned"));
        self.wants_signed_assertions = is_true(role.attribute("WantAssertionsSigned"));
        self.read_consumers(role)?;
        self.read_logout(role)?;
        for format in role.children_named(MD, "NameIDFormat").take(MOST_ENDPOINTS) {
            let format = format.trimmed_text()?;
            if !format.is_empty() && !self.name_id_formats.iter().any(|known| *known == format) {
                self.name_id_formats.push(format.into_owned());
            }
        }
        self.note_formats();
        self.read_requested(role);
        if self.relying_party.default_assertion_consumer().is_none() {
            let entity_id = self.relying_party.primary_identifier().to_owned();
            return Err(MetadataError::NoUsableEndpoint(entity_id));
        }
        Ok(())
    }

    fn read_consumers(&mut self, role: Element<'_>) -> Result<(), MetadataError> {
        let mut taken = BTreeSet::new();
        let mut without_index = Vec::new();
        let mut default_seen = false;
        for (count, element) in role
            .children_named(MD, "AssertionConsumerService")
            .enumerate()
        {
            check_count(count)?;
            let binding = element.required_attribute("Binding")?.to_owned();
            let location = self.endpoint(element.required_attribute("Location")?)?;
            let claims_default = is_true(element.attribute("isDefault"));
            if claims_default && default_seen {
                self.notes.push(Note::SeveralDefaults);
            }
            let is_default = claims_default && !default_seen;
            default_seen |= claims_default;
            let index = match element.attribute("index").map(parse_index).transpose()? {
                Some(index) if !taken.insert(index) => {
                    return Err(MetadataError::IndexTwice(index));
                }
                Some(index) => index,
                None => {
                    without_index.push(self.relying_party.assertion_consumers.len());
                    0
                }
            };
            if binding != HTTP_POST {
                self.notes.push(Note::BindingNotUsed {
                    binding: binding.clone(),
                    location: location.clone(),
                });
            }
            self.relying_party
                .assertion_consumers
                .push(AssertionConsumer {
                    binding,
                    index,
                    is_default,
                    location,
                });
        }
        for at in without_index {
            let free = (0..=u16::MAX)
                .find(|index| !taken.contains(index))
                .unwrap_or(u16::MAX);
            taken.insert(free);
            self.notes.push(Note::IndexAssigned(free));
            if let Some(consumer) = self.relying_party.assertion_consumers.get_mut(at) {
                consumer.index = free;
            }
        }
        Ok(())
    }

    fn read_logout(&mut self, role: Element<'_>) -> Result<(), MetadataError> {
        for (count, element) in role.children_named(MD, "SingleLogoutService").enumerate() {
            check_count(count)?;
            let binding = element.required_attribute("Binding")?.to_owned();
            if binding != HTTP_POST && binding != HTTP_REDIRECT {
                self.notes.push(Note::LogoutLeftOut { binding });
                continue;
            }
            let location = self.endpoint(element.required_attribute("Location")?)?;
            let response = element
                .attribute("ResponseLocation")
                .filter(|text| !text.is_empty());
            let response_location = response.map(|text| self.endpoint(text)).transpose()?;
            self.relying_party.logout_services.push(LogoutService {
                binding,
                location,
                response_location,
            });
        }
        Ok(())
    }

    fn read_requested(&mut self, role: Element<'_>) {
        let requested = role
            .children_named(MD, "AttributeConsumingService")
            .flat_map(|service| service.children_named(MD, "RequestedAttribute"));
        for element in requested.take(MOST_ENDPOINTS) {
            let Some(name) = element.attribute("Name").filter(|name| !name.is_empty()) else {
                continue;
            };
            if self
                .requested_attributes
                .iter()
                .any(|known| known.name == name)
            {
                continue;
            }
            self.requested_attributes.push(RequestedAttribute {
                name: name.to_owned(),
                friendly_name: element.attribute("FriendlyName").map(str::to_owned),
                required: is_true(element.attribute("isRequired")),
            });
        }
    }

    /// A partner that takes `unspecified` or `emailAddress`, or says nothing, is served by the default rules.
    fn note_formats(&mut self) {
        let easy =
            |format: &String| format.ends_with(":unspecified") || format.ends_with(":emailAddress");
        if !self.name_id_formats.is_empty() && !self.name_id_formats.iter().any(easy) {
            self.notes
                .push(Note::NameIdFormats(self.name_id_formats.clone()));
        }
    }
}

/// `xs:boolean` (XML Schema 1.0 part 2, 3.2.2).
fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|text| matches!(text.trim(), "true" | "1"))
}

fn parse_index(text: &str) -> Result<u16, MetadataError> {
    let shown = || MetadataError::IndexUnusable(text.chars().take(20).collect());
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(shown());
    }
    text.parse().map_err(|_| shown())
}

fn check_count(count: usize) -> Result<(), MetadataError> {
    if count >= MOST_ENDPOINTS {
        return Err(MetadataError::TooMany {
            what: "endpoints",
            limit: MOST_ENDPOINTS,
        });
    }
    Ok(())
}
