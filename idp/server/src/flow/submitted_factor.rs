//! What a page of second factors posts.

use signet_authn::factors::Answer;
use signet_model::FactorKind;
use signet_pages::FactorWay;
use zeroize::Zeroizing;

/// Longest field that is read, in octets: the answer of a passkey with an attestation is some kilobytes.
const LONGEST: usize = 32 * 1024;

/// What a page of second factors posts.
pub(super) struct SubmittedFactor {
    pub(super) flow: String,
    pub(super) wish: Wish,
}

/// What the person did there.
pub(super) enum Wish {
    /// Answered.
    Answer {
        kind: FactorKind,
        ticket: String,
        answer: Answer,
    },
    /// Chose another of the own factors.
    Choose(FactorKind),
    /// Chose a certificate.
    Certificate,
    /// Showed that a new factor works.
    Enrol {
        kind: FactorKind,
        ticket: String,
        answer: Answer,
        label: String,
    },
    /// Kept the recovery codes.
    Kept,
}

impl SubmittedFactor {
    /// Reads the form; `None` when the body is some other form.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let (mut flow, mut ticket, mut label) = (String::new(), String::new(), String::new());
        let (mut factor, mut choose, mut enrol) = (None, None, None);
        let (mut code, mut credential, mut kept) = (None, None, false);
        let mut certificate = false;
        for (key, value) in form_urlencoded::parse(body).take(32) {
            if value.len() > LONGEST {
                return None;
            }
            match &*key {
                "Flow" => flow = value.into_owned(),
                "Challenge" => ticket = value.into_owned(),
                "Label" => label = value.into_owned(),
                "Factor" => factor = Some(value.parse::<FactorKind>().ok()?),
                "Choose" if value == FactorWay::Certificate.word() => certificate = true,
                "Choose" => choose = Some(value.parse::<FactorKind>().ok()?),
                "Enrol" => enrol = Some(value.parse::<FactorKind>().ok()?),
                "Code" => code = Some(Zeroizing::new(value.into_owned())),
                "Credential" => credential = Some(value.into_owned()),
                "Kept" => kept = true,
                _ => {}
            }
        }
        let answer = match (code, credential) {
            (Some(code), _) => Answer::Code(code),
            (None, Some(credential)) => Answer::WebAuthn(credential),
            (None, None) => Answer::Waited,
        };
        let wish = match (factor, choose, enrol) {
            _ if certificate => Wish::Certificate,
            (_, Some(kind), _) => Wish::Choose(kind),
            (Some(kind), None, _) => Wish::Answer {
                kind,
                ticket,
                answer,
            },
            (None, None, Some(kind)) => Wish::Enrol {
                kind,
                ticket,
                answer,
                label,
            },
            (None, None, None) if kept => Wish::Kept,
            (None, None, None) => return None,
        };
        Some(Self { flow, wish })
    }
}
