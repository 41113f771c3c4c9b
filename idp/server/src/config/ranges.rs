//! Values that TOML takes and nobody could sign in with.

use std::net::SocketAddr;

use super::Config;

/// What stands against the values, with their section and key.
pub(super) fn check(config: &Config) -> Result<(), String> {
    if let Some(text) = listens_twice(config) {
        return Err(text);
    }
    if let Some(entity) = &config.service.entity_id
        && !is_entity_id(entity)
    {
        return Err(format!(
            "[service] entity_id = {entity:?} is empty, longer than 1024 characters, or has white space, control or non-ASCII characters in it, which partners read in different ways; partners know this service by it, so change it there too"
        ));
    }
    let session = &config.session;
    if session.keep_me_signed_in && session.keep_me_signed_in_minutes == 0 {
        return Err("[session] keep_me_signed_in_minutes must be at least 1: with 0 whoever asks to stay signed in would be signed out at once".to_owned());
    }
    if session.loop_tokens == 0 {
        return Err("[session] loop_tokens must be at least 1: with 0 the first token of everybody would count as a loop; leave it out for 5".to_owned());
    }
    if config.limits.connections == 0 || config.limits.connections_per_address == 0 {
        return Err("[limits] connections and connections_per_address must be at least 1: with 0 nobody could connect; leave them out for 8192 and 512".to_owned());
    }
    Ok(())
}

/// Two listeners that cannot both have their address.
fn listens_twice(config: &Config) -> Option<String> {
    let asking = config
        .certificate
        .iter()
        .flat_map(|section| &section.listen);
    let all: Vec<(&str, &SocketAddr)> =
        (config.listen.https.iter().map(|at| ("[listen] https", at)))
            .chain(config.listen.http.iter().map(|at| ("[listen] http", at)))
            .chain(asking.map(|at| ("[certificate] listen", at)))
            .collect();
    let mut rest = all.as_slice();
    while let Some(((key, at), later)) = rest.split_first() {
        if let Some((other, clashes)) = later.iter().find(|(_, other)| same_place(at, other)) {
            return Some(format!(
                "{key} = {at} and {other} = {clashes} are one address and port; give each a port of its own"
            ));
        }
        rest = later;
    }
    None
}

/// Whether one listener takes what the other would listen on; port 0 is any free one.
fn same_place(one: &SocketAddr, other: &SocketAddr) -> bool {
    let (a, b) = (one.ip(), other.ip());
    one.port() == other.port()
        && one.port() != 0
        && (a == b || a.is_ipv4() == b.is_ipv4() && (a.is_unspecified() || b.is_unspecified()))
}

/// A name without what markup or white space could change (saml-core-2.0-os 8.3.6: at most 1024 characters). It should be
/// an absolute URI too, but partners compare text, and one that works must go on working: `check` warns.
fn is_entity_id(text: &str) -> bool {
    (1..=1024).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[service]\nhost = \"sts.contoso.com\"\n[listen]\nhttps = [\"127.0.0.1:8443\"]\n[tls]\ncertificate = \"tls.pem\"\nkey = \"tls.key\"\n[store]\nurl = \"sqlite://signet.db\"\nmaster_key = \"master.key\"\n";

    fn refused(text: &str) -> String {
        Config::parse(text, "signet.toml").unwrap_err().to_string()
    }

    #[test]
    fn values_that_would_lock_everybody_out_are_refused_by_name() {
        for (section, named) in [
            ("[session]\nloop_tokens = 0\n", "[session] loop_tokens"),
            (
                "[session]\nkeep_me_signed_in = true\nkeep_me_signed_in_minutes = 0\n",
                "[session] keep_me_signed_in_minutes",
            ),
            ("[limits]\nconnections = 0\n", "[limits] connections"),
            (
                "[limits]\nconnections_per_address = 0\n",
                "connections_per_address",
            ),
        ] {
            let error = refused(&format!("{GOOD}{section}"));
            assert!(
                error.starts_with("signet.toml: ") && error.contains(named),
                "{error}"
            );
        }
        let least = "[session]\nloop_tokens = 1\nkeep_me_signed_in_minutes = 0\n[limits]\nconnections = 1\n";
        Config::parse(&format!("{GOOD}{least}"), "f").unwrap();
    }

    #[test]
    fn an_entity_id_is_read_by_all_partners_alike() {
        let with =
            |entity: &str| GOOD.replace("[listen]", &format!("entity_id = {entity:?}\n[listen]"));
        for wrong in ["not a uri", "", "http://sts.contoso.com/\u{fc}"] {
            let error = refused(&with(wrong));
            assert!(
                error.contains("entity_id") && error.contains("partners"),
                "{error}"
            );
        }
        for good in [
            "urn:contoso:sts",
            "http://sts.contoso.com/adfs/services/trust",
            "sts.contoso.com",
        ] {
            assert_eq!(Config::parse(&with(good), "f").unwrap().entity_id(), good);
        }
    }

    #[test]
    fn an_address_is_listened_on_once_and_has_a_port() {
        let with = |https: &str, http: &str| {
            let listen = format!("https = [{https}]\nhttp = [{http}]");
            GOOD.replace("https = [\"127.0.0.1:8443\"]", &listen)
        };
        for (https, http) in [
            ("\"0.0.0.0:443\"", "\"0.0.0.0:443\""),
            ("\"0.0.0.0:443\"", "\"127.0.0.1:443\""),
            ("\"[::]:443\", \"[::1]:443\"", ""),
        ] {
            let error = refused(&with(https, http));
            assert!(
                error.contains("[listen] https") && error.contains("443"),
                "{error}"
            );
        }
        for (https, http) in [
            ("\"0.0.0.0:443\", \"[::]:443\"", "\"0.0.0.0:80\""),
            ("\"127.0.0.1:443\"", "\"127.0.0.2:443\""),
        ] {
            Config::parse(&with(https, http), "f").unwrap();
        }
        let error = refused(&with("\"0.0.0.0\"", ""));
        assert!(
            error.starts_with("signet.toml, line 4:") && error.contains("and a port"),
            "{error}"
        );
    }
}
