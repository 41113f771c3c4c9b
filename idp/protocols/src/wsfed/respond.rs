//! The answer of a WS-Federation sign-in: a form that posts the token.
//!
//! Source: WS-Federation 1.2, section 13.2.3; facts sections 1.3 and 1.4.

use signet_issuance::{SignedToken, wrap_in_rstr};
use signet_model::{Protocol, SignInRequest};

use crate::answer::FormPost;
use crate::error::ProtocolError;

/// The form that posts `token` to where `request` wants it: `wa`, `wresult` (the RSTR, not base64) and `wctx` unchanged.
///
/// A token that is not for this request is an error of ours, and no form.
pub fn respond(request: &SignInRequest, token: &SignedToken) -> Result<FormPost, ProtocolError> {
    check_protocol(request)?;
    if token.audience != request.audience || token.token_type != request.token_type {
        let detail = "the token is for another request".to_owned();
        return Err(ProtocolError::OursAnswer { detail });
    }
    Ok(build_form(request, wrap_in_rstr(token).into_string()))
}

fn check_protocol(request: &SignInRequest) -> Result<(), ProtocolError> {
    match request.protocol {
        Protocol::WsFederation => Ok(()),
        Protocol::Saml2 => Err(ProtocolError::OursInconsistentRequest {
            detail: "not WS-Federation",
        }),
    }
}

/// WS-Federation 1.2, 13.2, `wctx`: "an opaque context value that MUST be returned with the issued token if it is passed in the request".
pub(super) fn build_form(request: &SignInRequest, wresult: String) -> FormPost {
    let form = FormPost::to(&request.reply_to)
        .field("wa", "wsignin1.0")
        .field("wresult", wresult);
    match &request.state {
        Some(context) => form.field("wctx", context.clone()),
        None => form,
    }
}
