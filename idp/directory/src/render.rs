//! Values as AD FS's `Active Directory` attribute store writes them.
//!
//! | syntax | text |
//! |---|---|
//! | string, DN, number, boolean, time | as LDAP gives it |
//! | octet string | base64 of the octets |
//! | SID | `S-1-5-…` |
//! | tokenGroups | sAMAccountName of each group, nested |
//! | tokenGroups(domainQualifiedName) | `NETBIOS\group` |
//! | tokenGroups(longDomainQualifiedName) | `dns.domain\group` |
//! | tokenGroups(SID) | `S-1-5-…` |

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signet_model::Sid;

use crate::describe::DomainNames;
use crate::directory::Rows;
use crate::entry::Entry;

/// Attributes of octet string syntax (2.5.5.10) whose octets may happen to be text. An attribute that is
/// not named here is octets when one of its values is not UTF-8.
const OCTETS: [&str; 26] = [
    "attributesecurityguid",
    "audio",
    "cacertificate",
    "jpegphoto",
    "logonhours",
    "ms-ds-consistencyguid",
    "msds-generationid",
    "msds-keycredentiallink-bl",
    "msexcharchiveguid",
    "msexchblockedsendershash",
    "msexchmailboxguid",
    "msexchmailboxsecuritydescriptor",
    "msexchsaferecipientshash",
    "msexchsafesendershash",
    "msexchdisabledarchiveguid",
    "msrtcsip-userroutinggroupid",
    "netbootguid",
    "objectguid",
    "parentguid",
    "photo",
    "schemaidguid",
    "thumbnaillogo",
    "thumbnailphoto",
    "usercertificate",
    "userpkcs12",
    "usersmimecertificate",
];

/// Attributes of SID syntax (2.5.5.17).
const SIDS: [&str; 8] = [
    "creatorsid",
    "ms-ds-creatorsid",
    "objectsid",
    "securityidentifier",
    "sidhistory",
    "tokengroups",
    "tokengroupsglobalanduniversal",
    "tokengroupsnogcacceptable",
];

/// What one column of a query asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// An attribute by name.
    Attribute(String),
    /// The groups of the token, nested, in one of four forms.
    Groups(GroupForm),
}

/// How a group is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupForm {
    /// `group`
    Name,
    /// `NETBIOS\group`
    DomainQualified,
    /// `dns.domain\group`
    LongDomainQualified,
    /// `S-1-5-…`
    Sid,
}

impl Column {
    /// Reads a column of a query.
    ///
    /// # Errors
    /// When it is neither an attribute name (RFC 4512 section 2.5, with options) nor a form of tokenGroups.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        Ok(match lower.as_str() {
            "tokengroups" => Self::Groups(GroupForm::Name),
            "tokengroups(domainqualifiedname)" => Self::Groups(GroupForm::DomainQualified),
            "tokengroups(longdomainqualifiedname)" => Self::Groups(GroupForm::LongDomainQualified),
            "tokengroups(sid)" => Self::Groups(GroupForm::Sid),
            _ => {
                let starts = lower.starts_with(|c: char| c.is_ascii_alphanumeric());
                let named = lower
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
                if !starts || !named || text.len() > 256 {
                    return Err(format!("{text:?} is not an attribute name"));
                }
                Self::Attribute(text.to_owned())
            }
        })
    }
}

/// A group by name: where it lives and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupName {
    pub(crate) sam: Arc<str>,
    /// Of the built-in domain (`S-1-5-32-…`).
    pub(crate) built_in: bool,
}

/// The groups of one object, in the form of a column. A group without a name is left out of the named forms.
pub(crate) fn groups(
    form: GroupForm,
    groups: &[(Sid, Option<GroupName>)],
    domain: &DomainNames,
) -> Vec<Arc<str>> {
    let named = groups.iter().filter_map(|(_, name)| name.as_ref());
    let qualified = |dns: bool| {
        named.clone().map(move |name| match (name.built_in, dns) {
            (true, _) => format!("BUILTIN\\{}", name.sam).into(),
            (false, true) => format!("{}\\{}", domain.dns, name.sam).into(),
            (false, false) => format!("{}\\{}", domain.netbios, name.sam).into(),
        })
    };
    match form {
        GroupForm::Sid => groups.iter().map(|(sid, _)| sid.as_str().into()).collect(),
        GroupForm::Name => named.map(|name| Arc::clone(&name.sam)).collect(),
        GroupForm::DomainQualified => qualified(false).collect(),
        GroupForm::LongDomainQualified => qualified(true).collect(),
    }
}

/// The values of one attribute of one object.
pub(crate) fn values(entry: &Entry, attribute: &str) -> Vec<Arc<str>> {
    let lower = attribute.to_ascii_lowercase();
    let values = entry.values(&lower);
    if SIDS.contains(&lower.as_str()) {
        return values
            .iter()
            .filter_map(|value| Sid::from_binary(value))
            .map(|sid| sid.as_str().into())
            .collect();
    }
    let texts: Option<Vec<&str>> = values
        .iter()
        .map(|value| std::str::from_utf8(value).ok())
        .collect();
    match texts {
        Some(texts) if !OCTETS.contains(&lower.as_str()) => {
            texts.into_iter().map(Arc::from).collect()
        }
        _ => values
            .iter()
            .map(|value| STANDARD.encode(value).into())
            .collect(),
    }
}

/// Puts the columns of one object side by side, filling up short ones.
pub(crate) fn push_rows(rows: &mut Rows, columns: &[Vec<Arc<str>>]) {
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    rows.0.extend((0..height).map(|row| {
        columns
            .iter()
            .map(|column| column.get(row).cloned())
            .collect::<Vec<_>>()
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[Arc<str>]) -> Vec<&str> {
        values.iter().map(|value| &**value).collect()
    }

    #[test]
    fn values_are_rendered_by_their_syntax() {
        let mut entry = Entry::new("CN=a,DC=b".to_owned());
        entry.set("objectGUID", vec![b"0123456789abcdef".to_vec()]);
        entry.set(
            "objectSid",
            vec![Sid::parse("S-1-5-21-1-2-3-1105").unwrap().to_binary()],
        );
        entry.set("mail", vec!["žofia@example.com".as_bytes().to_vec()]);
        entry.set("custom", vec![b"a".to_vec(), vec![0xff]]);
        assert_eq!(
            texts(&values(&entry, "OBJECTguid")),
            ["MDEyMzQ1Njc4OWFiY2RlZg=="]
        );
        assert_eq!(texts(&values(&entry, "objectSid")), ["S-1-5-21-1-2-3-1105"]);
        assert_eq!(texts(&values(&entry, "mail")), ["žofia@example.com"]);
        assert_eq!(texts(&values(&entry, "custom")), ["YQ==", "/w=="]);
        assert!(values(&entry, "absent").is_empty());
    }

    #[test]
    fn groups_are_rendered_in_four_forms() {
        let domain = DomainNames {
            dns: "corp.example".into(),
            netbios: "CORP".into(),
        };
        let name = |sam: &str, built_in| {
            Some(GroupName {
                sam: sam.into(),
                built_in,
            })
        };
        let sid = |text: &str| Sid::parse(text).unwrap();
        let all = [
            (sid("S-1-5-21-1-2-3-513"), name("Domain Users", false)),
            (sid("S-1-5-32-545"), name("Users", true)),
            (sid("S-1-5-21-9-9-9-1"), None),
        ];
        let form = |form| groups(form, &all, &domain);
        assert_eq!(texts(&form(GroupForm::Name)), ["Domain Users", "Users"]);
        assert_eq!(
            texts(&form(GroupForm::DomainQualified)),
            ["CORP\\Domain Users", "BUILTIN\\Users"]
        );
        assert_eq!(
            texts(&form(GroupForm::LongDomainQualified)),
            ["corp.example\\Domain Users", "BUILTIN\\Users"]
        );
        assert_eq!(
            texts(&form(GroupForm::Sid)),
            ["S-1-5-21-1-2-3-513", "S-1-5-32-545", "S-1-5-21-9-9-9-1"]
        );
    }

    #[test]
    fn columns_are_read_and_anything_else_is_refused() {
        assert_eq!(
            Column::parse(" mail "),
            Ok(Column::Attribute("mail".to_owned()))
        );
        assert_eq!(
            Column::parse("TokenGroups(SID)"),
            Ok(Column::Groups(GroupForm::Sid))
        );
        for text in [
            "",
            "*",
            "a b",
            "tokenGroups(x)",
            "member;range=0-*",
            "a*",
            "-a",
        ] {
            assert!(Column::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn short_columns_are_filled_up() {
        let mut rows = Rows::default();
        push_rows(
            &mut rows,
            &[vec!["a".into(), "b".into()], vec!["c".into()], Vec::new()],
        );
        push_rows(&mut rows, &[Vec::new(), Vec::new(), Vec::new()]);
        assert_eq!(
            rows.0,
            vec![
                vec![Some("a".into()), Some("c".into()), None],
                vec![Some("b".into()), None, None]
            ]
        );
    }
}
