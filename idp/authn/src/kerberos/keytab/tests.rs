use std::os::unix::fs::PermissionsExt as _;

use super::*;

const TWO_TYPES: &[u8] = include_bytes!("../../../tests/data/kerberos/two-types.keytab");
const RC4: &[u8] = include_bytes!("../../../tests/data/kerberos/rc4.keytab");

fn written(octets: &[u8], mode: u32) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), octets).unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    file
}

#[test]
fn keys_are_listed_without_their_octets() {
    let entries = parse(TWO_TYPES).unwrap();
    let types: Vec<i64> = entries.iter().map(|entry| entry.encryption).collect();
    assert!(types.contains(&18) && types.contains(&17), "{types:?}");
    for entry in &entries {
        assert_eq!(entry.principal, "HTTP/sts.corp.example");
        assert_eq!(entry.realm, "CORP.EXAMPLE");
        assert!(entry.key_version >= 2 && entry.is_strong());
    }
    assert!(
        parse(RC4)
            .unwrap()
            .iter()
            .all(|entry| entry.encryption == 23 && !entry.is_strong())
    );
}

#[test]
fn holes_are_passed_over_and_long_versions_count() {
    let mut octets = vec![5, 2];
    octets.extend((-6i32).to_be_bytes());
    octets.extend([0xff; 6]);
    let mut entry = vec![0, 1, 0, 1, b'R', 0, 1, b'p'];
    entry.extend([0, 0, 0, 1, 0, 0, 0, 0, 7, 0, 18, 0, 2, 0xaa, 0xbb]);
    entry.extend(300u32.to_be_bytes());
    octets.extend(u32::try_from(entry.len()).unwrap().to_be_bytes());
    octets.extend(&entry);
    let read = parse(&octets).unwrap();
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].key_version, read[0].encryption), (300, 18));
}

#[test]
fn sec_krb_20_a_keytab_that_others_may_read_is_refused() {
    for mode in [0o644, 0o640, 0o604, 0o620, 0o602] {
        let file = written(TWO_TYPES, mode);
        let fault = read_keytab(file.path()).unwrap_err();
        assert!(
            matches!(fault, KeytabFault::OpenToOthers { .. }),
            "{mode:o}: {fault}"
        );
        assert!(fault.to_string().contains("chmod 600"));
        assert!(!fault.message().public.contains("tmp"));
    }
    assert!(read_keytab(written(TWO_TYPES, 0o600).path()).is_ok());
    assert!(read_keytab(written(TWO_TYPES, 0o400).path()).is_ok());
}

#[test]
fn sec_krb_20_an_unreadable_empty_or_broken_keytab_is_named() {
    let absent = read_keytab(Path::new("no/such.keytab")).unwrap_err();
    assert!(matches!(&absent, KeytabFault::Unreadable { path, .. } if path == "no/such.keytab"));
    assert!(matches!(
        read_keytab(written(&[5, 2], 0o600).path()),
        Err(KeytabFault::Empty { .. })
    ));
    for octets in [
        &[][..],
        b"\x05\x01",
        b"text",
        &TWO_TYPES[..20],
        &[5, 2, 0x7f, 0xff, 0xff, 0xff],
    ] {
        let fault = read_keytab(written(octets, 0o600).path()).unwrap_err();
        assert!(
            matches!(fault, KeytabFault::Malformed { .. }),
            "{octets:?}: {fault}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        read_keytab(folder.path()),
        Err(KeytabFault::Malformed { .. })
    ));
}
