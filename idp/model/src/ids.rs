//! Typed identifiers: one cannot stand for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh random identifier (122 random bits from the operating system).
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A relying party trust; stable for its life, whatever its names become.
    RelyingPartyId
);
uuid_id!(
    /// The correlation id of one request: on the page, in the log, in the audit.
    ActivityId
);
uuid_id!(
    /// A single sign-on session, as logs and audit name it. Not the secret of the cookie.
    SessionId
);

/// An account: the objectGUID of the directory object, never a typed name.
///
/// Held as the 16 octets the directory stores (first three fields little-endian), so that
/// [`AccountId::to_base64`] is the `ImmutableID` that Entra Connect makes from objectGUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId([u8; 16]);

impl AccountId {
    /// From the octets of `objectGUID`; `None` unless there are 16.
    pub fn from_directory_octets(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    /// The octets as the directory stores them.
    pub fn as_octets(&self) -> &[u8; 16] {
        &self.0
    }

    /// The GUID in its usual text form.
    pub fn to_uuid(&self) -> Uuid {
        Uuid::from_bytes_le(self.0)
    }

    /// From the GUID in its usual text form.
    pub fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid.to_bytes_le())
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_uuid().fmt(f)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({})", self.to_uuid())
    }
}

/// A Windows security identifier in text form (`S-1-5-21-…`).
///
/// Source: MS-DTYP 2.4.2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sid(String);

impl Sid {
    /// Reads the binary form that `objectSid` and `tokenGroups` hold (MS-DTYP 2.4.2.2).
    pub fn from_binary(octets: &[u8]) -> Option<Self> {
        let (&revision, rest) = octets.split_first()?;
        let (&count, rest) = rest.split_first()?;
        let (authority, rest) = rest.split_first_chunk::<6>()?;
        if revision != 1 || count > 15 || rest.len() != usize::from(count) * 4 {
            return None;
        }
        let mut wide = [0u8; 8];
        wide.get_mut(2..)?.copy_from_slice(authority);
        let mut text = format!("S-1-{}", u64::from_be_bytes(wide));
        for part in rest.chunks_exact(4) {
            let part: [u8; 4] = part.try_into().ok()?;
            text.push('-');
            text.push_str(&u32::from_le_bytes(part).to_string());
        }
        Some(Self(text))
    }

    /// Reads the text form; `None` unless it is `S-1-` and one to fifteen numbers after the authority.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("S-1-")?;
        let mut parts = rest.split('-');
        parts
            .next()?
            .parse::<u64>()
            .ok()
            .filter(|authority| *authority < 1 << 48)?;
        let mut count = 0usize;
        for part in parts {
            part.parse::<u32>().ok()?;
            count += 1;
        }
        (1..=15).contains(&count).then(|| Self(text.to_owned()))
    }

    /// The binary form (MS-DTYP 2.4.2.2).
    pub fn to_binary(&self) -> Vec<u8> {
        let mut numbers = self.0.split('-').skip(2);
        let authority = numbers
            .next()
            .and_then(|n| n.parse::<u64>().ok())
            .unwrap_or(0);
        let parts: Vec<u32> = numbers.filter_map(|n| n.parse().ok()).collect();
        let mut out = vec![1u8, u8::try_from(parts.len()).unwrap_or(15)];
        out.extend(authority.to_be_bytes().iter().skip(2));
        for part in parts {
            out.extend(part.to_le_bytes());
        }
        out
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sid_binary_and_text_are_one_value() {
        let sid = Sid::parse("S-1-5-21-1004336348-1177238915-682003330-1105").unwrap();
        assert_eq!(Sid::from_binary(&sid.to_binary()), Some(sid));
        assert_eq!(Sid::from_binary(&[1, 2, 0, 0, 0, 0, 0, 5, 32]), None);
        assert_eq!(Sid::parse("S-1-5"), None);
        assert_eq!(Sid::parse("S-1-5-21-x"), None);
    }

    #[test]
    fn account_id_keeps_the_octets_of_the_directory() {
        let guid = Uuid::parse_str("00112233-4455-6677-8899-aabbccddeeff").unwrap();
        let id = AccountId::from_uuid(guid);
        assert_eq!(id.as_octets()[..4], [0x33, 0x22, 0x11, 0x00]);
        assert_eq!(id.to_uuid(), guid);
    }
}
