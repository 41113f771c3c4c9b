//! What an operator should know of though no request is about it: log and audit.

use std::time::Instant;

use serde_json::{Value, json};
use signet_directory::{DirectoryEvent, RefusedCertificate};
use signet_model::{ActivityId, MessagePair};
use signet_store::{AuditEvent, EventNumber, Outcome};
use time::Duration;
use time::format_description::well_known::Rfc3339;
use tracing::{error, info};

use super::House;

/// A controller whose clock differs by less says that ours is right.
const AGREES: Duration = Duration::minutes(1);

impl House {
    /// Compares the wall clock with one that nobody sets. A jump is logged and audited; this node cannot know which of the
    /// two times is right, so it goes on serving by what the wall clock says. Counters follow it when the controllers do.
    pub(crate) async fn watch_clock(&self) {
        let (wall, monotonic) = (self.clock.now(), Instant::now());
        if let Some(jump) = self.steady.look(wall, monotonic) {
            let seconds = jump.whole_seconds();
            error!(
                code = "SIG-CLOCK-JUMPED",
                seconds,
                "the clock jumped by {seconds} s: tokens and sessions go by what it says now; is it right?"
            );
            let details = json!({
                "detail": format!("the clock jumped by {seconds} s"),
                "seconds": seconds,
                "before": (wall - jump).format(&Rfc3339).ok(),
                "after": wall.format(&Rfc3339).ok(),
            });
            self.audit_alarm("SIG-CLOCK-JUMPED", details).await;
        }
        if let Some(since) = self.steady.in_doubt_since(wall, monotonic)
            && self.is_confirmed(since).await
        {
            self.steady.confirm(self.clock.now(), Instant::now());
            info!("the domain controllers say that the clock is right; counters go by it again");
        }
    }

    /// Whether controllers were asked since `since`, and all of them agree with our clock.
    async fn is_confirmed(&self, since: Instant) -> bool {
        let mut agreed = false;
        for directory in self.directories.all() {
            for controller in directory.health().await {
                match controller.clock.filter(|reading| reading.taken > since) {
                    Some(reading) if reading.ahead.abs() >= AGREES => return false,
                    Some(_) => agreed = true,
                    None => {}
                }
            }
        }
        agreed
    }

    /// What a directory had to tell; it is in the log already.
    pub(crate) async fn audit_directory_event(&self, event: &DirectoryEvent) {
        let mut details = json!({ "detail": event.to_string() });
        let more = match event {
            DirectoryEvent::CertificateRefused {
                directory,
                controller,
                certificate,
            } => {
                json!({ "directory": directory, "controller": controller, "certificate": shown(certificate) })
            }
            DirectoryEvent::ClocksDiffer {
                directory,
                controller,
                ahead,
            } => {
                json!({ "directory": directory, "controller": controller, "seconds": ahead.whole_seconds() })
            }
            _ => Value::Null,
        };
        super::audit::merge(&mut details, more);
        self.audit_alarm(event.code(), details).await;
    }

    async fn audit_alarm(&self, code: &'static str, details: Value) {
        let written: Result<(), MessagePair> = self
            .write(AuditEvent {
                event: EventNumber::ALARM,
                at: self.clock.now(),
                activity: ActivityId::random(),
                account: None,
                relying_party: None,
                outcome: Outcome::Failure,
                reason: Some(code.into()),
                token_id: None,
                details,
            })
            .await;
        if let Err(message) = written {
            error!(detail = %message.private, code, "an alarm could not be written down");
        }
    }
}

fn shown(certificate: &RefusedCertificate) -> Value {
    let text = |at: Option<time::OffsetDateTime>| at.and_then(|at| at.format(&Rfc3339).ok());
    json!({
        "reason": certificate.reason,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": certificate.names,
        "not_before": text(certificate.not_before),
        "not_after": text(certificate.not_after),
        "thumbprint": certificate.thumbprint,
    })
}
