//! What `check` says of a trust configuration and of directories.

use signet_model::Method;

use super::*;

const NODE: &str = "[service]\nhost = \"sts.contoso.com\"\n[listen]\nhttps = [\"127.0.0.1:8443\"]\n[tls]\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\n[store]\nurl = \"sqlite://signet.db\"\nmaster_key = \"master.key\"\n";

#[test]
fn controllers_that_dns_does_not_know_are_an_operators_matter() {
    let text = format!(
        "{NODE}[[directory]]\ndomain = \"corp.contoso.com\"\nnetbios = \"CORP\"\nca = \"ca.pem\"\naccount = \"x\"\npassword_file = \"p\"\nresolver = \"10.0.0.53:53\"\n"
    );
    let config = Config::parse(&text, "f").unwrap();
    let said = no_controller(
        &config.directories[0],
        "_ldap._tcp.dc._msdcs.corp.contoso.com.: there is no such name",
    );
    for part in [
        "10.0.0.53:53 (resolver)",
        "_ldap._tcp.dc._msdcs.corp.contoso.com (there is no such name)",
        "[[directory]] controllers",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!said.contains("password. Try"), "{said}");
}

#[test]
fn a_party_for_methods_that_this_node_does_not_perform_is_told() {
    use signet_model::uris::authn;
    let mut party = RelyingParty::new("Safe", "urn:safe");
    let passwords = AvailableMethods::new([Method::Password], []);
    let with_app = AvailableMethods::new([Method::Password], [Method::Totp]);
    assert!(can_be_signed_in_to(&party, &passwords));
    party.allowed_authentication_classes = vec![authn::MULTIPLE.to_owned()];
    assert!(!can_be_signed_in_to(&party, &passwords));
    assert!(can_be_signed_in_to(&party, &with_app));
    let mut trust = TrustConfiguration::default();
    trust.relying_parties.push(party);
    let mut report = Report(Vec::new());
    trusts(&trust, &passwords, &mut report);
    assert!(
        report
            .0
            .iter()
            .any(|line| line.text.contains("nobody can sign in"))
    );
}

#[test]
fn domains_that_nothing_here_answers_entra_for_are_told() {
    let mut trust = TrustConfiguration::default();
    let warnings = |trust: &TrustConfiguration| {
        let mut report = Report(Vec::new());
        trusts(
            trust,
            &AvailableMethods::new([Method::Password], []),
            &mut report,
        );
        let lines = report.0.into_iter().filter(|line| line.part == "domains");
        lines.map(|line| line.text).collect::<Vec<_>>()
    };
    assert!(warnings(&trust).is_empty());
    trust.domains.insert(signet_model::FederatedDomain {
        name: "contoso.com".to_owned(),
        issuer_uri: "urn:contoso".to_owned(),
        covers_subdomains: true,
    });
    let told = warnings(&trust);
    assert!(
        told.len() == 1 && told[0].contains("rp add --preset entra"),
        "{told:?}"
    );
}

#[test]
fn an_idle_limit_that_never_counts_is_told() {
    let told = |session: &str| {
        let config = Config::parse(&format!("{NODE}[session]\n{session}"), "f").unwrap();
        let mut report = Report(Vec::new());
        sessions(&config.session, &mut report);
        !report.0.is_empty()
    };
    assert!(told("idle_minutes = 600\n"));
    for good in [
        "absolute_minutes = 60\n",
        "idle_minutes = 600\nkeep_me_signed_in = true\n",
        "idle_minutes = 60\n",
    ] {
        assert!(!told(good), "{good}");
    }
}
