//! The little of BER that LDAP messages need (RFC 4511 section 5.1): definite lengths, low tag numbers.

/// The tag octets that are met.
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// A header at the start of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// Not enough octets yet.
    Partial,
    /// Tag, octets of the header, octets of the content.
    Whole {
        tag: u8,
        header: usize,
        content: usize,
    },
}

/// Reads the header of the first element.
///
/// # Errors
/// A tag number above 30, an indefinite length, or a length of more than four octets.
pub(crate) fn header(octets: &[u8]) -> Result<Header, &'static str> {
    let Some((&tag, rest)) = octets.split_first() else {
        return Ok(Header::Partial);
    };
    if tag & 0x1f == 0x1f {
        return Err("a tag number above 30");
    }
    let Some((&first, rest)) = rest.split_first() else {
        return Ok(Header::Partial);
    };
    match first {
        0..=0x7f => Ok(Header::Whole {
            tag,
            header: 2,
            content: first.into(),
        }),
        0x80 => Err("an indefinite length"),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let Some(length) = rest.get(..count) else {
                return Ok(Header::Partial);
            };
            let content = length
                .iter()
                .fold(0usize, |sum, octet| sum << 8 | usize::from(*octet));
            Ok(Header::Whole {
                tag,
                header: 2 + count,
                content,
            })
        }
        _ => Err("a length of more than four octets"),
    }
}

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next element: its tag and content.
    pub(crate) fn any(&mut self) -> Result<(u8, &'a [u8]), &'static str> {
        match header(self.0)? {
            Header::Partial => Err("an element is cut off"),
            Header::Whole {
                tag,
                header,
                content,
            } => {
                let end = header
                    .checked_add(content)
                    .ok_or("a length beyond reason")?;
                let inner = self.0.get(header..end).ok_or("an element is cut off")?;
                self.0 = self.0.get(end..).unwrap_or_default();
                Ok((tag, inner))
            }
        }
    }

    /// The content of the next element, which must have that tag.
    pub(crate) fn expect(&mut self, wanted: u8) -> Result<&'a [u8], &'static str> {
        match self.any()? {
            (tag, inner) if tag == wanted => Ok(inner),
            _ => Err("an element of another kind"),
        }
    }

    /// The content of the next element if it has that tag; otherwise nothing is read.
    pub(crate) fn optional(&mut self, wanted: u8) -> Result<Option<&'a [u8]>, &'static str> {
        match self.0.first() {
            Some(&tag) if tag == wanted => self.expect(wanted).map(Some),
            _ => Ok(None),
        }
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, &'static str> {
        std::str::from_utf8(self.expect(OCTET_STRING)?).map_err(|_| "text that is not UTF-8")
    }

    /// A number from 0 to 2^31 - 1.
    pub(crate) fn number(&mut self, tag: u8) -> Result<u32, &'static str> {
        number(self.expect(tag)?)
    }

    pub(crate) fn end(&self) -> Result<(), &'static str> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err("an element too many")
        }
    }
}

/// Reads the content of an INTEGER or ENUMERATED from 0 to 2^31 - 1.
pub(crate) fn number(octets: &[u8]) -> Result<u32, &'static str> {
    match octets {
        [] | [_, _, _, _, _, ..] => Err("a number of no or more than four octets"),
        [first, ..] if first & 0x80 != 0 => Err("a negative number"),
        _ => Ok(octets
            .iter()
            .fold(0, |sum, octet| sum << 8 | u32::from(*octet))),
    }
}

/// Writes one element.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = u32::try_from(content.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes();
            out.push(0x84);
            out.extend(length);
        }
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_or_refused() {
        let whole = |header, content| {
            Ok(Header::Whole {
                tag: SEQUENCE,
                header,
                content,
            })
        };
        assert_eq!(header(&[0x30, 5]), whole(2, 5));
        assert_eq!(header(&[0x30, 0x84, 0, 0, 1, 0]), whole(6, 256));
        assert_eq!(
            header(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
            whole(6, 0xffff_ffff)
        );
        assert_eq!(header(&[0x30, 0x82, 1]), Ok(Header::Partial));
        assert!(header(&[0x30, 0x80]).is_err());
        assert!(header(&[0x30, 0x85, 1, 0, 0, 0, 0]).is_err());
        assert!(header(&[0x3f, 0x81]).is_err());
    }

    #[test]
    fn elements_are_written_as_they_are_read() {
        for length in [0, 1, 127, 128, 70_000] {
            let content = vec![7; length];
            let written = element(OCTET_STRING, &content);
            let mut reader = Reader::new(&written);
            assert_eq!(reader.expect(OCTET_STRING), Ok(content.as_slice()));
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn numbers_are_small_and_not_negative() {
        assert_eq!(number(&[0x7f, 0xff, 0xff, 0xff]), Ok(0x7fff_ffff));
        assert!(number(&[0xff]).is_err());
        assert!(number(&[]).is_err());
        assert!(number(&[0, 0, 0, 0, 1]).is_err());
    }
}
