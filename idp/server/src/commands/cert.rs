//! `signet cert`: token-signing keys and their life.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use signet_certs::{CertError, CertificateFacts, SigningKey};
use signet_store::{KeyRole, StoredKey, TrustEdit};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::admin::Admin;
use super::check::FEW_DAYS;
use super::output::{Output, table};
use super::{Done, Failure, block_on};
use crate::cli::CertCommand;
use crate::house::{read_secret, ring_of, stored};

pub(super) fn run(path: &Path, command: CertCommand, output: &Output) -> Done {
    block_on(async {
        let admin = Admin::open(path).await?;
        match command {
            CertCommand::List => list(&admin, output).await,
            CertCommand::Generate { bits, days } => {
                let now = admin.clock.now();
                let subject = SigningKey::default_subject(&admin.config.service.host);
                let key =
                    SigningKey::generate(bits, &subject, Duration::days(i64::from(days)), now)?;
                add(&admin, &key, output).await
            }
            CertCommand::Import {
                file,
                password_file,
            } => {
                let key = import(&file, password_file.as_deref(), admin.clock.now())?;
                add(&admin, &key, output).await
            }
            CertCommand::Promote => promote(&admin, output).await,
            CertCommand::Remove { thumbprint } => remove(&admin, &thumbprint, output).await,
            CertCommand::Export => export(&admin, output).await,
        }
    })
}

#[derive(Serialize)]
struct Shown {
    role: KeyRole,
    thumbprint: String,
    subject: String,
    key_bits: u32,
    not_before: String,
    not_after: String,
    days_left: i64,
    /// Base64 DER.
    certificate: String,
}

async fn list(admin: &Admin, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let keys: Result<Vec<_>, Failure> = trust
        .signing_keys
        .iter()
        .map(|key| shown(admin, key))
        .collect();
    let keys = keys?;
    output.show(&keys, || {
        if keys.is_empty() {
            return "There is no token-signing key yet; make one: signet cert generate".to_owned();
        }
        let rows: Vec<_> = keys
            .iter()
            .map(|key| {
                let role = word(key.role).to_owned();
                vec![
                    role,
                    key.thumbprint.clone(),
                    key.not_after.clone(),
                    format!("{} days", key.days_left),
                    key.subject.clone(),
                ]
            })
            .collect();
        table(&["ROLE", "THUMBPRINT", "EXPIRES", "LEFT", "SUBJECT"], &rows)
    });
    Ok(())
}

fn shown(admin: &Admin, key: &StoredKey) -> Result<Shown, Failure> {
    let der = STANDARD.decode(&key.certificate)?;
    let facts = CertificateFacts::read(&der)?;
    Ok(Shown {
        role: key.role,
        thumbprint: key.id.clone(),
        subject: facts.subject.clone(),
        key_bits: facts.key_bits,
        not_before: signet_xml::instant(facts.not_before),
        not_after: signet_xml::instant(key.not_after),
        days_left: facts.days_left(admin.clock.now()),
        certificate: key.certificate.clone(),
    })
}

/// The first key signs at once; every later one is announced as next.
async fn add(admin: &Admin, key: &SigningKey, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let has_current = trust
        .signing_keys
        .iter()
        .any(|known| known.role == KeyRole::Current);
    let role = if has_current {
        KeyRole::Next
    } else {
        KeyRole::Current
    };
    let kept = stored(key, role, &admin.master)?;
    // What the ring refuses (a key twice) must not get into the store either.
    let mut keys = trust.signing_keys.clone();
    keys.push(kept.clone());
    ring_of(&keys, &admin.master)?;
    let added = shown(admin, &kept)?;
    admin
        .edit(&trust, &[TrustEdit::AddSigningKey(kept)])
        .await?;
    output.show(&added, || {
        let next = if has_current {
            "It is published now. Wait until every relying party has it, then: signet cert promote"
        } else {
            "It signs from now on."
        };
        format!(
            "Added {} key {}, expires {}.\n{next}",
            word(role),
            added.thumbprint,
            added.not_after
        )
    });
    Ok(())
}

async fn promote(admin: &Admin, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let next = trust
        .signing_keys
        .iter()
        .find(|key| key.role == KeyRole::Next)
        .ok_or_else(|| {
            Failure("there is no next key; make one: signet cert generate".to_owned())
        })?;
    let facts = CertificateFacts::read(&STANDARD.decode(&next.certificate)?)?;
    let warning = check_may_be_promoted(&next.id, &facts, admin.clock.now())?;
    admin
        .edit(&trust, &[TrustEdit::PromoteSigningKey(next.id.clone())])
        .await?;
    let current = StoredKey {
        role: KeyRole::Current,
        ..next.clone()
    };
    let promoted = Promoted {
        key: shown(admin, &current)?,
        warning,
    };
    output.show(&promoted, || {
        let warning = promoted
            .warning
            .as_deref()
            .map(|text| format!("\nWarning: {text}"));
        format!(
            "{} signs from now on. The old certificate stays published until it is removed.{}",
            promoted.key.thumbprint,
            warning.unwrap_or_default()
        )
    });
    Ok(())
}

#[derive(Serialize)]
struct Promoted {
    #[serde(flatten)]
    key: Shown,
    /// What will be wrong with it soon.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

/// Refuses a key whose tokens everybody would refuse; warns of one that will soon be such a key.
fn check_may_be_promoted(
    thumbprint: &str,
    facts: &CertificateFacts,
    now: OffsetDateTime,
) -> Result<Option<String>, Failure> {
    if facts.not_after < now {
        return Err(Failure(format!(
            "the next key {thumbprint} expired at {}: Entra and most applications would refuse its tokens; put another in its place: signet cert remove {thumbprint}, then signet cert generate",
            signet_xml::instant(facts.not_after)
        )));
    }
    if facts.not_before > now {
        return Err(Failure(format!(
            "the next key {thumbprint} is valid only from {}: tokens that it signs now would be refused; promote it then, or set this machine's clock if it is slow",
            signet_xml::instant(facts.not_before)
        )));
    }
    let days = facts.days_left(now);
    Ok((days < FEW_DAYS)
        .then(|| format!("it has {days} days left; make the next one now: signet cert generate")))
}

async fn remove(admin: &Admin, thumbprint: &str, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let key = trust
        .signing_keys
        .iter()
        .find(|key| key.id.eq_ignore_ascii_case(thumbprint))
        .ok_or_else(|| {
            Failure(format!(
                "no key has the thumbprint {thumbprint}; `signet cert list` shows all"
            ))
        })?;
    if key.role == KeyRole::Current {
        return Err(Failure(
            "the current key signs; promote another before it is removed".to_owned(),
        ));
    }
    let removed = shown(admin, key)?;
    admin
        .edit(&trust, &[TrustEdit::RemoveSigningKey(key.id.clone())])
        .await?;
    output.show(&removed, || {
        format!(
            "Removed {} key {}; it is not published any more.",
            word(removed.role),
            removed.thumbprint
        )
    });
    Ok(())
}

async fn export(admin: &Admin, output: &Output) -> Done {
    let trust = admin.trust().await?;
    let current = trust
        .signing_keys
        .iter()
        .find(|key| key.role == KeyRole::Current)
        .ok_or_else(|| {
            Failure("there is no current key; make one: signet cert generate".to_owned())
        })?;
    let exported = Exported {
        thumbprint: current.id.clone(),
        pem: pem(&current.certificate),
    };
    output.show(&exported, || exported.pem.clone());
    Ok(())
}

#[derive(Serialize)]
struct Exported {
    thumbprint: String,
    pem: String,
}

fn pem(base64: &str) -> String {
    let lines: Vec<_> = base64
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----",
        lines.join("\n")
    )
}

fn import(
    file: &Path,
    password_file: Option<&Path>,
    now: OffsetDateTime,
) -> Result<SigningKey, Failure> {
    let octets = Zeroizing::new(
        std::fs::read(file).map_err(|error| Failure(format!("{}: {error}", file.display())))?,
    );
    let named = |error: CertError| {
        let hint = match error {
            CertError::PfxPasswordWrong if password_file.is_none() => {
                "Give the password with --password-file FILE."
            }
            _ => error.hint(),
        };
        Failure(format!("{}: {error}. {hint}", file.display()))
    };
    if octets.starts_with(b"-----BEGIN") || octets.windows(11).any(|part| part == b"-----BEGIN ") {
        return SigningKey::from_pem(&octets, &octets, now).map_err(named);
    }
    let password = match password_file {
        Some(path) => read_secret(path).map_err(Failure)?,
        None => Zeroizing::new(String::new()),
    };
    SigningKey::from_pfx(&octets, &password, now).map_err(named)
}

fn word(role: KeyRole) -> &'static str {
    match role {
        KeyRole::Current => "current",
        KeyRole::Next => "next",
        KeyRole::Retired => "retired",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn promoted_after(days: i64) -> Result<Option<String>, String> {
        let made = datetime!(2026-01-01 12:00 UTC);
        let key = SigningKey::generate(2048, "next", Duration::days(100), made).unwrap();
        check_may_be_promoted("AB01", key.facts(), made + Duration::days(days))
            .map_err(|Failure(text)| text)
    }

    #[test]
    fn a_key_whose_tokens_would_be_refused_is_not_promoted() {
        assert_eq!(promoted_after(0), Ok(None));
        assert_eq!(promoted_after(69), Ok(None));
        let warning = promoted_after(80).unwrap().unwrap();
        assert!(warning.contains("signet cert generate"), "{warning}");
        let expired = promoted_after(101).unwrap_err();
        assert!(
            expired.contains("AB01 expired at 2026-04-11") && expired.contains("cert remove AB01"),
            "{expired}"
        );
        let early = promoted_after(-1).unwrap_err();
        assert!(early.contains("valid only from 2026-01-01"), "{early}");
    }
}
