//! What `signet check` says of a key table.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use super::encryption::encryption_name;
use super::keytab::{KeytabEntry, KeytabFault, read_keytab};

/// A readable key table: what is in it, and what an administrator should mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeytabReport {
    /// One line a principal and version: `HTTP/sts.corp.example@CORP.EXAMPLE, version 3: aes256…, aes128…`.
    pub keys: Vec<String>,
    /// What stands against signing in with it.
    pub warnings: Vec<KeytabWarning>,
}

/// Something to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeytabWarning {
    /// No key for the name that browsers ask for.
    NoServiceName {
        /// `HTTP/` and the host.
        wanted: String,
        /// The service names that are there.
        found: Vec<String>,
    },
    /// A principal's newest keys are all of a type that is refused.
    OnlyWeak {
        /// The principal with its realm.
        principal: String,
        /// Its newest version.
        key_version: u32,
        /// The names of the types.
        encryptions: String,
    },
}

impl fmt::Display for KeytabWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoServiceName { wanted, found } => write!(
                f,
                "no key for {wanted}, which browsers ask for (there are: {}). Add the name to the service account (setspn -S {wanted} ACCOUNT) \
                 and export the keytab again. The keys of another name do too when both names belong to one account.",
                if found.is_empty() {
                    "none".to_owned()
                } else {
                    found.join(", ")
                }
            ),
            Self::OnlyWeak {
                principal,
                key_version,
                encryptions,
            } => write!(
                f,
                "{principal}, version {key_version}, has only {encryptions}: such tickets are refused. Set the account's \
                 msDS-SupportedEncryptionTypes to 24 (AES), reset its password, and export the keytab again with AES keys."
            ),
        }
    }
}

/// Reads a key table and judges it for the host that people visit; blocks.
///
/// # Errors
/// [`KeytabFault`]: the file cannot be used, or is open to others than its owner.
pub fn check_keytab(path: &Path, host: &str) -> Result<KeytabReport, KeytabFault> {
    read_keytab(path).map(|entries| judge(&entries, host))
}

fn judge(entries: &[KeytabEntry], host: &str) -> KeytabReport {
    let mut versions: BTreeMap<(String, u32), BTreeSet<i64>> = BTreeMap::new();
    for entry in entries {
        let name = format!("{}@{}", entry.principal, entry.realm);
        let types = versions.entry((name, entry.key_version)).or_default();
        types.insert(entry.encryption);
    }
    let keys = versions
        .iter()
        .map(|((name, version), types)| format!("{name}, version {version}: {}", names(types)))
        .collect();
    let mut warnings = Vec::new();
    let wanted = format!("HTTP/{host}");
    if !entries
        .iter()
        .any(|entry| entry.principal.eq_ignore_ascii_case(&wanted))
    {
        let found: BTreeSet<String> = entries
            .iter()
            .map(|entry| entry.principal.clone())
            .collect();
        warnings.push(KeytabWarning::NoServiceName {
            wanted,
            found: found.into_iter().collect(),
        });
    }
    // In order of principal and version, so the last one of a principal is its newest.
    let newest: BTreeMap<&String, (u32, &BTreeSet<i64>)> = versions
        .iter()
        .map(|((name, version), types)| (name, (*version, types)))
        .collect();
    for (principal, (key_version, types)) in newest {
        let is_weak = |number: &i64| super::encryption::EncryptionType::strong(*number).is_none();
        if types.iter().all(is_weak) {
            warnings.push(KeytabWarning::OnlyWeak {
                principal: principal.clone(),
                key_version,
                encryptions: names(types),
            });
        }
    }
    KeytabReport { keys, warnings }
}

fn names(types: &BTreeSet<i64>) -> String {
    let names: Vec<&str> = types
        .iter()
        .rev()
        .map(|number| encryption_name(*number))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(principal: &str, key_version: u32, encryption: i64) -> KeytabEntry {
        KeytabEntry {
            principal: principal.to_owned(),
            realm: "CORP.EXAMPLE".to_owned(),
            key_version,
            encryption,
        }
    }

    #[test]
    fn sec_krb_07_a_keytab_with_rc4_only_is_called_weak() {
        let entries = [
            entry("HTTP/sts.corp.example", 2, 18),
            entry("HTTP/sts.corp.example", 3, 23),
        ];
        let report = judge(&entries, "STS.corp.example");
        assert_eq!(report.keys.len(), 2);
        assert!(
            matches!(
                report.warnings.as_slice(),
                [KeytabWarning::OnlyWeak { key_version: 3, .. }]
            ),
            "{report:?}"
        );
        assert!(report.warnings[0].to_string().contains("rc4-hmac"));
    }

    #[test]
    fn the_name_that_browsers_ask_for_is_told() {
        let report = judge(&[entry("host/other", 1, 18)], "sts.corp.example");
        let [warning] = report.warnings.as_slice() else {
            panic!("{report:?}");
        };
        let text = warning.to_string();
        assert!(
            text.contains("HTTP/sts.corp.example") && text.contains("host/other"),
            "{text}"
        );
        assert_eq!(
            judge(&[entry("HTTP/sts.corp.example", 1, 17)], "sts.corp.example").warnings,
            []
        );
    }
}
