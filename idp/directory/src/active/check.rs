//! The password check: one bind, on a connection that is never searched on.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::Inner;
use super::codes::{BindOutcome, bind_outcome, is_plain_refusal};
use super::controller::Controller;
use super::failure::Failure;
use crate::account::{Account, AccountState, Candidate, PasswordVerdict};
use crate::error::DirectoryError;
use crate::password::Password;

impl Inner {
    pub(super) async fn check_password(
        &self,
        candidate: &Candidate,
        password: &Password,
    ) -> Result<PasswordVerdict, DirectoryError> {
        let deadline = self.deadline();
        let start = Instant::now();
        // By the name of the object that was found, not by what was typed: a distinguished name is
        // the one form that a controller cannot take for another object's (MS-ADTS 5.1.1.1.1 tries it first).
        let (outcome, controller) = self
            .bind(
                &candidate.dn,
                password,
                candidate.seen_at.as_deref(),
                deadline,
            )
            .await?;
        if outcome == BindOutcome::Wrong {
            self.pace.note(start.elapsed());
        }
        Ok(match outcome {
            BindOutcome::Accepted => {
                let account = self
                    .read(candidate.id, Some(&controller.name), deadline)
                    .await?;
                self.accept(candidate, account)?
            }
            BindOutcome::LockedOut => PasswordVerdict::LockedOut,
            BindOutcome::Disabled => PasswordVerdict::Disabled,
            BindOutcome::AccountExpired => PasswordVerdict::AccountExpired,
            BindOutcome::PasswordExpired => PasswordVerdict::PasswordExpired,
            BindOutcome::MustChange => PasswordVerdict::MustChange,
            BindOutcome::LogonHours => PasswordVerdict::LogonHours,
            BindOutcome::Workstation => PasswordVerdict::Workstation,
            BindOutcome::Wrong | BindOutcome::AskAnother | BindOutcome::NoVerdict => {
                PasswordVerdict::Wrong
            }
        })
    }

    pub(super) async fn check_nobody(&self, password: &Password) -> Result<(), DirectoryError> {
        let nobody = format!("CN={},{}", Uuid::new_v4(), self.base);
        let usual = Instant::now() + self.pace.sample();
        self.bind(&nobody, password, None, self.deadline()).await?;
        sleep_until(usual).await;
        Ok(())
    }

    /// The object that was bound has to be the one that was found, still, and without an obstacle.
    fn accept(
        &self,
        candidate: &Candidate,
        account: Option<Account>,
    ) -> Result<PasswordVerdict, DirectoryError> {
        let changed = |detail: String| DirectoryError::AccountChanged {
            directory: self.name.to_string(),
            detail,
        };
        let account = account.ok_or_else(|| changed(format!("{} is gone", candidate.id)))?;
        if account.sid != candidate.sid
            || account.dn != candidate.dn
            || account.sam != candidate.sam
        {
            return Err(changed(format!(
                "{} was {}, is {}",
                candidate.id, candidate.dn, account.dn
            )));
        }
        Ok(match account.state {
            AccountState::Active => PasswordVerdict::Accepted(Arc::new(account)),
            AccountState::Disabled => PasswordVerdict::Disabled,
            AccountState::Expired => PasswordVerdict::AccountExpired,
            AccountState::LockedOut => PasswordVerdict::LockedOut,
            AccountState::PasswordExpired => PasswordVerdict::PasswordExpired,
            AccountState::MustChangePassword => PasswordVerdict::MustChange,
        })
    }

    /// One bind that gets a verdict.
    ///
    /// A controller that could not be reached was asked nothing, and one that says it cannot tell has
    /// counted nothing: the next one is asked. One that stays silent may have counted: one more is
    /// asked, and no third.
    async fn bind(
        &self,
        name: &str,
        password: &Password,
        prefer: Option<&str>,
        deadline: Instant,
    ) -> Result<(BindOutcome, Arc<Controller>), DirectoryError> {
        let order = self.fleet.order(prefer, deadline).await;
        let order = order.map_err(|failure| self.error(failure))?;
        let mut failures = Vec::new();
        let mut silent = 0;
        let mut left = order.len();
        for controller in order {
            left -= 1;
            let answer_by = match left {
                0 => deadline,
                _ => deadline.min(Instant::now() + self.fleet.shared.timing.bind_answer),
            };
            let failure = match controller.lend(answer_by).await {
                Err(failure) => failure,
                Ok(lent) => match lent
                    .connection
                    .bind(name, password.expose(), answer_by)
                    .await
                {
                    Ok(result) => {
                        controller.give_back(lent);
                        controller.note_answer();
                        let diagnostic = format!(
                            "bind: result {}: {}",
                            result.rc,
                            result.text.trim_end_matches('\0')
                        );
                        match bind_outcome(result.rc, &result.text) {
                            BindOutcome::AskAnother => Failure::Unable(diagnostic),
                            BindOutcome::NoVerdict => return Err(self.malformed(diagnostic)),
                            outcome => {
                                if outcome == BindOutcome::Wrong && !is_plain_refusal(&result.text)
                                {
                                    tracing::warn!(controller = %controller.name, diagnostic, "a bind was refused for an unusual reason");
                                }
                                return Ok((outcome, controller));
                            }
                        }
                    }
                    Err(failure) => {
                        silent += 1;
                        failure
                    }
                },
            };
            controller.note_failure(&failure).await;
            failures.push(format!("{}: {failure}", controller.name));
            if silent > 1 {
                break;
            }
        }
        Err(self.unavailable(failures.join("; ")))
    }

    fn unavailable(&self, detail: String) -> DirectoryError {
        DirectoryError::Unavailable {
            directory: self.name.to_string(),
            detail,
        }
    }
}
