//! Controllers found by DNS.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use signet_directory::{ActiveDirectory, Controllers, Directory as _, Transport};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::fake::{Fake, accepted, config, message, result, sign_in};

type Targets = Option<Vec<(String, u16)>>;

/// A DNS server: `SRV` names these hosts and ports, every `A` is 127.0.0.1. `None` answers nothing.
struct Dns {
    address: SocketAddr,
    targets: Arc<Mutex<Targets>>,
    task: JoinHandle<()>,
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Dns {
    async fn start(targets: Vec<(String, u16)>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let targets = Arc::new(Mutex::new(Some(targets)));
        let current = Arc::clone(&targets);
        let task = tokio::spawn(async move {
            let mut buffer = [0; 1500];
            loop {
                let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
                let answer = current
                    .lock()
                    .unwrap()
                    .as_ref()
                    .map(|targets| answer(&buffer[..length], targets));
                if let Some(answer) = answer {
                    socket.send_to(&answer, peer).await.unwrap();
                }
            }
        });
        Self {
            address,
            targets,
            task,
        }
    }

    fn set(&self, targets: Targets) {
        *self.targets.lock().unwrap() = targets;
    }
}

fn answer(query: &[u8], targets: &[(String, u16)]) -> Vec<u8> {
    let end = 12 + query[12..].iter().position(|octet| *octet == 0).unwrap() + 5;
    let question = &query[12..end];
    let kind = question[question.len() - 3];
    let records: Vec<Vec<u8>> = match kind {
        33 => targets
            .iter()
            .map(|(host, port)| {
                let mut data = vec![0, 0, 0, 100];
                data.extend(port.to_be_bytes());
                for label in host.split('.') {
                    data.push(u8::try_from(label.len()).unwrap());
                    data.extend(label.as_bytes());
                }
                data.push(0);
                data
            })
            .collect(),
        1 => vec![vec![127, 0, 0, 1]],
        _ => Vec::new(),
    };
    let mut out = query[..2].to_vec();
    out.extend([0x85, 0x80, 0, 1]);
    out.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
    out.extend([0, 0, 0, 0]);
    out.extend(question);
    for data in records {
        out.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0]);
        out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        out.extend(data);
    }
    out
}

fn discover(dns: &Dns) -> ActiveDirectory {
    let mut config = config(Vec::new());
    config.controllers = Controllers::Discover { site: None };
    config.resolver = Some(dns.address);
    // With StartTLS the port is the one that DNS names.
    config.transport = Transport::StartTls;
    config.timing.refresh = Duration::from_millis(200);
    ActiveDirectory::start(config)
}

async fn names(directory: &ActiveDirectory) -> Vec<String> {
    directory
        .health()
        .await
        .into_iter()
        .map(|health| health.name)
        .collect()
}

async fn until_names(directory: &ActiveDirectory, expected: &[String]) {
    let start = Instant::now();
    loop {
        let mut names = names(directory).await;
        names.sort();
        if names == expected {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{names:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn plain() -> Fake {
    let fake = Fake::start_with(None, "127.0.0.1:0").await;
    fake.start_tls(message(1, &result(0x78, 0, "")));
    fake
}

#[tokio::test]
async fn sec_f_08_the_last_list_is_used_while_dns_is_away() {
    let fake = plain().await;
    let host = |name: &str| (format!("{name}.corp.example"), fake.address.port());
    let dns = Dns::start(vec![host("dc1")]).await;
    let directory = discover(&dns);
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
    for trouble in [None, Some(Vec::new())] {
        dns.set(trouble.clone());
        tokio::time::sleep(Duration::from_millis(1300)).await;
        assert!(
            accepted(&sign_in(&directory, "alice", "alice-secret").await),
            "{trouble:?}"
        );
        assert_eq!(names(&directory).await.len(), 1, "{trouble:?}");
    }
    dns.set(Some(vec![host("dc1"), host("dc2")]));
    let port = fake.address.port();
    until_names(
        &directory,
        &[
            format!("dc1.corp.example:{port}"),
            format!("dc2.corp.example:{port}"),
        ],
    )
    .await;
}

#[tokio::test]
async fn sec_ad_16_dns_cannot_lead_out_of_the_domain_nor_to_a_certificate_of_another_name() {
    let (good, rogue) = (plain().await, plain().await);
    let dns = Dns::start(vec![
        ("dc.evil.example".to_owned(), rogue.address.port()),
        ("corp.example.evil.example".to_owned(), rogue.address.port()),
        // Within the domain, but its certificate is dc1's.
        ("dc9.corp.example".to_owned(), rogue.address.port()),
        ("dc1.corp.example".to_owned(), good.address.port()),
    ])
    .await;
    let directory = discover(&dns);
    assert!(accepted(
        &sign_in(&directory, "alice", "alice-secret").await
    ));
    let mut expected = vec![
        format!("dc1.corp.example:{}", good.address.port()),
        format!("dc9.corp.example:{}", rogue.address.port()),
    ];
    expected.sort();
    until_names(&directory, &expected).await;
    assert_eq!(rogue.log(), []);
}
