//! One token in, what it proves out.

use crate::credential::Credential;
use crate::error::GssError;
use crate::ffi;

/// The longest token taken: what fits into a header of 64 KiB is less.
pub const MOST_TOKEN_OCTETS: usize = 64 * 1024;
/// The longest answer of the library that is believed.
const MOST_ANSWER_OCTETS: usize = 128 * 1024;
/// The whole privilege attribute certificate, as MIT krb5 names it.
const WHOLE_PAC: &[u8] = b"urn:mspac:";

/// What the library proved of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The client's principal in the library's text form: `alice@CORP.EXAMPLE`, with `/`, `@` and `\` of a
    /// component escaped by `\`.
    pub principal: String,
    /// Whether the name really is a Kerberos principal, and not an anonymous one.
    pub is_principal: bool,
    /// The flags of the context (RFC 2744, 5.1; MIT's beside them).
    pub flags: u32,
    /// For how many seconds the ticket is still good, the allowed difference of clocks added.
    pub seconds_left: u32,
    /// The token for the client; empty when it asked for none.
    pub reply: Vec<u8>,
    /// The ticket's privilege attribute certificate.
    pub pac: Option<Pac>,
}

/// A privilege attribute certificate (MS-PAC) as it came in the ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pac {
    /// Its octets: a PACTYPE.
    pub octets: Vec<u8>,
    /// Whether its signature with the service's key was right, and its client the ticket's.
    pub verified: bool,
}

impl Accepted {
    const CHANNEL_BOUND: u32 = 0x800;
    const ANONYMOUS: u32 = 0x40;

    /// Whether the client's channel bindings were given and equal ours (MIT's `GSS_C_CHANNEL_BOUND_FLAG`).
    ///
    /// A client without bindings is accepted by the library: whoever requires them has to ask this.
    pub fn channel_bound(&self) -> bool {
        self.flags & Self::CHANNEL_BOUND != 0
    }

    /// Whether the client hides who it is.
    pub fn anonymous(&self) -> bool {
        self.flags & Self::ANONYMOUS != 0 || !self.is_principal
    }
}

impl Credential {
    /// Accepts one token of Kerberos (RFC 4121, 4.1), without SPNEGO around it; blocks.
    ///
    /// `application_data` are the channel bindings of our end (`tls-server-end-point:` and a hash); `None` takes
    /// whatever the client bound to.
    ///
    /// # Errors
    /// [`GssError::TokenRefused`] with the reason, [`GssError::MoreLegs`], [`GssError::OtherMechanism`],
    /// [`GssError::TooLong`].
    pub fn accept(
        &self,
        token: &[u8],
        application_data: Option<&[u8]>,
    ) -> Result<Accepted, GssError> {
        if token.len() > MOST_TOKEN_OCTETS {
            return Err(GssError::TooLong("the token"));
        }
        let raw = ffi::accept(
            &self.handle,
            token,
            application_data,
            WHOLE_PAC,
            MOST_ANSWER_OCTETS,
        )?;
        Ok(Accepted {
            principal: raw.name,
            is_principal: raw.is_principal,
            flags: raw.flags,
            seconds_left: raw.seconds,
            reply: raw.reply,
            pac: raw
                .attribute
                .map(|(octets, verified)| Pac { octets, verified }),
        })
    }
}
