//! `AuthnRequest`: the message that anybody may send.

use base64::{Engine, engine::general_purpose::STANDARD};
use signet_xml::Policy;
use signet_xml::ns::{DS, EXC_C14N};

use super::Verdict::{Accepted, Refused, Switched};
use super::{Case, Kind, Verdict};
use crate::support::keys::{partner, stranger};
use crate::support::messages::{GOOD_ACS, GOOD_ISSUER, SAMLP, authn_request};
use crate::support::template::{
    ENVELOPED, INCLUSIVE, RSA_SHA1, Reference, SHA1, Template, transforms,
};

const ID: &str = "_genuine";
const EVIL: &str = "https://evil.example/acs";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = plain();
    cases.extend(wrapped());
    cases.extend(shapes());
    cases.extend(algorithms());
    cases.extend(comments());
    cases.extend(declarations());
    cases.push(case(
        "authn_nested_100000",
        nested(100_000),
        Refused("SIG-XML-TOO-LARGE"),
    ));
    cases.push(case(
        "authn_nested_65",
        nested(65),
        Refused("SIG-XML-TOO-DEEP"),
    ));
    cases
}

fn case(name: &'static str, xml: String, verdict: Verdict) -> Case {
    Case {
        name,
        kind: Kind::AuthnRequest,
        xml,
        verdict,
    }
}

fn genuine() -> String {
    authn_request(ID, GOOD_ACS).signed()
}

/// The genuine request with its issuer written otherwise.
fn with_issuer(text: &str) -> String {
    genuine().replace(&format!(">{GOOD_ISSUER}<"), &format!(">{text}<"))
}

/// The genuine request with a signature of any shape.
fn with(signature: &str) -> String {
    let request = authn_request(ID, GOOD_ACS);
    let (head, tail) = request.halves();
    format!("{head}{signature}{tail}")
}

/// A template over the genuine request.
fn template() -> Template {
    Template::good(ID, &authn_request(ID, GOOD_ACS).xml)
}

fn plain() -> Vec<Case> {
    let unsigned = authn_request(ID, GOOD_ACS).xml.into_string();
    let cdata = with_issuer(&format!("<![CDATA[{GOOD_ISSUER}]]>"));
    let references = with_issuer("&#104;ttps://sp.ex&#x61;mple/");
    let pretty = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- hello -->\n{}\n",
        genuine()
    );
    let mut other = authn_request(ID, GOOD_ACS);
    other.sign_by(stranger());
    let certificate = signet_xml::SignatureMaker::certificate_base64(partner());
    let mut borrowed = authn_request(ID, EVIL);
    borrowed.sign_by(stranger());
    let borrowed = borrowed.xml.replace(
        signet_xml::SignatureMaker::certificate_base64(stranger()),
        certificate,
    );
    vec![
        case("authn_genuine", genuine(), Accepted),
        case(
            "authn_template_agrees_with_writer",
            with(&template().signature()),
            Accepted,
        ),
        case("authn_cdata_issuer", cdata, Accepted),
        case("authn_character_references", references, Accepted),
        case("authn_declaration_and_comment_outside", pretty, Accepted),
        case("authn_prefix_list", prefix_list("samlp saml"), Accepted),
        case(
            "authn_tampered_acs",
            genuine().replace(GOOD_ACS, EVIL),
            Refused("SIG-SIGNATURE-CHANGED"),
        ),
        case(
            "authn_other_key",
            other.xml.into_string(),
            Refused("SIG-SIGNATURE-OTHER-KEY"),
        ),
        case(
            "authn_other_key_partners_certificate",
            borrowed,
            Refused("SIG-SIGNATURE-OTHER-KEY"),
        ),
        case("authn_unsigned", unsigned, Refused("SIG-SIGNATURE-MISSING")),
    ]
}

/// The request has no namespace but its visible ones in scope, so the list changes nothing but where
/// declarations stand: both prefixes are declared where they are used.
fn prefix_list(prefixes: &str) -> String {
    let mut template = template();
    template.references[0].transforms = format!(
        "<ds:Transforms><ds:Transform Algorithm=\"{ENVELOPED}\"></ds:Transform>\
         <ds:Transform Algorithm=\"{EXC_C14N}\"><ec:InclusiveNamespaces xmlns:ec=\"{EXC_C14N}\" \
         PrefixList=\"{prefixes}\"></ec:InclusiveNamespaces></ds:Transform></ds:Transforms>"
    );
    with(&template.signature())
}

/// Signature wrapping: the signed original is kept somewhere, another request stands at the top.
fn wrapped() -> Vec<Case> {
    let original = authn_request(ID, GOOD_ACS);
    let signed = authn_request(ID, GOOD_ACS).signed();
    let (head, tail) = original.halves();
    let signature = signed
        .strip_prefix(head)
        .unwrap()
        .strip_suffix(tail)
        .unwrap();
    let original = original.xml.as_str();
    let evil = |id: &str, inner: &str, last: &str| {
        let evil = authn_request(id, EVIL);
        let (head, tail) = evil.halves();
        let tail = tail.replace(
            "</samlp:AuthnRequest>",
            &format!("{last}</samlp:AuthnRequest>"),
        );
        format!("{head}{inner}{tail}")
    };
    let inside = |end: &str, element: &str| {
        signature.replace(
            end,
            &format!("<ds:{element}>{original}</ds:{element}>{end}"),
        )
    };
    let extensions = |inner: &str| format!("<samlp:Extensions>{inner}</samlp:Extensions>");
    let other = Refused("SIG-SIGNATURE-OTHER-ELEMENT");
    vec![
        case(
            "authn_xsw1_original_after_signature",
            evil("_evil", signature, original),
            other,
        ),
        case(
            "authn_xsw2_original_before_signature",
            evil("_evil", &format!("{original}{signature}"), ""),
            other,
        ),
        case(
            "authn_xsw3_signed_original_in_extensions",
            evil("_evil", &extensions(&signed), ""),
            Refused("SIG-SIGNATURE-ELSEWHERE"),
        ),
        case(
            "authn_xsw4_original_in_object",
            evil("_evil", &inside("</ds:Signature>", "Object"), ""),
            Refused("SIG-SIGNATURE-SHAPE"),
        ),
        case(
            "authn_xsw5_same_id",
            evil(ID, signature, original),
            Refused("SIG-SIGNATURE-DUPLICATE-ID"),
        ),
        case(
            "authn_xsw6_original_in_key_info",
            evil("_evil", &inside("</ds:X509Data>", "X509Data"), ""),
            other,
        ),
        case(
            "authn_xsw6_same_id_in_key_info",
            evil(ID, &inside("</ds:KeyInfo>", "KeyValue"), ""),
            Refused("SIG-SIGNATURE-DUPLICATE-ID"),
        ),
        case(
            "authn_xsw7_signed_original_last",
            evil("_evil", "", &signed),
            Refused("SIG-SIGNATURE-ELSEWHERE"),
        ),
        case(
            "authn_xsw8_two_copies",
            evil("_evil", &format!("{}{signature}", extensions(&signed)), ""),
            Refused("SIG-SIGNATURE-SECOND"),
        ),
        case(
            "authn_signature_around_the_message",
            format!("<ds:Signature xmlns:ds=\"{DS}\">{signed}</ds:Signature>"),
            Refused("SIG-XML-UNEXPECTED-ELEMENT"),
        ),
        case(
            "authn_message_in_another_namespace",
            signed.replace(SAMLP, "urn:evil"),
            Refused("SIG-XML-UNEXPECTED-ELEMENT"),
        ),
    ]
}

fn shapes() -> Vec<Case> {
    let shape = Refused("SIG-SIGNATURE-SHAPE");
    let other = Refused("SIG-SIGNATURE-OTHER-ELEMENT");
    let named = |uri: Option<&str>| {
        let mut template = template();
        template.references[0].uri = uri.map(str::to_owned);
        with(&template.signature())
    };
    let transformed = |inner: &str| {
        let mut template = template();
        template.references[0].transforms = format!("<ds:Transforms>{inner}</ds:Transforms>");
        with(&template.signature())
    };
    let listed = |algorithms: &[&str]| {
        let mut template = template();
        template.references[0].transforms = transforms(algorithms);
        with(&template.signature())
    };
    let mut none = template();
    none.references.clear();
    let mut two = template();
    two.references
        .push(Reference::good(ID, &authn_request(ID, GOOD_ACS).xml));
    let good = template().signature();
    let signed_info =
        &good[good.find("<ds:SignedInfo>").unwrap()..good.find("<ds:SignatureValue>").unwrap()];
    let twice = good.replace(signed_info, &signed_info.repeat(2));
    let empty = format!("<ds:Signature xmlns:ds=\"{DS}\"></ds:Signature>");
    let xpath = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>ancestor-or-self::saml:Issuer</ds:XPath></ds:Transform>";
    let xslt = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"><xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\"></xsl:stylesheet></ds:Transform>";
    let transforms = Refused("SIG-SIGNATURE-TRANSFORMS");
    vec![
        case("authn_empty_signature", with(&empty), shape),
        case("authn_no_reference", with(&none.signature()), shape),
        case("authn_two_references", with(&two.signature()), shape),
        case("authn_two_signed_info", with(&twice), shape),
        case(
            "authn_two_signatures",
            with(&good.repeat(2)),
            Refused("SIG-SIGNATURE-SECOND"),
        ),
        case("authn_reference_to_other_id", named(Some("#_other")), other),
        case("authn_reference_without_uri", named(None), other),
        case("authn_reference_cid", named(Some("cid:part1")), other),
        case(
            "authn_reference_file",
            named(Some("file:///etc/passwd")),
            other,
        ),
        case(
            "authn_reference_xpointer_id",
            named(Some("#xpointer(id('_genuine'))")),
            other,
        ),
        case(
            "authn_xpath_filter",
            transformed(&format!(
                "{xpath}<ds:Transform Algorithm=\"{EXC_C14N}\"></ds:Transform>"
            )),
            transforms,
        ),
        case(
            "authn_xslt",
            transformed(&format!(
                "{xslt}<ds:Transform Algorithm=\"{EXC_C14N}\"></ds:Transform>"
            )),
            transforms,
        ),
        case("authn_only_enveloped", listed(&[ENVELOPED]), transforms),
        case(
            "authn_base64_transform",
            listed(&[ENVELOPED, "http://www.w3.org/2000/09/xmldsig#base64"]),
            transforms,
        ),
        case(
            "authn_canonicalization_with_comments",
            listed(&[
                ENVELOPED,
                "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
            ]),
            transforms,
        ),
        case(
            "authn_hundred_transforms",
            listed(&[EXC_C14N; 100]),
            transforms,
        ),
    ]
}

fn algorithms() -> Vec<Case> {
    let algorithm = "SIG-SIGNATURE-ALGORITHM";
    let hmac = |secret: &[u8], name: &'static str, content: &str| {
        use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, Key, sign};
        let mut template = template();
        template.method = name;
        template.method_content = content.to_owned();
        let algorithm = if name.ends_with("sha1") {
            HMAC_SHA1_FOR_LEGACY_USE_ONLY
        } else {
            HMAC_SHA256
        };
        let tag = sign(&Key::new(algorithm, secret), &template.signed_octets());
        with(&template.signature_with(tag.as_ref()))
    };
    let der = &partner().certificate_der;
    let pem = STANDARD.encode(der);
    let mut sha1 = template();
    (sha1.method, sha1.references[0].digest) = (RSA_SHA1, SHA1);
    let mut digest = template();
    digest.references[0].digest = SHA1;
    let mut inclusive = template();
    inclusive.canonicalization = (INCLUSIVE, String::new());
    inclusive.in_scope = format!(" xmlns:samlp=\"{SAMLP}\"");
    let mut whole = template();
    whole.references[0].uri = Some(String::new());
    let mut commented = template();
    commented.canonicalization = (
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        String::new(),
    );
    let strict = Policy::default();
    vec![
        case(
            "authn_hmac_with_the_public_key",
            hmac(
                der,
                "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
                "",
            ),
            Refused(algorithm),
        ),
        case(
            "authn_hmac_with_the_certificate_text",
            hmac(
                pem.as_bytes(),
                "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
                "",
            ),
            Refused(algorithm),
        ),
        case(
            "authn_hmac_of_one_bit",
            hmac(
                der,
                "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
                "<ds:HMACOutputLength>1</ds:HMACOutputLength>",
            ),
            Refused(algorithm),
        ),
        case(
            "authn_signed_info_with_comments",
            with(&commented.signature()),
            Refused(algorithm),
        ),
        case(
            "authn_sha1",
            with(&sha1.signature()),
            Switched(
                algorithm,
                Policy {
                    allow_sha1: true,
                    ..strict
                },
            ),
        ),
        case(
            "authn_sha1_digest",
            with(&digest.signature()),
            Switched(
                algorithm,
                Policy {
                    allow_sha1: true,
                    ..strict
                },
            ),
        ),
        case(
            "authn_inclusive_c14n",
            with(&inclusive.signature()),
            Switched(
                algorithm,
                Policy {
                    allow_inclusive_c14n: true,
                    ..strict
                },
            ),
        ),
        case(
            "authn_empty_uri",
            with(&whole.signature()),
            Switched(
                "SIG-SIGNATURE-OTHER-ELEMENT",
                Policy {
                    allow_empty_uri: true,
                    ..strict
                },
            ),
        ),
    ]
}

/// Comments do not change what was signed, so the readers of values must refuse them.
fn comments() -> Vec<Case> {
    let issuer = with_issuer("https://sp.example/<!-- -->.evil.example");
    let cut = with_issuer("https://sp.example<!-- -->/");
    let instruction = with_issuer("https://sp.example/<?evil?>");
    let digest = genuine().replace("<ds:DigestValue>", "<ds:DigestValue><!-- -->");
    let info = genuine().replace("<ds:SignedInfo>", "<ds:SignedInfo><!-- -->");
    vec![
        case(
            "authn_comment_added_to_issuer",
            issuer,
            Refused("SIG-SIGNATURE-CHANGED"),
        ),
        case(
            "authn_comment_splits_issuer",
            cut,
            Refused("SIG-XML-MARKUP-IN-TEXT"),
        ),
        case(
            "authn_instruction_in_issuer",
            instruction,
            Refused("SIG-SIGNATURE-CHANGED"),
        ),
        case(
            "authn_comment_in_digest_value",
            digest,
            Refused("SIG-SIGNATURE-SHAPE"),
        ),
        case(
            "authn_comment_in_signed_info",
            info,
            Refused("SIG-SIGNATURE-SHAPE"),
        ),
    ]
}

fn declarations() -> Vec<Case> {
    let doctype = Refused("SIG-XML-DOCTYPE");
    let with = |subset: &str| format!("<!DOCTYPE samlp:AuthnRequest {subset}>{}", genuine());
    let mut laughs = String::from("<!ENTITY a0 \"ha\">");
    for level in 1..20 {
        laughs.push_str(&format!(
            "<!ENTITY a{level} \"{}\">",
            format!("&a{};", level - 1).repeat(10)
        ));
    }
    let quadratic = format!("[<!ENTITY a \"{}\">]", "a".repeat(5_000));
    vec![
        case("authn_bare_doctype", with(""), doctype),
        case(
            "authn_external_entity",
            with("[<!ENTITY x SYSTEM \"file:///etc/passwd\">]"),
            doctype,
        ),
        case(
            "authn_external_subset",
            with("SYSTEM \"http://127.0.0.1:1/evil.dtd\""),
            doctype,
        ),
        case(
            "authn_parameter_entity",
            with("[<!ENTITY % x SYSTEM \"http://127.0.0.1:1/x\"> %x;]"),
            doctype,
        ),
        case(
            "authn_billion_laughs",
            with(&format!("[{laughs}]")).replace(GOOD_ISSUER, "&a19;"),
            doctype,
        ),
        case(
            "authn_quadratic_entities",
            with(&quadratic).replace(GOOD_ISSUER, &"&a;".repeat(9_000)),
            doctype,
        ),
        case(
            "authn_default_attributes",
            with("[<!ATTLIST samlp:AuthnRequest ForceAuthn CDATA \"false\">]"),
            doctype,
        ),
    ]
}

fn nested(depth: usize) -> String {
    format!(
        "<a xmlns=\"urn:a\">{}{}</a>",
        "<a>".repeat(depth),
        "</a>".repeat(depth)
    )
}
