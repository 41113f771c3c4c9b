//! Metadata: larger, with comments and nested signatures, and trusted for long.

use signet_xml::{Algorithm, Writer, sign_element};

use super::Verdict::{Accepted, Refused};
use super::{Case, Kind, Verdict};
use crate::support::keys::{partner, stranger};
use crate::support::messages::{ENTITY_DESCRIPTOR, GOOD_ACS, GOOD_ISSUER, metadata};

const ID: &str = "_metadata";
const EVIL: &str = "https://evil.example/acs";

pub(crate) fn cases() -> Vec<Case> {
    let genuine = metadata(ID, GOOD_ISSUER, GOOD_ACS).signed();
    let unsigned = metadata(ID, GOOD_ISSUER, GOOD_ACS);
    let (head, tail) = unsigned.halves();
    let signature = genuine
        .strip_prefix(head)
        .unwrap()
        .strip_suffix(tail)
        .unwrap();
    let evil = metadata("_evil", "https://evil.example/", EVIL);
    let (evil_head, evil_tail) = evil.halves();
    let wrapped = |id_head: &str, inner: &str| {
        let tail = evil_tail.replace(
            "</md:EntityDescriptor>",
            &format!("{inner}</md:EntityDescriptor>"),
        );
        format!("{id_head}{signature}{tail}")
    };
    let extended = format!("{evil_head}<md:Extensions>{genuine}</md:Extensions>{evil_tail}");
    let same_id = evil_head.replace("_evil", ID);
    let mut other = metadata(ID, GOOD_ISSUER, GOOD_ACS);
    other.sign_by(stranger());
    let commented = genuine.replace(
        "<md:SPSSODescriptor",
        "<!-- production -->\n<md:SPSSODescriptor",
    );
    let comment = genuine.replace(
        "<md:SPSSODescriptor",
        "<!-- production --><md:SPSSODescriptor",
    );
    vec![
        case("metadata_genuine", genuine.clone(), Accepted),
        case("metadata_with_comment", comment, Accepted),
        case(
            "metadata_byte_order_mark",
            format!("\u{FEFF}{genuine}"),
            Accepted,
        ),
        case("metadata_with_nested_signature", nested(), Accepted),
        case(
            "metadata_white_space_added",
            commented,
            Refused("SIG-SIGNATURE-CHANGED"),
        ),
        case(
            "metadata_tampered_acs",
            genuine.replace(GOOD_ACS, EVIL),
            Refused("SIG-SIGNATURE-CHANGED"),
        ),
        case(
            "metadata_other_key",
            other.xml.into_string(),
            Refused("SIG-SIGNATURE-OTHER-KEY"),
        ),
        case(
            "metadata_unsigned",
            unsigned.xml.to_string(),
            Refused("SIG-SIGNATURE-MISSING"),
        ),
        case(
            "metadata_xsw1",
            wrapped(evil_head, &unsigned.xml),
            Refused("SIG-SIGNATURE-OTHER-ELEMENT"),
        ),
        case(
            "metadata_xsw5_same_id",
            wrapped(&same_id, &unsigned.xml),
            Refused("SIG-SIGNATURE-DUPLICATE-ID"),
        ),
        case(
            "metadata_xsw3_in_extensions",
            extended,
            Refused("SIG-SIGNATURE-ELSEWHERE"),
        ),
        case(
            "metadata_doctype",
            format!("<!DOCTYPE x>{genuine}"),
            Refused("SIG-XML-DOCTYPE"),
        ),
    ]
}

fn case(name: &'static str, xml: String, verdict: Verdict) -> Case {
    Case {
        name,
        kind: Kind::Metadata,
        xml,
        verdict,
    }
}

/// A descriptor that carries another signed thing in its extensions.
fn nested() -> String {
    let md = |local| signet_xml::Name::new("md", local, ENTITY_DESCRIPTOR.uri);
    let request = crate::support::messages::authn_request("_inner", GOOD_ACS);
    let mut request = request;
    request.sign_by(stranger());
    let mut out = Writer::new();
    out.start(ENTITY_DESCRIPTOR)
        .attribute("ID", ID)
        .attribute("entityID", GOOD_ISSUER);
    let insert_at = out.mark();
    out.start(md("Extensions")).splice(&request.xml).end();
    out.start(md("SPSSODescriptor"))
        .start(md("AssertionConsumerService"));
    out.attribute("Location", GOOD_ACS).end().end().end();
    let to = out.mark();
    let mut xml = out.finish();
    sign_element(
        &mut xml,
        0..to,
        insert_at,
        ID,
        &[],
        Algorithm::RsaSha256,
        partner(),
    )
    .unwrap();
    xml.into_string()
}
