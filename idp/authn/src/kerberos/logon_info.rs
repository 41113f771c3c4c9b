//! KERB_VALIDATION_INFO: who the ticket is about.
//!
//! Only SIDs are taken: the person's, and whether one of the extra ones says "not by own credentials". Groups are
//! passed over, with bounds: what a person is a member of comes from the directory. Source: MS-PAC 2.5.

use signet_model::Sid;

use super::ndr::{Ndr, NotNdr};

/// The most groups or SIDs of one list; Windows' own limit for a token is 1,015.
const MOST_GROUPS: usize = 16 * 1024;
/// MS-DTYP 2.4.2.4: SERVICE_ASSERTED_IDENTITY.
const SERVICE_ASSERTED: &str = "S-1-18-2";

/// Who the ticket is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogonInfo {
    /// LogonDomainId and UserId.
    pub(super) user: Sid,
    /// A service said who it is (S4U2Self), nobody proved it.
    pub(super) service_asserted: bool,
}

impl LogonInfo {
    pub(super) fn parse(octets: &[u8]) -> Result<Self, NotNdr> {
        let mut ndr = Ndr::open(octets)?;
        // Six times: logon, logoff, kick-off, password last set, can change, must change.
        ndr.skip(6 * 8)?;
        // EffectiveName, FullName, LogonScript, ProfilePath, HomeDirectory, HomeDirectoryDrive.
        let mut names = [false; 6];
        for name in &mut names {
            *name = ndr.string_header()?;
        }
        let (_logon_count, _bad_password_count) = (ndr.u16()?, ndr.u16()?);
        let user_id = ndr.u32()?;
        let _primary_group = ndr.u32()?;
        let group_count = ndr.count(MOST_GROUPS)?;
        let groups = ndr.pointer()?;
        let _user_flags = ndr.u32()?;
        // UserSessionKey
        ndr.skip(16)?;
        let server = ndr.string_header()?;
        let domain_name = ndr.string_header()?;
        let domain = ndr.pointer()?;
        // Reserved1, UserAccountControl, SubAuthStatus, two times, FailedILogonCount, Reserved3.
        ndr.skip(8 + 4 + 4 + 8 + 8 + 4 + 4)?;
        let extra_count = ndr.count(MOST_GROUPS)?;
        let extra = ndr.pointer()?;
        let resource_domain = ndr.pointer()?;
        let resource_count = ndr.count(MOST_GROUPS)?;
        let resource_groups = ndr.pointer()?;

        for _ in names.iter().filter(|name| **name) {
            ndr.string_body()?;
        }
        skip_groups(&mut ndr, groups, group_count)?;
        for _ in [server, domain_name].iter().filter(|name| **name) {
            ndr.string_body()?;
        }
        if !domain {
            return Err(NotNdr);
        }
        let domain = ndr.sid_octets()?;
        let service_asserted = read_extra(&mut ndr, extra, extra_count)?;
        if resource_domain {
            ndr.sid_octets()?;
        }
        skip_groups(&mut ndr, resource_groups, resource_count)?;
        Ok(Self {
            user: user_sid(domain, user_id).ok_or(NotNdr)?,
            service_asserted,
        })
    }
}

/// GROUP_MEMBERSHIP: a relative identifier and attributes each.
fn skip_groups(ndr: &mut Ndr<'_>, present: bool, count: usize) -> Result<(), NotNdr> {
    if !present {
        return if count == 0 { Ok(()) } else { Err(NotNdr) };
    }
    if ndr.count(MOST_GROUPS)? != count {
        return Err(NotNdr);
    }
    ndr.skip(count * 8)
}

/// KERB_SID_AND_ATTRIBUTES: first all pointers with attributes, then the SIDs.
fn read_extra(ndr: &mut Ndr<'_>, present: bool, count: usize) -> Result<bool, NotNdr> {
    if !present {
        return if count == 0 { Ok(false) } else { Err(NotNdr) };
    }
    if ndr.count(MOST_GROUPS)? != count || count * 8 > ndr.left() {
        return Err(NotNdr);
    }
    let mut sids = 0usize;
    for _ in 0..count {
        if ndr.pointer()? {
            sids += 1;
        }
        ndr.u32()?;
    }
    let mut asserted = false;
    for _ in 0..sids {
        let sid = Sid::from_binary(ndr.sid_octets()?).ok_or(NotNdr)?;
        asserted |= sid.as_str() == SERVICE_ASSERTED;
    }
    Ok(asserted)
}

/// The domain's SID with one number more.
fn user_sid(domain: &[u8], user_id: u32) -> Option<Sid> {
    let mut octets = domain.to_vec();
    let count = octets.get_mut(1)?;
    *count = count.checked_add(1)?;
    octets.extend(user_id.to_le_bytes());
    Sid::from_binary(&octets)
}
