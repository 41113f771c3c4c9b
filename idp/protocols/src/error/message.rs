//! The public and the private face of each refusal.

use signet_model::{Culprit, MessagePair, Protocol};

use super::ProtocolError;

const RETRY: &str = "Go back to the application and start again from there. If it happens again, tell its administrator.";
const TELL_APPLICATION: &str =
    "Tell the administrator of the application, with the activity id below.";
const TELL_OPERATOR: &str =
    "Tell your help desk which application you came from, with the activity id below.";

pub(super) fn message(error: &ProtocolError) -> MessagePair {
    use ProtocolError as E;
    let (code, culprit, public, hint) = match error {
        E::SignOut(inner) => {
            let told = message(inner);
            (told.code, told.culprit, told.public, told.hint)
        }
        E::RequestMalformed { .. } => (
            "SIG-REQ-MALFORMED",
            Culprit::RelyingParty,
            "The sign-in request cannot be read.",
            RETRY,
        ),
        E::RequestTooLarge { .. } => (
            "SIG-REQ-TOO-LARGE",
            Culprit::RelyingParty,
            "The sign-in request is too large.",
            RETRY,
        ),
        E::RequestRepeatsParameter { .. } => (
            "SIG-REQ-REPEATED",
            Culprit::RelyingParty,
            "The sign-in request says something twice.",
            RETRY,
        ),
        E::RequestSplit { .. } => (
            "SIG-REQ-SPLIT",
            Culprit::RelyingParty,
            "The sign-in request arrived in two parts.",
            RETRY,
        ),
        E::RequestMixesMessages => (
            "SIG-REQ-MIXED",
            Culprit::RelyingParty,
            "The sign-in request contradicts itself.",
            RETRY,
        ),
        E::RequestHasNoMessage => (
            "SIG-REQ-EMPTY",
            Culprit::User,
            "This address is for applications that send you here to sign in.",
            "Open the application you want to use; it will bring you here.",
        ),
        E::RelyingPartyActionUnknown { .. } => (
            "SIG-WSFED-ACTION",
            Culprit::RelyingParty,
            "The application asked for something this service does not do.",
            TELL_APPLICATION,
        ),
        E::RelyingPartyUnnamed { protocol } => (
            by(*protocol, "SIG-WSFED-NO-REALM", "SIG-SAML-NO-ISSUER"),
            Culprit::RelyingParty,
            "The application did not say who it is.",
            TELL_APPLICATION,
        ),
        E::OperatorRelyingPartyUnknown { protocol, .. } => (
            by(
                *protocol,
                "SIG-WSFED-UNKNOWN-REALM",
                "SIG-SAML-UNKNOWN-ISSUER",
            ),
            Culprit::Operator,
            "The application you came from is not registered here.",
            TELL_OPERATOR,
        ),
        E::OperatorRelyingPartyDisabled { .. } => (
            "SIG-RP-DISABLED",
            Culprit::Operator,
            "Sign-in to this application is switched off.",
            TELL_OPERATOR,
        ),
        E::OperatorProtocolNotAllowed { protocol, .. } => (
            by(*protocol, "SIG-RP-NO-WSFED", "SIG-RP-NO-SAML"),
            Culprit::Operator,
            "The application is not registered for this way of signing in.",
            TELL_OPERATOR,
        ),
        E::OperatorIdentifierRemoved { .. } => (
            "SIG-RP-IDENTIFIER-REMOVED",
            Culprit::Operator,
            "The registration of this application changed while you were signing in.",
            RETRY,
        ),
        E::RelyingPartyReplyUnregistered { .. } => (
            "SIG-REPLY-UNREGISTERED",
            Culprit::RelyingParty,
            "The application wants the answer at an address that is not registered for it.",
            TELL_OPERATOR,
        ),
        E::OperatorReplyMissing { .. } => (
            "SIG-REPLY-MISSING",
            Culprit::Operator,
            "No address is registered to which the answer for this application could go.",
            TELL_OPERATOR,
        ),
        E::OperatorReplyUnsafe { .. } => (
            "SIG-REPLY-UNSAFE",
            Culprit::Operator,
            "The address registered for this application is not safe to send a sign-in to.",
            TELL_OPERATOR,
        ),
        E::OperatorIdpInitiatedOff { .. } => (
            "SIG-SAML-IDP-INITIATED-OFF",
            Culprit::Operator,
            "Sign-in to this application has to begin at the application.",
            "Open the application you want to use; it will bring you here.",
        ),
        E::RelyingPartyFreshnessInvalid { .. } => (
            "SIG-WSFED-WFRESH",
            Culprit::RelyingParty,
            "The application asked for a recent sign-in in a way that cannot be read.",
            TELL_APPLICATION,
        ),
        E::RelyingPartyMethodUnknown { .. } => (
            "SIG-METHOD-UNKNOWN",
            Culprit::RelyingParty,
            "The application asked for a way of signing in that is not known here.",
            TELL_APPLICATION,
        ),
        E::OperatorMethodsUnavailable { .. } => (
            "SIG-RP-METHODS-UNAVAILABLE",
            Culprit::Operator,
            "The application needs a way of signing in that this service does not offer.",
            TELL_OPERATOR,
        ),
        E::RelyingPartyMethodUnavailable { .. } => (
            "SIG-METHOD-UNAVAILABLE",
            Culprit::RelyingParty,
            "The application asked for a way of signing in that is not available here.",
            TELL_OPERATOR,
        ),
        E::RelyingPartySamlEncoding { .. } => (
            "SIG-SAML-ENCODING",
            Culprit::RelyingParty,
            "The sign-in request arrived damaged.",
            RETRY,
        ),
        E::RelyingPartySamlXml { .. } => (
            "SIG-SAML-XML",
            Culprit::RelyingParty,
            "The sign-in request cannot be read.",
            RETRY,
        ),
        E::RelyingPartySamlField { .. } => (
            "SIG-SAML-FIELD",
            Culprit::RelyingParty,
            "The sign-in request is not valid.",
            TELL_APPLICATION,
        ),
        E::RelyingPartySamlMessageUnexpected { .. } => (
            "SIG-SAML-MESSAGE",
            Culprit::RelyingParty,
            "The application asked for something this service does not do.",
            TELL_APPLICATION,
        ),
        E::RelyingPartySamlOutsideWindow { .. } => (
            "SIG-SAML-TIME",
            Culprit::RelyingParty,
            "The sign-in request is too old, or the clocks of the two systems differ.",
            RETRY,
        ),
        E::RelyingPartySamlDestination { .. } => (
            "SIG-SAML-DESTINATION",
            Culprit::RelyingParty,
            "The sign-in request was meant for another service.",
            TELL_APPLICATION,
        ),
        E::RelyingPartySamlUnsigned { .. } => (
            "SIG-SAML-UNSIGNED",
            Culprit::RelyingParty,
            "The application did not sign its request as it must.",
            TELL_APPLICATION,
        ),
        E::OperatorRequestKeyMissing { .. } => (
            "SIG-SAML-NO-KEY",
            Culprit::Operator,
            "The request of this application cannot be checked: its key is not registered.",
            TELL_OPERATOR,
        ),
        E::OperatorRequestKeyUnusable { .. } => (
            "SIG-SAML-KEY-UNUSABLE",
            Culprit::Operator,
            "The request of this application cannot be checked: its registered key is unusable.",
            TELL_OPERATOR,
        ),
        E::RelyingPartySamlSignature { .. } => (
            "SIG-SAML-SIGNATURE",
            Culprit::RelyingParty,
            "The signature of the request is not that of the registered application.",
            TELL_APPLICATION,
        ),
        E::RelyingPartySamlAlgorithm { .. } => (
            "SIG-SAML-ALGORITHM",
            Culprit::RelyingParty,
            "The application signed its request in a way that is no longer accepted.",
            TELL_OPERATOR,
        ),
        E::OursInconsistentRequest { .. } => (
            "SIG-REQ-INCONSISTENT",
            Culprit::Us,
            "The sign-in cannot be continued.",
            RETRY,
        ),
        E::OursAnswer { .. } => (
            "SIG-ANSWER",
            Culprit::Us,
            "The answer to the application could not be written.",
            TELL_OPERATOR,
        ),
    };
    MessagePair {
        code,
        culprit,
        public,
        hint,
        private: error.to_string(),
    }
}

fn by(protocol: Protocol, wsfed: &'static str, saml: &'static str) -> &'static str {
    match protocol {
        Protocol::WsFederation => wsfed,
        Protocol::Saml2 => saml,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the request said is for the log: no public face may hold a word of it (WEB-05, LOG).
    #[test]
    fn sec_web_05_public_texts_hold_nothing_of_the_request() {
        let canary = "<canary>".to_owned();
        let errors = [
            ProtocolError::RequestMalformed {
                part: "wctx",
                detail: canary.clone(),
            },
            ProtocolError::RelyingPartyActionUnknown {
                action: canary.clone(),
            },
            ProtocolError::OperatorRelyingPartyUnknown {
                protocol: Protocol::Saml2,
                identifier: canary.clone(),
            },
            ProtocolError::RelyingPartyReplyUnregistered {
                name: "Wiki".to_owned(),
                address: canary.clone(),
            },
            ProtocolError::RelyingPartyFreshnessInvalid {
                value: canary.clone(),
            },
            ProtocolError::RelyingPartyMethodUnknown {
                method: canary.clone(),
            },
            ProtocolError::RelyingPartySamlField {
                field: "ID",
                detail: canary.clone(),
            },
            ProtocolError::RelyingPartySamlDestination {
                destination: Some(canary.clone()),
            },
        ];
        for error in errors {
            let pair = error.message();
            assert!(pair.private.contains("canary"), "{}", pair.code);
            assert!(!pair.public.contains("canary") && !pair.hint.contains("canary"));
        }
    }
}
