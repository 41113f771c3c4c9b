use super::*;

// Written by Samba 4.17 and taken from tickets of the lab.
const ALICE: &[u8] = include_bytes!("../../../tests/data/kerberos/pac-alice");
const ALICE_SID: &str = "S-1-5-21-4272847335-3595747991-3725376870-1103";
const MANY_GROUPS: &[u8] = include_bytes!("../../../tests/data/kerberos/pac-manygroups");
const SERVICE_ASSERTED: &[u8] = include_bytes!("../../../tests/data/kerberos/pac-service-asserted");
/// The only extra SID of the first: S-1-18-1, "by own credentials".
const AUTHENTICATED: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 18, 1, 0, 0, 0];

fn user(octets: &[u8]) -> Result<Option<String>, BadPac> {
    let facts = PacFacts::parse(octets)?;
    facts.user().map(|sid| sid.map(ToString::to_string))
}

fn replaced(octets: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = octets.windows(old.len()).position(|window| window == old);
    let at = at.expect("the fixture holds it");
    let mut octets = octets.to_vec();
    octets[at..at + new.len()].copy_from_slice(new);
    octets
}

/// Where the table's entry of a kind is.
fn entry_of(octets: &[u8], kind: u32) -> usize {
    (8..octets.len())
        .step_by(16)
        .find(|at| u32_at(octets, *at) == Some(kind))
        .expect("the fixture holds it")
}

#[test]
fn a_pac_of_samba_names_its_person() {
    assert_eq!(user(ALICE), Ok(Some(ALICE_SID.to_owned())));
    let facts = PacFacts::parse(ALICE).unwrap();
    assert!(!facts.delegated && !facts.logon.unwrap().service_asserted);
    assert_eq!(
        facts.upn_sid.map(|sid| sid.to_string()).as_deref(),
        Some(ALICE_SID)
    );
    let many = user(MANY_GROUPS).unwrap().unwrap();
    assert!(many.ends_with("-1118"), "{many}");
}

#[test]
fn sec_krb_08_a_pac_that_is_cut_short_or_counts_too_much_is_refused() {
    for length in 0..ALICE.len() {
        // The last buffers are signatures, which the library has checked: a cut there is a cut all the same.
        assert!(user(&ALICE[..length]).is_err(), "{length}");
    }
    for count in [0, 65, u32::MAX] {
        let mut octets = ALICE.to_vec();
        octets[..4].copy_from_slice(&count.to_le_bytes());
        assert!(user(&octets).is_err(), "{count}");
    }
}

#[test]
fn sec_krb_08_buffers_that_overlap_repeat_or_lie_outside_are_refused() {
    let (first, second) = (entry_of(ALICE, 1), entry_of(ALICE, 12));
    let offset = |at: usize| u32_at(ALICE, at + 8).unwrap();
    let with = |at: usize, value: u32| {
        let mut octets = ALICE.to_vec();
        octets[at..at + 4].copy_from_slice(&value.to_le_bytes());
        user(&octets)
    };
    let shape = Err(BadPac("PACTYPE"));
    assert_eq!(with(second + 8, offset(first)), shape, "overlapping");
    assert_eq!(with(second + 8, 8), shape, "in the table");
    assert_eq!(with(second + 8, offset(second) + 1), shape, "not aligned");
    assert_eq!(with(second + 8, u32::MAX), shape, "outside");
    assert_eq!(with(second + 12, u32::MAX), shape, "far outside");
    assert_eq!(with(second + 4, u32::MAX), shape, "too long");
    assert_eq!(with(second, 1), shape, "twice");
    // A kind that nobody knows is passed over.
    assert_eq!(with(second, 4711), Ok(Some(ALICE_SID.to_owned())));
}

#[test]
fn sec_krb_08_without_logon_information_there_is_nobody() {
    let mut octets = ALICE.to_vec();
    octets[entry_of(ALICE, 1)] = 99;
    let facts = PacFacts::parse(&octets).unwrap();
    assert_eq!(facts.logon, None);
}

#[test]
fn sec_krb_09_a_pac_that_names_two_accounts_is_refused() {
    // UPN_DNS_INFO's SID ends in the relative identifier 1103.
    let domain = Sid::parse(ALICE_SID).unwrap().to_binary();
    let mut other = domain.clone();
    let last = other.len() - 4;
    other[last..].copy_from_slice(&500u32.to_le_bytes());
    let octets = replaced(ALICE, &domain, &other);
    assert_eq!(user(&octets), Err(BadPac("its SIDs are of two accounts")));
}

#[test]
fn sec_krb_11_extra_sids_change_nothing() {
    // Somebody of a trusted realm claims the administrators' group.
    let octets = replaced(
        ALICE,
        &AUTHENTICATED,
        &[1, 1, 0, 0, 0, 0, 0, 5, 0xf4, 1, 0, 0],
    );
    assert_eq!(user(&octets), user(ALICE));
    assert_eq!(PacFacts::parse(&octets), PacFacts::parse(ALICE));
}

#[test]
fn sec_krb_12_a_service_asserted_identity_is_seen() {
    let facts = PacFacts::parse(SERVICE_ASSERTED).unwrap();
    assert!(facts.logon.unwrap().service_asserted);
    let mut delegated = ALICE.to_vec();
    delegated[entry_of(ALICE, 12)] = 11;
    assert!(PacFacts::parse(&delegated).unwrap().delegated);
}

#[test]
fn counts_of_the_logon_information_have_their_bounds() {
    let at = entry_of(ALICE, 1);
    let start = u32_at(ALICE, at + 8).unwrap() as usize;
    let length = u32_at(ALICE, at + 4).unwrap() as usize;
    let info = &ALICE[start..start + length];
    let good = LogonInfo::parse(info).unwrap();
    assert_eq!(good.user.as_str(), ALICE_SID);
    for position in (0..info.len() - 4).step_by(4) {
        let mut octets = info.to_vec();
        octets[position..position + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        // Whatever it was: refused, or another account's number; never a panic or a long wait.
        if let Ok(read) = LogonInfo::parse(&octets) {
            assert!(Sid::parse(read.user.as_str()).is_some());
        }
    }
}
