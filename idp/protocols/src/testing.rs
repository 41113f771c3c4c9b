//! What tests of both protocols share: relying parties, a clock, keys of two partners.

use std::sync::{Arc, OnceLock};

use signet_certs::SigningKey;
use signet_model::relying_party::AssertionConsumer;
use signet_model::uris::{self, binding};
use signet_model::{AvailableMethods, Evidence, Method, NetworkLocation, Performed, RelyingParty};
use signet_xml::{Algorithm, SignatureMaker, SigningFailed};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// The time of every test.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-03-04 05:06:07.089 UTC);

/// Entra, as AD FS registers it: WS-Federation with its several identifiers.
pub(crate) fn entra() -> RelyingParty {
    let mut party = RelyingParty::new("Microsoft Office 365 Identity Platform", uris::ENTRA_REALM);
    party
        .identifiers
        .push("https://login.microsoftonline.com/extSTS.srf".to_owned());
    party.wsfed_endpoints = vec![
        uris::ENTRA_REPLY.to_owned(),
        "https://ccs.login.microsoftonline.com/login.srf".to_owned(),
    ];
    party.assertion_consumers = vec![consumer(0, true, uris::ENTRA_REPLY)];
    party.allowed_authentication_classes = vec!["wiaormultiauthn".to_owned()];
    party
}

/// A SAML service provider with three consumers, one of them not for POST.
pub(crate) fn wiki() -> RelyingParty {
    let mut party = RelyingParty::new("Wiki", "https://wiki.example.com/saml");
    party.wsfed_endpoints = vec!["https://wiki.example.com/signin".to_owned()];
    party.assertion_consumers = vec![
        consumer(3, false, "https://wiki.example.com/acs/three"),
        consumer(7, true, "https://wiki.example.com/acs"),
        AssertionConsumer {
            binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact".to_owned(),
            index: 1,
            is_default: false,
            location: "https://wiki.example.com/artifact".to_owned(),
        },
    ];
    party
}

pub(crate) fn consumer(index: u16, is_default: bool, location: &str) -> AssertionConsumer {
    AssertionConsumer {
        binding: binding::HTTP_POST.to_owned(),
        index,
        is_default,
        location: location.to_owned(),
    }
}

pub(crate) fn all(parties: impl IntoIterator<Item = RelyingParty>) -> Vec<Arc<RelyingParty>> {
    parties.into_iter().map(Arc::new).collect()
}

/// An installation that knows passwords alone.
pub(crate) fn methods() -> AvailableMethods {
    AvailableMethods::new([Method::Password], [])
}

/// Password evidence of that age.
pub(crate) fn password(age: Duration) -> Evidence {
    let performed = Performed {
        method: Method::Password,
        at: NOW - age,
    };
    Evidence::begin(performed, NetworkLocation::Outside)
}

/// The key of one partner.
pub(crate) struct PartnerKey(SigningKey);

impl PartnerKey {
    fn generate(name: &str) -> Self {
        Self(SigningKey::generate(2048, name, Duration::days(30), NOW).unwrap())
    }

    /// Its certificate in base64.
    pub(crate) fn certificate(&self) -> String {
        self.0.certificate_base64().to_owned()
    }

    /// Raw signature, as a service provider makes it.
    #[expect(
        clippy::disallowed_methods,
        reason = "plays the relying party, whose keys are its own"
    )]
    pub(crate) fn sign_raw(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        match algorithm {
            Algorithm::RsaSha256 => self.0.sign_sha256(message).unwrap(),
            Algorithm::RsaSha1 => self.0.sign_sha1(message).unwrap(),
        }
    }
}

impl SignatureMaker for PartnerKey {
    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        Ok(self.sign_raw(algorithm, message))
    }

    fn certificate_base64(&self) -> &str {
        self.0.certificate_base64()
    }
}

/// The wiki's key.
pub(crate) fn wiki_key() -> &'static PartnerKey {
    static KEY: OnceLock<PartnerKey> = OnceLock::new();
    KEY.get_or_init(|| PartnerKey::generate("wiki.example.com"))
}

/// The key of another partner.
pub(crate) fn other_key() -> &'static PartnerKey {
    static KEY: OnceLock<PartnerKey> = OnceLock::new();
    KEY.get_or_init(|| PartnerKey::generate("other.example.com"))
}
