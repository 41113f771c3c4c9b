//! PACTYPE: the privilege attribute certificate of a ticket, after the library has verified its signature.
//!
//! Source: MS-PAC 2.3 (PACTYPE), 2.4 (PAC_INFO_BUFFER), 2.10 (UPN_DNS_INFO), 2.9 (S4U_DELEGATION_INFO), 2.15 (PAC_REQUESTOR).

use std::collections::BTreeSet;

use signet_model::Sid;

use super::logon_info::LogonInfo;
use super::ndr::NotNdr;

/// More buffers than any PAC has; Windows writes ten.
const MOST_BUFFERS: u32 = 64;
const MOST_OCTETS: usize = 128 * 1024;

const LOGON_INFO: u32 = 1;
const DELEGATION: u32 = 11;
const UPN_DNS: u32 = 12;
const REQUESTOR: u32 = 18;

/// What is taken from a PAC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PacFacts {
    /// Who it is about; some centres issue a PAC without it.
    pub(super) logon: Option<LogonInfo>,
    /// The SID that UPN_DNS_INFO carries since 2021.
    pub(super) upn_sid: Option<Sid>,
    /// The SID of who asked for the ticket.
    pub(super) requestor: Option<Sid>,
    /// The ticket was got by a service on behalf of the person (constrained delegation).
    pub(super) delegated: bool,
}

/// A PAC that is not in its form, or that tells two stories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadPac(pub(super) &'static str);

impl PacFacts {
    pub(super) fn parse(octets: &[u8]) -> Result<Self, BadPac> {
        let mut facts = Self::default();
        for (kind, contents) in buffers(octets)? {
            match kind {
                LOGON_INFO => {
                    let logon = LogonInfo::parse(contents);
                    facts.logon = Some(logon.map_err(|NotNdr| BadPac("KERB_VALIDATION_INFO"))?);
                }
                UPN_DNS => facts.upn_sid = upn_sid(contents)?,
                REQUESTOR => {
                    let sid = Sid::from_binary(contents).ok_or(BadPac("PAC_REQUESTOR"))?;
                    facts.requestor = Some(sid);
                }
                DELEGATION => facts.delegated = true,
                _ => {}
            }
        }
        Ok(facts)
    }

    /// The one person that all parts agree on.
    pub(super) fn user(&self) -> Result<Option<&Sid>, BadPac> {
        let named = [
            self.logon.as_ref().map(|logon| &logon.user),
            self.upn_sid.as_ref(),
            self.requestor.as_ref(),
        ];
        let mut named = named.into_iter().flatten();
        let first = named.next();
        if named.any(|other| Some(other) != first) {
            return Err(BadPac("its SIDs are of two accounts"));
        }
        Ok(first)
    }
}

/// The buffers by kind. Each kind comes once, none overlaps the table or another, all lie inside.
fn buffers(octets: &[u8]) -> Result<Vec<(u32, &[u8])>, BadPac> {
    const SHAPE: BadPac = BadPac("PACTYPE");
    if octets.len() > MOST_OCTETS {
        return Err(BadPac("its length"));
    }
    let count = u32_at(octets, 0).ok_or(SHAPE)?;
    let version = u32_at(octets, 4).ok_or(SHAPE)?;
    if count == 0 || count > MOST_BUFFERS || version != 0 {
        return Err(SHAPE);
    }
    let table_end = 8 + usize::try_from(count).map_err(|_| SHAPE)? * 16;
    let mut found = Vec::new();
    let mut ranges = Vec::new();
    let mut kinds = BTreeSet::new();
    for entry in (8..table_end).step_by(16) {
        let kind = u32_at(octets, entry).ok_or(SHAPE)?;
        let length = usize::try_from(u32_at(octets, entry + 4).ok_or(SHAPE)?).map_err(|_| SHAPE)?;
        let low = u32_at(octets, entry + 8).ok_or(SHAPE)?;
        let high = u32_at(octets, entry + 12).ok_or(SHAPE)?;
        let start = usize::try_from(u64::from(high) << 32 | u64::from(low)).map_err(|_| SHAPE)?;
        let end = start.checked_add(length).ok_or(SHAPE)?;
        let contents = octets.get(start..end).ok_or(SHAPE)?;
        if start < table_end || !start.is_multiple_of(8) || !kinds.insert(kind) {
            return Err(SHAPE);
        }
        ranges.push((start, end));
        found.push((kind, contents));
    }
    ranges.sort_unstable();
    let overlap = ranges
        .iter()
        .zip(ranges.iter().skip(1))
        .any(|((_, end), (start, _))| start < end);
    if overlap { Err(SHAPE) } else { Ok(found) }
}

/// UPN_DNS_INFO: two strings by length and offset, flags; with flag 2 also the account's name and its SID.
fn upn_sid(octets: &[u8]) -> Result<Option<Sid>, BadPac> {
    const EXTENDED: u32 = 2;
    const SHAPE: BadPac = BadPac("UPN_DNS_INFO");
    for at in [0, 4] {
        slice_at(octets, at).ok_or(SHAPE)?;
    }
    let flags = u32_at(octets, 8).ok_or(SHAPE)?;
    if flags & EXTENDED == 0 {
        return Ok(None);
    }
    slice_at(octets, 12).ok_or(SHAPE)?;
    let sid = slice_at(octets, 16).ok_or(SHAPE)?;
    Sid::from_binary(sid).map(Some).ok_or(SHAPE)
}

/// A length and an offset of 16 bits each at `at`, and what they mean.
fn slice_at(octets: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16_at(octets, at)?);
    let start = usize::from(u16_at(octets, at + 2)?);
    octets.get(start..start + length)
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    let octets = octets.get(at..at + 2)?;
    octets.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    let octets = octets.get(at..at + 4)?;
    octets.try_into().ok().map(u32::from_le_bytes)
}

/// Fuzz target: a PAC, and its largest buffer as it is.
pub fn fuzz_pac(bytes: &[u8]) {
    if let Ok(facts) = PacFacts::parse(bytes) {
        let _ = facts.user();
    }
    if let Ok(info) = LogonInfo::parse(bytes) {
        assert_eq!(Sid::from_binary(&info.user.to_binary()), Some(info.user));
    }
}

#[cfg(test)]
mod tests;
