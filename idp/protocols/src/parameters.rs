//! Parameters of a query or a form: read once, capped, each name found at most once where it matters.
//!
//! Source: WHATWG URL, "application/x-www-form-urlencoded parsing"; unlike there, broken escapes and
//! octets that are not UTF-8 are refused, because what is echoed must be what came.

use crate::error::ProtocolError;

/// The largest query read, in octets: Entra's `wctx` alone can pass 1.5 kB.
pub(crate) const LARGEST_QUERY: usize = 32 * 1024;
/// The largest form body read, in octets: a 64 KiB message in base64, percent-encoded.
pub(crate) const LARGEST_BODY: usize = 160 * 1024;
const MOST_PARAMETERS: usize = 64;
const LONGEST_NAME: usize = 64;

/// One `name=value`, raw and undecoded.
#[derive(Clone, Copy, Debug)]
struct Raw<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

/// How names are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// As WS-Federation clients write them: any case.
    AnyCase,
    /// As SAML's bindings write them: exactly.
    Exact,
}

/// The parameters of one query or one form body.
#[derive(Clone, Debug)]
pub(crate) struct Parameters<'a> {
    raw: Vec<(String, Raw<'a>)>,
}

impl<'a> Parameters<'a> {
    /// Splits a raw query.
    pub(crate) fn of_query(query: &'a [u8]) -> Result<Self, ProtocolError> {
        Self::split("query", query, LARGEST_QUERY)
    }

    /// Splits a raw form body.
    pub(crate) fn of_body(body: &'a [u8]) -> Result<Self, ProtocolError> {
        Self::split("body", body, LARGEST_BODY)
    }

    fn split(part: &'static str, octets: &'a [u8], largest: usize) -> Result<Self, ProtocolError> {
        if octets.len() > largest {
            return Err(ProtocolError::RequestTooLarge {
                part,
                limit: largest,
            });
        }
        let mut raw = Vec::new();
        for pair in octets
            .split(|octet| *octet == b'&')
            .filter(|pair| !pair.is_empty())
        {
            if raw.len() == MOST_PARAMETERS {
                return Err(ProtocolError::RequestTooLarge {
                    part,
                    limit: MOST_PARAMETERS,
                });
            }
            let mut halves = pair.splitn(2, |octet| *octet == b'=');
            let name = halves.next().unwrap_or_default();
            let value = halves.next().unwrap_or_default();
            // A name nobody asks for may be anything; it is skipped, not believed.
            if name.len() > LONGEST_NAME {
                continue;
            }
            if let Ok(decoded) = decode(part, name) {
                raw.push((decoded, Raw { name, value }));
            }
        }
        Ok(Self { raw })
    }

    fn matches<'s>(
        &'s self,
        names: Names,
        wanted: &'static str,
    ) -> impl Iterator<Item = Raw<'a>> + 's {
        self.raw
            .iter()
            .filter(move |(name, _)| match names {
                Names::AnyCase => name.eq_ignore_ascii_case(wanted),
                Names::Exact => name == wanted,
            })
            .map(|(_, raw)| *raw)
    }

    /// Whether `name` is there, once or more often.
    pub(crate) fn has(&self, names: Names, name: &'static str) -> bool {
        self.matches(names, name).next().is_some()
    }

    /// The first of `candidates` that is there.
    pub(crate) fn first_of(
        &self,
        names: Names,
        candidates: &[&'static str],
    ) -> Option<&'static str> {
        candidates
            .iter()
            .copied()
            .find(|name| self.has(names, name))
    }

    /// The raw, undecoded value of `name`; twice is refused.
    ///
    /// Its name must be written without escapes, so that the octets that are signed are the octets that are read.
    pub(crate) fn raw_once(&self, name: &'static str) -> Result<Option<&'a [u8]>, ProtocolError> {
        let mut found = self.matches(Names::Exact, name);
        let Some(first) = found.next() else {
            return Ok(None);
        };
        if found.next().is_some() {
            return Err(ProtocolError::RequestRepeatsParameter { name });
        }
        if first.name != name.as_bytes() {
            let detail = "the name is percent-encoded".to_owned();
            return Err(ProtocolError::RequestMalformed { part: name, detail });
        }
        Ok(Some(first.value))
    }

    /// The decoded value of `name`, at most `longest` octets; twice is refused.
    pub(crate) fn once(
        &self,
        names: Names,
        name: &'static str,
        longest: usize,
    ) -> Result<Option<String>, ProtocolError> {
        let mut found = self.matches(names, name);
        let Some(first) = found.next() else {
            return Ok(None);
        };
        if found.next().is_some() {
            return Err(ProtocolError::RequestRepeatsParameter { name });
        }
        // Three raw octets make one at most, so a longer one need not be decoded to be refused.
        if first.value.len() > longest.saturating_mul(3) {
            return Err(ProtocolError::RequestTooLarge {
                part: name,
                limit: longest,
            });
        }
        let value = decode(name, first.value)?;
        if value.len() > longest {
            return Err(ProtocolError::RequestTooLarge {
                part: name,
                limit: longest,
            });
        }
        Ok(Some(value))
    }

    /// As [`Parameters::once`]; an empty value counts as absent.
    pub(crate) fn filled(
        &self,
        names: Names,
        name: &'static str,
        longest: usize,
    ) -> Result<Option<String>, ProtocolError> {
        Ok(self
            .once(names, name, longest)?
            .filter(|value| !value.is_empty()))
    }

    /// A text that is echoed octet by octet through an HTML form; twice is refused.
    ///
    /// A form cannot carry NUL, and changes lone CR and LF on its way, so controls are refused rather than altered.
    pub(crate) fn opaque(
        &self,
        names: Names,
        name: &'static str,
        longest: usize,
    ) -> Result<Option<String>, ProtocolError> {
        let value = self.once(names, name, longest)?;
        if value
            .as_deref()
            .is_some_and(|text| text.bytes().any(|octet| octet.is_ascii_control()))
        {
            let detail = "it has control characters".to_owned();
            return Err(ProtocolError::RequestMalformed { part: name, detail });
        }
        Ok(value)
    }

    /// Refuses a `name` that came twice, without reading it.
    pub(crate) fn single(&self, names: Names, name: &'static str) -> Result<(), ProtocolError> {
        match self.matches(names, name).nth(1) {
            Some(_) => Err(ProtocolError::RequestRepeatsParameter { name }),
            None => Ok(()),
        }
    }
}

/// Decodes `+` and `%XX`, strictly.
fn decode(part: &'static str, octets: &[u8]) -> Result<String, ProtocolError> {
    let malformed = |detail: &str| ProtocolError::RequestMalformed {
        part,
        detail: detail.to_owned(),
    };
    let mut decoded = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some(at) = rest.iter().position(|octet| matches!(octet, b'%' | b'+')) {
        let (plain, tail) = rest.split_at(at);
        decoded.extend_from_slice(plain);
        rest = match tail {
            [b'%', high, low, rest @ ..] => {
                let octet = hexadecimal(*high).zip(hexadecimal(*low));
                let Some((high, low)) = octet else {
                    return Err(malformed(BROKEN_ESCAPE));
                };
                decoded.push(high << 4 | low);
                rest
            }
            [b'+', rest @ ..] => {
                decoded.push(b' ');
                rest
            }
            _ => return Err(malformed(BROKEN_ESCAPE)),
        };
    }
    decoded.extend_from_slice(rest);
    String::from_utf8(decoded).map_err(|_| malformed("it is not UTF-8"))
}

const BROKEN_ESCAPE: &str = "a percent sign without two hexadecimal digits";

/// The value of one hexadecimal digit.
fn hexadecimal(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// The caller's `client-request-id`, in query or body, when it is a GUID; anything else is as good as none.
///
/// Source: facts of the AD FS sign-in request; the value is logged and shown on error pages, so only a GUID passes.
pub fn client_request_id(query: &[u8]) -> Option<String> {
    let parameters = Parameters::of_query(query).ok()?;
    let text = parameters
        .filled(Names::AnyCase, "client-request-id", 64)
        .ok()??;
    uuid::Uuid::try_parse(&text)
        .ok()
        .map(|id| id.hyphenated().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Parameters<'_> {
        Parameters::of_query(text.as_bytes()).unwrap()
    }

    #[test]
    fn names_in_any_case_are_one_name() {
        let twice = query("wa=1&WA=2");
        assert_eq!(
            twice.once(Names::AnyCase, "wa", 10),
            Err(ProtocolError::RequestRepeatsParameter { name: "wa" })
        );
        assert_eq!(
            twice.once(Names::Exact, "wa", 10).unwrap().as_deref(),
            Some("1")
        );
        assert!(query("w%61=1&wa=2").once(Names::AnyCase, "wa", 10).is_err());
    }

    #[test]
    fn broken_escapes_and_octets_are_refused() {
        for bad in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%c0%80", "a=%ed%a0%80"] {
            assert!(query(bad).once(Names::Exact, "a", 99).is_err(), "{bad}");
        }
        assert_eq!(
            query("a=%2B+%20")
                .once(Names::Exact, "a", 9)
                .unwrap()
                .unwrap(),
            "+  "
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_taken_is_read_as_the_url_standard_reads_it(text in "[a%+2Fz\u{e9}]{0,24}") {
            let read = form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name);
            if let Ok(decoded) = decode("query", text.as_bytes()) {
                proptest::prop_assert_eq!(decoded, read.unwrap_or_default());
            }
        }

        #[test]
        fn whatever_is_encoded_comes_back(text in "\\PC{0,24}") {
            let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            proptest::prop_assert_eq!(decode("query", encoded.as_bytes()), Ok(text));
        }
    }

    #[test]
    fn caps_hold() {
        let many = "a=1&".repeat(65);
        assert!(Parameters::of_query(many.as_bytes()).is_err());
        assert!(Parameters::of_query(&vec![b'a'; LARGEST_QUERY + 1]).is_err());
        assert!(query("a=12345").once(Names::Exact, "a", 4).is_err());
        assert!(query("a=%31%32%33%34").once(Names::Exact, "a", 4).is_ok());
    }

    #[test]
    fn sec_web_05_client_request_id_is_a_guid_or_nothing() {
        let good = b"client-request-id=5DEA8E25-04C7-4F3A-8B9A-1D6F1F0F0B01";
        assert_eq!(
            client_request_id(good).as_deref(),
            Some("5dea8e25-04c7-4f3a-8b9a-1d6f1f0f0b01")
        );
        for bad in [
            "<script>",
            "x",
            "",
            "5dea8e25-04c7-4f3a-8b9a-1d6f1f0f0b01%0d%0aX: y",
        ] {
            assert_eq!(
                client_request_id(format!("client-request-id={bad}").as_bytes()),
                None
            );
        }
    }
}
