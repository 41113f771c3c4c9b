use super::super::encryption::EncryptionType;
use super::*;

// Made by MIT krb5 1.20 against the lab.
const IN_SPNEGO: &[u8] = include_bytes!("../../../tests/data/kerberos/spnego");
const BARE: &[u8] = include_bytes!("../../../tests/data/kerberos/bare");
const RC4: &[u8] = include_bytes!("../../../tests/data/kerberos/rc4");

fn header(octets: &[u8]) -> Vec<u8> {
    format!("Negotiate {}", STANDARD.encode(octets)).into_bytes()
}

fn read(octets: &[u8]) -> Result<NegotiateToken, KerberosRefusal> {
    NegotiateToken::parse(&header(octets))
}

/// SPNEGO with these mechanisms, and this token for the first.
fn spnego(mechanisms: &[&[u8]], token: Option<&[u8]>) -> Vec<u8> {
    let list: Vec<u8> = mechanisms
        .iter()
        .flat_map(|one| element(OBJECT_IDENTIFIER, one))
        .collect();
    let mut fields = element(context(0), &element(SEQUENCE, &list));
    if let Some(token) = token {
        fields.extend(element(context(2), &element(OCTET_STRING, token)));
    }
    let mut inner = element(OBJECT_IDENTIFIER, SPNEGO);
    inner.extend(element(context(0), &element(SEQUENCE, &fields)));
    element(application(0), &inner)
}

fn everyday(outcome: Result<NegotiateToken, KerberosRefusal>) -> Fallback {
    match outcome {
        Err(KerberosRefusal::FallBack(fallback)) => fallback,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_real_token_says_whose_ticket_it_is() {
    for octets in [IN_SPNEGO, BARE] {
        let token = read(octets).unwrap();
        let request = token.request();
        assert_eq!(request.service, "HTTP/sts.corp.example");
        assert_eq!(request.realm, "CORP.EXAMPLE");
        assert_eq!(request.encryption, EncryptionType::Aes256Sha1);
        assert!(request.key_version.is_some());
    }
    let (one, other) = (read(IN_SPNEGO).unwrap(), read(BARE).unwrap());
    assert_ne!(
        one.request.authenticator_hash(),
        other.request.authenticator_hash()
    );
}

#[test]
fn a_token_is_the_same_in_spnego_of_either_name_and_bare() {
    let inner = read(IN_SPNEGO).unwrap();
    let hash = inner.request.authenticator_hash();
    for listed in [KERBEROS, KERBEROS_OF_WINDOWS] {
        let wrapped = read(&spnego(&[listed, KERBEROS, NTLM], Some(&inner.kerberos))).unwrap();
        assert_eq!(wrapped.request.authenticator_hash(), hash);
        let reply = wrapped.framed(b"our token");
        let found = |part: &[u8]| reply.windows(part.len()).any(|window| window == part);
        assert!(reply.starts_with(&[0xa1]) && found(listed) && found(b"our token"));
    }
    let bare = read(&inner.kerberos).unwrap();
    assert_eq!(bare.request.authenticator_hash(), hash);
    assert_eq!(bare.framed(b"our token"), b"our token");
}

#[test]
fn the_scheme_is_read_in_any_letter_case_and_others_are_passed_over() {
    let encoded = STANDARD.encode(BARE);
    for good in [
        format!("negotiate {encoded}"),
        format!(" NEGOTIATE   {encoded} "),
    ] {
        assert!(NegotiateToken::parse(good.as_bytes()).is_ok());
    }
    for (text, expected) in [
        ("", Fallback::OtherScheme),
        ("Negotiate", Fallback::OtherScheme),
        ("Basic YTpi", Fallback::OtherScheme),
        ("Negotiated YTpi", Fallback::OtherScheme),
        ("NTLM TlRMTVNTUAABAAAA", Fallback::OtherScheme),
        ("Negotiate ", Fallback::OtherScheme),
        ("Negotiate %%%%", Fallback::Malformed),
        ("Negotiate YTpi", Fallback::Malformed),
    ] {
        assert_eq!(
            everyday(NegotiateToken::parse(text.as_bytes())),
            expected,
            "{text:?}"
        );
    }
}

#[test]
fn sec_krb_04_ntlm_is_the_form_s_whether_bare_or_in_spnego() {
    let type_one = b"NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2";
    let type_three = b"NTLMSSP\0\x03\0\0\0";
    for message in [&type_one[..], type_three] {
        assert_eq!(everyday(read(message)), Fallback::Ntlm);
        assert_eq!(
            everyday(read(&spnego(&[NTLM], Some(message)))),
            Fallback::Ntlm
        );
        assert_eq!(
            everyday(read(&spnego(&[NTLM, KERBEROS], Some(message)))),
            Fallback::Ntlm
        );
        // NTLM under another name.
        assert_eq!(
            everyday(read(&spnego(&[KERBEROS, NTLM], Some(message)))),
            Fallback::Ntlm
        );
    }
    assert_eq!(
        everyday(read(&spnego(&[NEGOEX, KERBEROS], Some(b"x")))),
        Fallback::Negoex
    );
    assert_eq!(
        everyday(read(&spnego(&[&[0x2a, 3], KERBEROS], None))),
        Fallback::OtherMechanism
    );
    assert_eq!(
        everyday(read(&spnego(&[KERBEROS], None))),
        Fallback::NoToken
    );
    let message = KerberosRefusal::from(Fallback::Ntlm).message();
    assert!(message.hint.contains("user name and password"));
}

#[test]
fn sec_krb_07_a_ticket_or_authenticator_of_rc4_or_des_is_refused_before_the_library_sees_it() {
    let refused = read(RC4).unwrap_err();
    assert!(
        matches!(&refused, KerberosRefusal::WeakEncryption { number: 23, service } if service == "HTTP/weak.corp.example"),
        "{refused:?}"
    );
    assert!(
        refused
            .to_string()
            .contains("msDS-SupportedEncryptionTypes")
    );
    // Every `[0] INTEGER 18` of a good token: first the ticket's type, then the authenticator's.
    let marks: Vec<usize> = BARE
        .windows(5)
        .enumerate()
        .filter_map(|(at, window)| (window == [0xa0, 3, 2, 1, 18]).then_some(at + 4))
        .collect();
    assert_eq!(marks.len(), 2);
    for at in marks {
        for number in [1, 3, 16, 23, 24, 25, 0x80] {
            let mut octets = BARE.to_vec();
            octets[at] = number;
            assert!(
                matches!(read(&octets), Err(KerberosRefusal::WeakEncryption { .. })),
                "{number}"
            );
        }
    }
}

#[test]
fn a_user_to_user_ticket_is_refused() {
    let options = BARE
        .windows(7)
        .position(|window| window[..3] == [0xa2, 7, 3] && window[3..5] == [5, 0]);
    let mut octets = BARE.to_vec();
    octets[options.unwrap() + 5] |= 0x40;
    assert!(matches!(read(&octets), Err(KerberosRefusal::UserToUser)));
}

#[test]
fn sec_krb_18_tokens_cut_short_long_or_of_a_later_leg_end_in_the_form() {
    for length in 0..IN_SPNEGO.len() {
        everyday(read(&IN_SPNEGO[..length]));
    }
    let mut longer = IN_SPNEGO.to_vec();
    longer.push(0);
    everyday(read(&longer));
    // A NegTokenResp: a leg that would need memory of an earlier one. There is none, so there is nothing to attack.
    everyday(read(&completed(KERBEROS, b"x")));
    let many: Vec<&[u8]> = vec![KERBEROS; 64];
    everyday(read(&spnego(&many, Some(BARE))));
    let huge = vec![b'A'; MOST_HEADER_OCTETS + 1];
    assert_eq!(everyday(NegotiateToken::parse(&huge)), Fallback::TooLong);
}

#[test]
fn sec_krb_18_a_mech_list_mic_is_neither_needed_nor_believed() {
    // MS-SPNG clients may add fields after the token; what the library proves is the token alone.
    let token = read(IN_SPNEGO).unwrap();
    let list = element(SEQUENCE, &element(OBJECT_IDENTIFIER, KERBEROS));
    let mut fields = element(context(0), &list);
    fields.extend(element(context(2), &element(OCTET_STRING, &token.kerberos)));
    fields.extend(element(context(3), &element(OCTET_STRING, b"not a code")));
    let mut inner = element(OBJECT_IDENTIFIER, SPNEGO);
    inner.extend(element(context(0), &element(SEQUENCE, &fields)));
    let with = read(&element(application(0), &inner)).unwrap();
    assert_eq!(with.kerberos, token.kerberos);
}
