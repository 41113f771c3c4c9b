//! Attack cases on the reader, by their id.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use signet_xml::{Limits, XmlError, instant, parse_duration, parse_instant, read};
use time::OffsetDateTime;

use crate::support::keys::partner;
use crate::support::messages::{AUTHN_REQUEST, GOOD_ACS, SAML, authn_request};

fn code(xml: &[u8]) -> &'static str {
    read(xml, Limits::ANONYMOUS).map_or_else(|error| error.code(), |_| "accepted")
}

/// Every spelling of a document type declaration, and what looks like one.
#[test]
fn sec_xml_01_doctype_refused() {
    for xml in [
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a []><a/>",
        "<!DOCTYPE a SYSTEM \"x\"><a/>",
        "<!DOCTYPE a PUBLIC \"x\" \"y\"><a/>",
        "<!DOCTYPE\ta><a/>",
        "<!DOCTYPE\n\na><a/>",
        "<?xml version=\"1.0\"?><!DOCTYPE a><a/>",
        "<?xml version=\"1.0\"?>\n<!-- c --><!DOCTYPE a><a/>",
        "<?pi?><!DOCTYPE a [<!ELEMENT a ANY>]><a/>",
        "  <!DOCTYPE a><a/>",
        "<!doctype a><a/>",
        "<!DOCTYPE><a/>",
        "<a/><!DOCTYPE a>",
        "<a><!DOCTYPE a></a>",
        "<!ENTITY x \"y\"><a/>",
        "<a><!ENTITY x \"y\"></a>",
        "<a><![INCLUDE[x]]></a>",
    ] {
        assert_eq!(code(xml.as_bytes()), "SIG-XML-DOCTYPE", "{xml}");
    }
    assert_eq!(
        code("\u{FEFF}<!DOCTYPE a><a/>".as_bytes()),
        "SIG-XML-BYTE-ORDER-MARK"
    );
    let with_mark = read("\u{FEFF}<!DOCTYPE a><a/>".as_bytes(), Limits::METADATA);
    assert_eq!(with_mark.unwrap_err(), XmlError::Doctype);
    // What only quotes one is no declaration.
    for xml in [
        "<a><![CDATA[<!DOCTYPE a>]]></a>",
        "<!-- <!DOCTYPE a> --><a/>",
        "<a b='<!DOCTYPE'/>",
    ] {
        let expected = if xml.contains("='") {
            "SIG-XML-MALFORMED"
        } else {
            "accepted"
        };
        assert_eq!(code(xml.as_bytes()), expected, "{xml}");
    }
}

#[test]
fn sec_xml_02_nothing_is_fetched() {
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let place = format!("http://{}/canary", canary.local_addr().unwrap());
    for xml in [
        format!("<!DOCTYPE a SYSTEM \"{place}\"><a/>"),
        format!("<!DOCTYPE a [<!ENTITY % p SYSTEM \"{place}\">%p;]><a/>"),
        format!("<!DOCTYPE a [<!ENTITY e SYSTEM \"{place}\">]><a>&e;</a>"),
        format!("<a xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include href=\"{place}\" parse=\"text\"/></a>"),
        format!("<a xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"urn:a {place}\" xsi:noNamespaceSchemaLocation=\"{place}\"/>"),
        format!("<?xml-stylesheet href=\"{place}\"?><a/>"),
        "<a xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include href=\"file:///etc/passwd\" parse=\"text\"/></a>".to_owned(),
    ] {
        if let Ok(document) = read(xml.as_bytes(), Limits::METADATA) {
            for child in document.root().children() {
                assert_eq!(child.text().unwrap(), "", "nothing was included");
            }
        }
    }
    assert_eq!(canary.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn sec_xml_03_entity_bombs_are_refused_at_once() {
    let mut laughs = String::from("<!DOCTYPE a [<!ENTITY a0 \"ha\">");
    for level in 1..30 {
        laughs.push_str(&format!(
            "<!ENTITY a{level} \"{}\">",
            format!("&a{};", level - 1).repeat(10)
        ));
    }
    laughs.push_str("]><a>&a29;</a>");
    let quadratic = format!(
        "<!DOCTYPE a [<!ENTITY a \"{}\">]><a>{}</a>",
        "x".repeat(30_000),
        "&a;".repeat(10_000)
    );
    for bomb in [laughs, quadratic] {
        let taken = crate::speed::best(|| assert_eq!(code(bomb.as_bytes()), "SIG-XML-DOCTYPE"));
        assert!(taken < Duration::from_millis(5), "{taken:?}");
    }
    for reference in [
        "<a>&unknown;</a>",
        "<a b=\"&unknown;\"/>",
        "<a>&#0;</a>",
        "<a>&#x110000;</a>",
        "<a>&#xD800;</a>",
    ] {
        assert_eq!(
            code(reference.as_bytes()),
            "SIG-XML-MALFORMED",
            "{reference}"
        );
    }
}

#[test]
fn sec_xml_04_attributes_and_declarations_are_capped_before_the_parser() {
    let element = |count: usize, name: &str, value: &str| {
        let all: String = (0..count)
            .map(|n| format!(" {name}{n}=\"{value}\""))
            .collect();
        format!("<a{all}/>")
    };
    assert_eq!(code(element(64, "b", "").as_bytes()), "accepted");
    assert_eq!(
        code(element(65, "b", "").as_bytes()),
        "SIG-XML-TOO-MANY-ATTRIBUTES"
    );
    assert_eq!(code(element(32, "xmlns:b", "u:").as_bytes()), "accepted");
    assert_eq!(
        code(element(33, "xmlns:b", "u:").as_bytes()),
        "SIG-XML-TOO-MANY-DECLARATIONS"
    );
    // Spread over ancestors they would cost as much.
    let spread = format!(
        "{}{}{}{}",
        element(30, "xmlns:b", "u:").replace("/>", ">"),
        element(30, "xmlns:c", "u:").replace("/>", ">"),
        element(5, "xmlns:d", "u:"),
        "</a></a>"
    );
    assert_eq!(code(spread.as_bytes()), "SIG-XML-TOO-MANY-DECLARATIONS");
    for huge in [
        element(40_000, "b", ""),
        element(40_000, "xmlns:b", "urn:b"),
    ] {
        let taken = crate::speed::best(|| {
            let error = read(huge.as_bytes(), Limits::METADATA).unwrap_err();
            assert!(matches!(
                error,
                XmlError::TooManyAttributes(64) | XmlError::TooManyDeclarations(64)
            ));
        });
        assert!(taken < Duration::from_millis(10), "{taken:?}");
    }
    // Quotes and angle brackets in values do not mislead the count.
    let misleading = format!("<a {} c='=\"<'/>", "b='x=\">\" y=\"'".replace('<', ""));
    assert_eq!(code(misleading.as_bytes()), "SIG-XML-MALFORMED");
}

/// The worst that 64 KiB can do.
#[test]
fn sec_xml_04_the_costliest_small_documents_take_milliseconds() {
    let limit = 64 * 1024;
    let fill = |head: &str, piece: &str, tail: &str| {
        format!(
            "{head}{}{tail}",
            piece.repeat((limit - head.len() - tail.len()) / piece.len())
        )
    };
    let prefixes: String = (0..32).map(|n| format!(" xmlns:p{n}=\"u:{n}\"")).collect();
    let attributes: String = (0..64).map(|n| format!(" a{n}=\"\"")).collect();
    let deep = format!("<a{prefixes}>{}", "<b>".repeat(60));
    let worst = [
        fill("<a>", "<b/>", "</a>"),
        fill("<a>", &format!("<b{attributes}/>"), "</a>"),
        fill(&deep, "<p0:b/>", &format!("{}</a>", "</b>".repeat(60))),
        fill(
            &deep,
            "<b p0:a=\"\" p1:a=\"\"/>",
            &format!("{}</a>", "</b>".repeat(60)),
        ),
        fill("<a>", "&#97;", "</a>"),
        fill("<a b=\"", "&#97;", "\"/>"),
        fill("<a>", "]", "</a>"),
        fill("<a>", "\r", "</a>"),
        fill("<a>", "<!---->", "</a>"),
        fill("<a>", "<![CDATA[]]>", "</a>"),
        fill("<a ", " ", "/>"),
        fill("", "<", ""),
        fill("<a b=", "\"", "/>"),
        fill("<a>", "<?b?>", "</a>"),
    ];
    for xml in worst {
        let taken = crate::speed::best(|| {
            let _ = read(xml.as_bytes(), Limits::ANONYMOUS)
                .map(|document| document.root().local().len());
        });
        assert!(
            taken < Duration::from_millis(10),
            "{taken:?}: {}",
            &xml[..80]
        );
    }
}

#[test]
fn sec_xml_05_deep_nesting_needs_no_stack() {
    let work = || {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert_eq!(
            read(nested(100_000).as_bytes(), Limits::METADATA).unwrap_err(),
            XmlError::TooDeep(64)
        );
        assert_eq!(code(nested(65).as_bytes()), "SIG-XML-TOO-DEEP");
        let deepest = nested(64);
        let document = read(deepest.as_bytes(), Limits::ANONYMOUS).unwrap();
        let mut element = document.root();
        let mut depth = 1;
        while let Some(child) = element.children().next() {
            (element, depth) = (child, depth + 1);
        }
        assert_eq!(depth, 64);
        signet_xml::fuzz::canonical_form(deepest.as_bytes());
    };
    thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn sec_xml_06_size_and_items_are_capped() {
    let padded = |bytes: usize| format!("<a>{}</a>", " ".repeat(bytes - 7));
    assert_eq!(code(padded(64 * 1024).as_bytes()), "accepted");
    assert_eq!(code(padded(64 * 1024 + 1).as_bytes()), "SIG-XML-TOO-LARGE");
    let many = format!("<a>{}</a>", "<b/>".repeat(10_000));
    assert_eq!(code(many.as_bytes()), "SIG-XML-TOO-MANY-ITEMS");
    let comments = format!("<a>{}</a>", "<!---->".repeat(9_000));
    assert_eq!(code(comments.as_bytes()), "accepted");
    let narrower = Limits::ANONYMOUS.with_bytes(10);
    assert!(matches!(
        read(b"<a>1234567</a>", narrower),
        Err(XmlError::TooLarge {
            bytes: 14,
            limit: 10
        })
    ));
}

/// A value with a comment, an instruction or an element inside is refused where it is read.
#[test]
fn sec_xml_07_markup_inside_values_is_refused() {
    for inside in ["a<!---->b", "a<?pi?>b", "a<b/>b", "<!-- -->", "<b/>"] {
        let xml = format!("<a>{inside}</a>");
        let document = read(xml.as_bytes(), Limits::ANONYMOUS).unwrap();
        let error = document.root().text().unwrap_err();
        assert_eq!(error.code(), "SIG-XML-MARKUP-IN-TEXT", "{inside}");
        assert!(document.root().trimmed_text().is_err());
    }
}

#[test]
fn sec_xml_08_the_value_is_the_whole_text() {
    for (xml, expected) in [
        ("<a>b<![CDATA[c<d&]]>e</a>", "bc<d&e"),
        ("<a>&#97;&#x62;&amp;&lt;&gt;&quot;&apos;</a>", "ab&<>\"'"),
        ("<a><![CDATA[]]></a>", ""),
        ("<a/>", ""),
        ("<a>b\r\nc\rd&#13;e</a>", "b\nc\nd\re"),
        ("<a>]]&gt;</a>", "]]>"),
        ("<a><![CDATA[a]]]]><![CDATA[>b]]></a>", "a]]>b"),
    ] {
        let document = read(xml.as_bytes(), Limits::ANONYMOUS).unwrap();
        assert_eq!(document.root().text().unwrap(), expected, "{xml}");
    }
    let document = read(b"<a b='x\ty\r\nz&#9;&#10;w'/>", Limits::ANONYMOUS).unwrap();
    assert_eq!(document.root().attribute("b"), Some("x y z\t\nw"));
}

#[test]
fn sec_xml_09_doubled_attributes_are_refused() {
    for xml in [
        "<a ID='1' ID='2'/>",
        "<a xmlns:x='u:' xmlns:y='u:' x:ID='1' y:ID='2'/>",
        "<a xmlns:x='u:' xmlns:x='v:'/>",
        "<a xmlns='u:' xmlns='v:'/>",
    ] {
        assert_eq!(code(xml.as_bytes()), "SIG-XML-MALFORMED", "{xml}");
    }
    let document = read(
        b"<a xmlns:x='u:' ID='1' x:ID='2' Id='3' xml:id='4'/>",
        Limits::ANONYMOUS,
    );
    let document = document.unwrap();
    assert_eq!(document.root().attribute("ID"), Some("1"));
    assert_eq!(document.root().attribute_ns("u:", "ID"), Some("2"));
    assert_eq!(document.root().attribute("id"), None);
}

#[test]
fn sec_xml_10_names_match_by_namespace_only() {
    for xml in [
        "<a:b/>",
        "<a x:b='1'/>",
        "<:a/>",
        "<a:/>",
        "<a:b:c xmlns:a='u:'/>",
        "<a b:c:d='1' xmlns:b='u:'/>",
        "<a xmlns:b=''/>",
        "<a xmlns:xmlns='u:'/>",
        "<a xmlns:xml='u:'/>",
        "<a xmlns:='u:'/>",
        "<a xmlns:b='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:b='http://www.w3.org/XML/1998/namespace'/>",
        "<xmlns:a/>",
        "<a xmlns:b:c='u:'/>",
        "<a :b='1'/>",
    ] {
        let refused = code(xml.as_bytes());
        assert!(
            matches!(refused, "SIG-XML-MALFORMED" | "SIG-XML-NAMES"),
            "{xml}: {refused}"
        );
    }
    let xml = format!(
        "<x:AuthnRequest xmlns:x='{}'><Issuer xmlns='{SAML}'/><Issuer/><x:Issuer/></x:AuthnRequest>",
        AUTHN_REQUEST.uri
    );
    let document = read(xml.as_bytes(), Limits::ANONYMOUS).unwrap();
    let root = document
        .root()
        .expect(AUTHN_REQUEST.uri, "AuthnRequest")
        .unwrap();
    assert!(root.expect(SAML, "AuthnRequest").is_err());
    assert_eq!(root.only_child(SAML, "Issuer").unwrap().uri(), SAML);
    assert_eq!(root.only_child("", "Issuer").unwrap().uri(), "");
    assert!(root.only_child("urn:none", "Issuer").is_err());
}

#[test]
fn sec_xml_10_qualified_names_in_values_resolve_where_they_stand() {
    let xml = b"<a xmlns='u:d' xmlns:p='u:p'><b xmlns:p='u:q' xmlns=''/></a>";
    let document = read(xml, Limits::ANONYMOUS).unwrap();
    let root = document.root();
    let inner = root.children().next().unwrap();
    assert_eq!(root.resolve("p:x").unwrap(), ("u:p", "x"));
    assert_eq!(inner.resolve(" p:x\n").unwrap(), ("u:q", "x"));
    assert_eq!(root.resolve("x").unwrap(), ("u:d", "x"));
    assert_eq!(inner.resolve("x").unwrap(), ("", "x"));
    for value in ["q:x", "p:", ":x", "p:x:y", "", ":"] {
        assert!(root.resolve(value).is_err(), "{value}");
    }
}

#[test]
fn sec_xml_14_only_clean_utf8_with_one_root() {
    let utf16 = |text: &str, mark: &[u8], big: bool| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(|u| {
            if big {
                u.to_be_bytes()
            } else {
                u.to_le_bytes()
            }
        });
        mark.iter().copied().chain(units).collect()
    };
    let utf32: Vec<u8> = "<a/>"
        .chars()
        .flat_map(|c| u32::from(c).to_be_bytes())
        .collect();
    for (bytes, what) in [
        (utf16("<a/>", b"\xFE\xFF", true), "UTF-16 with mark"),
        (
            utf16("<a/>", b"\xFF\xFE", false),
            "UTF-16 little endian with mark",
        ),
        (utf16("<a/>", b"", true), "UTF-16"),
        (utf32, "UTF-32"),
        (b"\xEF\xBB\xBF<a/>".to_vec(), "byte order mark"),
        (b"+ADw-a/+AD4-".to_vec(), "UTF-7"),
        (b"<a>\xC0\xBC</a>".to_vec(), "overlong"),
        (b"<a>\xED\xA0\x80</a>".to_vec(), "surrogate"),
        (b"<a>\xFF</a>".to_vec(), "invalid byte"),
        (b"<a>\0</a>".to_vec(), "NUL"),
        (b"<a/>\0".to_vec(), "NUL at the end"),
        (b"<a>\x01</a>".to_vec(), "control"),
        (b"<a b='\x1F'/>".to_vec(), "control in an attribute"),
        (b"<!-- \x02 --><a/>".to_vec(), "control in a comment"),
        ("<a b='\u{FFFE}'/>".into(), "U+FFFE"),
        ("<a>\u{FFFF}</a>".into(), "U+FFFF"),
        (
            b"<?xml version='1.0' encoding='ISO-8859-1'?><a/>".to_vec(),
            "Latin-1 declared",
        ),
        (
            b"<?xml version='1.0' encoding='UTF-16'?><a/>".to_vec(),
            "UTF-16 declared",
        ),
        (
            b"<?xml version='1.0' encoding='UTF-7'?><a/>".to_vec(),
            "UTF-7 declared",
        ),
        (b"<?xml version='1.1'?><a/>".to_vec(), "version 1.1"),
        (b"<?xml version='2.0'?><a/>".to_vec(), "version 2.0"),
        (b"<?xml encoding='UTF-8'?><a/>".to_vec(), "no version"),
        (
            b" <?xml version='1.0'?><a/>".to_vec(),
            "declaration not first",
        ),
        (b"<a/><a/>".to_vec(), "two roots"),
        (b"x<a/>".to_vec(), "text in front"),
        (b"<a/>x".to_vec(), "text behind"),
        (b"<a/>&#32;".to_vec(), "reference behind"),
        (b"<a/><![CDATA[]]>".to_vec(), "CDATA behind"),
        (b"".to_vec(), "nothing"),
        (b" ".to_vec(), "white space"),
        (b"<!-- -->".to_vec(), "comment only"),
        (b"<a>".to_vec(), "unclosed"),
        (b"<a></b>".to_vec(), "mismatched"),
        (b"<a>]]></a>".to_vec(), "]]> in text"),
        (b"<a b=c/>".to_vec(), "no quotes"),
        (b"<a b/>".to_vec(), "no value"),
        (b"<a b='1'c='2'/>".to_vec(), "no space between attributes"),
        (b"<a b='<'/>".to_vec(), "< in a value"),
        (b"<a><!-- -- --></a>".to_vec(), "-- in a comment"),
        (
            b"<a><?xml version='1.0'?></a>".to_vec(),
            "declaration inside",
        ),
        (b"<1/>".to_vec(), "bad name"),
        (b"</a>".to_vec(), "end only"),
        (b"<a/".to_vec(), "cut"),
        (b"<".to_vec(), "one bracket"),
    ] {
        assert_ne!(code(&bytes), "accepted", "{what}");
    }
    for bytes in [
        &b"<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<a/>\n<!-- -->\n"[..],
        b"<a/>",
    ] {
        assert_eq!(code(bytes), "accepted");
    }
}

/// Every day counts 86,400 seconds, whatever a clock ahead of 2038, in 2100 or at a leap second does.
#[test]
fn sec_f_09_far_instants_are_written_and_read_alike() {
    use time::Duration;
    for (text, next) in [
        ("2038-01-19T03:14:07.000Z", "2038-01-19T03:14:08.000Z"),
        ("2099-12-31T23:59:59.000Z", "2100-01-01T00:00:00.000Z"),
        // No leap day in 2100, and one in 2400.
        ("2100-02-28T23:59:59.000Z", "2100-03-01T00:00:00.000Z"),
        ("2400-02-28T23:59:59.000Z", "2400-02-29T00:00:00.000Z"),
        // The last leap second so far, as clocks without one see it.
        ("2016-12-31T23:59:59.000Z", "2017-01-01T00:00:00.000Z"),
        // The hour that is not there, or twice, on local clocks of Europe.
        ("2027-03-28T00:59:59.000Z", "2027-03-28T01:00:00.000Z"),
    ] {
        let at = parse_instant(text).unwrap();
        assert_eq!(instant(at), text);
        assert_eq!(instant(at + Duration::SECOND), next);
    }
    assert!(
        parse_instant("2016-12-31T23:59:60Z").is_err(),
        "a leap second is refused, not folded"
    );
}

proptest! {
    #[test]
    fn sec_f_09_instants_keep_their_value_and_their_order(
        one in 0i64..253_402_300_799_999, other in 0i64..253_402_300_799_999, offset in -14i8..=14
    ) {
        let at = |millis: i64| {
            time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap()
        };
        let local = at(one).checked_to_offset(time::UtcOffset::from_hms(offset, 0, 0).unwrap());
        let (first, second) = (instant(at(one)), instant(at(other)));
        if let Some(local) = local {
            prop_assert_eq!(instant(local), first.clone());
        }
        prop_assert_eq!(parse_instant(&first).unwrap(), at(one));
        prop_assert_eq!(first.cmp(&second), one.cmp(&other));
    }
}

#[test]
fn sec_xml_15_instants_and_durations_out_of_range_are_errors() {
    for text in [
        "",
        "0000-01-01T00:00:00Z",
        "99999999-01-01T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T23:59:60Z",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05+14:01",
        "2026-01-02T03:04:05-14:01",
        "2026-01-02T03:04:05+15:00",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "-2026-01-02T03:04:05Z",
        "2026-01-02",
        "2026-01-02T03:04Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05,5Z",
        "2026-1-2T3:4:5Z",
        "2026-01-02t03:04:05z",
        "2026-01-02T03:04:05ZZ",
        "2026-01-02T03:04:05Z+00:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "２０２６-01-02T03:04:05Z",
        "2026-01-02T03:04:05+0100",
        "2026-01-02T03:04:05+01:60",
        "+2026-01-02T03:04:05Z",
        "2026-01-02T+3:04:05Z",
    ] {
        assert!(parse_instant(text).is_err(), "{text}");
    }
    assert!(parse_instant(&format!("2026-01-02T03:04:05.{}Z", "9".repeat(1_000_000))).is_err());
    for text in [
        "",
        "P",
        "PT",
        "P1",
        "1D",
        "PD",
        "P1H",
        "PT1D",
        "P1DT",
        "PT1.S",
        "PT.5S",
        "P-1D",
        "-P1D",
        "P1.5D",
        "PT1H1H",
        "PT1S1H",
        "P99999999999999999999D",
        "P9223372036854775807Y",
        "P101Y",
        "P1Y1Y",
        "PT1.5H",
        "P 1D",
        "PT5S.5S",
    ] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
    assert!(parse_duration(&format!("P{}D", "9".repeat(1_000_000))).is_err());
}

#[test]
fn instants_and_durations_as_partners_write_them() {
    for (text, expected) in [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"),
        (
            "2026-01-02T03:04:05.6789999999999Z",
            "2026-01-02T03:04:05.678Z",
        ),
        (" 2026-01-02T03:04:05.5+02:00\n", "2026-01-02T01:04:05.500Z"),
        ("2026-01-01T00:30:00+14:00", "2025-12-31T10:30:00.000Z"),
        ("2024-02-29T23:59:59-05:30", "2024-03-01T05:29:59.000Z"),
    ] {
        assert_eq!(instant(parse_instant(text).unwrap()), expected, "{text}");
    }
    for (text, seconds) in [
        ("PT1H", 3600.0),
        ("P7D", 604_800.0),
        ("PT1H30M", 5400.0),
        ("P1DT2H3M4.5S", 93_784.5),
        ("P1Y2M", 36_720_000.0),
        ("PT0S", 0.0),
        ("PT600S", 600.0),
    ] {
        let read = parse_duration(text).unwrap().as_seconds_f64();
        assert!((read - seconds).abs() < 1e-9, "{text}: {read}");
    }
}

/// XML-17, as far as it is the reader's: thousands of broken messages in a row do no harm.
#[test]
fn sec_xml_17_ten_thousand_broken_messages() {
    let good = authn_request("_good", GOOD_ACS).signed();
    let start = Instant::now();
    for at in 0..10_000_usize {
        let mut bytes = good.clone().into_bytes();
        let cut = at % bytes.len();
        bytes.truncate(cut);
        assert_ne!(code(&bytes), "accepted", "cut at {cut}");
    }
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(code(good.as_bytes()), "accepted");
    assert!(!partner().certificate_der.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        signet_xml::fuzz::read_document(&bytes);
        signet_xml::fuzz::verify_document(&bytes);
    }

    #[test]
    fn any_markup_does_no_harm(pieces in prop::collection::vec(prop::sample::select(vec![
        "<a", "</a>", "<a>", "/>", ">", "<", " ", "b='1'", "xmlns='u:'", "xmlns:p='v:'", "<p:b>", "</p:b>", "p:c=\"2\"",
        "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "&amp;", "&#65;", "&", ";", "'", "\"", "=", "x", "\u{e9}", "xmlns:p=''",
    ]), 0..24)) {
        let text = pieces.concat();
        signet_xml::fuzz::read_document(text.as_bytes());
        signet_xml::fuzz::canonical_form(text.as_bytes());
    }

    #[test]
    fn sec_xml_15_any_text_as_instant_or_duration(text in "[0-9TZPYMDHS:.+-]{0,30}") {
        let _ = parse_instant(&text).map(instant);
        let _ = parse_duration(&text);
    }

    #[test]
    fn instants_survive_the_round_trip(milliseconds in -62_135_596_800_000_i64..253_402_300_799_000) {
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).unwrap();
        prop_assert_eq!(parse_instant(&instant(at)).unwrap(), at);
    }
}
