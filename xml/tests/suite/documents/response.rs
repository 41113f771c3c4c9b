//! `Response`: the assertion inside is what is verified and read.

use signet_xml::{CanonicalXml, Writer};

use super::Verdict::{Accepted, Refused};
use super::{Case, Kind, Verdict};
use crate::support::keys::{partner, stranger};
use crate::support::messages::{GOOD_SUBJECT, ISSUER, Unsigned, assertion, response};

const ID: &str = "_signed";
const EVIL: &str = "admin@contoso.example";
const SECOND: Verdict = Refused("SIG-SIGNATURE-SECOND-ELEMENT");
/// Two assertions beside each other are refused before any signature is looked at.
const TWICE: Verdict = Refused("SIG-XML-REPEATED-CHILD");

pub(crate) fn cases() -> Vec<Case> {
    let signed = signed();
    let text = signed.as_str();
    let one = response("_r", None, &[&signed]);
    let mut both = response("_r", None, &[&signed]);
    both.sign_by(partner());
    let extra = harmless();
    let extended = response("_r", Some(&extra), &[&signed]);
    let mut other = assertion(ID, GOOD_SUBJECT, &["user"]);
    other.sign_by(stranger());
    let bare = assertion(ID, GOOD_SUBJECT, &["user"]).xml;
    let mut outside = response("_r", None, &[&bare]);
    outside.sign_by(partner());
    let mut cases = vec![
        case("response_assertion_signed", one.xml.to_string(), Accepted),
        case("response_both_signed", both.xml.to_string(), Accepted),
        case(
            "response_unsigned_extensions",
            extended.xml.to_string(),
            Accepted,
        ),
        case(
            "response_tampered_role",
            one.xml.replace(">user<", ">root<"),
            Refused("SIG-SIGNATURE-CHANGED"),
        ),
        case(
            "response_other_key",
            response("_r", None, &[&other.xml]).xml.to_string(),
            Refused("SIG-SIGNATURE-OTHER-KEY"),
        ),
        case(
            "response_only_response_signed",
            outside.xml.to_string(),
            Refused("SIG-SIGNATURE-ELSEWHERE"),
        ),
        case(
            "response_comment_in_name_id",
            one.xml
                .replace(GOOD_SUBJECT, "alice@<!-- -->contoso.example"),
            Refused("SIG-XML-MARKUP-IN-TEXT"),
        ),
        case(
            "response_same_id_as_assertion",
            response(ID, None, &[&signed]).xml.to_string(),
            Refused("SIG-SIGNATURE-DUPLICATE-ID"),
        ),
    ];
    cases.extend(wrapped(text));
    cases
}

fn case(name: &'static str, xml: String, verdict: Verdict) -> Case {
    Case {
        name,
        kind: Kind::Response,
        xml,
        verdict,
    }
}

fn signed() -> CanonicalXml {
    let mut signed = assertion(ID, GOOD_SUBJECT, &["user"]);
    signed.sign_by(partner());
    signed.xml
}

fn harmless() -> CanonicalXml {
    let mut out = Writer::new();
    out.element(ISSUER, "https://evil.example/");
    out.finish()
}

/// Wrapping in the eight classic ways; `text` is the signed assertion.
fn wrapped(text: &str) -> Vec<Case> {
    let original = assertion(ID, GOOD_SUBJECT, &["user"]);
    let bare = original.xml.as_str();
    let signature = signature_of(text, &original);
    let evil = |id: &str, inner: &str, last: &str| {
        let evil = assertion(id, EVIL, &["root"]);
        let (head, tail) = evil.halves();
        let tail = tail.replace("</saml:Assertion>", &format!("{last}</saml:Assertion>"));
        format!("{head}{inner}{tail}")
    };
    let around = |inner: &str| {
        let empty = response("_r", None, &[]).xml.into_string();
        empty.replace("</samlp:Response>", &format!("{inner}</samlp:Response>"))
    };
    let extensions = |inner: &str| format!("<samlp:Extensions>{inner}</samlp:Extensions>");
    let object = |inner: &str| {
        signature.replace(
            "</ds:Signature>",
            &format!("<ds:Object>{inner}</ds:Object></ds:Signature>"),
        )
    };
    let whole = around(text);
    let response_in_signature = text.replace(
        "</ds:Signature>",
        &format!("<ds:Object>{whole}</ds:Object></ds:Signature>"),
    );
    vec![
        case(
            "response_xsw1_copy_in_the_signature",
            around(&response_in_signature),
            SECOND,
        ),
        case(
            "response_xsw2_response_in_extensions",
            around(&format!("{}{}", extensions(&whole), evil("_evil", "", ""))),
            SECOND,
        ),
        case(
            "response_xsw3_evil_sibling_first",
            around(&format!("{}{text}", evil("_evil", "", ""))),
            TWICE,
        ),
        case(
            "response_xsw4_evil_parent",
            around(&evil("_evil", "", text)),
            SECOND,
        ),
        case(
            "response_xsw5_signature_moved_original_after",
            around(&format!("{}{bare}", evil("_evil", signature, ""))),
            TWICE,
        ),
        case(
            "response_xsw6_original_in_moved_signature",
            around(&evil("_evil", &object(bare), "")),
            SECOND,
        ),
        case(
            "response_xsw7_evil_in_extensions",
            around(&format!("{}{text}", extensions(&evil("_evil", "", "")))),
            SECOND,
        ),
        case(
            "response_xsw7b_original_in_extensions",
            around(&format!("{}{}", extensions(text), evil("_evil", "", ""))),
            SECOND,
        ),
        case(
            "response_xsw8_original_in_object_same_id",
            around(&evil(ID, &object(bare), "")),
            SECOND,
        ),
        case(
            "response_no_assertion",
            around(""),
            Refused("SIG-XML-MISSING-CHILD"),
        ),
    ]
}

fn signature_of<'t>(signed: &'t str, unsigned: &Unsigned) -> &'t str {
    let (head, tail) = unsigned.halves();
    signed
        .strip_prefix(head)
        .unwrap()
        .strip_suffix(tail)
        .unwrap()
}
