//! From LDIF records to a directory: identities, groups and hashed passwords.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_lc_rs::digest::{SHA256, digest};
use signet_model::{AccountId, Sid};
use uuid::Uuid;

use super::hash;
use super::ldif::{LdifError, Record, records};
use crate::entry::Entry;
use crate::syntax::dn::Dn;

/// One object of the tree.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) dn: Dn,
    pub(crate) entry: Entry,
    /// PHC string; kept out of the entry, so that no query or filter reaches it.
    pub(crate) hash: Option<String>,
    /// Groups that it is directly in.
    pub(crate) member_of: BTreeSet<usize>,
    /// Its direct members, when it is a group.
    pub(crate) members: BTreeSet<usize>,
}

/// The loaded tree.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) objects: Vec<Object>,
    pub(crate) by_dn: HashMap<Dn, usize>,
    pub(crate) by_guid: HashMap<AccountId, usize>,
    pub(crate) dns_domain: String,
    pub(crate) netbios: String,
    pub(crate) upn_suffixes: Vec<String>,
}

impl Tree {
    pub(crate) fn load(text: &str) -> Result<Self, LdifError> {
        let records = records(text)?;
        let mut heads = records
            .iter()
            .filter(|record| record.entry.is_a("domainDNS"));
        let head = heads.next().ok_or_else(|| {
            LdifError::new(0, "no object of class domainDNS: which domain is this?")
        })?;
        if let Some(second) = heads.next() {
            return Err(LdifError::new(
                second.line,
                "a second object of class domainDNS",
            ));
        }
        let head_dn = parse_dn(head)?;
        let dns_domain = head_dn.dns_name().ok_or_else(|| {
            LdifError::new(head.line, "the domain's name is not made of DC= parts")
        })?;
        let domain_sid = domain_sid(head)?;
        let netbios = match head.entry.text("netbiosname") {
            Some(name) => name.to_owned(),
            None => dns_domain
                .split('.')
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase(),
        };
        let upn_suffixes = head
            .entry
            .values("upnsuffixes")
            .iter()
            .filter_map(|suffix| String::from_utf8(suffix.clone()).ok())
            .collect();
        let mut tree = Self {
            objects: Vec::new(),
            by_dn: HashMap::new(),
            by_guid: HashMap::new(),
            dns_domain,
            netbios,
            upn_suffixes,
        };
        let lines: Vec<usize> = records.iter().map(|record| record.line).collect();
        let mut sids = BTreeMap::new();
        for record in records {
            let line = record.line;
            let object = object(record, &head_dn, &domain_sid)?;
            let at = tree.objects.len();
            if tree.by_dn.insert(object.dn.clone(), at).is_some() {
                return Err(LdifError::new(line, "another object has this name"));
            }
            if let Some(sid) = object.entry.sid()
                && let Some(other) = sids.insert(sid.clone(), line)
            {
                return Err(LdifError::new(
                    line,
                    format!("objectSid {sid} is also that of line {other}"),
                ));
            }
            if let Some(guid) = object.entry.guid()
                && tree.by_guid.insert(guid, at).is_some()
            {
                return Err(LdifError::new(line, "another object has this objectGUID"));
            }
            tree.objects.push(object);
        }
        tree.link(&lines)?;
        Ok(tree)
    }

    /// Makes `member` and `memberOf` agree, whichever of them was written.
    fn link(&mut self, lines: &[usize]) -> Result<(), LdifError> {
        let mut links = Vec::new();
        for (at, object) in self.objects.iter().enumerate() {
            let line = lines.get(at).copied().unwrap_or_default();
            for (attribute, forward) in [("member", true), ("memberof", false)] {
                for value in object.entry.values(attribute) {
                    let text = String::from_utf8_lossy(value);
                    let other = Dn::parse(&text).and_then(|dn| self.by_dn.get(&dn).copied());
                    let other = other.ok_or_else(|| {
                        LdifError::new(
                            line,
                            format!("{attribute} {text:?} is no object of this directory"),
                        )
                    })?;
                    links.push(if forward { (at, other) } else { (other, at) });
                }
            }
        }
        for (group, member) in links {
            if let Some(object) = self.objects.get_mut(group) {
                object.members.insert(member);
            }
            if let Some(object) = self.objects.get_mut(member) {
                object.member_of.insert(group);
            }
        }
        let names: Vec<Vec<u8>> = self
            .objects
            .iter()
            .map(|object| object.entry.dn.clone().into_bytes())
            .collect();
        for object in &mut self.objects {
            for (attribute, set) in [("member", &object.members), ("memberof", &object.member_of)] {
                let values: Vec<_> = set
                    .iter()
                    .filter_map(|at| names.get(*at).cloned())
                    .collect();
                object.entry.take(attribute);
                if !values.is_empty() {
                    object.entry.set(attribute, values);
                }
            }
        }
        Ok(())
    }

    /// The groups that `start` is in, directly and through other groups; ends on cycles.
    pub(crate) fn groups_of(&self, start: usize) -> BTreeSet<usize> {
        self.reach(start, |object| &object.member_of)
    }

    /// The members of `start`, directly and through other groups; ends on cycles.
    pub(crate) fn members_of(&self, start: usize) -> BTreeSet<usize> {
        self.reach(start, |object| &object.members)
    }

    fn reach(&self, start: usize, next: impl Fn(&Object) -> &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            for &other in self.objects.get(at).map(&next).into_iter().flatten() {
                if seen.insert(other) {
                    open.push(other);
                }
            }
        }
        seen
    }
}

fn object(record: Record, head: &Dn, domain_sid: &Sid) -> Result<Object, LdifError> {
    let dn = parse_dn(&record)?;
    let Record { line, mut entry } = record;
    if !dn.is_within(head) {
        return Err(LdifError::new(line, "the object is outside of the domain"));
    }
    let hash = match entry.take("userpassword").as_slice() {
        [] => None,
        [value] => Some(hash::check_form(value).map_err(|reason| LdifError::new(line, reason))?),
        _ => return Err(LdifError::new(line, "more than one userPassword")),
    };
    complete_guid(&mut entry, &dn, line)?;
    complete_binary(&mut entry, line)?;
    if entry.is_a("user") || entry.is_a("group") || entry.is_a("computer") {
        complete_principal(&mut entry, domain_sid, line)?;
    }
    entry.set("distinguishedname", vec![entry.dn.clone().into_bytes()]);
    Ok(Object {
        dn,
        entry,
        hash,
        member_of: BTreeSet::new(),
        members: BTreeSet::new(),
    })
}

/// objectGUID as 16 octets, as text, or absent: then it is made from the name, the same at every start.
fn complete_guid(entry: &mut Entry, dn: &Dn, line: usize) -> Result<(), LdifError> {
    let octets = match entry.one("objectguid") {
        Some(octets) if octets.len() == 16 => octets.to_vec(),
        Some(text) => guid_text(text)
            .ok_or_else(|| LdifError::new(line, "objectGUID is neither 16 octets nor a GUID"))?,
        None if entry.has("objectguid") => {
            return Err(LdifError::new(line, "more than one objectGUID"));
        }
        None => {
            let made = digest(&SHA256, format!("{dn:?}").as_bytes());
            made.as_ref().get(..16).unwrap_or_default().to_vec()
        }
    };
    entry.set("objectguid", vec![octets]);
    Ok(())
}

fn complete_binary(entry: &mut Entry, line: usize) -> Result<(), LdifError> {
    if entry.has("objectsid") {
        let value = entry.one("objectsid").unwrap_or_default();
        let sid = Sid::from_binary(value).or_else(|| Sid::parse(std::str::from_utf8(value).ok()?));
        let sid = sid.ok_or_else(|| LdifError::new(line, "objectSid is not a SID"))?;
        entry.set("objectsid", vec![sid.to_binary()]);
    }
    if let Some(text) = entry.one("ms-ds-consistencyguid")
        && let Some(octets) = guid_text(text)
    {
        entry.set("ms-ds-consistencyguid", vec![octets]);
    }
    Ok(())
}

/// What every user and group has: sAMAccountName, a SID, userAccountControl, a primary group.
fn complete_principal(entry: &mut Entry, domain_sid: &Sid, line: usize) -> Result<(), LdifError> {
    if entry.text("samaccountname").is_none_or(str::is_empty) {
        return Err(LdifError::new(
            line,
            "a user or group needs one sAMAccountName",
        ));
    }
    if !entry.has("objectsid") {
        let guid = entry.one("objectguid").unwrap_or_default();
        let made = digest(&SHA256, guid);
        let number = made
            .as_ref()
            .iter()
            .take(4)
            .fold(0u32, |number, octet| number << 8 | u32::from(*octet));
        let sid = Sid::parse(&format!("{domain_sid}-{}", 1000 + number % 1_000_000_000));
        let sid = sid.ok_or_else(|| LdifError::new(line, "the domain's SID is too long"))?;
        entry.set("objectsid", vec![sid.to_binary()]);
    }
    if !entry.is_a("group") {
        for (attribute, usual) in [("useraccountcontrol", "512"), ("primarygroupid", "513")] {
            if !entry.has(attribute) {
                entry.set(attribute, vec![usual.as_bytes().to_vec()]);
            }
        }
    }
    for attribute in [
        "useraccountcontrol",
        "primarygroupid",
        "accountexpires",
        "pwdlastset",
        "lockouttime",
        "msds-userpasswordexpirytimecomputed",
    ] {
        if entry.has(attribute) && entry.number(attribute).is_none() {
            return Err(LdifError::new(line, format!("{attribute} is not a number")));
        }
    }
    Ok(())
}

fn guid_text(value: &[u8]) -> Option<Vec<u8>> {
    let uuid = Uuid::parse_str(std::str::from_utf8(value).ok()?).ok()?;
    Some(uuid.to_bytes_le().to_vec())
}

fn domain_sid(head: &Record) -> Result<Sid, LdifError> {
    let value = head.entry.one("objectsid").ok_or_else(|| {
        LdifError::new(head.line, "the domain needs an objectSid (S-1-5-21-a-b-c)")
    })?;
    let sid = Sid::from_binary(value).or_else(|| Sid::parse(std::str::from_utf8(value).ok()?));
    sid.ok_or_else(|| LdifError::new(head.line, "objectSid is not a SID"))
}

fn parse_dn(record: &Record) -> Result<Dn, LdifError> {
    Dn::parse(&record.entry.dn).ok_or_else(|| {
        LdifError::new(
            record.line,
            format!("{:?} is not a distinguished name", record.entry.dn),
        )
    })
}
