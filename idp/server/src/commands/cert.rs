//! `signet cert`: token-signing keys and their life.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use signet_certs::{CertificateFacts, SigningKey};
use signet_store::{KeyRole, StoredKey, TrustEdit};
use time::Duration;
use zeroize::Zeroizing;

use super::admin::Admin;
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
    not_after: String,
    days_left: i64,
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
        not_after: signet_xml::instant(key.not_after),
        days_left: facts.days_left(admin.clock.now()),
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
    admin
        .edit(&trust, &[TrustEdit::PromoteSigningKey(next.id.clone())])
        .await?;
    let promoted = shown(
        admin,
        &StoredKey {
            role: KeyRole::Current,
            ..next.clone()
        },
    )?;
    output.show(&promoted, || {
        format!(
            "{} signs from now on. The old certificate stays published until it is removed.",
            promoted.thumbprint
        )
    });
    Ok(())
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
    output.plain(&pem(&current.certificate));
    Ok(())
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
    now: time::OffsetDateTime,
) -> Result<SigningKey, Failure> {
    let octets = Zeroizing::new(
        std::fs::read(file).map_err(|error| Failure(format!("{}: {error}", file.display())))?,
    );
    let named = |error: signet_certs::CertError| Failure(format!("{}: {error}", file.display()));
    if octets.starts_with(b"-----BEGIN") || octets.windows(11).any(|part| part == b"-----BEGIN ") {
        return SigningKey::from_pem(&octets, &octets, now).map_err(named);
    }
    let password = match password_file {
        Some(path) => read_secret(path).map_err(Failure)?,
        None => Zeroizing::new(String::new()),
    };
    SigningKey::from_pfx(&octets, &password, now).map_err(|error| {
        let hint = if password_file.is_none() {
            "; give the password with --password-file FILE"
        } else {
            ""
        };
        Failure(format!("{}: {error}{hint}", file.display()))
    })
}

fn word(role: KeyRole) -> &'static str {
    match role {
        KeyRole::Current => "current",
        KeyRole::Next => "next",
        KeyRole::Retired => "retired",
    }
}
