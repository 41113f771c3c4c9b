//! A partner's metadata, for `rp add` and `rp set`.

use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use signet_claims::RuleSet;
use signet_metadata::fetch::{Fetcher, SystemLookup};
use signet_metadata::partners::{Change, RequestedAttribute, changes, refreshed};
use signet_metadata::{ImportOptions, MetadataError, PartnerMetadata, import_service_provider};
use signet_model::RelyingParty;
use time::OffsetDateTime;
use url::Url;

use super::text;
use crate::cli::RpSet;
use crate::commands::Failure;
use crate::commands::admin::Admin;

/// How many of the attributes that a partner asks for are named.
const NAMED: usize = 20;

pub(super) fn is_url(source: &str) -> bool {
    source.contains("://")
}

/// The metadata in a file or at an address.
pub(super) async fn read(
    admin: &Admin,
    source: &str,
    options: &ImportOptions,
) -> Result<PartnerMetadata, Failure> {
    let octets = load(admin, source).await?;
    import_service_provider(&octets, options, admin.clock.now())
        .map_err(|error| Failure(format!("{source}: {error}")))
}

/// `known` with what its metadata says now, and a line for each thing that an admin should know of it; refused when
/// somebody has to look first.
pub(super) async fn refresh(
    admin: &Admin,
    known: &RelyingParty,
    source: &str,
    arguments: &RpSet,
) -> Result<(RelyingParty, Vec<String>), Failure> {
    let signed_by = arguments.signed_by.as_deref().map(certificates);
    let options = ImportOptions {
        signed_by: signed_by.transpose()?.unwrap_or_default(),
        allow_http: known.allow_http_endpoints,
        ..ImportOptions::default()
    };
    let octets = load(admin, source).await?;
    let fresh = import_known(&octets, &options, known, admin.clock.now())
        .map_err(|error| Failure(format!("{source}: {error}")))?;
    let draft = refreshed(known, &fresh);
    let (mut party, changed) = adopt(known, &draft, arguments.approve)
        .map_err(|refused| Failure(format!("{source}: {refused}")))?;
    let changed = changed.iter().map(|one| format!("Metadata: {one}"));
    let notes = fresh.notes.iter().map(|one| format!("Note: {one}"));
    let mut told: Vec<_> = changed.chain(notes).collect();
    if is_url(source) && known.metadata_url.as_deref() != Some(source) {
        told.push(format!("It is read from {source} from now on."));
        party.metadata_url = Some(source.to_owned());
    }
    Ok((party, told))
}

/// The only entity of a document, or of several the one that is registered as `known`.
fn import_known(
    octets: &[u8],
    options: &ImportOptions,
    known: &RelyingParty,
    now: OffsetDateTime,
) -> Result<PartnerMetadata, MetadataError> {
    let mut read = import_service_provider(octets, options, now);
    let mut identifiers = known.identifiers.iter();
    while let Err(MetadataError::SeveralEntities { .. } | MetadataError::EntityMissing(_)) = read {
        let Some(identifier) = identifiers.next() else {
            break;
        };
        let one = ImportOptions {
            entity_id: Some(identifier.clone()),
            ..options.clone()
        };
        read = import_service_provider(octets, &one, now);
    }
    read
}

/// `known` with the addresses, keys and identifiers of `fresh`; its rules and everything that an admin chose stay.
/// An identifier that the metadata does not name any more stays too: a change that is not told is not made.
fn adopt(
    known: &RelyingParty,
    fresh: &RelyingParty,
    approved: bool,
) -> Result<(RelyingParty, Vec<Change>), String> {
    let found = changes(known, fresh);
    if let Some(other @ Change::OtherEntity { .. }) = found.first() {
        return Err(format!(
            "{other}; nothing is changed. Is it the right file? A partner of its own is added with `signet rp add --metadata`"
        ));
    }
    if !approved && found.iter().any(Change::needs_approval) {
        let lines: Vec<_> = found
            .iter()
            .map(|change| {
                let mark = if change.needs_approval() { "!" } else { " " };
                format!("\n{mark} {change}")
            })
            .collect();
        return Err(format!(
            "nothing is changed. With what is marked ! somebody who can write this metadata, but is not the partner, would receive tokens or forge requests; ask the partner, then repeat with --approve{}",
            lines.concat()
        ));
    }
    let mut party = known.clone();
    for identifier in &fresh.identifiers {
        if !party.has_identifier(identifier) {
            party.identifiers.push(identifier.clone());
        }
    }
    party.wsfed_endpoints.clone_from(&fresh.wsfed_endpoints);
    party
        .assertion_consumers
        .clone_from(&fresh.assertion_consumers);
    party.logout_services.clone_from(&fresh.logout_services);
    party
        .request_signing_certificates
        .clone_from(&fresh.request_signing_certificates);
    party.signed_requests_required = fresh.signed_requests_required;
    party
        .encryption_certificate
        .clone_from(&fresh.encryption_certificate);
    if fresh.encryption_certificate.is_some() {
        party.encryption_algorithm = fresh.encryption_algorithm;
    }
    Ok((party, found))
}

/// What a partner asks for, by SAML and by WS-Federation.
pub(super) fn asked(metadata: &PartnerMetadata) -> Vec<RequestedAttribute> {
    let mut all = metadata.requested_attributes.clone();
    for name in &metadata.requested_claims {
        if !all.iter().any(|one| one.name == *name) {
            all.push(RequestedAttribute {
                name: name.clone(),
                friendly_name: None,
                required: false,
            });
        }
    }
    all
}

/// What `party` asks for, and how it gets what its rules do not make.
pub(super) fn note_asked(party: &RelyingParty, asked: &[RequestedAttribute]) -> Vec<String> {
    if asked.is_empty() {
        return Vec::new();
    }
    let rules = RuleSet::parse(&party.issuance_transform_rules).ok();
    let is_made = |one: &RequestedAttribute| {
        let mut rules = rules.iter().flat_map(RuleSet::rules);
        rules.any(|rule| !rule.only_adds() && rule.may_make(&one.name))
    };
    let (made, missing): (Vec<_>, Vec<_>) = asked.iter().partition(|one| is_made(one));
    let mut notes = Vec::new();
    if !made.is_empty() {
        notes.push(format!("It asks for, and is sent: {}.", named(&made)));
    }
    if !missing.is_empty() {
        notes.push(format!(
            "It asks for, and is not sent: {}. To send one: signet rp set {:?} --send ATTRIBUTE=NAME, with the directory's name of the attribute; --send names everything that is sent.",
            named(&missing),
            party.name
        ));
    }
    notes
}

/// Names from a document that anybody may have written, as text without control characters.
fn named(asked: &[&RequestedAttribute]) -> String {
    let one = |one: &&RequestedAttribute| {
        let friendly = one.friendly_name.as_ref();
        let friendly = friendly.map(|name| format!(" ({})", name.escape_debug()));
        let required = if one.required { ", required" } else { "" };
        let name = one.name.escape_debug();
        format!("{name}{}{required}", friendly.unwrap_or_default())
    };
    let mut all: Vec<_> = asked.iter().take(NAMED).map(one).collect();
    if asked.len() > NAMED {
        all.push(format!("and {} more", asked.len() - NAMED));
    }
    all.join("; ")
}

async fn load(admin: &Admin, source: &str) -> Result<Vec<u8>, Failure> {
    if is_url(source) {
        fetch(admin, source).await
    } else {
        read_file(Path::new(source))
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    const LARGEST: usize = 10 * 1024 * 1024;
    text::octets(path, LARGEST)
}

async fn fetch(admin: &Admin, source: &str) -> Result<Vec<u8>, Failure> {
    let url = Url::parse(source).map_err(|error| Failure(format!("{source}: {error}")))?;
    let settings = &admin.config.metadata;
    let authorities = settings
        .ca
        .as_deref()
        .map(authorities)
        .transpose()?
        .unwrap_or_default();
    let fetcher = Fetcher::new(
        Arc::new(SystemLookup),
        &settings.allow_networks,
        &authorities,
    )?;
    Ok(fetcher.fetch(&url).await?.body)
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    const LARGEST: usize = 1024 * 1024;
    let fault = |error: String| Failure(format!("{}: {error}", path.display()));
    let octets = text::octets(path, LARGEST)?;
    CertificateDer::pem_slice_iter(&octets)
        .collect::<Result<_, _>>()
        .map_err(|error| fault(error.to_string()))
}

pub(super) fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let found = authorities(path)?;
    if found.is_empty() {
        return Err(Failure(format!("{}: holds no certificate", path.display())));
    }
    Ok(found
        .iter()
        .map(|certificate| certificate.to_vec())
        .collect())
}

#[cfg(test)]
mod tests {
    use signet_model::relying_party::EncryptionAlgorithm;

    use super::*;

    const POST: &str = signet_model::uris::binding::HTTP_POST;

    fn document(entity: &str, inside: &str) -> String {
        format!(
            "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{entity}\"><SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{inside}</SPSSODescriptor></EntityDescriptor>"
        )
    }

    fn consumer(index: u16, location: &str) -> String {
        format!(
            "<AssertionConsumerService index=\"{index}\" Binding=\"{POST}\" Location=\"{location}\"/>"
        )
    }

    fn import(text: &str, known: &RelyingParty) -> Result<PartnerMetadata, MetadataError> {
        let now = OffsetDateTime::UNIX_EPOCH;
        import_known(text.as_bytes(), &ImportOptions::default(), known, now)
    }

    fn wiki(inside: &str) -> RelyingParty {
        let nobody = RelyingParty::new("x", "urn:x");
        import(&document("urn:wiki", inside), &nobody)
            .unwrap()
            .relying_party
    }

    #[test]
    fn sec_cfg_04_a_new_host_waits_and_a_new_address_does_not() {
        let mut known = wiki(&consumer(0, "https://wiki.example/acs"));
        known.identifiers.push("urn:by-hand".to_owned());
        known.issuance_transform_rules = "=> issue(Type = \"a\", Value = \"b\");".to_owned();
        let both = |host: &str| {
            wiki(&format!(
                "{}{}",
                consumer(0, "https://wiki.example/acs"),
                consumer(1, &format!("https://{host}/two"))
            ))
        };
        let (party, found) = adopt(&known, &both("wiki.example"), false).unwrap();
        assert_eq!((party.assertion_consumers.len(), found.len()), (2, 1));
        let kept = RelyingParty {
            assertion_consumers: known.assertion_consumers.clone(),
            ..party
        };
        assert_eq!(kept, known, "name, rules and identifiers of an admin stay");
        let refused = adopt(&known, &both("evil.test"), false).unwrap_err();
        assert!(
            refused.contains(
                "! a new origin (scheme, host and port) would be answered: https://evil.test/two"
            ) && refused.contains("--approve"),
            "{refused}"
        );
        let (party, _) = adopt(&known, &both("evil.test"), true).unwrap();
        assert_eq!(party.assertion_consumers.len(), 2);
        for other in ["wiki.example:9999", "wiki.example:80"] {
            assert!(adopt(&known, &both(other), false).is_err(), "{other}");
        }
    }

    #[test]
    fn what_the_metadata_says_nothing_of_stays() {
        let mut known = wiki(&consumer(0, "https://wiki.example/acs"));
        known.wsfed_endpoints = vec!["https://wiki.example/wsfed".to_owned()];
        known.encryption_certificate = Some("seal".to_owned());
        known.encryption_algorithm = EncryptionAlgorithm::Aes128Cbc;
        let text = document("urn:wiki", &consumer(0, "https://wiki.example/new"));
        let mut fresh = import(&text, &known).unwrap();
        fresh.relying_party.encryption_certificate = Some("other".to_owned());
        let (party, _) = adopt(&known, &refreshed(&known, &fresh), true).unwrap();
        assert_eq!(party.wsfed_endpoints, known.wsfed_endpoints);
        assert_eq!(
            party.assertion_consumers[0].location,
            "https://wiki.example/new"
        );
        assert_eq!(party.encryption_certificate.as_deref(), Some("other"));
        assert_eq!(party.encryption_algorithm, EncryptionAlgorithm::Aes128Cbc);
        fresh.names_encryption = true;
        let (party, found) = adopt(&known, &refreshed(&known, &fresh), true).unwrap();
        assert_eq!(party.encryption_algorithm, EncryptionAlgorithm::Aes256Gcm);
        assert!(found.contains(&Change::EncryptionAlgorithmChanged));
    }

    #[test]
    fn sec_cfg_03_another_entity_is_never_taken_over() {
        let known = wiki(&consumer(0, "https://wiki.example/acs"));
        let other = RelyingParty::new("Other", "urn:other");
        let refused = adopt(&known, &other, true).unwrap_err();
        assert!(refused.contains("urn:other"), "{refused}");
        assert_eq!(adopt(&known, &known, false).unwrap(), (known, Vec::new()));
    }

    #[test]
    fn of_several_entities_the_registered_one_is_read() {
        let acs = consumer(0, "https://wiki.example/acs");
        let several = format!(
            "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}{}</EntitiesDescriptor>",
            document("urn:wiki", &acs),
            document("urn:blog", &acs)
        );
        let mut known = RelyingParty::new("Blog", "urn:by-hand");
        assert!(import(&several, &known).is_err());
        known.identifiers.push("urn:blog".to_owned());
        let read = import(&several, &known).unwrap();
        assert_eq!(read.relying_party.primary_identifier(), "urn:blog");
    }

    #[test]
    fn what_is_asked_for_and_what_is_missing_of_it_is_told() {
        let inside = format!(
            "{}<AttributeConsumingService index=\"0\"><ServiceName xml:lang=\"en\">Wiki</ServiceName><RequestedAttribute Name=\"urn:mail\" isRequired=\"true\"/><RequestedAttribute Name=\"urn:oid:2.5.4.42\" FriendlyName=\"given&#9;Name\"/></AttributeConsumingService>",
            consumer(0, "https://wiki.example/acs")
        );
        let nobody = RelyingParty::new("x", "urn:x");
        let read = import(&document("urn:wiki", &inside), &nobody).unwrap();
        let asked = asked(&read);
        let mut party = read.relying_party;
        party.issuance_transform_rules = "=> issue(Type = \"urn:mail\", Value = \"b\");".to_owned();
        let notes = note_asked(&party, &asked);
        assert_eq!(notes[0], "It asks for, and is sent: urn:mail, required.");
        assert!(
            notes[1].starts_with("It asks for, and is not sent: urn:oid:2.5.4.42 (given")
                && notes[1].contains("signet rp set \"Wiki\" --send")
                && !notes[1].contains('\t'),
            "{}",
            notes[1]
        );
        assert!(note_asked(&party, &[]).is_empty());
    }
}
