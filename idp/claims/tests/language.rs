//! The language: what parses, what does not, and where an error points.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use signet_claims::{ParseFault, RuleSet, Warning};
use support::{claim, issued, parse, run};

fn refused(text: &str) -> signet_claims::ParseError {
    RuleSet::parse(text).expect_err(text)
}

#[test]
fn text_is_given_back_octet_by_octet() {
    let text = "\u{feff}\r\n@RuleName = \"a; => b\" \r\n\r\n@Custom = \"kept\"\t c:[] => issue(claim = c) ;\u{feff} => add(Type=\"x\" , Value=\"y\" ) ;\n\n";
    let rules = parse(text);
    assert_eq!(rules.text(), text);
    assert_eq!(rules.len(), 2);
    let first = rules.rule(0).unwrap();
    assert_eq!(first.name(), Some("a; => b"));
    assert_eq!(first.annotations().len(), 2);
    assert_eq!(first.statement(), "c:[] => issue(claim = c) ;");
    assert!(first.text().starts_with("@RuleName") && first.text().ends_with(';'));
    assert_eq!((first.line(), rules.rule(1).unwrap().line()), (2, 4));
    assert!(rules.warnings().is_empty());
}

#[test]
fn an_error_names_line_column_token_and_expectation() {
    let text = "=> issue(Type = \"a\", Value = \"b\");\r\n@RuleName = \"two\"\r\nc:[Type == \"ä\", Value = \"x\"] => issue(claim = c);";
    let error = refused(text);
    assert_eq!((error.line, error.column, error.rule), (3, 23, 2));
    assert_eq!(error.token, "=");
    assert_eq!(error.code(), "POLICY0030");
    assert!(error.source_line.starts_with("c:["));
    let ParseFault::UnexpectedToken { expected } = &error.fault else {
        panic!("{error:?}")
    };
    assert_eq!(expected, &["==", "!=", "=~", "!~"]);
    let said = error.to_string();
    assert!(
        said.starts_with("POLICY0002: rule 2, line 3, column 23: POLICY0030: `=`"),
        "{said}"
    );
    assert_eq!(error.message().code, "SIG-CLAIMS-RULE-TEXT");
    assert!(!error.message().public.contains("POLICY"));
}

#[test]
fn faults_have_their_published_codes() {
    for (text, code, token) in [
        (
            "c:[Type == \u{201c}t\u{201d}] => issue(claim = c);",
            "POLICY0029",
            "\u{201c}",
        ),
        (
            "c:[Type == \"t] => issue(claim = c);",
            "POLICY0029",
            "\"t] => issue(claim = c);",
        ),
        (
            "c:[Type == \"a\nb\"] => issue(claim = c);",
            "POLICY0029",
            "\"a",
        ),
        ("c:[] | d:[] => issue(claim = c);", "POLICY0029", "|"),
        ("c:[Type == 'a'] => issue(claim = c);", "POLICY0029", "'"),
        ("c:[]\u{a0}=> issue(claim = c);", "POLICY0029", "\u{a0}"),
        ("c:[] => issue(claim = d);", "POLICY0011", "d"),
        (
            "c:[Type == c.Value] => issue(claim = c);",
            "POLICY0011",
            "c",
        ),
        (
            "c:[Type == d.Value] && d:[] => issue(claim = c);",
            "POLICY0011",
            "d",
        ),
        (
            "EXISTS([Type == \"a\"]) => issue(claim = c);",
            "POLICY0011",
            "c",
        ),
        ("c:[] => issue(claim == c);", "POLICY0030", "=="),
        (
            "c:[] => issue(Type = \"a\" Value = \"b\");",
            "POLICY0030",
            "Value",
        ),
        ("c:[] => send(claim = c);", "POLICY0030", "send"),
        ("c:[] => issue(claim = c); trailing", "POLICY0030", ""),
        (
            "c:[Colour == \"red\"] => issue(claim = c);",
            "POLICY0030",
            "Colour",
        ),
        ("c[Type == \"t\"] => issue(claim = c);", "POLICY0030", "["),
        (
            "c:[Type == http://x/y] => issue(claim = c);",
            "POLICY0030",
            ":",
        ),
        ("NOT c:[] => issue(claim = c);", "POLICY0030", "c"),
        (
            "NOT COUNT([]) > 1 => issue(Type = \"a\", Value = \"b\");",
            "POLICY0030",
            "COUNT",
        ),
        (
            "COUNT([]) = 1 => issue(Type = \"a\", Value = \"b\");",
            "POLICY0030",
            "=",
        ),
        (
            "COUNT([]) > \"1\" => issue(Type = \"a\", Value = \"b\");",
            "POLICY0030",
            "\"1\"",
        ),
        ("(c:[]) => issue(claim = c);", "POLICY0030", "("),
        ("c:[] => issue(Type = \"a\", Value = 5);", "POLICY0030", "5"),
        (
            "c:[] => issue(Type = \"a\", Value = Lower(c.Value));",
            "POLICY0030",
            "Lower",
        ),
        (
            "c:[] => issue(Type = \"a\", Value = RegExReplace(c.Value, \"a\"));",
            "POLICY0030",
            ")",
        ),
        (
            "=> issue(store = \"s\", query = \"q\", types = (\"t\"));",
            "POLICY0030",
            "query",
        ),
        (
            "=> issue(store = \"s\", types = (), query = \"q\");",
            "POLICY0030",
            ")",
        ),
        (
            "=> issue(store = \"s\", types = (\"t\"), query = \"q\", Value = \"v\");",
            "POLICY0030",
            "Value",
        ),
        (
            "@RuleName = name => issue(Type = \"a\", Value = \"b\");",
            "POLICY0030",
            "name",
        ),
        ("@RuleName = \"only a name\"", "POLICY0030", ""),
        (
            "c:[] => issue(claim = c)\nd:[] => issue(claim = d);",
            "POLICY0030",
            "d",
        ),
        ("=> issue(Value = \"a\");", "POLICY0002", "Value"),
        ("c:[] && c:[] => issue(claim = c);", "POLICY0002", "c"),
        (
            "=> issue(Type = \"a\", Value = \"b\", Value = \"c\");",
            "POLICY0002",
            "Value",
        ),
        (
            "c:[Value =~ \"(\"] => issue(claim = c);",
            "POLICY0002",
            "\"(\"",
        ),
        (
            "=> issue(Type = \"a\", Value = RegExReplace(\"x\", \"a++\", \"\"));",
            "POLICY0002",
            "\"a++\"",
        ),
        ("/* no end", "POLICY0002", "/*"),
    ] {
        let error = refused(text);
        assert_eq!(
            (error.code(), error.token.as_str()),
            (code, token),
            "{text}: {error}"
        );
    }
}

#[test]
fn pasted_text_gets_a_suggestion() {
    for (text, hint) in [
        (
            "c:[Type == \u{201c}t\u{201d}] => issue(claim = c);",
            "straight",
        ),
        (
            "c:[Type == \"a\"] || d:[] => issue(claim = c);",
            "one rule for each",
        ),
        (
            "c:[Type == http://x/y] => issue(claim = c);",
            "quotation marks",
        ),
        (
            "c:[Value == \"a\"b\"] => issue(claim = c);",
            "quotation mark",
        ),
    ] {
        let error = refused(text);
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[test]
fn keywords_are_words_only_where_they_stand() {
    let rules = "count1:[Type == \"a\"] && exists:[Type == \"b\"] && Not:[Type == \"c\"] && type:[Type == \"d\"]
        => issue(Type = \"o\", Value = count1.Value + exists.Value + Not.Value + type.Value);";
    let input = [
        claim("a", "1"),
        claim("b", "2"),
        claim("c", "3"),
        claim("d", "4"),
    ];
    assert_eq!(issued(&run(rules, &input).unwrap()), ["o=1234"]);
}

#[test]
fn comments_are_taken_and_reported() {
    let text = "// first\nc:[] /* any; => */ => issue(claim = c); // last";
    let rules = parse(text);
    assert_eq!(rules.warnings(), [Warning::Comments]);
    assert_eq!(rules.text(), text);
    let kept = run(
        "=> issue(Type = \"t\", Value = \"http://a//b /*c*/\");",
        &[],
    )
    .unwrap();
    assert_eq!(issued(&kept), ["t=http://a//b /*c*/"]);
}

#[test]
fn an_import_folds_the_case_of_tags_only_when_that_is_unique() {
    let folded = "Acct:[Type == \"a\"] => issue(Type = \"o\", Value = ACCT.Value);";
    assert_eq!(refused(folded).code(), "POLICY0011");
    let rules = RuleSet::parse_import(folded).unwrap();
    assert_eq!(
        rules.warnings(),
        [Warning::TagCaseFolded {
            rule: 1,
            tag: "ACCT".into()
        }]
    );
    let two =
        "c:[Type == \"a\"] && C:[Type == \"b\"] => issue(Type = \"o\", Value = c.Value + C.Value);";
    assert_eq!(
        issued(&run(two, &[claim("a", "1"), claim("b", "2")]).unwrap()),
        ["o=12"]
    );
    let unclear = "cc:[] && CC:[] => issue(Type = \"o\", Value = Cc.Value);";
    assert_eq!(
        RuleSet::parse_import(unclear).unwrap_err().code(),
        "POLICY0011"
    );
}

#[test]
fn texts_beyond_the_limits_are_refused() {
    let too_large = |text: &str| matches!(refused(text).fault, ParseFault::TooLarge { .. });
    let rule = "=> issue(Type = \"a\", Value = \"b\");\n";
    assert!(too_large(&rule.repeat(10_000)));
    assert!(too_large(&" ".repeat(2 * 1024 * 1024)));
    assert!(too_large(&format!(
        "{} => issue(Type = \"a\", Value = \"b\");",
        vec!["[]"; 100].join(" && ")
    )));
    let nested = format!(
        "{}\"x\"{}",
        "RegExReplace(".repeat(100),
        ", \"a\", \"b\")".repeat(100)
    );
    assert!(too_large(&format!(
        "=> issue(Type = \"a\", Value = {nested});"
    )));
    let parts = vec!["c.Value"; 1_000].join(" + ");
    assert!(too_large(&format!(
        "c:[] => issue(Type = \"a\", Value = {parts});"
    )));
    assert_eq!(parse(&rule.repeat(2_000)).len(), 2_000);
}
