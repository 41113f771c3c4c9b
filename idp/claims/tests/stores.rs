//! Queries to stores: parts, params, the stores that answer themselves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::sync::Arc;

use signet_claims::{
    ActiveDirectoryQuery, EvaluationFault, Filter, OpaqueIds, PasswordExpiry, StoreFault,
    StoreKind, StoreQuery,
};
use support::{claim, row, run_with};
use time::macros::datetime;

fn query(text: &str, columns: usize, params: &[&str]) -> StoreQuery {
    let params = params.iter().map(|param| Arc::from(*param)).collect();
    StoreQuery::new("Active Directory", columns, text, params)
}

fn bound(text: &str, columns: usize, params: &[&str]) -> ActiveDirectoryQuery {
    ActiveDirectoryQuery::parse(&query(text, columns, params))
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn the_parts_of_a_query_are_found_and_bound() {
    let simple = bound(
        "; objectGuid,ms-ds-consistencyguid ; {0} ",
        2,
        &["CONTOSO\\alice"],
    );
    assert_eq!(simple.filter, "(sAMAccountName=alice)");
    assert_eq!(simple.attributes, ["objectGuid", "ms-ds-consistencyguid"]);
    assert_eq!(
        (simple.domain.as_str(), simple.user.as_str()),
        ("CONTOSO", "alice")
    );
    assert!(simple.asks_about_user());

    let same = bound(
        "samaccountname={0};mail;{1}",
        1,
        &["alice", "contoso.example\\alice"],
    );
    assert_eq!(same.filter, "(samaccountname=alice)");
    assert!(same.asks_about_user());
    assert!(!bound("cn={0};mail;{1}", 1, &["alice", "C\\alice"]).asks_about_user());
    assert!(!bound("samaccountname=bob;mail;{0}", 1, &["C\\alice"]).asks_about_user());

    let filter = "(&(objectCategory=group)(member:1.2.840.113556.1.4.1941:={1}))";
    let nested = bound(
        &format!("{filter};cn,tokenGroups(domainQualifiedName);{{0}}"),
        2,
        &["C\\x", "CN=a(b)*\\,DC=c"],
    );
    assert_eq!(
        nested.filter,
        "(&(objectCategory=group)(member:1.2.840.113556.1.4.1941:=CN=a\\28b\\29\\2a\\5c,DC=c))"
    );
    let Filter::And(filters) = &nested.parsed_filter else {
        panic!()
    };
    let Filter::Extensible {
        attribute,
        rule,
        value,
        ..
    } = &filters[1]
    else {
        panic!()
    };
    assert_eq!(
        (attribute.as_str(), rule.as_str()),
        ("member", "1.2.840.113556.1.4.1941")
    );
    assert_eq!(value, b"CN=a(b)*\\,DC=c");
    assert_eq!(bound("cn=a{{b}};mail;C\\x", 1, &[]).filter, "(cn=a{b})");
}

#[test]
fn a_malformed_query_is_refused_with_its_code() {
    for (text, params, inner) in [
        ("mail;{0}", &["C\\x"][..], Some("POLICY3824")),
        (";mail;{0};more", &["C\\x"], Some("POLICY3824")),
        ("", &[], Some("POLICY3824")),
        ("{0}", &[";mail;C\\x"], Some("POLICY3824")),
        (";mail;{0}", &["alice@contoso.example"], Some("POLICY3826")),
        (";mail;{0}", &["C\\x\\y"], Some("POLICY3826")),
        (";mail;{0}", &["\\x"], Some("POLICY3826")),
        (";mail;{0}", &["C\\"], Some("POLICY3826")),
        (";mail;", &[], Some("POLICY3826")),
        (";mail;{1}", &["C\\x"], None),
        (";mail;{x}", &["C\\x"], None),
        (";mail;{-0}", &["C\\x"], None),
        (";mail;{0", &["C\\x"], None),
        (";mail;0}", &["C\\x"], None),
        (";;{0}", &["C\\x"], None),
        (";ma il;{0}", &["C\\x"], None),
        (";{1};{0}", &["C\\x", "mail,sn"], None),
        (";mail(;{0}", &["C\\x"], None),
        ("(cn=a;mail;{0}", &["C\\x"], None),
        ("(cn=a)(cn=b);mail;{0}", &["C\\x"], None),
        ("cn;mail;{0}", &["C\\x"], None),
        ("{1}=a;mail;{0}", &["C\\x", "c n"], None),
        ("{1};mail;{0}", &["C\\x", "(cn=*)"], None),
        ("{1};mail;{0}", &["C\\x", ""], None),
        ("cn={1}*;mail;{0}", &["C\\x", ""], None),
        ("cn=*{1}*;mail;{0}", &["C\\x", ""], None),
    ] {
        let error = ActiveDirectoryQuery::parse(&query(text, 1, params)).expect_err(text);
        assert_eq!(
            (error.code(), error.inner_code()),
            ("POLICY0018", inner),
            "{text}: {error}"
        );
    }
    let error = ActiveDirectoryQuery::parse(&query(";mail,sn;{0}", 1, &["C\\x"])).unwrap_err();
    assert_eq!(error.code(), "POLICY0019");
    assert!(matches!(
        error.fault,
        EvaluationFault::FieldCount {
            expected: 1,
            got: 2,
            ..
        }
    ));
}

#[test]
fn what_is_joined_to_a_query_is_a_value_too() {
    let rules = "c:[Type == \"t\"] => issue(store = \"Active Directory\", types = (\"o\"), query = \"(mail=\" + c.Value + \");mail;CONTOSO\\x\");";
    let ask = |value: &str| {
        let mut filter = None;
        let ran = run_with(rules, &[claim("t", value)], Default::default(), |query| {
            filter = Some(ActiveDirectoryQuery::parse(query)?.filter);
            Ok(Vec::new())
        });
        ran.map(|_| filter.unwrap())
    };
    assert_eq!(ask("a@b").unwrap(), "(mail=a@b)");
    assert_eq!(ask("*)(cn=*").unwrap(), "(mail=\\2a\\29\\28cn=\\2a)");
    assert_eq!(ask("x);cn;EVIL\\y").unwrap(), "(mail=x\\29;cn;EVIL\\5cy)");
    assert_eq!(ask("{0}").unwrap(), "(mail={0})");
}

/// An answer that is kept for a query must not be given for one with another meaning.
#[test]
fn queries_are_alike_where_every_answer_is() {
    let rules = r#"
        c:[Type == "t"] => issue(store = "Active Directory", types = ("o"), query = "(mail=" + c.Value + ");mail;CONTOSO\x");
        => issue(store = "Active Directory", types = ("o"), query = "(mail=*);mail;CONTOSO\x");
        => add(store = "Active Directory", types = ("p"), query = "(mail=*);mail;CONTOSO\x");
        => add(store = "Active Directory", types = ("o", "p"), query = "(mail=*);mail;CONTOSO\x");
        => add(store = "Another", types = ("o"), query = "(mail=*);mail;CONTOSO\x");
        => add(store = "Active Directory", types = ("o"), query = "(mail=*);mail;CONTOSO\x", param = "y");
    "#;
    let mut asked = Vec::new();
    let ran = run_with(rules, &[claim("t", "*")], Default::default(), |query| {
        asked.push(query.clone());
        Ok(Vec::new())
    });
    ran.unwrap();
    let [value, written, same, two_columns, another_store, param] = &asked[..] else {
        panic!("{asked:?}")
    };
    assert_eq!(value.query, written.query);
    assert!(written.asks_like(same), "of another rule, for another type");
    for other in [value, two_columns, another_store, param] {
        assert!(!written.asks_like(other), "{other:?}");
        assert!(!other.asks_like(written), "{other:?}");
    }
}

#[test]
fn filters_are_read_as_rfc_4515_says() {
    let read = |text: &str| Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(
        read("(cn=*)"),
        Filter::Present {
            attribute: "cn".into()
        }
    );
    let parts = vec![b"a".to_vec(), b"*".to_vec(), Vec::new()];
    assert_eq!(
        read("(cn=a*\\2a*)"),
        Filter::Substrings {
            attribute: "cn".into(),
            parts
        }
    );
    assert_eq!(
        read(" ( & (a=1) (!(b>=2)) ) "),
        Filter::And(vec![
            Filter::Equal {
                attribute: "a".into(),
                value: b"1".to_vec()
            },
            Filter::Not(Box::new(Filter::GreaterOrEqual {
                attribute: "b".into(),
                value: b"2".to_vec()
            })),
        ])
    );
    assert_eq!(
        read("(objectGUID=\\00\\ff)"),
        Filter::Equal {
            attribute: "objectGUID".into(),
            value: vec![0, 255]
        }
    );
    assert_eq!(read("(|)"), Filter::Or(Vec::new()));
    assert!(matches!(
        read("(cn:dn:2.4.6:=x)"),
        Filter::Extensible {
            distinguished_name: true,
            ..
        }
    ));
    for refused in [
        "",
        "()",
        "cn=a",
        "(cn=a",
        "(cn=a))",
        "(cn=a)x",
        "(=a)",
        "(c n=a)",
        "(cn=\\2)",
        "(cn=\\zz)",
        "(cn>=a*)",
        "(cn=a(b)",
        "(!)",
        "(!(a=1)(b=2))",
        "(:=x)",
        "(a:b:c:=x)",
        "(cn=\0)",
    ] {
        assert!(Filter::parse(refused).is_err(), "{refused}");
    }
    assert!(Filter::parse(&("(!".repeat(40) + "(a=1)" + &")".repeat(40))).is_err());
}

#[test]
fn store_names_tell_who_answers() {
    let kind = |name: &str| match StoreQuery::new(name, 1, "", Vec::new()).kind() {
        StoreKind::ActiveDirectory => "directory",
        StoreKind::OpaqueId => "opaque",
        StoreKind::PasswordExpiry => "expiry",
        StoreKind::ProxyCredential => "proxy",
        StoreKind::Named(own) if own == name => "named",
        _ => "other",
    };
    assert_eq!(kind("Active Directory"), "directory");
    assert_eq!(kind("_OpaqueIdStore"), "opaque");
    assert_eq!(kind("_PasswordExpiryStore"), "expiry");
    assert_eq!(kind("_ProxyCredentialStore"), "proxy");
    assert_eq!(kind("active directory"), "named");
}

fn opaque(ids: &OpaqueIds, params: &[&str]) -> Result<String, signet_claims::EvaluationError> {
    let places: Vec<String> = (0..params.len()).map(|n| format!("{{{n}}}")).collect();
    let params = params.iter().map(|param| Arc::from(*param)).collect();
    let query = StoreQuery::new("_OpaqueIdStore", 1, &places.join(";"), params);
    Ok(ids.answer(&query)?[0][0].as_deref().unwrap().to_owned())
}

#[test]
fn opaque_ids_stay_with_a_person_and_differ_between_applications() {
    let ids = OpaqueIds::new(&[7; 32], "https://a.example/");
    let ppid = ["ppid", "S-1-5-21-1-2-3-1105", "AD AUTHORITY"];
    let own = opaque(&ids, &ppid).unwrap();
    assert_eq!(own, opaque(&ids, &ppid).unwrap());
    assert_eq!(own.len(), 44, "base64 of 32 octets");
    let elsewhere = OpaqueIds::new(&[7; 32], "https://b.example/");
    let other_salt = OpaqueIds::new(&[8; 32], "https://a.example/");
    let mut seen = vec![
        own,
        opaque(&elsewhere, &ppid).unwrap(),
        opaque(&other_salt, &ppid).unwrap(),
    ];
    for params in [
        &["ppid", "S-1-5-21-1-2-3-1106", "AD AUTHORITY"][..],
        &["ppid", "S-1-5-21-1-2-3-1105", "OTHER"],
        &["ppid", "S-1-5-21-1-2-3-1105A", "D AUTHORITY"],
        &[
            "useEntropy",
            "S-1-5-21-1-2-3-1105",
            "AD AUTHORITY",
            "",
            "2026-11-21T09:00:00Z",
        ],
        &[
            "useEntropy",
            "S-1-5-21-1-2-3-1105",
            "AD AUTHORITY",
            "",
            "2026-11-21T09:00:01Z",
        ],
    ] {
        seen.push(opaque(&ids, params).unwrap());
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "all differ");
    for refused in [
        &["ppid", "x"][..],
        &["ppid", "", "i"],
        &["other", "x", "i"],
        &["useEntropy", "x", "i"],
    ] {
        assert_eq!(
            opaque(&ids, refused).unwrap_err().code(),
            "POLICY0018",
            "{refused:?}"
        );
    }
    let hostile = opaque(&ids, &["ppid", "a;b", "i"]).unwrap();
    assert_ne!(hostile, opaque(&ids, &["ppid", "a", "b;i"]).unwrap());
}

#[test]
fn a_password_s_end_is_told_a_fortnight_ahead() {
    let store = PasswordExpiry::new(
        datetime!(2026-11-21 09:00 UTC),
        "https://sts.example/change",
    );
    let ask = |expiry: &str, columns| {
        let query = StoreQuery::new(
            "_PasswordExpiryStore",
            columns,
            "{0};",
            vec![Arc::from(expiry)],
        );
        store.answer(&query)
    };
    let told =
        |seconds: &str, days: &str| Ok(vec![row(&[seconds, days, "https://sts.example/change"])]);
    assert_eq!(ask("2026-12-01T08:00:00Z", 3), told("860400", "9"));
    assert_eq!(ask("864000", 3), told("864000", "10"));
    assert_eq!(ask("1209600", 3), told("1209600", "14"));
    assert_eq!(ask("1209601", 3), Ok(Vec::new()));
    assert_eq!(
        ask("2026-11-21T08:59:59Z", 3),
        Ok(Vec::new()),
        "too late to tell"
    );
    assert_eq!(ask("0", 3), Ok(Vec::new()));
    assert_eq!(ask("soon", 3).unwrap_err().code(), "POLICY0018");
    assert_eq!(ask("864000", 2).unwrap_err().code(), "POLICY0019");
}

#[test]
fn a_refusal_of_a_store_has_a_kind() {
    let query = query("q", 1, &[]);
    let refused = query
        .failed(StoreFault::Refused { detail: "d".into() })
        .message();
    let silent = query
        .failed(StoreFault::Unavailable { detail: "d".into() })
        .message();
    assert_ne!(refused.code, silent.code);
    assert_eq!(silent.culprit, signet_model::Culprit::Directory);
}
