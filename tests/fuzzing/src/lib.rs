//! The fuzz targets: every reader of bytes from outside, by name.
//!
//! Each takes any bytes, returns in a bounded time, and panics only when a promise of its room is broken.
//! `tests/fuzz SECONDS` fuzzes them, `replay` feeds them the committed corpora (`tests/fuzzing/corpus/NAME/`),
//! and `tests/run` does the latter.

/// A target: its name, which is also its corpus folder, and its function.
pub struct Target {
    /// Name and folder.
    pub name: &'static str,
    /// What is called with each input.
    pub run: fn(&[u8]),
}

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}

/// All targets.
pub const TARGETS: &[Target] = &[
    target("audit_text", signet_store::audit::fuzz_audit_text),
    target("certificate", |bytes| {
        drop(signet_certs::read_certificate(bytes))
    }),
    target(
        "certificate_header",
        signet_certs::client::header::fuzz_certificate_header,
    ),
    target(
        "certificate_mapping",
        signet_certs::client::fuzz_security_identity,
    ),
    target(
        "certificate_of_person",
        signet_certs::client::fuzz_client_certificate,
    ),
    target(
        "claim_rule_pattern",
        signet_claims::fuzz::claim_rule_pattern,
    ),
    target("claim_rule_query", signet_claims::fuzz::claim_rule_query),
    target("claim_rules", signet_claims::fuzz::claim_rules),
    target("forwarded_for", signet_authn::fuzz_forwarded_for),
    target("factor_code", signet_authn::factors::fuzz_code),
    target("inflate", signet_protocols::fuzz::inflate),
    target(
        "kerberos_certificate",
        signet_authn::kerberos::fuzz::fuzz_end_point,
    ),
    target("kerberos_keytab", signet_authn::kerberos::fuzz::fuzz_keytab),
    target(
        "kerberos_negotiate",
        signet_authn::kerberos::fuzz::fuzz_negotiate,
    ),
    target("kerberos_pac", signet_authn::kerberos::fuzz::fuzz_pac),
    target("ldap_answer", signet_directory::fuzz::fuzz_ldap_answer),
    target("ldap_dn", signet_directory::fuzz::fuzz_dn),
    target(
        "ldap_filter_value",
        signet_directory::fuzz::fuzz_filter_value,
    ),
    target("ldap_sid", signet_directory::fuzz::fuzz_sid),
    target("ldif", signet_directory::fuzz::fuzz_ldif),
    target("login_name", signet_directory::fuzz::fuzz_login_name),
    target("metadata", signet_metadata::partners::fuzz_import),
    target(
        "ocsp_answer",
        signet_certs::client::revocation::fuzz_ocsp_answer,
    ),
    target(
        "password_rules",
        signet_directory::fuzz::fuzz_password_rules,
    ),
    target("pfx", |bytes| drop(signet_certs::read_pfx_bytes(bytes))),
    target("radius", signet_authn::factors::fuzz_radius),
    target("reply", signet_protocols::fuzz::reply),
    target(
        "revocation_list",
        signet_certs::client::revocation::fuzz_revocation_list,
    ),
    target("saml_message", signet_protocols::fuzz::saml_message),
    target("saml_post", signet_protocols::fuzz::saml_post),
    target("saml_redirect", signet_protocols::fuzz::saml_redirect),
    target("session_cookie", signet_store::fuzz_cookie),
    target(
        "webauthn_answer",
        signet_authn::factors::fuzz_webauthn_answer,
    ),
    target("wsfed_query", signet_protocols::fuzz::wsfed_query),
    target("xml_canonical", |bytes| {
        drop(signet_xml::fuzz::canonical_form(bytes))
    }),
    target("xml_read", signet_xml::fuzz::read_document),
    target("xml_verify", signet_xml::fuzz::verify_document),
    target("xml_write", signet_xml::fuzz::write_values),
];

/// The target of that name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|one| one.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_one_target_and_has_a_corpus() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        for (at, target) in TARGETS.iter().enumerate() {
            assert!(
                !TARGETS[..at].iter().any(|one| one.name == target.name),
                "{} twice",
                target.name
            );
            let seeds = std::fs::read_dir(corpus.join(target.name))
                .map(Iterator::count)
                .unwrap_or(0);
            assert!(seeds > 0, "{} has no corpus", target.name);
        }
        for folder in std::fs::read_dir(&corpus).unwrap() {
            let name = folder.unwrap().file_name().into_string().unwrap();
            assert!(find(&name).is_some(), "corpus {name} belongs to no target");
        }
    }
}
