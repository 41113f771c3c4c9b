//! The evidence of a session, sealed so that a database cannot invent it.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use signet_model::{AccountId, Culprit, Evidence, MessagePair, Sid};
use thiserror::Error;
use time::OffsetDateTime;

use crate::user::AuthenticatedUser;

/// A certificate's fields are the largest part.
const LONGEST: usize = 24 * 1024;
const PREFIX: &str = "e2.";

/// Seals the evidence of a session and opens it again, with a key that the store does not hold.
pub struct SessionSeal(hmac::Key);

impl SessionSeal {
    /// `key` is derived from the master key for this purpose alone.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The evidence of `user` as text for a session's row: readable, but only we can write it.
    ///
    /// `binding` is what the row is found by (the hash of the cookie's secret): the text is worth
    /// nothing in another row.
    pub fn seal(&self, user: &AuthenticatedUser, binding: &[u8]) -> String {
        let record = Record {
            account: user.account().id,
            sid: user.account().sid.clone(),
            evidence: user.evidence().clone(),
            persistent: user.persistent(),
            since: user.signed_in_at(),
            password_last_set: user
                .account()
                .password_last_set
                .map(OffsetDateTime::unix_timestamp_nanos),
        };
        // Every part of a record has a JSON form; an empty text would never open again.
        let json = serde_json::to_string(&record).unwrap_or_default();
        let tag = URL_SAFE_NO_PAD.encode(self.tag(binding, &json));
        format!("{PREFIX}{tag}.{json}")
    }

    /// Opens what [`SessionSeal::seal`] wrote for the same `binding`.
    ///
    /// # Errors
    /// [`Unsealed`]: the row was not written by us, or for another cookie. It must not be used.
    pub fn open(&self, sealed: &str, binding: &[u8]) -> Result<StoredEvidence, Unsealed> {
        if sealed.len() > LONGEST {
            return Err(Unsealed);
        }
        let (tag, json) = sealed
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('.'))
            .ok_or(Unsealed)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| Unsealed)?;
        hmac::verify(&self.0, &message(binding, json), &tag).map_err(|_| Unsealed)?;
        let record: Record = serde_json::from_str(json).map_err(|_| Unsealed)?;
        let password_last_set = record
            .password_last_set
            .map(OffsetDateTime::from_unix_timestamp_nanos)
            .transpose()
            .map_err(|_| Unsealed)?;
        Ok(StoredEvidence {
            account: record.account,
            sid: record.sid,
            evidence: record.evidence,
            persistent: record.persistent,
            since: record.since,
            password_last_set,
        })
    }

    fn tag(&self, binding: &[u8], json: &str) -> hmac::Tag {
        hmac::sign(&self.0, &message(binding, json))
    }
}

/// Evidence that was sealed here, for one session. Proof for [`AuthenticatedUser::resume`].
#[derive(Debug)]
pub struct StoredEvidence {
    pub(crate) account: AccountId,
    /// With several directories the object identifier alone is the word of whoever runs one of them.
    pub(crate) sid: Sid,
    pub(crate) evidence: Evidence,
    pub(crate) persistent: bool,
    pub(crate) since: OffsetDateTime,
    pub(crate) password_last_set: Option<OffsetDateTime>,
}

impl StoredEvidence {
    /// Whose session it is: read this account, and resume with it.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// What was performed when the session began.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// When the session's own sign-in was.
    pub fn signed_in_at(&self) -> OffsetDateTime {
        self.since
    }

    /// Whether the person asked to be kept signed in.
    pub fn persistent(&self) -> bool {
        self.persistent
    }
}

/// The sealed text was not written here, or not for this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the evidence of the session was not sealed by this service for this session")]
pub struct Unsealed;

impl Unsealed {
    /// The two faces of this error.
    pub fn message(&self) -> MessagePair {
        MessagePair {
            code: "SIG-AUTHN-SESSION-SEAL",
            culprit: Culprit::Operator,
            public: "You have to sign in again.",
            hint: "If this comes back, tell your administrator.",
            private: self.to_string(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    account: AccountId,
    sid: Sid,
    evidence: Evidence,
    persistent: bool,
    #[serde(with = "time::serde::timestamp::milliseconds")]
    since: OffsetDateTime,
    password_last_set: Option<i128>,
}

fn message(binding: &[u8], json: &str) -> Vec<u8> {
    let mut message = b"signet session evidence\0".to_vec();
    message.extend((binding.len() as u64).to_be_bytes());
    message.extend(binding);
    message.extend(json.as_bytes());
    message
}
