//! Our own addresses, as a `Destination` may name them.

/// The addresses of the passive endpoint, from configuration, never from a `Host` header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnAddresses(Vec<String>);

impl OwnAddresses {
    /// From full addresses such as `https://fs.example.com/adfs/ls/`.
    pub fn new(addresses: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(
            addresses
                .into_iter()
                .map(|address| plain(&address.into()))
                .collect(),
        )
    }

    /// Whether `destination` names one of them.
    ///
    /// Our paths match in any case and with or without the last slash, so that is how they are compared; a
    /// destination says where a message was sent, and no answer ever goes there.
    pub fn contains(&self, destination: &str) -> bool {
        self.0.contains(&plain(destination))
    }
}

fn plain(address: &str) -> String {
    let lower = address.to_ascii_lowercase();
    let trimmed = lower.strip_suffix('/').unwrap_or(&lower);
    let host_and_path = trimmed
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once('/'));
    match host_and_path.and_then(|(host, path)| Some((host.strip_suffix(":443")?, path))) {
        Some((host, path)) => format!("https://{host}/{path}"),
        None => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_saml_06_destination_is_an_address_of_ours() {
        let own = OwnAddresses::new(["https://fs.example.com/adfs/ls/"]);
        for ours in [
            "https://fs.example.com/adfs/ls/",
            "https://fs.example.com/adfs/ls",
            "https://FS.example.com/ADFS/ls/",
            "https://fs.example.com:443/adfs/ls/",
        ] {
            assert!(own.contains(ours), "{ours}");
        }
        for other in [
            "",
            "/",
            "/adfs/ls/",
            "http://fs.example.com/adfs/ls/",
            "https://fs2.example.com/adfs/ls/",
            "https://fs.example.com:8443/adfs/ls/",
            "https://fs.example.com/adfs/ls/?x",
            "https://fs.example.com/adfs/ls//",
            "https://evil.tld/fs.example.com:443/adfs/ls/",
            "https://fs.example.com.evil.tld/adfs/ls/",
            "https://fs.example.com/adfs/l\u{17f}/",
        ] {
            assert!(!own.contains(other), "{other}");
        }
    }
}
