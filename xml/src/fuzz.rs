//! What the fuzz targets call: each takes any bytes, must not take long, and panics only when a promise
//! of this room is broken.

use crate::canonical::{Form, canonicalize};
use crate::canonical_xml::CanonicalXml;
use crate::document::{Document, read};
use crate::element::Element;
use crate::instant::{instant, parse_duration, parse_instant};
use crate::key::TrustedKey;
use crate::limits::Limits;
use crate::name::Name;
use crate::policy::Policy;
use crate::verify::verify_enveloped;
use crate::writer::Writer;

/// A key that nobody holds the other half of any more, so no document may ever verify.
const CERTIFICATE: &str = "MIIBdTCCARugAwIBAgIUOLOnMXWs3QzXVIm4TJoxDUwdJT8wCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwE\
    ZnV6ejAgFw0yNjExMjExMjE0MzRaGA8yMTI2MTAyODEyMTQzNFowDzENMAsGA1UEAwwEZnV6ejBZMBMG\
    ByqGSM49AgEGCCqGSM49AwEHA0IABAW/khJ0kywFVPMn5ddR5IL02amljPfR5NzUrUJuiwbjmbOnsEzK\
    hPADvObsLClypn+MwS51eu4JMIVaYkm6f2GjUzBRMB0GA1UdDgQWBBQFJ6Zakw4xukepVGxYgR9Hv5uM\
    MTAfBgNVHSMEGDAWgBQFJ6Zakw4xukepVGxYgR9Hv5uMMTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49\
    BAMCA0gAMEUCIBcSo+5WScwAZDyKo+H1Vqw8XzdglpUKTorBGM0VdmF5AiEAkWN0tOviu94g1lXNstzN\
    mN4UFKSesO3JbVEPwnzlH+o=";

/// Target `xml_read`: reads any bytes and every value of the tree.
pub fn read_document(bytes: &[u8]) {
    if let Ok(document) = read(bytes, Limits::ANONYMOUS) {
        visit(document.root());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(at) = parse_instant(text) {
            assert!(parse_instant(&instant(at)).is_ok());
        }
        let _ = parse_duration(text);
    }
}

fn visit(element: Element<'_>) {
    if let (Ok(text), Ok(trimmed)) = (element.text(), element.trimmed_text()) {
        assert!(text.contains(trimmed.as_ref()));
    }
    for attribute in element.attributes() {
        let _ = element.resolve(attribute.value);
        assert_eq!(
            element.attribute_ns(attribute.uri, attribute.local),
            Some(attribute.value)
        );
    }
    for child in element.children() {
        assert!(!child.local().is_empty() && !child.local().contains(':'));
        visit(child);
    }
}

/// Target `xml_verify`: reads any bytes and verifies them as each kind of message.
pub fn verify_document(bytes: &[u8]) {
    const KINDS: [Name; 3] = [
        Name::new(
            "samlp",
            "AuthnRequest",
            "urn:oasis:names:tc:SAML:2.0:protocol",
        ),
        Name::new("saml", "Assertion", "urn:oasis:names:tc:SAML:2.0:assertion"),
        Name::new(
            "md",
            "EntityDescriptor",
            "urn:oasis:names:tc:SAML:2.0:metadata",
        ),
    ];
    let Ok(document) = read(bytes, Limits::ANONYMOUS) else {
        return;
    };
    let Ok(key) = TrustedKey::from_certificate_base64(CERTIFICATE) else {
        unreachable!("the certificate is a constant")
    };
    let keys = [key];
    let lax = Policy {
        allow_sha1: true,
        allow_inclusive_c14n: true,
        allow_empty_uri: true,
        other_signatures: true,
    };
    for policy in [Policy::default(), lax] {
        for kind in KINDS {
            assert!(verify_enveloped(&document, kind, "ID", &keys, policy).is_err());
        }
    }
}

/// Target `xml_canonical`: the exclusive canonical form of any bytes, which must read back to itself.
///
/// Returns the form, for comparison with other implementations.
pub fn canonical_form(bytes: &[u8]) -> Option<Vec<u8>> {
    // Namespaces may be repeated on each element, so a small input can have a large form.
    const LARGEST: usize = 16 * 1024;
    if bytes.len() > LARGEST {
        return None;
    }
    let document = read(bytes, Limits::ANONYMOUS).ok()?;
    let form = form_of(&document)?;
    let again = read(&form, Limits::ANONYMOUS.with_bytes(usize::MAX));
    assert_eq!(
        again.ok().and_then(|document| form_of(&document)).as_ref(),
        Some(&form)
    );
    Some(form)
}

fn form_of(document: &Document<'_>) -> Option<Vec<u8>> {
    canonicalize(
        document.tree(),
        document.root().node(),
        None,
        Form::Exclusive,
        &[],
    )
}

/// Target `xml_write`: any bytes as values; what is written is its own canonical form and reads back.
pub fn write_values(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let written = written(&text);
    let document = read(written.as_bytes(), Limits::ANONYMOUS.with_bytes(usize::MAX));
    let Ok(document) = document else {
        unreachable!("the writer wrote what the reader refuses")
    };
    assert_eq!(form_of(&document).as_deref(), Some(written.as_bytes()));
}

fn written(text: &str) -> CanonicalXml {
    const A: Name = Name::new("a", "A", "urn:a");
    const B: Name = Name::new("b", "B", "urn:b");
    let mut out = Writer::new();
    out.start(A)
        .attribute("y", text)
        .attribute("x", text)
        .attribute_ns(B, text);
    let mut depth = 0;
    for piece in text.split('|').take(32) {
        out.start(B)
            .attribute("v", piece)
            .text(piece)
            .element(A, piece);
        depth += 1;
    }
    for _ in 0..depth {
        out.end();
    }
    out.end();
    out.finish()
}
