//! `signet init`: a first configuration.

use std::path::Path;

use serde::Serialize;
use signet_certs::MasterKey;

use super::output::Output;
use super::{Done, Failure};
use crate::cli::InitArgs;
use crate::config::Config;

#[derive(Serialize)]
struct Written {
    configuration: String,
    master_key: String,
}

pub(super) fn run(path: &Path, arguments: &InitArgs, output: &Output) -> Done {
    if path.exists() {
        return Err(Failure(format!(
            "{} exists already; it is left as it is",
            path.display()
        )));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
    let text = configuration(arguments);
    Config::parse(&text, "the new configuration")?;
    let master = folder.join("master.key");
    if !master.exists() {
        MasterKey::create_file(&master)?;
    }
    std::fs::write(path, text).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    let written = Written {
        configuration: path.display().to_string(),
        master_key: master.display().to_string(),
    };
    output.show(&written, || {
        format!(
            "Wrote {} and {}.\nNext: put the TLS files, the CA file and the service account's password where it says, then\n  signet --config {} cert generate\n  signet --config {} check",
            written.configuration, written.master_key, written.configuration, written.configuration
        )
    });
    Ok(())
}

fn configuration(arguments: &InitArgs) -> String {
    let host = &arguments.host;
    let domain = arguments
        .domain
        .clone()
        .unwrap_or_else(|| "corp.example".to_owned());
    let netbios = arguments.netbios.clone().unwrap_or_else(|| {
        domain
            .split('.')
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase()
    });
    format!(
        r##"# What this node is. Relying parties, domains and keys live in the store; see `signet --help`.

[service]
host = "{host}"
organisation = "My organisation"
# colour = "#1f4f8f"
# help = "https://help.example.com/"

[listen]
https = ["0.0.0.0:443"]
http = ["0.0.0.0:80"]

[tls]
certificate = "tls.pem"    # leaf first, then the chain
key = "tls.key"            # mode 0600

[store]
url = "sqlite://signet.db" # or postgres://user:password@host/database
master_key = "master.key"  # keep a copy apart from the store's backup

[[directory]]
domain = "{domain}"
netbios = "{netbios}"
# controllers = ["dc1.{domain}", "dc2.{domain}"]   # found by DNS when absent
ca = "directory-ca.pem"
account = "svc-signet@{domain}"
password_file = "directory.password"                # mode 0600
default = true

[network]
inside = []                # such as ["10.0.0.0/8"]

[session]
keep_me_signed_in = false

[lockout]
account_near = 5           # near + far must stay below the directory's own threshold
account_far = 4
window_minutes = 30
"##
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_configuration_reads_back() {
        let arguments = InitArgs {
            host: "sts.contoso.com".into(),
            domain: Some("corp.contoso.com".into()),
            netbios: None,
        };
        let config = Config::parse(&configuration(&arguments), "f").unwrap();
        assert_eq!(config.directories[0].netbios, "CORP");
        assert_eq!(config.origin(), "https://sts.contoso.com");
    }
}
