//! The WS-Federation roles (WS-Federation 1.2, section 3.1): `RoleDescriptor` elements told apart by `xsi:type`.

use signet_xml::{Element, ns};

use super::draft::Draft;
use super::note::Note;
use super::{identifier, keys};
use crate::error::MetadataError;
use crate::names::{AUTH, FED, MD, WSA};

const MOST: usize = 500;
/// An application that takes tokens; an STS that does is taken where no application is described.
const ROLES: [&str; 2] = ["ApplicationServiceType", "SecurityTokenServiceType"];

impl Draft<'_> {
    /// Reads the application role, else the token service role, when it has an address that takes tokens.
    pub(super) fn read_wsfed(&mut self) -> Result<(), MetadataError> {
        for wanted in ROLES {
            let roles: Vec<_> = self.entity.children_named(MD, "RoleDescriptor").collect();
            for role in roles {
                if !is_type(role, wanted)
                    || role
                        .children_named(FED, "PassiveRequestorEndpoint")
                        .next()
                        .is_none()
                {
                    continue;
                }
                if self.speaks_wsfed {
                    self.notes.push(Note::SecondRoleIgnored { role: wanted });
                    continue;
                }
                self.speaks_wsfed = true;
                self.read_wsfed_role(role)?;
            }
            if self.speaks_wsfed {
                break;
            }
        }
        Ok(())
    }

    fn read_wsfed_role(&mut self, role: Element<'_>) -> Result<(), MetadataError> {
        self.enter_role(role)?;
        let keys = keys::read(role, self.now, &mut self.notes)?;
        self.take_keys(keys);
        for address in addresses(role, "PassiveRequestorEndpoint")? {
            let location = self.endpoint(&address)?;
            if !self.relying_party.wsfed_endpoints.contains(&location) {
                self.relying_party.wsfed_endpoints.push(location);
            }
        }
        for scope in addresses(role, "TargetScopes")? {
            let scope = identifier::check(&scope)?;
            if !self.relying_party.has_identifier(scope) {
                self.relying_party.identifiers.push(scope.to_owned());
            }
        }
        let claims = role
            .children_named(FED, "ClaimTypesRequested")
            .flat_map(|list| list.children_named(AUTH, "ClaimType"));
        for uri in claims.filter_map(|claim| claim.attribute("Uri")).take(MOST) {
            if !self.requested_claims.iter().any(|known| known == uri) {
                self.requested_claims.push(uri.to_owned());
            }
        }
        Ok(())
    }
}

/// Whether `xsi:type` means `wanted`; the prefix is resolved where it stands.
fn is_type(role: Element<'_>, wanted: &str) -> bool {
    let value = role.attribute_ns(ns::XSI, "type");
    value
        .and_then(|value| role.resolve(value).ok())
        .is_some_and(|(uri, local)| uri == FED && local == wanted)
}

/// The `wsa:Address` texts inside the elements `local` of a role.
fn addresses(role: Element<'_>, local: &'static str) -> Result<Vec<String>, MetadataError> {
    let references = role
        .children_named(FED, local)
        .flat_map(|list| list.children_named(WSA, "EndpointReference"));
    let mut found = Vec::new();
    for reference in references {
        if found.len() == MOST {
            return Err(MetadataError::TooMany {
                what: "endpoints",
                limit: MOST,
            });
        }
        found.push(
            reference
                .only_child(WSA, "Address")?
                .trimmed_text()?
                .into_owned(),
        );
    }
    Ok(found)
}
