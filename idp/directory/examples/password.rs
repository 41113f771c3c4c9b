//! Changes passwords at a live directory, as the server would, and prints one JSON line a step.
//!
//! Settings come from the environment as for the example `probe`: `PROBE_DOMAIN`, `PROBE_NETBIOS`,
//! `PROBE_CONTROLLERS` (`host:port=tls-name`), `PROBE_CA`, `PROBE_SERVICE_NAME`, `PROBE_SERVICE_PASSWORD`.
//!
//! Arguments are steps:
//! `change NAME OLD NEW` · `check NAME PASSWORD` · `policy NAME` · `domain` · `status NAME`

use std::error::Error;

use signet_directory::{
    ActiveDirectory, ActiveDirectoryConfig, Candidate, ChangeVerdict, Clock, ControllerAddress,
    Controllers, Directory, LockoutPermit, LoginName, Password, PasswordPolicy, ServiceAccount,
    Timing, Transport, TrustedRoots,
};

type Answer = Result<Vec<(&'static str, String)>, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = ActiveDirectory::start(config()?);
    let mut arguments = std::env::args().skip(1);
    while let Some(step) = arguments.next() {
        let mut next = || arguments.next().ok_or("an argument is missing");
        let answer = match step.as_str() {
            "change" => {
                let (name, old, new) = (next()?, next()?, next()?);
                change(&directory, &name, old, new).await
            }
            "check" => {
                let (name, password) = (next()?, next()?);
                check(&directory, &name, password).await
            }
            "policy" => {
                let candidate = find(&directory, &next()?).await?;
                let policy = directory.policy_of(&candidate).await?;
                Ok(described(&policy))
            }
            "domain" => Ok(described(&*directory.domain_policy().await?)),
            "status" => status(&directory, &next()?).await,
            other => return Err(format!("no such step: {other}").into()),
        };
        report(answer.unwrap_or_else(|error| vec![("error", error.to_string())]));
    }
    Ok(())
}

async fn find(directory: &ActiveDirectory, typed: &str) -> Result<Candidate, Box<dyn Error>> {
    let name = LoginName::parse(typed, Some("CORP"))?;
    Ok(directory.find(&name).await?.ok_or("nobody")?)
}

async fn change(directory: &ActiveDirectory, typed: &str, old: String, new: String) -> Answer {
    let candidate = find(directory, typed).await?;
    let (old, new) = (Password::new(old)?, Password::new(new)?);
    let verdict = directory
        .change_password(&candidate, &old, &new, permit(&candidate))
        .await?;
    let mut answer = vec![("verdict", word(&verdict))];
    if verdict == ChangeVerdict::RefusedByPolicy {
        let policy = directory.policy_of(&candidate).await?;
        let account = directory.read(candidate.id).await?.ok_or("gone")?;
        let refusal = policy.explain(&account, &old, &new, Clock::system().now());
        answer.push(("broken", format!("{:?}", refusal.broken)));
        answer.push(("perhaps", format!("{:?}", refusal.perhaps)));
        answer.push(("not_before", format!("{:?}", refusal.not_before.is_some())));
    }
    Ok(answer)
}

async fn check(directory: &ActiveDirectory, typed: &str, password: String) -> Answer {
    let candidate = find(directory, typed).await?;
    let verdict = directory
        .check_password(&candidate, &Password::new(password)?, permit(&candidate))
        .await?;
    let text = format!("{verdict:?}");
    let word = text.split('(').next().unwrap_or_default();
    Ok(vec![("verdict", word.to_owned())])
}

async fn status(directory: &ActiveDirectory, typed: &str) -> Answer {
    let candidate = find(directory, typed).await?;
    let status = directory
        .lockout_status(candidate.id)
        .await?
        .ok_or("gone")?;
    Ok(vec![
        ("locked", status.locked.to_string()),
        ("bad_passwords", status.bad_passwords.to_string()),
        ("locked_since", status.locked_since.is_some().to_string()),
    ])
}

fn described(policy: &PasswordPolicy) -> Vec<(&'static str, String)> {
    let lockout = policy.lockout.map(|lockout| lockout.threshold.get());
    vec![
        ("source", format!("{:?}", policy.source)),
        ("min_length", policy.min_length.to_string()),
        ("complexity", policy.complexity.to_string()),
        ("history", policy.history.to_string()),
        ("min_age", policy.min_age.whole_seconds().to_string()),
        ("lockout", format!("{}", lockout.unwrap_or(0))),
    ]
}

fn word(verdict: &ChangeVerdict) -> String {
    match verdict {
        ChangeVerdict::Changed { .. } => "Changed".to_owned(),
        other => format!("{other:?}"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the example stands in for the guard"
)]
fn permit(candidate: &Candidate) -> LockoutPermit {
    LockoutPermit::issue_for(candidate.id)
}

fn config() -> Result<ActiveDirectoryConfig, Box<dyn Error>> {
    let setting = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let controllers = setting("PROBE_CONTROLLERS")?;
    let listed: Result<Vec<_>, &str> = controllers
        .split(',')
        .map(|controller| {
            let (address, tls_name) = controller.split_once('=').unwrap_or((controller, ""));
            let mut address =
                ControllerAddress::parse(address).ok_or("PROBE_CONTROLLERS: not an address")?;
            address.tls_name = (!tls_name.is_empty()).then(|| tls_name.to_owned());
            Ok(address)
        })
        .collect();
    Ok(ActiveDirectoryConfig {
        dns_domain: setting("PROBE_DOMAIN").unwrap_or_else(|_| "corp.example".to_owned()),
        netbios_domain: setting("PROBE_NETBIOS").unwrap_or_else(|_| "CORP".to_owned()),
        controllers: Controllers::Listed(listed?),
        resolver: None,
        transport: Transport::Ldaps,
        roots: TrustedRoots::from_pem(&std::fs::read(setting("PROBE_CA")?)?)?,
        service_account: ServiceAccount {
            name: setting("PROBE_SERVICE_NAME")?,
            password: Password::new(setting("PROBE_SERVICE_PASSWORD")?)?,
        },
        extra_upn_suffixes: vec!["*".to_owned()],
        timing: Timing::default(),
        clock: Clock::system(),
    })
}

/// One JSON object of texts a line; `Debug` escapes as JSON does for what is printed here.
#[expect(clippy::print_stdout, reason = "printing is what the example is for")]
fn report(answer: Vec<(&'static str, String)>) {
    let pairs: Vec<String> = answer
        .iter()
        .map(|(name, value)| format!("{name:?}: {value:?}"))
        .collect();
    println!("{{{}}}", pairs.join(", "));
}
