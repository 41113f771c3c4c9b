//! RADIUS packets: the request as we write it, the answer as we believe it (RFC 2865 3, RFC 3579 3.2).

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::Zeroizing;

const ACCESS_REQUEST: u8 = 1;
const ACCESS_ACCEPT: u8 = 2;
const ACCESS_REJECT: u8 = 3;
const ACCESS_CHALLENGE: u8 = 11;

const USER_NAME: u8 = 1;
const USER_PASSWORD: u8 = 2;
const REPLY_MESSAGE: u8 = 18;
const STATE: u8 = 24;
const NAS_IDENTIFIER: u8 = 32;
const MESSAGE_AUTHENTICATOR: u8 = 80;

/// Code, identifier, length, authenticator.
const HEADER: usize = 20;
/// The longest packet (RFC 2865 3).
pub(super) const LARGEST: usize = 4096;
/// The longest password that PAP carries (RFC 2865 5.2).
pub(super) const LONGEST_PASSWORD: usize = 128;
const LONGEST_VALUE: usize = 253;
const LONGEST_MESSAGE: usize = 512;
const LARGEST_STATE: usize = LONGEST_VALUE;

/// What a request says.
pub(super) struct Request<'a> {
    pub(super) identifier: u8,
    /// Random, and never the same twice.
    pub(super) authenticator: [u8; 16],
    pub(super) user_name: &'a str,
    pub(super) password: &'a str,
    pub(super) nas_identifier: &'a str,
    /// Of the challenge that this answers.
    pub(super) state: Option<&'a [u8]>,
}

impl Request<'_> {
    /// The packet; `None` when a value is too long for its attribute.
    pub(super) fn write(&self, secret: &[u8]) -> Option<Vec<u8>> {
        let mut packet = vec![ACCESS_REQUEST, self.identifier, 0, 0];
        packet.extend(self.authenticator);
        // First of all, so that nothing an attacker chooses can stand before it.
        attribute(&mut packet, MESSAGE_AUTHENTICATOR, &[0; 16])?;
        let mac_at = HEADER + 2;
        attribute(&mut packet, USER_NAME, self.user_name.as_bytes())?;
        let hidden = hide(self.password.as_bytes(), secret, &self.authenticator)?;
        attribute(&mut packet, USER_PASSWORD, &hidden)?;
        attribute(&mut packet, NAS_IDENTIFIER, self.nas_identifier.as_bytes())?;
        if let Some(state) = self.state {
            attribute(&mut packet, STATE, state)?;
        }
        let length = u16::try_from(packet.len()).ok()?.to_be_bytes();
        packet.get_mut(2..4)?.copy_from_slice(&length);
        let mac = hmac_md5(secret, &[&packet])?;
        packet.get_mut(mac_at..mac_at + 16)?.copy_from_slice(&mac);
        Some(packet)
    }
}

/// An answer that came from a holder of the secret, to this request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Response {
    Accept,
    Reject,
    Challenge {
        /// What the server says to the person.
        message: Option<String>,
        state: Vec<u8>,
    },
}

/// Why a packet is not believed. It is dropped, and the waiting goes on: it may be anybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum NotBelieved {
    #[error("not a RADIUS packet")]
    Malformed,
    #[error("an answer to another request")]
    AnotherRequest,
    #[error("no Message-Authenticator: the server must send one (CVE-2024-3596)")]
    NoMessageAuthenticator,
    #[error("a wrong Message-Authenticator: the shared secrets differ, or somebody forged it")]
    WrongMessageAuthenticator,
    #[error("a wrong Response Authenticator: the shared secrets differ, or somebody forged it")]
    WrongAuthenticator,
    #[error("a code that does not answer an Access-Request")]
    UnexpectedCode,
    #[error("a challenge without State")]
    NoState,
}

/// Reads an answer to the request with `identifier` and `authenticator`.
pub(super) fn read_response(
    datagram: &[u8],
    identifier: u8,
    authenticator: &[u8; 16],
    secret: &[u8],
) -> Result<Response, NotBelieved> {
    let packet = Packet::parse(datagram).ok_or(NotBelieved::Malformed)?;
    if packet.identifier != identifier {
        return Err(NotBelieved::AnotherRequest);
    }
    check_message_authenticator(&packet, authenticator, secret)?;
    check_response_authenticator(&packet, authenticator, secret)?;
    match packet.code {
        ACCESS_ACCEPT => Ok(Response::Accept),
        ACCESS_REJECT => Ok(Response::Reject),
        ACCESS_CHALLENGE => {
            let state = packet.first(STATE).ok_or(NotBelieved::NoState)?;
            if state.len() > LARGEST_STATE {
                return Err(NotBelieved::Malformed);
            }
            Ok(Response::Challenge {
                message: packet.message(),
                state: state.to_vec(),
            })
        }
        _ => Err(NotBelieved::UnexpectedCode),
    }
}

/// The parts of a packet whose lengths agree.
struct Packet<'a> {
    code: u8,
    identifier: u8,
    /// Code, identifier and length, as they came.
    head: &'a [u8; 4],
    authenticator: &'a [u8; 16],
    attributes: &'a [u8],
}

impl<'a> Packet<'a> {
    /// `None` unless every attribute ends where the next begins and the last where the packet does.
    fn parse(datagram: &'a [u8]) -> Option<Self> {
        if datagram.len() > LARGEST {
            return None;
        }
        let (head, _) = datagram.split_first_chunk::<4>()?;
        let [code, identifier, high, low] = *head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        // Octets beyond the length are padding (RFC 2865 3).
        let (_, rest) = datagram.get(..length)?.split_first_chunk::<4>()?;
        let (authenticator, attributes) = rest.split_first_chunk::<16>()?;
        let packet = Self {
            code,
            identifier,
            head,
            authenticator,
            attributes,
        };
        let read: usize = packet.each().map(|(_, value)| value.len() + 2).sum();
        (read == attributes.len()).then_some(packet)
    }

    /// The attributes in order, up to the first whose length is wrong.
    fn each(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        let mut rest = self.attributes;
        std::iter::from_fn(move || {
            let (&[kind, length], _) = rest.split_first_chunk::<2>()?;
            let value = rest.get(2..usize::from(length))?;
            rest = rest.get(usize::from(length)..)?;
            Some((kind, value))
        })
    }

    fn first(&self, wanted: u8) -> Option<&'a [u8]> {
        self.each()
            .find(|(kind, _)| *kind == wanted)
            .map(|(_, value)| value)
    }

    /// Every Reply-Message, one after the other, as plain text.
    fn message(&self) -> Option<String> {
        let octets: Vec<u8> = self
            .each()
            .filter(|(kind, _)| *kind == REPLY_MESSAGE)
            .flat_map(|(_, value)| value.iter().copied())
            .take(LONGEST_MESSAGE)
            .collect();
        let text: String = String::from_utf8_lossy(&octets)
            .chars()
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .collect();
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

/// RFC 3579 3.2: HMAC-MD5 over the packet with the request's authenticator, its own sixteen octets as zeros.
fn check_message_authenticator(
    packet: &Packet<'_>,
    request: &[u8; 16],
    secret: &[u8],
) -> Result<(), NotBelieved> {
    let mut all = packet
        .each()
        .filter(|(kind, _)| *kind == MESSAGE_AUTHENTICATOR);
    let claimed = match (all.next(), all.next()) {
        (Some((_, value)), None) => value,
        (None, _) => return Err(NotBelieved::NoMessageAuthenticator),
        (Some(_), Some(_)) => return Err(NotBelieved::Malformed),
    };
    if claimed.len() != 16 {
        return Err(NotBelieved::Malformed);
    }
    let mut zeroed = Vec::with_capacity(packet.attributes.len());
    for (kind, value) in packet.each() {
        let value = if kind == MESSAGE_AUTHENTICATOR {
            &[0; 16]
        } else {
            value
        };
        attribute(&mut zeroed, kind, value).ok_or(NotBelieved::Malformed)?;
    }
    let right = hmac_md5(secret, &[packet.head, request, &zeroed]).ok_or(NotBelieved::Malformed)?;
    if bool::from(right.ct_eq(claimed)) {
        Ok(())
    } else {
        Err(NotBelieved::WrongMessageAuthenticator)
    }
}

/// RFC 2865 3: MD5(code, identifier, length, request authenticator, attributes, secret).
fn check_response_authenticator(
    packet: &Packet<'_>,
    request: &[u8; 16],
    secret: &[u8],
) -> Result<(), NotBelieved> {
    let right = Md5::new()
        .chain_update(packet.head)
        .chain_update(request)
        .chain_update(packet.attributes)
        .chain_update(secret)
        .finalize();
    if bool::from(right.as_slice().ct_eq(packet.authenticator)) {
        Ok(())
    } else {
        Err(NotBelieved::WrongAuthenticator)
    }
}

/// RFC 2865 5.2: the password in blocks of sixteen, each hidden by what MD5 makes of the secret and the block before.
fn hide(password: &[u8], secret: &[u8], authenticator: &[u8; 16]) -> Option<Zeroizing<Vec<u8>>> {
    if password.is_empty() || password.len() > LONGEST_PASSWORD {
        return None;
    }
    let mut hidden = Zeroizing::new(Vec::with_capacity(LONGEST_PASSWORD));
    let mut before = *authenticator;
    for block in password.chunks(16) {
        let mask = Md5::new()
            .chain_update(secret)
            .chain_update(before)
            .finalize();
        for (at, (mask, out)) in mask.iter().zip(&mut before).enumerate() {
            *out = mask ^ block.get(at).copied().unwrap_or(0);
        }
        hidden.extend(before);
    }
    Some(hidden)
}

fn attribute(packet: &mut Vec<u8>, kind: u8, value: &[u8]) -> Option<()> {
    if value.len() > LONGEST_VALUE {
        return None;
    }
    packet.push(kind);
    packet.push(u8::try_from(value.len() + 2).ok()?);
    packet.extend_from_slice(value);
    Some(())
}

fn hmac_md5(secret: &[u8], parts: &[&[u8]]) -> Option<[u8; 16]> {
    let mut mac = Hmac::<Md5>::new_from_slice(secret).ok()?;
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().as_slice().try_into().ok()
}

/// Fuzz target: no datagram panics, and none is believed that was not made with the secret. A packet whose two
/// authenticators are made right here is read without a fault as well.
pub fn fuzz_radius(bytes: &[u8]) {
    const SECRET: &[u8] = b"a secret of the fuzz target";
    const REQUEST: [u8; 16] = [7; 16];
    let identifier = bytes.get(1).copied().unwrap_or(0);
    let believed = read_response(bytes, identifier, &REQUEST, SECRET);
    assert!(believed.is_err(), "believed without the secret");
    if let Some(sealed) = seal_response(bytes, &REQUEST, SECRET) {
        let _ = read_response(&sealed, identifier, &REQUEST, SECRET);
    }
}

/// Makes both authenticators of a well-formed packet right, as a server does.
fn seal_response(datagram: &[u8], request: &[u8; 16], secret: &[u8]) -> Option<Vec<u8>> {
    let packet = Packet::parse(datagram)?;
    let mut sealed = [packet.head.as_slice(), request].concat();
    let mut mac_at = None;
    for (kind, value) in packet.each() {
        let zeros = kind == MESSAGE_AUTHENTICATOR && value.len() == 16;
        if zeros {
            mac_at = Some(sealed.len() + 2);
        }
        attribute(&mut sealed, kind, if zeros { &[0; 16] } else { value })?;
    }
    if let Some(at) = mac_at {
        let mac = hmac_md5(secret, &[&sealed])?;
        sealed.get_mut(at..at + 16)?.copy_from_slice(&mac);
    }
    let authenticator = Md5::new()
        .chain_update(&sealed)
        .chain_update(secret)
        .finalize();
    sealed.get_mut(4..HEADER)?.copy_from_slice(&authenticator);
    Some(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"xyzzy5461";
    const REQUEST: [u8; 16] = [9; 16];

    fn answer(code: u8, attributes: &[(u8, &[u8])]) -> Vec<u8> {
        let mut packet = vec![code, 3, 0, 0];
        packet.extend([0; 16]);
        for (kind, value) in attributes {
            attribute(&mut packet, *kind, value).unwrap();
        }
        let length = u16::try_from(packet.len()).unwrap().to_be_bytes();
        packet[2..4].copy_from_slice(&length);
        seal_response(&packet, &REQUEST, SECRET).unwrap()
    }

    fn read(datagram: &[u8]) -> Result<Response, NotBelieved> {
        read_response(datagram, 3, &REQUEST, SECRET)
    }

    const MAC: (u8, &[u8]) = (MESSAGE_AUTHENTICATOR, &[0; 16]);

    /// The example of RFC 2865 7.1: user nemo, password arctangent, secret xyzzy5461.
    #[test]
    fn the_password_is_hidden_as_in_rfc_2865() {
        let authenticator = [
            0x0f, 0x40, 0x3f, 0x94, 0x73, 0x97, 0x80, 0x57, 0xbd, 0x83, 0xd5, 0xcb, 0x98, 0xf4,
            0x22, 0x7a,
        ];
        let hidden = hide(b"arctangent", SECRET, &authenticator).unwrap();
        assert_eq!(
            hidden.as_slice(),
            [
                0x0d, 0xbe, 0x70, 0x8d, 0x93, 0xd4, 0x13, 0xce, 0x31, 0x96, 0xe4, 0x3f, 0x78, 0x2a,
                0x0a, 0xee
            ]
        );
        assert_eq!(hide(&[b'x'; 17], SECRET, &authenticator).unwrap().len(), 32);
        assert_eq!(hide(&[b'x'; 129], SECRET, &authenticator), None);
    }

    #[test]
    fn answers_are_read() {
        assert_eq!(read(&answer(2, &[MAC])), Ok(Response::Accept));
        assert_eq!(read(&answer(3, &[MAC])), Ok(Response::Reject));
        let challenge = answer(
            11,
            &[(18, b"Next\ncode, "), (24, b"s1"), MAC, (18, b"please")],
        );
        assert_eq!(
            read(&challenge),
            Ok(Response::Challenge {
                message: Some("Next code, please".into()),
                state: b"s1".to_vec()
            })
        );
        let padded = [answer(2, &[MAC]), vec![0; 9]].concat();
        assert_eq!(read(&padded), Ok(Response::Accept));
    }

    #[test]
    fn an_answer_without_message_authenticator_is_not_believed() {
        assert_eq!(
            read(&answer(2, &[])),
            Err(NotBelieved::NoMessageAuthenticator),
            "its Response Authenticator is right, and a collision could have made it"
        );
        let twice = answer(2, &[MAC, MAC]);
        assert_eq!(read(&twice), Err(NotBelieved::Malformed));
    }

    #[test]
    fn a_changed_answer_is_not_believed() {
        let reject = answer(3, &[MAC, (18, b"no")]);
        for at in 0..reject.len() {
            for bit in 0..8 {
                let mut changed = reject.clone();
                changed[at] ^= 1 << bit;
                assert!(read(&changed).is_err(), "octet {at} bit {bit}");
            }
        }
        for length in 0..reject.len() {
            assert!(read(&reject[..length]).is_err(), "cut to {length}");
        }
        let mut accept = reject;
        accept[0] = ACCESS_ACCEPT;
        assert_eq!(read(&accept), Err(NotBelieved::WrongMessageAuthenticator));
        let right = answer(2, &[MAC]);
        assert_eq!(
            read_response(&right, 3, &[8; 16], SECRET),
            Err(NotBelieved::WrongMessageAuthenticator),
            "an answer to an older request"
        );
        assert_eq!(
            read_response(&right, 4, &REQUEST, SECRET),
            Err(NotBelieved::AnotherRequest)
        );
        assert!(read_response(&right, 3, &REQUEST, b"another secret").is_err());
        assert_eq!(read(&answer(5, &[MAC])), Err(NotBelieved::UnexpectedCode));
        assert_eq!(read(&answer(11, &[MAC])), Err(NotBelieved::NoState));
    }

    #[test]
    fn the_request_carries_its_message_authenticator_first() {
        let request = Request {
            identifier: 3,
            authenticator: REQUEST,
            user_name: "bob",
            password: "123456",
            nas_identifier: "signet",
            state: Some(b"s1"),
        };
        let packet = request.write(SECRET).unwrap();
        let parsed = Packet::parse(&packet).unwrap();
        let kinds: Vec<u8> = parsed.each().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [80, 1, 2, 32, 24]);
        assert_eq!(
            check_message_authenticator(&parsed, &REQUEST, SECRET),
            Ok(())
        );
        assert!(!packet.windows(6).any(|window| window == b"123456"));
        fuzz_radius(&packet);
    }
}
