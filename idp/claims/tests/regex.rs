//! Patterns and replacements as .NET means them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use signet_claims::{Pattern, PatternFaultKind, Replacement};

fn compile(pattern: &str) -> Pattern {
    Pattern::compile(pattern).unwrap_or_else(|fault| panic!("{fault}"))
}

#[test]
fn matches_are_those_of_dotnet() {
    for (pattern, found, missed) in [
        ("min", &["admin", "min"][..], &["max"][..]),
        ("", &["", "a"], &[]),
        // Anchors.
        ("^a", &["ab"], &["ba", "\na"]),
        ("(?m)^a", &["b\na"], &["ba"]),
        ("a$", &["a", "a\n"], &["ab", "a\n\n", "a\r\n"]),
        ("(?m)a$", &["a\nb", "a"], &["ab"]),
        ("a\\Z", &["a", "a\n"], &["a\n\n"]),
        ("a\\z", &["a"], &["a\n"]),
        ("\\Aa", &["ab"], &["ba"]),
        ("\\bfoo\\b", &["a foo b", "foo"], &["foot", "a_foo"]),
        ("\\Boo", &["foo"], &["oo"]),
        ("^(a|b$)$|c$", &["a", "b", "xc\n"], &["ab", "cx"]),
        // Options.
        ("(?i)abc", &["ABC", "aBc"], &["ab"]),
        (
            "^(?i)Purchaser$",
            &["PURCHASER", "purchaser\n"],
            &["purchasers"],
        ),
        ("ab(?i)cd", &["abCD"], &["ABcd"]),
        ("a(?i)b|c", &["aB", "C"], &["AB"]),
        ("(a(?i)b)c", &["aBc"], &["aBC"]),
        ("(?i:a)b", &["Ab"], &["AB"]),
        ("(?i)a(?-i)b", &["Ab"], &["AB"]),
        ("(?i)(?-i:a)b", &["aB"], &["AB"]),
        ("a.b", &["axb", "a\u{e4}b"], &["a\nb"]),
        ("(?s)a.b", &["a\nb"], &["ab"]),
        ("(?s-i:a.)b", &["a\nb"], &["A\nb"]),
        ("(?x) a b # comment\n c", &["abc"], &["a b c"]),
        ("(?x)a [ ] b", &["a b"], &["ab"]),
        ("(?x)a\\ b", &["a b"], &["ab"]),
        ("a(?#comment)b", &["ab"], &["a"]),
        ("(?n)(a)\\(", &["a("], &["a"]),
        // Classes.
        ("^[[]$", &["["], &["a"]),
        ("^[a&&b]+$", &["&a&b"], &["c"]),
        ("^[*--a]+$", &["*+,-a"], &["b"]),
        ("^[a~~b]+$", &["~ab"], &["c"]),
        ("^[a-z-[aeiou]]+$", &["xyz"], &["xaz", "-"]),
        ("^[\\w-[\\d]]+$", &["ab_"], &["a1"]),
        ("^[^a-c-[x]]$", &["y"], &["x", "a"]),
        ("^[a-z-[b-y-[m]]]+$", &["amz"], &["b"]),
        ("^[]a]+$", &["]a"], &["b"]),
        ("^[^]a]+$", &["b"], &["]"]),
        ("^[a-]+$", &["a-"], &["b"]),
        ("^[-a]+$", &["-a"], &["b"]),
        ("^[\\w-]+$", &["a-b"], &["a b"]),
        ("^[\\d-x]+$", &["1-x"], &["y"]),
        ("^[\\]\\\\^]+$", &["]\\^"], &["a"]),
        ("^[\\b]$", &["\u{8}"], &["b"]),
        ("^[\\x41-\\u0043]+$", &["ABC"], &["D"]),
        ("^[.$|()*+?{}#]+$", &[".$|()*+?{}#"], &["a"]),
        ("(?i)^[a-c]+$", &["ABC"], &["d"]),
        ("(?i)^[^a-c]+$", &["d"], &["A"]),
        // Escapes.
        ("^\\d{2}$", &["12", "\u{661}\u{662}"], &["1a"]),
        ("^\\D\\W\\S$", &["a-b"], &["1-b", "aab", "a- "]),
        (
            "^\\s$",
            &[" ", "\t", "\u{a0}", "\u{2028}"],
            &["\u{200b}", "a"],
        ),
        (
            "^\\w+$",
            &["a_1\u{e9}\u{203f}", "\u{65e5}"],
            &["a-b", "\u{24b6}"],
        ),
        (
            "^\\t\\n\\r\\f\\v\\a\\e$",
            &["\t\n\r\u{c}\u{b}\u{7}\u{1b}"],
            &["tnr"],
        ),
        ("^\\x41\\u0042\\103\\cA$", &["ABC\u{1}"], &["ABCA"]),
        ("^\\07$", &["\u{7}"], &["7"]),
        ("^a\\.b\\-c\\/d\\@$", &["a.b-c/d@"], &["axb-c/d@"]),
        ("^\\p{Lu}\\P{Lu}$", &["Aa"], &["AA", "aa"]),
        ("^\\p{IsGreek}+$", &["\u{3b1}\u{3b2}"], &["ab"]),
        (
            "^[\\p{IsCyrillic}-[\\u0430]]$",
            &["\u{431}"],
            &["\u{430}", "a"],
        ),
        // Quantifiers.
        ("^a{2,3}$", &["aa", "aaa"], &["a", "aaaa"]),
        ("^a{,3}$", &["a{,3}"], &["aa"]),
        ("^a{b}$", &["a{b}"], &["a"]),
        ("^{a}$", &["{a}"], &["a"]),
        ("^x{2$", &["x{2"], &["xx"]),
        ("^ab*?c$", &["ac", "abbc"], &["adc"]),
        ("^(ab)+$", &["abab"], &["aba"]),
        ("^(?:^*a)$", &["a"], &["b"]),
        ("^ab{2}$", &["abb"], &["abab"]),
        // Groups, references, look-around.
        ("^(\\w+)-\\1$", &["ab-ab"], &["ab-cd"]),
        ("^(?<x>a|b)\\k<x>$", &["aa", "bb"], &["ab"]),
        ("^(?'x'a|b)\\k'x'$", &["aa"], &["ab"]),
        ("^(?<x>a)(b)\\1$", &["abb"], &["aba"]),
        ("^(?<x>a)(b)\\2$", &["aba"], &["abb"]),
        ("^(?<2>a)(b)\\2\\1$", &["abab"], &["abba"]),
        ("^(?i)(a)\\1$", &["aA"], &["ab"]),
        ("^(a)\\1\\10$", &["aa\u{8}"], &["aaa0"]),
        ("^(a)\\12$", &["a\n"], &["aa2"]),
        ("^(?!192\\.0\\.2\\.)", &["203.0.113.9"], &["192.0.2.77"]),
        ("(?<=@)contoso", &["a@contoso"], &["contoso"]),
        ("(?<!@)contoso", &["contoso"], &["@contoso"]),
        ("(?<=a.*)c", &["abbc"], &["bbc"]),
        ("a(?=b$)", &["ab", "ab\n"], &["abc"]),
        ("^(?>a+)b", &["aab"], &["aac"]),
        ("^(?>a*)a", &[], &["aaa"]),
        ("^(a)?(?(1)b|c)$", &["ab", "c"], &["ac", "b"]),
        ("^(?<x>a)?(?(x)b|c)$", &["ab", "c"], &["ac"]),
        ("^(?(?=a)ab|cd)$", &["ab", "cd"], &["ad"]),
        ("^(?(a)ab|cd)$", &["ab", "cd"], &["ad"]),
        ("^(?(?!a)cd|ab)$", &["ab", "cd"], &["ad"]),
        ("^(a)?b(?(1)c)$", &["abc", "b"], &["ab"]),
        ("(a|)b", &["b", "ab"], &["c"]),
        ("^(?:a|b)$|^c$", &["a", "b", "c"], &["ab"]),
    ] {
        let pattern = compile(pattern);
        for text in found {
            assert_eq!(
                pattern.is_match(text),
                Some(true),
                "{} on {text:?}",
                pattern.as_str()
            );
        }
        for text in missed {
            assert_eq!(
                pattern.is_match(text),
                Some(false),
                "{} on {text:?}",
                pattern.as_str()
            );
        }
    }
}

#[test]
fn what_dotnet_refuses_is_refused() {
    for pattern in [
        "(",
        ")",
        "a)",
        "(?<a",
        "[",
        "[a",
        "[]",
        "a**",
        "a*+",
        "a++",
        "a?+",
        "a{2}{3}",
        "a{3,2}",
        "*a",
        "+",
        "?a",
        "(*a)",
        "a|*",
        "{2}",
        "(?i)*",
        "\\",
        "\\q",
        "\\_",
        "\\y",
        "\\1",
        "(a)\\2",
        "\\k<n>",
        "\\k",
        "(?P<n>a)",
        "(?<1a>x)",
        "(?<0>x)",
        "(?<>x)",
        "(?q)",
        "(?",
        "(?(1)a)",
        "(?(a)b|c|d)",
        "[b-a]",
        "[a--b]",
        "[a-\\d]",
        "\\x4",
        "\\u004",
        "\\c",
        "\\cé",
        "\\p",
        "\\pL",
        "\\p{Nope}",
        "\\p{Greek}",
        "\\p{letter}",
        "[a-z-[b]c]",
        "(?#",
        "\\8",
        "x(?<n>a)(?<n",
    ] {
        let fault = Pattern::compile(pattern).expect_err(pattern);
        assert!(
            matches!(fault.kind, PatternFaultKind::Syntax(_)),
            "{pattern}: {fault}"
        );
        assert!(fault.to_string().contains(pattern), "{fault}");
    }
}

#[test]
fn what_is_not_covered_is_refused_by_name() {
    for (pattern, said) in [
        ("(?<a>x)(?<b-a>y)", "balancing"),
        ("(?<-a>y)", "balancing"),
        ("(?'b-a'y)", "balancing"),
        ("[[:alpha:]]", "[:name:]"),
        ("\\p{Cs}", "surrogates"),
        ("\\uD800", "pair"),
        ("(?<n>a)|(?<n>b)\\k<n>", "several groups"),
        ("(?(?=(a))b|c)", "condition that captures"),
        ("(?<n>a)\\<n>", "old reference"),
    ] {
        let fault = Pattern::compile(pattern).expect_err(pattern);
        assert!(
            matches!(fault.kind, PatternFaultKind::NotCovered(_)),
            "{pattern}: {fault:?}"
        );
        assert!(fault.to_string().contains(said), "{fault}");
    }
}

#[test]
fn replacements_are_those_of_dotnet() {
    for (text, pattern, replacement, result) in [
        ("a-b-c", "-", "", "abc"),
        ("abc", "x", "y", "abc"),
        ("ab", ".*", "X", "XX"),
        ("", ".*", "X", "X"),
        ("abc", "", "-", "-a-b-c-"),
        ("abc", "x*", "-", "-a-b-c-"),
        ("baac", "a*", "x", "xbxxcx"),
        ("äö", "", "-", "-ä-ö-"),
        ("ab\n", ".*", "X", "XX\nX"),
        ("ab\n", "b$", "X", "aX\n"),
        ("ab\n", "$", "X", "abX\nX"),
        ("ab", "(?<=a)b", "X", "aX"),
        ("aaa", "\\Ga", "X", "XXX"),
        ("baa", "\\Ga", "X", "baa"),
        // Substitutions.
        ("12", "^(\\d+)$", "[$1]", "[12]"),
        ("12", "^(\\d+)$", "[$2]", "[$2]"),
        ("12", "^(\\d+)$", "[$10]", "[$10]"),
        ("12", "^(\\d+)$", "[$1a]", "[12a]"),
        ("12", "^(\\d+)$", "[${1}0]", "[120]"),
        ("12", "^(\\d+)$", "[$0|${0}|$&]", "[12|12|12]"),
        ("12", "1", "$$1", "$12"),
        ("12", "1", "$", "$2"),
        ("12", "1", "a$b", "a$b2"),
        ("12", "1", "${x}${", "${x}${2"),
        ("12", "1", "$-", "$-2"),
        ("abc", "b", "[$`|$'|$_]", "a[a|c|abc]c"),
        ("abc", "(a)(b)?(x)?", "[$+|$2|$3]", "[|b|]c"),
        ("abc", "b", "[$+]", "a[b]c"),
        (
            "CONTOSO\\kim",
            "(?<domain>[^\\\\]+)\\\\(?<user>.+)",
            "FABRIKAM\\${user}",
            "FABRIKAM\\kim",
        ),
        ("xy", "^(?<a>x)(y)$", "$1|$2|${a}", "y|x|x"),
        ("xy", "^(?<b>x)(?<a>y)$", "$1|$2", "x|y"),
        ("xyz", "^(?<a>x)(y)(?<b>z)$", "$1$2$3", "yxz"),
        ("xy", "^(?<2>x)(y)$", "$1|$2", "y|x"),
        ("ab", "(?<n>a)|(?<n>b)", "[${n}]", "[a][b]"),
        ("ab", "(?<n>a)(?<n>b)", "[$1]", "[b]"),
        ("ab", "(?n)(a)(?<n>b)", "[$1]", "[b]"),
        ("aB", "(?i)A|b", "[$&]", "[a][B]"),
        (
            "kim@sales.contoso.example",
            "(?i)(^([^@]+)@)(sales\\.)*(?<domain>((?<=sales\\.)contoso\\.example|fabrikam\\.example))$",
            "http://${domain}/",
            "http://contoso.example/",
        ),
    ] {
        let compiled = compile(pattern);
        let replaced = compiled.replace(text, &Replacement::new(replacement, &compiled));
        assert_eq!(
            replaced.as_deref(),
            Some(result),
            "{text:?} {pattern} {replacement}"
        );
    }
}

#[test]
fn large_patterns_are_refused_quickly() {
    for pattern in [
        "a".repeat(10_000),
        "(".repeat(100) + &")".repeat(100),
        "a{2000}".to_owned(),
        "a{99999999999}".to_owned(),
        "((((\\w{1,1000}){1,1000}){1,1000}){1,1000})".to_owned(),
        "(?:(?=a{900}){900}){900}".to_owned(),
        "[a-[b-[c-[d-[e-[f-[g-[h-[i-[j-[k]]]]]]]]]]]".to_owned(),
    ] {
        let started = std::time::Instant::now();
        assert!(Pattern::compile(&pattern).is_err(), "{pattern}");
        assert!(started.elapsed().as_secs() < 5, "{pattern}");
    }
}
