//! A FreeRADIUS of Debian's package, on a port of its own, with a configuration of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use signet_authn::factors::{RadiusSecret, RadiusServer};
use tempfile::TempDir;

pub(crate) const SECRET: &str = "a shared secret of the tests";

/// The running server; it ends with this value.
pub(crate) struct FreeRadius {
    child: Child,
    pub(crate) address: SocketAddr,
    _dir: TempDir,
}

impl FreeRadius {
    /// Users: `alice` has the code 123456; `bob` is asked for a second code, 222222, after 111111. With `signs` each
    /// answer carries a Message-Authenticator.
    pub(crate) fn start(signs: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let address = free_port();
        std::fs::write(
            dir.path().join("radiusd.conf"),
            configuration(dir.path(), address, signs),
        )
        .unwrap();
        let mut child = Command::new("/usr/sbin/freeradius")
            .args(["-f", "-x", "-l", "stdout", "-n", "radiusd", "-d"])
            .arg(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("FreeRADIUS is missing: apt-get install -y freeradius");
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.ends_with("Ready to process requests\n") {
            let more = stdout.read_line(&mut said).unwrap();
            assert!(more > 0, "FreeRADIUS did not start:\n{said}");
        }
        // It stops when nobody reads what it says.
        std::thread::spawn(move || {
            let mut rest = Vec::new();
            let _ = stdout.read_to_end(&mut rest);
        });
        Self {
            child,
            address,
            _dir: dir,
        }
    }

    pub(crate) fn server(&self) -> RadiusServer {
        server(self.address, SECRET)
    }
}

impl Drop for FreeRadius {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn server(address: SocketAddr, secret: &str) -> RadiusServer {
    RadiusServer {
        address,
        secret: Arc::new(RadiusSecret::from_octets(secret.as_bytes()).unwrap()),
    }
}

/// A port where nobody listens now.
pub(crate) fn free_port() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn configuration(dir: &Path, address: SocketAddr, signs: bool) -> String {
    let sign = match signs {
        true => "update reply { &Message-Authenticator := 0x00 }",
        false => "",
    };
    let (dir, ip, port) = (dir.display(), address.ip(), address.port());
    format!(
        r#"
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = "{dir}"
logdir = "{dir}"
run_dir = "{dir}"
pidfile = "{dir}/radiusd.pid"
correct_escapes = true
max_request_time = 5
cleanup_delay = 2
hostname_lookups = no
log {{
    destination = stdout
}}
security {{
    allow_core_dumps = no
    max_attributes = 200
    reject_delay = 0
    status_server = no
}}
thread pool {{
    start_servers = 1
    max_servers = 4
    min_spare_servers = 1
    max_spare_servers = 2
    max_requests_per_server = 0
}}
client tests {{
    ipaddr = 127.0.0.1
    secret = "{SECRET}"
    require_message_authenticator = yes
}}
modules {{
    always reject {{
        rcode = reject
    }}
    always handled {{
        rcode = handled
    }}
}}
server default {{
    listen {{
        type = auth
        ipaddr = {ip}
        port = {port}
    }}
    authorize {{
        if (&NAS-Identifier != "signet-tests") {{
            reject
        }}
        if (&User-Name == "alice" && &User-Password == "123456") {{
            update control {{ &Auth-Type := Accept }}
        }}
        elsif (&User-Name == "alice" && &User-Password == "a long pass phrase of 40 octets and more") {{
            update control {{ &Auth-Type := Accept }}
        }}
        elsif (&User-Name == "bob" && &User-Password == "111111" && !&State) {{
            update reply {{
                &Reply-Message := "Now the code of your token"
                &State := 0x726f756e6431
            }}
            update control {{ &Response-Packet-Type := Access-Challenge }}
            {sign}
            handled
        }}
        elsif (&User-Name == "bob" && &User-Password == "222222" && &State == 0x726f756e6431) {{
            update control {{ &Auth-Type := Accept }}
        }}
        else {{
            update control {{ &Auth-Type := Reject }}
        }}
    }}
    authenticate {{
    }}
    post-auth {{
        {sign}
        Post-Auth-Type REJECT {{
            {sign}
        }}
        Post-Auth-Type Challenge {{
            {sign}
        }}
    }}
}}
"#
    )
}
