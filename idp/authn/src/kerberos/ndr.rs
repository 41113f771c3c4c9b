//! A bounded reader of NDR 2.0 in one serialised structure, as a PAC holds it.
//!
//! Sources: MS-RPCE 2.2.6 (type serialisation version 1), C706 chapter 14 (NDR), little-endian only.

/// What is left to read, and how far it is from the start: alignment counts from there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ndr<'a> {
    whole: &'a [u8],
    at: usize,
}

/// Not NDR, or not what was expected at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotNdr;

impl<'a> Ndr<'a> {
    /// Opens a serialised structure: common header, private header with the length, then the top-level pointer.
    pub(super) fn open(octets: &'a [u8]) -> Result<Self, NotNdr> {
        let (common, rest) = octets.split_first_chunk::<8>().ok_or(NotNdr)?;
        // Version 1, little-endian, a common header of eight octets (MS-RPCE 2.2.6.1).
        let [1, 0x10, 8, 0, ..] = common else {
            return Err(NotNdr);
        };
        let (private, body) = rest.split_first_chunk::<8>().ok_or(NotNdr)?;
        let [a, b, c, d, ..] = *private;
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).map_err(|_| NotNdr)?;
        let whole = body.get(..length).ok_or(NotNdr)?;
        let mut ndr = Self { whole, at: 0 };
        if !ndr.pointer()? {
            return Err(NotNdr);
        }
        Ok(ndr)
    }

    fn octets(&mut self, count: usize) -> Result<&'a [u8], NotNdr> {
        let end = self.at.checked_add(count).ok_or(NotNdr)?;
        let found = self.whole.get(self.at..end).ok_or(NotNdr)?;
        self.at = end;
        Ok(found)
    }

    fn align(&mut self, to: usize) -> Result<(), NotNdr> {
        let over = self.at % to;
        if over != 0 {
            self.octets(to - over)?;
        }
        Ok(())
    }

    pub(super) fn skip(&mut self, count: usize) -> Result<(), NotNdr> {
        self.octets(count).map(|_| ())
    }

    pub(super) fn u16(&mut self) -> Result<u16, NotNdr> {
        self.align(2)?;
        let octets = self.octets(2)?;
        octets
            .try_into()
            .map(u16::from_le_bytes)
            .map_err(|_| NotNdr)
    }

    pub(super) fn u32(&mut self) -> Result<u32, NotNdr> {
        self.align(4)?;
        let octets = self.octets(4)?;
        octets
            .try_into()
            .map(u32::from_le_bytes)
            .map_err(|_| NotNdr)
    }

    /// A count or length, with its bound.
    pub(super) fn count(&mut self, most: usize) -> Result<usize, NotNdr> {
        let count = usize::try_from(self.u32()?).map_err(|_| NotNdr)?;
        if count <= most {
            Ok(count)
        } else {
            Err(NotNdr)
        }
    }

    /// A pointer of a structure: whether it points to something, which comes after the structure.
    pub(super) fn pointer(&mut self) -> Result<bool, NotNdr> {
        Ok(self.u32()? != 0)
    }

    /// RPC_UNICODE_STRING inside a structure: lengths in octets, then a pointer (MS-DTYP 2.3.10).
    pub(super) fn string_header(&mut self) -> Result<bool, NotNdr> {
        self.align(4)?;
        let (length, most) = (self.u16()?, self.u16()?);
        if length > most {
            return Err(NotNdr);
        }
        self.pointer()
    }

    /// What such a pointer points to: maximum, offset and actual count, then UTF-16 units.
    pub(super) fn string_body(&mut self) -> Result<(), NotNdr> {
        let most = self.count(usize::from(u16::MAX))?;
        let offset = self.u32()?;
        let count = self.count(usize::from(u16::MAX))?;
        if offset != 0 || count > most {
            return Err(NotNdr);
        }
        self.skip(count * 2)
    }

    /// RPC_SID: its count as array size, then the SID in binary form (MS-DTYP 2.4.2.3).
    pub(super) fn sid_octets(&mut self) -> Result<&'a [u8], NotNdr> {
        let count = self.count(15)?;
        let octets = self.octets(8 + count * 4)?;
        match octets {
            [1, inner, ..] if usize::from(*inner) == count => Ok(octets),
            _ => Err(NotNdr),
        }
    }

    /// How many octets are left.
    pub(super) fn left(&self) -> usize {
        self.whole.len() - self.at
    }
}
