//! The client's principal as the library writes it.
//!
//! Source: RFC 1964 section 2.1.1 (the text form and its escapes).

/// A name's components and its realm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Principal {
    pub(super) components: Vec<String>,
    pub(super) realm: String,
}

impl Principal {
    /// `None` for what is not in the form, or holds control characters.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = vec![String::new()];
        let mut realm: Option<String> = None;
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let literal = match character {
                '\\' => unescape(characters.next()?)?,
                '/' if realm.is_none() => {
                    parts.push(String::new());
                    continue;
                }
                '@' if realm.is_none() => {
                    realm = Some(String::new());
                    continue;
                }
                '@' => return None,
                other => other,
            };
            if literal.is_control() {
                return None;
            }
            match &mut realm {
                Some(realm) => realm.push(literal),
                None => parts.last_mut()?.push(literal),
            }
        }
        let realm = realm.filter(|realm| !realm.is_empty())?;
        let whole = parts.iter().all(|part| !part.is_empty());
        whole.then_some(Self {
            components: parts,
            realm,
        })
    }

    /// The one component of a name that can be a person's; hosts, services, computers and names that
    /// only look like mail addresses have none.
    pub(super) fn account_name(&self) -> Option<&str> {
        match self.components.as_slice() {
            [only] if !only.ends_with('$') && !only.contains(['@', '\\', '/']) => Some(only),
            _ => None,
        }
    }

    /// Whether this is a host, a service or a computer.
    pub(super) fn is_machine(&self) -> bool {
        match self.components.as_slice() {
            [only] => only.ends_with('$'),
            _ => true,
        }
    }
}

fn unescape(character: char) -> Option<char> {
    match character {
        '\\' | '/' | '@' => Some(character),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_where_they_are_not_escaped() {
        let parse = |text: &str| Principal::parse(text);
        let alice = parse("alice@CORP.EXAMPLE").unwrap();
        assert_eq!(alice.account_name(), Some("alice"));
        assert_eq!(alice.realm, "CORP.EXAMPLE");
        let enterprise = parse(r"alice\@example.com@CORP.EXAMPLE").unwrap();
        assert_eq!(enterprise.components, ["alice@example.com"]);
        assert_eq!(enterprise.account_name(), None);
        assert!(!enterprise.is_machine());
        for machine in [
            "HTTP/sts.corp.example@CORP.EXAMPLE",
            "host/pc@C",
            "PC1$@CORP.EXAMPLE",
            "alice/admin@C",
        ] {
            let machine = parse(machine).unwrap();
            assert!(machine.is_machine(), "{machine:?}");
            assert_eq!(machine.account_name(), None);
        }
        for odd in [
            "", "alice", "alice@", "@C", "a@b@C", "a//b@C", "a\\0@C", "a\\", "a\u{7}@C",
        ] {
            assert_eq!(parse(odd), None, "{odd:?}");
        }
    }
}
