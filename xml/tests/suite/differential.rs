//! Our reader and libxml2 read the same documents the same way.

use proptest::prelude::*;
use signet_xml::{Limits, read};

use crate::support::foreign::{xmllint_exclusive, xmllint_reads};

/// Content without comments, which xmllint keeps and a signature does not cover.
fn content() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![
        "x",
        " ",
        "\n",
        "\t",
        "\r\n",
        "&#13;",
        "&amp;",
        "&lt;",
        "&gt;",
        "&#x1F511;",
        "ü",
        "]]&gt;",
        "<![CDATA[a<b&c]]>",
        "<![CDATA[]]>",
        "<?pi some data?>",
        "'\"",
        "&#9;&#10;",
    ])
    .prop_map(str::to_owned);
    let name = prop::sample::select(vec!["a", "p:a", "q:a"]);
    let attribute = prop::sample::select(vec![
        "",
        " b='1'",
        " p:b=\"&quot;'\"",
        " q:b='&#9;&#10;&#13;x\ty\nz'",
        " xml:lang='de'",
        " xmlns='urn:1'",
        " xmlns=''",
        " xmlns='urn:2'",
        " xmlns:p='urn:1'",
        " xmlns:p='urn:3'",
        " xmlns:q='urn:4'",
        " a='&lt;&amp;>'",
        " b='1' a='2' c='3'",
        " xmlns:q='urn:5' q:z='1' p:z='2' a:x='3'",
        " xml:space='preserve'",
    ]);
    text.prop_recursive(5, 40, 6, move |inner| {
        (
            name.clone(),
            attribute.clone(),
            attribute.clone(),
            prop::collection::vec(inner, 0..6),
        )
            .prop_map(|(name, one, two, children)| {
                format!("<{name}{one}{two}>{}</{name}>", children.concat())
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    /// XML-08, XML-11, XML-12: accepted by us means accepted by libxml2, with the same octets.
    #[test]
    fn sec_xml_12_what_we_accept_libxml2_reads_alike(inner in content()) {
        let xml = format!("<r xmlns='urn:0' xmlns:p='urn:p' xmlns:q='urn:q' xmlns:a='urn:a'>{inner}</r>");
        if let Some(ours) = signet_xml::fuzz::canonical_form(xml.as_bytes()) {
            let theirs = xmllint_exclusive(xml.as_bytes()).unwrap();
            prop_assert_eq!(String::from_utf8(ours).unwrap(), String::from_utf8(theirs).unwrap(), "{}", xml);
        }
    }

    /// Read, written canonically and read again: the same document, comments and all else between.
    #[test]
    fn sec_xml_13_reading_what_was_read_changes_nothing(inner in content(), comment in "[a-z ]{0,9}") {
        let xml = format!("<r xmlns='urn:0' xmlns:p='urn:p' xmlns:q='urn:q' xmlns:a='urn:a'><!--{comment}-->{inner}</r>");
        if let Some(form) = signet_xml::fuzz::canonical_form(xml.as_bytes()) {
            prop_assert_eq!(signet_xml::fuzz::canonical_form(&form), Some(form));
        }
    }

    /// Changed at random: whatever we still accept, libxml2 accepts.
    #[test]
    fn sec_xml_12_what_libxml2_refuses_we_refuse(inner in content(), at in any::<prop::sample::Index>(), to in prop::sample::select(b"<>&'\"/=: ;x]!?-\r\n".to_vec())) {
        let xml = format!("<r xmlns='urn:0' xmlns:p='urn:p' xmlns:q='urn:q' xmlns:a='urn:a'>{inner}</r>");
        let mut bytes = xml.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if read(&bytes, Limits::ANONYMOUS).is_ok() {
            let theirs = xmllint_reads(&bytes);
            prop_assert!(theirs.is_ok(), "{:?}", theirs);
        }
    }
}

/// The flips of the default namespace that broke other implementations.
#[test]
fn sec_xml_11_flips_of_the_default_namespace() {
    for xml in [
        "<a xmlns='urn:1'><b xmlns=''><c xmlns='urn:1'/></b></a>",
        "<a><b xmlns=''><c xmlns='urn:1'><d xmlns=''/></c></b></a>",
        "<p:a xmlns:p='urn:1' xmlns='urn:2'><p:b><c/><d xmlns=''/></p:b></p:a>",
        "<a xmlns='urn:1'><p:b xmlns:p='urn:2' xmlns=''><c/></p:b></a>",
        "<a xmlns:p='urn:1'><b p:x='1' xmlns:p='urn:2'><p:c xmlns:p='urn:1'/></b></a>",
        "<a xmlns='urn:1' xmlns:p='urn:1'><p:b xmlns=''><c p:d=''/></p:b></a>",
        "<a xmlns:b='urn:b' xmlns:a='urn:a' b:z='' a:z='' z='' a:a='' xml:lang=''/>",
    ] {
        let ours = signet_xml::fuzz::canonical_form(xml.as_bytes()).unwrap();
        let theirs = xmllint_exclusive(xml.as_bytes()).unwrap();
        assert_eq!(
            String::from_utf8(ours).unwrap(),
            String::from_utf8(theirs).unwrap(),
            "{xml}"
        );
    }
}
