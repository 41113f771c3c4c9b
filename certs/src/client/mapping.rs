//! `altSecurityIdentities`: which certificate an account names as its own (KB5014754, MS-PKCA 3.1.5.2.1).

use std::fmt::Write as _;

use super::certificate::ClientCertificate;
use super::name::DistinguishedName;

/// The longest value that is read.
const LONGEST_IDENTITY: usize = 16 * 1024;

/// How firmly a mapping binds an account to a certificate.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Strength {
    /// By names, which an authority may give to another certificate as well.
    Weak,
    /// By one certificate or one key.
    Strong,
}

/// One value of `altSecurityIdentities`, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityIdentity {
    /// `X509:<I>…<SR>…`; the serial as the certificate has it, big-endian.
    IssuerAndSerial(DistinguishedName, Vec<u8>),
    /// `X509:<SKI>…`
    SubjectKeyId(Vec<u8>),
    /// `X509:<SHA1-PUKEY>…`
    Sha1OfKey(Vec<u8>),
    /// `X509:<I>…<S>…`
    IssuerAndSubject(DistinguishedName, DistinguishedName),
    /// `X509:<S>…`
    Subject(DistinguishedName),
    /// `X509:<RFC822>…`
    Email(String),
}

/// Whether an identity is a certificate's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is another's.
    No,
    /// It would be this one's if its name were written root first; Windows does not match it either.
    WrongOrder,
    /// It is this one's.
    Yes,
}

impl SecurityIdentity {
    /// Reads a value; `None` for other kinds (`Kerberos:…`) and for what no tool writes.
    pub fn parse(value: &str) -> Option<Self> {
        let head = value.get(..5)?;
        if value.len() > LONGEST_IDENTITY || !head.eq_ignore_ascii_case("X509:") {
            return None;
        }
        let fields = fields(value.get(5..)?)?;
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(tag, text)| (tag.as_str(), *text))
            .collect();
        match fields.as_slice() {
            [("I", issuer), ("SR", serial)] => {
                let mut serial = hex(serial)?;
                serial.reverse();
                Some(Self::IssuerAndSerial(
                    DistinguishedName::parse(issuer)?,
                    serial,
                ))
            }
            [("I", issuer), ("S", subject)] => Some(Self::IssuerAndSubject(
                DistinguishedName::parse(issuer)?,
                DistinguishedName::parse(subject)?,
            )),
            [("S", subject)] => Some(Self::Subject(DistinguishedName::parse(subject)?)),
            [("SKI", id)] => Some(Self::SubjectKeyId(hex(id)?)),
            [("SHA1-PUKEY", id)] => Some(Self::Sha1OfKey(hex(id)?)),
            [("RFC822", email)] if !email.is_empty() => Some(Self::Email((*email).to_owned())),
            _ => None,
        }
    }

    /// As KB5014754 ranks the six forms.
    pub fn strength(&self) -> Strength {
        match self {
            Self::IssuerAndSerial(..) | Self::SubjectKeyId(_) | Self::Sha1OfKey(_) => {
                Strength::Strong
            }
            Self::IssuerAndSubject(..) | Self::Subject(_) | Self::Email(_) => Strength::Weak,
        }
    }

    /// Whether this is the identity of `certificate`.
    ///
    /// What `SHA1-PUKEY` hashes is told in two ways, the certificate and its public key: either binds one key, so
    /// either is taken.
    pub fn matches(&self, certificate: &ClientCertificate) -> Match {
        let yes = |same: bool| if same { Match::Yes } else { Match::No };
        match self {
            Self::IssuerAndSerial(issuer, serial) => {
                let same_serial = trimmed(serial) == trimmed(&certificate.serial);
                names(&[(issuer, &certificate.issuer)]).only_if(same_serial)
            }
            Self::SubjectKeyId(id) => {
                yes(!id.is_empty() && certificate.extensions.subject_key_id.as_ref() == Some(id))
            }
            Self::Sha1OfKey(hash) => {
                yes(*hash == certificate.sha1 || *hash == certificate.public_key_sha1)
            }
            Self::IssuerAndSubject(issuer, subject) => names(&[
                (issuer, &certificate.issuer),
                (subject, &certificate.subject),
            ]),
            Self::Subject(subject) => names(&[(subject, &certificate.subject)]),
            Self::Email(email) => {
                let mut emails = certificate.extensions.emails.iter();
                yes(emails.any(|one| one.eq_ignore_ascii_case(email)))
            }
        }
    }
}

impl Match {
    fn only_if(self, condition: bool) -> Self {
        if condition { self } else { Self::No }
    }
}

fn names(pairs: &[(&DistinguishedName, &DistinguishedName)]) -> Match {
    if pairs.iter().any(|(written, _)| written.is_empty()) {
        return Match::No;
    }
    if pairs.iter().all(|(written, have)| written.same_as(have)) {
        return Match::Yes;
    }
    let turned = |(written, have): &(&DistinguishedName, &DistinguishedName)| {
        written.same_as(have) || written.is_reverse_of(have)
    };
    if pairs.iter().all(turned) {
        Match::WrongOrder
    } else {
        Match::No
    }
}

/// Leading zero octets of a serial are signs, not digits.
fn trimmed(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|octet| **octet == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

/// `<TAG>text<TAG>text…`; angle brackets inside quotation marks belong to the text.
fn fields(written: &str) -> Option<Vec<(String, &str)>> {
    const TAGS: [&str; 6] = ["I", "SR", "S", "SKI", "SHA1-PUKEY", "RFC822"];
    let tag_at = |at: usize| {
        let rest = written.get(at..)?.strip_prefix('<')?;
        let (name, _) = rest.split_once('>')?;
        let known = TAGS.iter().find(|tag| tag.eq_ignore_ascii_case(name))?;
        Some((*known, at + name.len() + 2))
    };
    let mut found: Vec<(String, &str)> = Vec::new();
    let (mut open, mut quoted) = (None, false);
    for (at, character) in written.char_indices() {
        quoted ^= character == '"';
        if character != '<' || quoted {
            if at == 0 {
                return None;
            }
            continue;
        }
        if let Some((tag, text_at)) = tag_at(at) {
            if let Some((tag, from)) = open {
                found.push((String::from(tag), written.get(from..at)?));
            }
            open = Some((tag, text_at));
        } else if at == 0 {
            return None;
        }
        if found.len() > 2 {
            return None;
        }
    }
    let (tag, from) = open?;
    found.push((tag.to_owned(), written.get(from..)?));
    Some(found)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.trim().bytes().collect();
    if digits.is_empty() || !digits.len().is_multiple_of(2) || digits.len() > 256 {
        return None;
    }
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let pairs = digits.chunks_exact(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

fn hex_lower(octets: impl IntoIterator<Item = u8>) -> String {
    let mut text = String::new();
    for octet in octets {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02x}");
    }
    text
}

/// One line that an administrator may paste into `altSecurityIdentities`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingString {
    /// The value.
    pub value: String,
    /// How firmly it binds.
    pub strength: Strength,
    /// What it binds by, in words.
    pub binds: &'static str,
}

/// All the values that mean this certificate, strong ones first.
pub fn mapping_strings(certificate: &ClientCertificate) -> Vec<MappingString> {
    let issuer = certificate.issuer.active_directory_text();
    let subject = certificate.subject.active_directory_text();
    let serial = hex_lower(certificate.serial.iter().rev().copied());
    let strong = |value, binds| MappingString {
        value,
        strength: Strength::Strong,
        binds,
    };
    let weak = |value, binds| MappingString {
        value,
        strength: Strength::Weak,
        binds,
    };
    let mut lines = vec![strong(
        format!("X509:<I>{issuer}<SR>{serial}"),
        "issuer and serial number: this certificate",
    )];
    if let Some(id) = &certificate.extensions.subject_key_id {
        lines.push(strong(
            format!("X509:<SKI>{}", hex_lower(id.iter().copied())),
            "subject key identifier: this key, also after renewal with it",
        ));
    }
    lines.push(strong(
        format!("X509:<SHA1-PUKEY>{}", hex_lower(certificate.sha1)),
        "SHA-1 of the certificate",
    ));
    lines.push(strong(
        format!(
            "X509:<SHA1-PUKEY>{}",
            hex_lower(certificate.public_key_sha1)
        ),
        "SHA-1 of the public key",
    ));
    if !certificate.subject.is_empty() {
        lines.push(weak(
            format!("X509:<I>{issuer}<S>{subject}"),
            "issuer and subject: any certificate of that name",
        ));
        lines.push(weak(
            format!("X509:<S>{subject}"),
            "subject: any certificate of that name, of any issuer",
        ));
    }
    for email in &certificate.extensions.emails {
        lines.push(weak(
            format!("X509:<RFC822>{email}"),
            "e-mail address: any certificate with it",
        ));
    }
    lines
}

/// The values to search the directory for: those of [`mapping_strings`], and the same with names that are not quoted.
///
/// What is found has still to be compared ([`SecurityIdentity::matches`]).
pub fn search_values(certificate: &ClientCertificate) -> Vec<String> {
    let lines = mapping_strings(certificate);
    let mut values: Vec<String> = lines.into_iter().map(|line| line.value).collect();
    let issuer = certificate.issuer.unquoted_text();
    let subject = certificate.subject.unquoted_text();
    let serial = hex_lower(certificate.serial.iter().rev().copied());
    values.push(format!("X509:<I>{issuer}<SR>{serial}"));
    values.push(format!("X509:<I>{issuer}<S>{subject}"));
    values.push(format!("X509:<S>{subject}"));
    values.sort();
    values.dedup();
    values
}

/// Fuzz target: what is read as an identity is written in no other way than a name and octets.
pub fn fuzz_security_identity(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Some(
        SecurityIdentity::Subject(name)
        | SecurityIdentity::IssuerAndSerial(name, _)
        | SecurityIdentity::IssuerAndSubject(_, name),
    ) = SecurityIdentity::parse(text)
    {
        let again = DistinguishedName::parse(&name.active_directory_text());
        assert!(again.is_some_and(|again| again.same_as(&name)), "{name:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_read() {
        let parse = SecurityIdentity::parse;
        let Some(SecurityIdentity::IssuerAndSerial(issuer, serial)) =
            parse("X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>1200000000AC11000000002B")
        else {
            panic!("issuer and serial");
        };
        assert_eq!(
            issuer.active_directory_text(),
            "DC=com,DC=contoso,CN=CONTOSO-DC-CA"
        );
        assert_eq!(serial, [0x2b, 0, 0, 0, 0, 0x11, 0xac, 0, 0, 0, 0, 0x12]);
        assert!(matches!(
            parse("x509:<s>CN=a"),
            Some(SecurityIdentity::Subject(_))
        ));
        assert!(matches!(
            parse("X509:<I>CN=\"a<S>b\"<S>CN=c"),
            Some(SecurityIdentity::IssuerAndSubject(..))
        ));
        for wrong in [
            "",
            "X509:",
            "X509:CN=a",
            "X509:<SKI>",
            "X509:<SKI>abc",
            "X509:<SKI>xy",
            "X509:<I>CN=a",
            "X509:<SR>00",
            "X509:<I>CN=a<SR>00<S>CN=b",
            "X509:<S>CN=a<I>CN=b",
            "Kerberos:alice@EXAMPLE.COM",
            "X509:<RFC822>",
        ] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn sec_crt_03_strong_and_weak_as_the_article_ranks_them() {
        for (value, strength) in [
            ("X509:<I>CN=a<SR>12", Strength::Strong),
            ("X509:<SKI>123456", Strength::Strong),
            ("X509:<SHA1-PUKEY>123456", Strength::Strong),
            ("X509:<I>CN=a<S>CN=b", Strength::Weak),
            ("X509:<S>CN=b", Strength::Weak),
            ("X509:<RFC822>b@example.com", Strength::Weak),
        ] {
            let identity = SecurityIdentity::parse(value).unwrap();
            assert_eq!(identity.strength(), strength, "{value}");
        }
    }
}
