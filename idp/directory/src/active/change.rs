//! The password change: one modification over the service account's right to connect, in the owner's right to change.
//!
//! A person whose password has expired cannot bind, so the request goes over a connection of the service
//! account. It proves the old password by taking it away, and everybody may ask for that: no right to reset is needed.

use std::sync::Arc;

use super::Inner;
use super::codes::{ChangeOutcome, change_outcome};
use super::failure::Failure;
use crate::account::Candidate;
use crate::change::ChangeVerdict;
use crate::error::DirectoryError;
use crate::password::Password;

impl Inner {
    pub(super) async fn change_password(
        &self,
        candidate: &Candidate,
        old: &Password,
        new: &Password,
    ) -> Result<ChangeVerdict, DirectoryError> {
        let deadline = self.deadline();
        // By objectGUID: a name could have become another object's since it was found.
        let object = format!("<GUID={}>", candidate.id.to_uuid());
        let order = self
            .fleet
            .order(candidate.seen_at.as_deref(), deadline)
            .await;
        let order = order.map_err(|failure| self.error(failure))?;
        let mut failures = Vec::new();
        for controller in order {
            let (connection, turn) = match controller.open_for_change(deadline).await {
                Ok(opened) => opened,
                Err(failure) => {
                    controller.note_failure(&failure).await;
                    if matches!(failure, Failure::ServiceAccount(_)) {
                        return Err(self.error(failure));
                    }
                    failures.push(format!("{}: {failure}", controller.name));
                    continue;
                }
            };
            let sent = connection
                .change_password(&object, old, new, deadline)
                .await;
            drop(turn);
            let result = match sent {
                Ok(result) => result,
                Err(failure) => {
                    controller.note_failure(&failure).await;
                    return Err(DirectoryError::OutcomeUnknown {
                        directory: self.name.to_string(),
                        detail: format!("{}: {failure}", controller.name),
                    });
                }
            };
            controller.note_answer();
            let diagnostic = format!(
                "password change: result {}: {}",
                result.rc,
                result.text.trim_end_matches('\0')
            );
            return match change_outcome(result.rc, &result.text) {
                ChangeOutcome::Changed => Ok(ChangeVerdict::Changed {
                    at: Some(Arc::clone(&controller.name)),
                }),
                ChangeOutcome::WrongOld => Ok(ChangeVerdict::WrongOld),
                ChangeOutcome::Policy => Ok(ChangeVerdict::RefusedByPolicy),
                ChangeOutcome::LockedOut => Ok(ChangeVerdict::LockedOut),
                ChangeOutcome::NotAllowed => {
                    tracing::info!(controller = %controller.name, diagnostic, "a password may not be changed by its owner");
                    Ok(ChangeVerdict::NotAllowed)
                }
                ChangeOutcome::Gone => Err(DirectoryError::AccountChanged {
                    directory: self.name.to_string(),
                    detail: format!("{} is gone", candidate.id),
                }),
                ChangeOutcome::NoVerdict => Err(self.malformed(diagnostic)),
                ChangeOutcome::AskAnother => {
                    failures.push(format!("{}: {diagnostic}", controller.name));
                    continue;
                }
            };
        }
        Err(DirectoryError::Unavailable {
            directory: self.name.to_string(),
            detail: failures.join("; "),
        })
    }
}
