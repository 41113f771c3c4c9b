//! A strict, bounded reader of DER: definite, shortest lengths, one-octet tags, nothing left over.
//!
//! It reads what strangers send, before the library does, so whatever two readers could read in two ways is refused.
//! Source: X.690 sections 8 and 10.

/// Tags of the universal class.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const GENERAL_STRING: u8 = 0x1b;
pub(super) const SEQUENCE: u8 = 0x30;

/// `[number]`, constructed, of the context class.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// `[APPLICATION number]`, constructed.
pub(super) const fn application(number: u8) -> u8 {
    0x60 | number
}

/// What is left to read of one value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Der<'a>(&'a [u8]);

/// Not DER, or not what was expected at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotDer;

impl<'a> Der<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The contents of the next element, which must have this tag.
    pub(super) fn take(&mut self, tag: u8) -> Result<&'a [u8], NotDer> {
        let (found, contents) = self.any()?;
        if found == tag {
            Ok(contents)
        } else {
            Err(NotDer)
        }
    }

    /// The same, to be read on.
    pub(super) fn enter(&mut self, tag: u8) -> Result<Self, NotDer> {
        self.take(tag).map(Self)
    }

    /// The contents of the next element if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Self>, NotDer> {
        if self.0.first() == Some(&tag) {
            self.enter(tag).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The next element: tag and contents.
    pub(super) fn any(&mut self) -> Result<(u8, &'a [u8]), NotDer> {
        let (&tag, rest) = self.0.split_first().ok_or(NotDer)?;
        // 0x1f announces a tag of several octets; nothing read here has one.
        if tag & 0x1f == 0x1f {
            return Err(NotDer);
        }
        let (length, rest) = length(rest)?;
        let (contents, rest) = rest.split_at_checked(length).ok_or(NotDer)?;
        self.0 = rest;
        Ok((tag, contents))
    }

    /// An INTEGER inside `[number]` that fits into 32 bits; unsigned ones come in five octets at most.
    pub(super) fn number(&mut self, number: u8) -> Result<i64, NotDer> {
        let mut inner = self.enter(context(number))?;
        let value = inner.integer()?;
        inner.end()?;
        Ok(value)
    }

    pub(super) fn integer(&mut self) -> Result<i64, NotDer> {
        let octets = self.take(INTEGER)?;
        let (&first, rest) = octets.split_first().ok_or(NotDer)?;
        let redundant = match rest.first() {
            Some(second) => {
                (first == 0 && second & 0x80 == 0) || (first == 0xff && second & 0x80 != 0)
            }
            None => false,
        };
        if octets.len() > 5 || redundant {
            return Err(NotDer);
        }
        let start = i64::from(i8::from_ne_bytes([first]));
        Ok(rest
            .iter()
            .fold(start, |value, octet| value << 8 | i64::from(*octet)))
    }

    /// A GeneralString of Kerberos: UTF-8 in practice, and without control characters here.
    pub(super) fn text(&mut self) -> Result<&'a str, NotDer> {
        let octets = self.take(GENERAL_STRING)?;
        let text = std::str::from_utf8(octets).map_err(|_| NotDer)?;
        if octets.len() > 512 || text.chars().any(char::is_control) {
            return Err(NotDer);
        }
        Ok(text)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whatever is left; for what follows an element without tag of its own.
    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), NotDer> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(NotDer)
        }
    }
}

/// Writes one element; `contents` is shorter than 16 MiB.
pub(super) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let [_, high, middle, low] = u32::try_from(contents.len()).unwrap_or(0).to_be_bytes();
    match (high, middle) {
        (0, 0) if low < 0x80 => out.push(low),
        (0, 0) => out.extend([0x81, low]),
        (0, _) => out.extend([0x82, middle, low]),
        _ => out.extend([0x83, high, middle, low]),
    }
    out.extend(contents);
    out
}

fn length(octets: &[u8]) -> Result<(usize, &[u8]), NotDer> {
    let (&first, rest) = octets.split_first().ok_or(NotDer)?;
    if first < 0x80 {
        return Ok((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 3 {
        return Err(NotDer);
    }
    let (digits, rest) = rest.split_at_checked(count).ok_or(NotDer)?;
    let value = digits
        .iter()
        .fold(0usize, |value, octet| value << 8 | usize::from(*octet));
    let shortest = if value < 0x80 {
        0
    } else {
        value.ilog2() as usize / 8 + 1
    };
    if shortest == count {
        Ok((value, rest))
    } else {
        Err(NotDer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_definite_form_is_read() {
        for (octets, good) in [
            (&[0x04, 0x00][..], true),
            (&[0x04, 0x01, 0xff], true),
            (&[0x04, 0x81, 0x01, 0xff], false),
            (&[0x04, 0x80, 0xff, 0x00, 0x00], false),
            (&[0x04, 0x84, 0, 0, 0, 1, 0xff], false),
            (&[0x04, 0x02, 0xff], false),
            (&[0x1f, 0x01, 0xff], false),
            (&[0x04], false),
            (&[], false),
        ] {
            assert_eq!(Der::new(octets).any().is_ok(), good, "{octets:x?}");
        }
        let mut long = vec![0x04, 0x81, 0x80];
        long.extend([7; 128]);
        assert_eq!(Der::new(&long).take(OCTET_STRING).unwrap().len(), 128);
        let mut padded = vec![0x04, 0x82, 0x00, 0x80];
        padded.extend([7; 128]);
        assert_eq!(Der::new(&padded).take(OCTET_STRING), Err(NotDer));
    }

    #[test]
    fn integers_have_their_sign_and_no_padding() {
        let read = |octets: &[u8]| Der::new(octets).integer();
        assert_eq!(read(&[2, 1, 18]), Ok(18));
        assert_eq!(read(&[2, 2, 0xff, 0x7b]), Ok(-133));
        assert_eq!(read(&[2, 5, 0, 0xff, 0xff, 0xff, 0xff]), Ok(0xffff_ffff));
        assert_eq!(read(&[2, 2, 0, 18]), Err(NotDer));
        assert_eq!(read(&[2, 0]), Err(NotDer));
        assert_eq!(read(&[2, 6, 1, 0, 0, 0, 0, 0]), Err(NotDer));
    }
}
