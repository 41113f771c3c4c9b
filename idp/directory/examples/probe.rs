//! Asks a live directory what the server would ask it, and prints the answers.
//!
//! Settings come from the environment: `PROBE_DOMAIN` (corp.example), `PROBE_NETBIOS` (CORP),
//! `PROBE_CONTROLLERS` (`host:port=tls-name`, separated by commas; empty: found by DNS),
//! `PROBE_RESOLVER` (address:port), `PROBE_CA` (PEM file), `PROBE_STARTTLS` (1),
//! `PROBE_SERVICE_NAME`, `PROBE_SERVICE_PASSWORD`.
//!
//! Arguments are steps:
//! `check NAME PASSWORD` · `read NAME` · `query DOMAIN\user FILTER ATTRIBUTE,…` · `health` ·
//! `repeat N NAME PASSWORD` (times every check) · `sleep MILLISECONDS`

use std::error::Error;
use std::time::{Duration, Instant};

use signet_claims::{ActiveDirectoryQuery, Budget, Evaluation, RuleSet, Step};
use signet_directory::{
    ActiveDirectory, ActiveDirectoryConfig, Clock, ControllerAddress, Controllers, Directory,
    LockoutPermit, LoginName, Password, PasswordVerdict, ServiceAccount, Timing, Transport,
    TrustedRoots,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = ActiveDirectory::start(config()?);
    let mut arguments = std::env::args().skip(1);
    while let Some(step) = arguments.next() {
        let mut next = || arguments.next().ok_or("an argument is missing");
        match step.as_str() {
            "check" => {
                let (name, password) = (next()?, next()?);
                report(&check(&directory, &name, password).await);
            }
            "repeat" => {
                let (times, name, password) = (next()?.parse()?, next()?, next()?);
                for _ in 0..times {
                    report(&check(&directory, &name, password.clone()).await);
                }
            }
            "read" => {
                let name = next()?;
                match directory
                    .find(&LoginName::parse(&name, Some("CORP"))?)
                    .await?
                {
                    Some(candidate) => {
                        report(&format!("{:#?}", directory.read(candidate.id).await?))
                    }
                    None => report("nobody"),
                }
            }
            "query" => {
                let (account, filter, attributes) = (next()?, next()?, next()?);
                let rows = directory
                    .query(&store_query(&account, &filter, &attributes)?)
                    .await?;
                for row in rows.0 {
                    let cells = row.iter().map(|cell| cell.as_deref().unwrap_or("-"));
                    report(&cells.collect::<Vec<_>>().join(" | "));
                }
            }
            "health" => report(&format!("{:#?}", directory.health().await)),
            "sleep" => tokio::time::sleep(Duration::from_millis(next()?.parse()?)).await,
            other => return Err(format!("no such step: {other}").into()),
        }
    }
    Ok(())
}

async fn check(directory: &ActiveDirectory, typed: &str, password: String) -> String {
    let start = Instant::now();
    let outcome = check_inner(directory, typed, password)
        .await
        .unwrap_or_else(|error| format!("error: {error}"));
    format!(
        "{typed:<28} {outcome:<60} {:>6.1} ms",
        start.elapsed().as_secs_f64() * 1000.0
    )
}

async fn check_inner(
    directory: &ActiveDirectory,
    typed: &str,
    password: String,
) -> Result<String, Box<dyn Error>> {
    let name = LoginName::parse(typed, Some("CORP"))?;
    let password = Password::new(password)?;
    let Some(candidate) = directory.find(&name).await? else {
        directory.check_nobody(&password).await?;
        return Ok("nobody".to_owned());
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "the probe stands in for the guard"
    )]
    let permit = LockoutPermit::issue_for(candidate.id);
    let kind = candidate.kind;
    Ok(
        match directory
            .check_password(&candidate, &password, permit)
            .await?
        {
            PasswordVerdict::Accepted(account) => {
                format!(
                    "Accepted {} {:?} {} groups",
                    account.down_level_name(),
                    account.state,
                    account.group_sids.len()
                )
            }
            verdict => format!(
                "{verdict:?}{}",
                if kind.may_sign_in() {
                    String::new()
                } else {
                    format!(" ({kind:?})")
                }
            ),
        },
    )
}

/// The query that a claim rule with this text makes.
fn store_query(
    account: &str,
    filter: &str,
    attributes: &str,
) -> Result<ActiveDirectoryQuery, Box<dyn Error>> {
    let types = vec!["\"t\""; attributes.split(',').count()].join(", ");
    let rule = format!(
        "=> issue(store = \"Active Directory\", types = ({types}), query = \"{filter};{attributes};{{0}}\", param = \"{account}\");"
    );
    let rules = RuleSet::parse(&rule)?;
    match Evaluation::start(&rules, Vec::new(), Budget::default()).step()? {
        Step::Query(query) => Ok(ActiveDirectoryQuery::parse(&query)?),
        Step::Done(_) => Err("the rule asks nothing".into()),
    }
}

fn config() -> Result<ActiveDirectoryConfig, Box<dyn Error>> {
    let setting = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let mut listed = Vec::new();
    for controller in setting("PROBE_CONTROLLERS")
        .unwrap_or_default()
        .split(',')
        .filter(|one| !one.is_empty())
    {
        let (address, tls_name) = controller.split_once('=').unwrap_or((controller, ""));
        let mut address =
            ControllerAddress::parse(address).ok_or("PROBE_CONTROLLERS: not an address")?;
        address.tls_name = (!tls_name.is_empty()).then(|| tls_name.to_owned());
        listed.push(address);
    }
    Ok(ActiveDirectoryConfig {
        dns_domain: setting("PROBE_DOMAIN").unwrap_or_else(|_| "corp.example".to_owned()),
        netbios_domain: setting("PROBE_NETBIOS").unwrap_or_else(|_| "CORP".to_owned()),
        controllers: if listed.is_empty() {
            Controllers::Discover { site: None }
        } else {
            Controllers::Listed(listed)
        },
        resolver: setting("PROBE_RESOLVER")
            .ok()
            .map(|address| address.parse())
            .transpose()?,
        transport: if setting("PROBE_STARTTLS").is_ok() {
            Transport::StartTls
        } else {
            Transport::Ldaps
        },
        roots: TrustedRoots::from_pem(&std::fs::read(setting("PROBE_CA")?)?)?,
        service_account: ServiceAccount {
            name: setting("PROBE_SERVICE_NAME")?,
            password: Password::new(setting("PROBE_SERVICE_PASSWORD")?)?,
        },
        extra_upn_suffixes: Vec::new(),
        timing: Timing::default(),
        clock: Clock::system(),
    })
}

#[expect(clippy::print_stdout, reason = "printing is what the probe is for")]
fn report(line: &str) {
    println!("{line}");
}
