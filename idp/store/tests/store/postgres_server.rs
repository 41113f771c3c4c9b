//! A private PostgreSQL, of Debian's packages, for the life of the test process.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Runs until its standard input ends, which it does with the test process, however that ends.
const SUPERVISOR: &str = r#"
set -eu
trap 'rm -rf "$DIR"' EXIT
"$BIN/initdb" -D "$DIR/data" -U signet -A trust -E UTF8 --locale=C --no-sync >"$DIR/initdb.log" 2>&1
"$BIN/pg_ctl" -D "$DIR/data" -l "$DIR/log" -w -t 60 -o "-F -c listen_addresses=127.0.0.1 -c port=$PORT \
    -c unix_socket_directories='' -c max_connections=300" start >/dev/null
echo ready
cat >/dev/null
"$BIN/pg_ctl" -D "$DIR/data" -m immediate stop >/dev/null
"#;

/// The running server.
pub(crate) struct PostgresServer {
    port: u16,
    _supervisor: Child,
}

impl PostgresServer {
    /// The one server of this process; started when first asked for. A missing PostgreSQL fails the run.
    pub(crate) fn shared() -> &'static Self {
        static SERVER: OnceLock<PostgresServer> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    /// URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://signet@127.0.0.1:{}/{database}", self.port)
    }

    fn start() -> Self {
        let bin = binaries();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let dir = tempfile::Builder::new()
            .prefix("signet-pg")
            .tempdir()
            .unwrap()
            .keep();
        let mut command = unprivileged(&dir);
        command
            .args(["sh", "-c", SUPERVISOR])
            .env("BIN", &bin)
            .env("DIR", &dir)
            .env("PORT", port.to_string());
        command
            .current_dir(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut supervisor = command
            .spawn()
            .expect("cannot start the supervisor of PostgreSQL");
        let mut line = String::new();
        let stdout = supervisor.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        assert_eq!(
            line.trim(),
            "ready",
            "PostgreSQL did not start; its binaries are in {}",
            bin.display()
        );
        Self {
            port,
            _supervisor: supervisor,
        }
    }
}

/// The newest installed version.
fn binaries() -> PathBuf {
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<PathBuf> = installed
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found
        .pop()
        .expect("PostgreSQL is missing: apt-get install -y postgresql")
}

/// PostgreSQL refuses to run as root.
fn unprivileged(dir: &Path) -> Command {
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if !root {
        return Command::new("env");
    }
    let owned = Command::new("chown")
        .arg("postgres:postgres")
        .arg(dir)
        .status()
        .unwrap();
    assert!(
        owned.success(),
        "the user postgres is missing: apt-get install -y postgresql"
    );
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command
}
