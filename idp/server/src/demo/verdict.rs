//! What Microsoft Entra requires of a token, in plain words, each requirement checked on its own.

use signet_model::DomainTable;
use signet_model::uris::claims::{ENTRA_UPN, IMMUTABLE_ID};
use signet_model::uris::name_id::PERSISTENT;
use signet_pages::{Finding, Verdict};
use time::{Duration, OffsetDateTime};

use super::token::Token;

/// The clock difference that is granted.
const SKEW: Duration = Duration::minutes(5);

/// Whose eyes the token is seen with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Partner {
    /// Entra, if this audience were its realm.
    Entra { audience: &'static str },
    /// An application with no demands of its own.
    Application { audience: &'static str },
}

/// Judges `token` as `partner` would, the domains being federated as in `domains`.
pub(crate) fn judge(
    token: &Token,
    partner: Partner,
    domains: &DomainTable,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    let (Partner::Entra { audience } | Partner::Application { audience }) = partner;
    findings.add(
        true,
        "Signed with RSA and SHA-256 by a published token-signing key",
        &token.signed_with,
    );
    findings.add(
        token.audience == audience,
        &format!("The audience is exactly {audience}"),
        &token.audience,
    );
    times(&mut findings, token, now);
    if let Partner::Entra { .. } = partner {
        let upn = upn(token);
        issuer(&mut findings, token, upn.as_deref(), domains);
        identity(&mut findings, token, upn.as_deref());
    }
    strength(&mut findings, token, now);
    findings.0
}

/// Met when no finding is unmet.
pub(crate) fn overall(findings: &[Finding]) -> Verdict {
    if findings
        .iter()
        .any(|finding| finding.verdict == Verdict::NotMet)
    {
        Verdict::NotMet
    } else {
        Verdict::Met
    }
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, met: bool, requirement: &str, found: &str) {
        let verdict = if met { Verdict::Met } else { Verdict::NotMet };
        self.0.push(Finding {
            verdict,
            requirement: requirement.to_owned(),
            found: found.to_owned(),
        });
    }
}

fn upn(token: &Token) -> Option<String> {
    token
        .values(ENTRA_UPN)
        .next()
        .or_else(|| token.values("IDPEmail").next())
        .map(str::to_owned)
}

fn issuer(findings: &mut Findings, token: &Token, upn: Option<&str>, domains: &DomainTable) {
    let Some(domain) = upn.and_then(|upn| domains.for_upn(upn)) else {
        return findings.add(
            false,
            "The user's domain is federated (AADSTS50107 otherwise)",
            upn.unwrap_or("no UPN claim"),
        );
    };
    findings.add(
        token.issuer == domain.issuer_uri,
        &format!(
            "The issuer is the one of {}, octet by octet: {} (AADSTS50107 otherwise)",
            domain.name, domain.issuer_uri
        ),
        &token.issuer,
    );
}

fn times(findings: &mut Findings, token: &Token, now: OffsetDateTime) {
    let valid = matches!((token.not_before, token.not_on_or_after), (Some(from), Some(to)) if from <= now + SKEW && now - SKEW < to);
    let found = format!(
        "{} to {}",
        show(token.not_before),
        show(token.not_on_or_after)
    );
    findings.add(
        valid,
        "It is valid now, give or take five minutes (AADSTS500133 otherwise)",
        &found,
    );
}

fn identity(findings: &mut Findings, token: &Token, upn: Option<&str>) {
    findings.add(
        upn.is_some_and(|upn| upn.contains('@')),
        "It carries the user principal name",
        upn.unwrap_or("none"),
    );
    let name_id_is_usable = !token.name_id.is_empty() && token.name_id.len() <= 64;
    findings.add(
        name_id_is_usable,
        "The subject is an ImmutableID of 1 to 64 characters (AADSTS51004 otherwise)",
        &token.name_id,
    );
    if token.version == "SAML 2.0" {
        findings.add(
            token.name_id_format == PERSISTENT,
            "The subject's format is persistent (AADSTS500082 otherwise)",
            &token.name_id_format,
        );
        findings.add(
            token.values("IDPEmail").next().is_some(),
            "It carries the attribute IDPEmail",
            token.values("IDPEmail").next().unwrap_or("none"),
        );
    } else {
        let immutable = token.values(IMMUTABLE_ID).next();
        findings.add(
            immutable == Some(token.name_id.as_str()),
            "The ImmutableID claim equals the subject",
            immutable.unwrap_or("none"),
        );
    }
}

fn strength(findings: &mut Findings, token: &Token, now: OffsetDateTime) {
    let plausible = token.authenticated_at.is_some_and(|at| at <= now + SKEW);
    findings.add(
        plausible,
        "It says when the person signed in",
        &show(token.authenticated_at),
    );
    findings.add(
        !token.method.is_empty(),
        "It says how the person signed in, truly",
        &token.method,
    );
}

fn show(instant: Option<OffsetDateTime>) -> String {
    instant.map_or_else(|| "none".to_owned(), signet_xml::instant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_model::FederatedDomain;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
    const REALM: &str = "urn:signet:demo";

    fn domains() -> DomainTable {
        DomainTable::new(vec![FederatedDomain {
            name: "contoso.example".into(),
            issuer_uri: "http://contoso.example/adfs/services/trust/".into(),
            covers_subdomains: true,
        }])
    }

    fn good() -> Token {
        Token {
            version: "SAML 1.1",
            issuer: "http://contoso.example/adfs/services/trust/".into(),
            audience: REALM.into(),
            name_id: "MyIRAFVEd2aImaq7zN3u/w==".into(),
            not_before: Some(NOW),
            not_on_or_after: Some(NOW + Duration::HOUR),
            authenticated_at: Some(NOW),
            method: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".into(),
            claims: vec![
                (ENTRA_UPN.into(), "alice@contoso.example".into()),
                (IMMUTABLE_ID.into(), "MyIRAFVEd2aImaq7zN3u/w==".into()),
            ],
            ..Token::default()
        }
    }

    fn verdict(token: &Token) -> Verdict {
        overall(&judge(
            token,
            Partner::Entra { audience: REALM },
            &domains(),
            NOW,
        ))
    }

    #[test]
    fn a_good_token_meets_every_requirement() {
        assert_eq!(verdict(&good()), Verdict::Met);
    }

    #[test]
    fn each_fault_is_found() {
        let faults: [fn(&mut Token); 6] = [
            |token| token.issuer.pop().map_or((), drop),
            |token| token.audience.push('/'),
            |token| token.not_on_or_after = Some(NOW - Duration::HOUR),
            |token| token.name_id.clear(),
            |token| token.claims.clear(),
            |token| token.authenticated_at = None,
        ];
        for (number, fault) in faults.into_iter().enumerate() {
            let mut token = good();
            fault(&mut token);
            assert_eq!(verdict(&token), Verdict::NotMet, "fault {number}");
        }
    }
}
