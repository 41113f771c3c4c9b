//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Signet: sign-in for Microsoft Entra federated domains and SAML or WS-Federation applications.
#[derive(Debug, Parser)]
#[command(name = "signet", version, about, propagate_version = true)]
pub(crate) struct Cli {
    /// Configuration file of this node.
    #[arg(
        long,
        short,
        global = true,
        default_value = "/etc/signet/signet.toml",
        env = "SIGNET_CONFIG"
    )]
    pub(crate) config: PathBuf,
    /// Print JSON for programs.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try it: an embedded directory, own certificates and a relying party that shows the token.
    Demo(DemoArgs),
    /// Write a first signet.toml and the master key beside it.
    Init(InitArgs),
    /// Serve sign-ins.
    Serve,
    /// Check configuration, certificates, store and directories: every problem with its mend.
    Check,
    /// Relying parties.
    #[command(subcommand)]
    Rp(RpCommand),
    /// Federated domains.
    #[command(subcommand)]
    Domain(DomainCommand),
    /// Token-signing certificates.
    #[command(subcommand)]
    Cert(CertCommand),
    /// What a person's certificate says, which account it would sign in, and why.
    Certmap {
        /// PEM or DER file; further certificates in a PEM file help to find a path.
        file: PathBuf,
    },
    /// What is counted against people who typed wrong passwords.
    #[command(subcommand)]
    Account(AccountCommand),
    /// The audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Show one account: its second factors, its sessions, and the counters here and at the directory.
    Show {
        /// Name as people sign in: name@example.com, DOMAIN\name, or the bare name.
        name: String,
    },
    /// Remove all second factors and recovery codes of one account, and end its sessions: for somebody who lost them.
    ResetFactors {
        /// Name as people sign in: name@example.com, DOMAIN\name, or the bare name.
        name: String,
    },
    /// End all sessions of one account here.
    SignOut {
        /// Name as people sign in: name@example.com, DOMAIN\name, or the bare name.
        name: String,
    },
    /// Empty the counters of one account here; the directory's own lock is not touched.
    Unlock {
        /// Name as people sign in: name@example.com, DOMAIN\name, or the bare name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8443")]
    pub(crate) listen: SocketAddr,
    /// Host name in URLs.
    #[arg(long, default_value = "localhost")]
    pub(crate) host: String,
    /// Folder for the demo's keys and store; a temporary one, removed at the end, when absent.
    #[arg(long)]
    pub(crate) state: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The federation host name, such as sts.contoso.com.
    #[arg(long)]
    pub(crate) host: String,
    /// DNS name of the Active Directory domain, such as corp.contoso.com.
    #[arg(long)]
    pub(crate) domain: Option<String>,
    /// NetBIOS name of the Active Directory domain, such as CORP.
    #[arg(long)]
    pub(crate) netbios: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RpCommand {
    /// Register a relying party from its metadata, or by hand.
    Add(RpAdd),
    /// List all.
    List,
    /// Show one.
    Show {
        /// Name, identifier or id.
        name: String,
    },
    /// Remove one.
    Remove {
        /// Name, identifier or id.
        name: String,
    },
    /// Change one.
    Set(RpSet),
}

#[derive(Debug, Args)]
pub(crate) struct RpAdd {
    /// Metadata file or https URL.
    #[arg(long, conflicts_with_all = ["wsfed", "preset"])]
    pub(crate) metadata: Option<String>,
    /// PEM certificate that the metadata must be signed with.
    #[arg(long, requires = "metadata")]
    pub(crate) signed_by: Option<PathBuf>,
    /// Entity id to take, when the metadata holds several.
    #[arg(long, requires = "metadata")]
    pub(crate) entity: Option<String>,
    /// A shipped relying party.
    #[arg(long, value_enum)]
    pub(crate) preset: Option<Preset>,
    /// Display name; from the metadata when absent.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Realm of a WS-Federation application without metadata.
    #[arg(long, requires = "wsfed")]
    pub(crate) realm: Option<String>,
    /// Reply address of a WS-Federation application without metadata.
    #[arg(long, requires = "realm")]
    pub(crate) wsfed: Option<String>,
    /// Accept http reply addresses (a lab).
    #[arg(long)]
    pub(crate) allow_http: bool,
    /// Send directory attributes: `mail=email,department`.
    #[arg(long = "send", value_name = "ATTRIBUTE[=CLAIM]", value_delimiter = ',')]
    pub(crate) send: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Preset {
    /// Microsoft Entra, worldwide cloud, for domains federated with WS-Federation.
    Entra,
    /// The same for domains federated with SAML 2.0.
    EntraSaml,
}

#[derive(Debug, Args)]
pub(crate) struct RpSet {
    /// Name, identifier or id.
    pub(crate) name: String,
    /// Send directory attributes, in place of what it was sent: `mail=email,department`.
    #[arg(long = "send", value_name = "ATTRIBUTE[=CLAIM]", value_delimiter = ',')]
    pub(crate) send: Vec<String>,
    /// Let `--send` drop rules that no command wrote.
    #[arg(long, requires = "send")]
    pub(crate) replace_rules: bool,
    /// Take over what its metadata says now: file or https URL.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) metadata: Option<String>,
    /// PEM certificate that the metadata must be signed with.
    #[arg(long, requires = "metadata")]
    pub(crate) signed_by: Option<PathBuf>,
    /// Take over even what lets whoever wrote the metadata receive tokens or forge requests.
    #[arg(long, requires = "metadata")]
    pub(crate) approve: bool,
    /// File with issuance transform rules.
    #[arg(long, conflicts_with = "send")]
    pub(crate) issuance_rules: Option<PathBuf>,
    /// File with issuance authorization rules.
    #[arg(long)]
    pub(crate) authorization_rules: Option<PathBuf>,
    /// Permit only members of the groups with these SIDs.
    #[arg(
        long = "permit-group",
        value_name = "SID",
        conflicts_with = "authorization_rules"
    )]
    pub(crate) permit_groups: Vec<String>,
    /// A property and its value as `rp show --json` writes them, such as `token_lifetime_minutes=30`.
    #[arg(long = "property", value_name = "NAME=VALUE")]
    pub(crate) properties: Vec<String>,
    /// Refuse or admit its sign-ins.
    #[arg(long)]
    pub(crate) enabled: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DomainCommand {
    /// Federate a domain: its users get tokens of its own issuer.
    Add {
        /// DNS name, such as contoso.com.
        name: String,
        /// Issuer; `http://NAME/adfs/services/trust/` when absent.
        #[arg(long)]
        issuer: Option<String>,
        /// Leave its subdomains out.
        #[arg(long)]
        without_subdomains: bool,
        /// Change a domain that is federated here already; Entra must be told its new issuer.
        #[arg(long)]
        replace: bool,
    },
    /// List all.
    List,
    /// Show the values to enter at Entra.
    Show {
        /// DNS name.
        name: String,
        /// Print a PowerShell script that enters them.
        #[arg(long)]
        script: bool,
    },
    /// Remove one; its users get no more tokens for Entra.
    Remove {
        /// DNS name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertCommand {
    /// List current, next and retired.
    List,
    /// Make a key and its self-signed certificate: the current one when there is none, else the next.
    Generate {
        /// RSA modulus length.
        #[arg(long, default_value_t = 2048, value_parser = clap::builder::PossibleValuesParser::new(["2048", "3072", "4096"]).map(|s| s.parse::<u32>().unwrap_or(2048)))]
        bits: u32,
        /// Days the certificate is good for, 1 to 3650.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
    },
    /// Import a key as the next one (current when there is none).
    Import {
        /// PFX file, or PEM file with key and certificate.
        file: PathBuf,
        /// File with the PFX password; an empty one is tried when absent.
        #[arg(long)]
        password_file: Option<PathBuf>,
    },
    /// Make the next key the current one; the old certificate stays published.
    Promote,
    /// Remove a next or retired key: it is not published any more.
    Remove {
        /// Its thumbprint, as `cert list` shows it.
        thumbprint: String,
    },
    /// Write the current certificate as PEM (public part only).
    Export,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Verify the hash chain; says where it breaks.
    Verify,
    /// Print the last events.
    Tail {
        /// How many.
        #[arg(long, short, default_value_t = 20)]
        number: u32,
        /// Only events of this activity id.
        #[arg(long)]
        activity: Option<String>,
    },
}
use clap::builder::TypedValueParser;
