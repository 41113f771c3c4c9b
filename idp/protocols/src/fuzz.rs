//! What the fuzz targets call: each takes any octets, and panics only when a promise of this room is broken.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signet_issuance::is_below;
use signet_model::relying_party::{AssertionConsumer, ReplyMatch};
use signet_model::uris::{ENTRA_REALM, ENTRA_REPLY, binding};
use signet_model::{AvailableMethods, Method, Protocol, RelyingParty, SignInRequest};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::recheck::recheck;
use crate::reply::find;
use crate::saml2::{self, OwnAddresses, SamlAction, receive_idp_initiated};
use crate::wire::ProtocolRequest;
use crate::wsfed::{self, WsFedAction, respond_signed_out};

const NOW: OffsetDateTime = datetime!(2026-03-04 05:06:07 UTC);
const HOME: &str = "https://rp.example.com/app/";

fn methods() -> AvailableMethods {
    AvailableMethods::new([Method::Password], [Method::Totp])
}

/// Target `wsfed_query`: a raw query, and the same octets as a form body.
pub fn wsfed_query(octets: &[u8]) {
    for request in [
        ProtocolRequest::get(octets),
        ProtocolRequest::post(b"", octets),
    ] {
        match wsfed::receive(&request, parties(), &methods(), NOW) {
            Ok(WsFedAction::SignIn(request)) => holds(&request, Protocol::WsFederation),
            Ok(WsFedAction::SignOut(out) | WsFedAction::SignOutCleanup(out)) => {
                let location = respond_signed_out(&out).map(|redirect| redirect.location);
                assert!(location.is_none_or(|to| to == ENTRA_REPLY || to.starts_with(HOME)));
            }
            Err(refused) => assert!(!refused.message().code.is_empty()),
        }
    }
}

/// Target `saml_redirect`: a raw query, and the same octets as a query of a sign-in that begins here.
pub fn saml_redirect(octets: &[u8]) {
    let request = ProtocolRequest::get(octets);
    saml(&request);
    if let Ok(Some(request)) = receive_idp_initiated(&request, parties(), NOW) {
        holds(&request, Protocol::Saml2);
    }
}

/// Target `saml_post`: a raw form body.
pub fn saml_post(octets: &[u8]) {
    saml(&ProtocolRequest::post(b"", octets));
}

/// Target `saml_message`: the XML of a message, put into a form.
pub fn saml_message(octets: &[u8]) {
    let encoded = STANDARD.encode(octets).replace('+', "%2B");
    let body = format!("SAMLRequest={encoded}&RelayState=s");
    saml(&ProtocolRequest::post(b"", body.as_bytes()));
    let body = format!("SAMLResponse={encoded}");
    saml(&ProtocolRequest::post(b"", body.as_bytes()));
}

/// Target `inflate`: a raw DEFLATE stream.
pub fn inflate(octets: &[u8]) {
    if let Ok(plain) = saml2::inflate(octets) {
        assert!(plain.len() <= 64 * 1024);
    }
}

/// Target `reply`: an address that is compared with a registered one.
pub fn reply(octets: &[u8]) {
    let Ok(wanted) = std::str::from_utf8(octets) else {
        return;
    };
    assert_eq!(
        find(wanted, [HOME], ReplyMatch::Exact).is_some(),
        wanted == HOME
    );
    if is_below(wanted, HOME) {
        assert!(wanted.starts_with(HOME));
        let path = wanted.split('?').next().unwrap_or_default();
        let steps_out = |segment: &str| segment.split(';').next() == Some("..");
        assert!(!path.split('/').any(steps_out), "{wanted}");
    }
}

fn saml(request: &ProtocolRequest<'_>) {
    let own = OwnAddresses::new(["https://fs.example.com/adfs/ls/"]);
    match saml2::receive(request, parties(), &own, &methods(), NOW) {
        Ok(SamlAction::SignIn(sign_in)) => {
            // Nobody's key is registered, so nothing can have been verified.
            assert!(!sign_in.signature.is_verified() && sign_in.replay.is_none());
            holds(&sign_in.request, Protocol::Saml2);
        }
        Ok(SamlAction::Refuse(refusal)) => {
            let to = refusal.reply_to.as_str();
            assert!(to == ENTRA_REPLY || to == HOME);
        }
        Ok(SamlAction::Logout(_) | SamlAction::LogoutAnswered(_)) => {
            unreachable!("an unsigned logout message was taken")
        }
        Err(refused) => assert!(!refused.message().code.is_empty()),
    }
}

/// A request that was taken holds when it is checked again.
fn holds(request: &SignInRequest, protocol: Protocol) {
    assert_eq!(request.protocol, protocol);
    let party = parties()
        .iter()
        .find(|party| party.id == request.relying_party);
    assert!(party.is_some_and(|party| recheck(request, party).is_ok()));
}

fn parties() -> &'static Vec<Arc<RelyingParty>> {
    static PARTIES: OnceLock<Vec<Arc<RelyingParty>>> = OnceLock::new();
    PARTIES.get_or_init(|| {
        let mut entra = RelyingParty::new("Entra", ENTRA_REALM);
        entra.wsfed_endpoints = vec![ENTRA_REPLY.to_owned()];
        entra.assertion_consumers = vec![post_consumer(ENTRA_REPLY)];
        let mut other = RelyingParty::new("Other", HOME);
        other.wsfed_endpoints = vec![HOME.to_owned()];
        other.reply_match = ReplyMatch::PathPrefix;
        other.assertion_consumers = vec![post_consumer(HOME)];
        other.idp_initiated = true;
        vec![Arc::new(entra), Arc::new(other)]
    })
}

fn post_consumer(location: &str) -> AssertionConsumer {
    AssertionConsumer {
        binding: binding::HTTP_POST.to_owned(),
        index: 0,
        is_default: true,
        location: location.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn seeds_keep_every_promise() {
        replay("wsfed_query", wsfed_query);
        replay("saml_redirect", saml_redirect);
        replay("saml_post", saml_post);
        replay("saml_message", saml_message);
        replay("inflate", inflate);
        replay("reply", reply);
    }

    /// Calls `target` with each committed seed, and with each cut and flipped at every octet.
    fn replay(name: &str, target: fn(&[u8])) {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzzing/corpus");
        let mut seeds = 0;
        for seed in std::fs::read_dir(corpus.join(name)).unwrap() {
            let octets = std::fs::read(seed.unwrap().path()).unwrap();
            target(&octets);
            for at in 0..octets.len().min(600) {
                target(&octets[..at]);
                let mut flipped = octets.clone();
                flipped[at] ^= 1 << (at % 8);
                target(&flipped);
            }
            seeds += 1;
        }
        assert!(seeds > 0, "{name}");
    }

    #[test]
    fn seeds_reach_the_end_of_the_parsers() {
        let query = b"wa=wsignin1.0&wtrealm=urn:federation:MicrosoftOnline";
        let taken = wsfed::receive(&ProtocolRequest::get(query), parties(), &methods(), NOW);
        assert!(matches!(taken, Ok(WsFedAction::SignIn(_))));
    }
}
