//! Whether a second factor is asked for. Pure: rules, request and evidence in, a decision out.

use signet_model::request::Comparison;
use signet_model::uris::authn;
use signet_model::{Evidence, Method, RequestedAuthentication};
use time::{Duration, OffsetDateTime};

/// Contexts that mean more than one factor, beside Microsoft's: REFEDS, and the time-synchronised token of SAML.
const MULTIPLE: [&str; 3] = [
    authn::MULTIPLE,
    "https://refeds.org/profile/mfa",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken",
];

/// All that decides.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What the additional-authentication rules say (`signet_claims::asks_for_mfa`, global and relying party's).
    pub rules_ask: bool,
    /// What the request asks for.
    pub request: &'a RequestedAuthentication,
    /// When the request came: whoever asks for fresh credentials means after this.
    pub received_at: OffsetDateTime,
    /// What was performed in the session, the first factor of this sign-in included.
    pub evidence: &'a Evidence,
    /// When the latest second factor of the evidence was performed.
    pub second_factor_at: Option<OffsetDateTime>,
    /// Whether the evidence counts as more than one factor by itself, as a smartcard may by policy.
    pub counts_as_multiple: bool,
    /// "Not again for": how old a second factor may be when rules ask for it; `None` for as long as the session.
    pub not_again_for: Option<Duration>,
}

/// What has to be done about a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nobody asks for one.
    NotAsked,
    /// The evidence has one that does.
    Done,
    /// Ask for one now.
    Ask(Why),
    /// One is needed, but no page may be shown: answer the request with "no passive authentication".
    CannotAsk(Why),
}

/// Who wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The rules of the service or of the relying party.
    Rules,
    /// The request.
    Request,
    /// One was performed, but too long ago.
    Stale,
}

/// Decides.
pub fn decide(question: &Question<'_>, now: OffsetDateTime) -> Decision {
    let by_request = asked_by_request(question.request, question.evidence);
    if !question.rules_ask && !by_request {
        return Decision::NotAsked;
    }
    let why = match (by_request, question.second_factor_at) {
        _ if question.counts_as_multiple => return Decision::Done,
        (_, Some(at)) if is_fresh(question, at, now) => return Decision::Done,
        (_, Some(_)) => Why::Stale,
        (true, None) => Why::Request,
        (false, None) => Why::Rules,
    };
    if question.request.passive {
        Decision::CannotAsk(why)
    } else {
        Decision::Ask(why)
    }
}

/// Whether the request itself wants more than one factor, given what was performed: any one of the named methods will do.
pub fn asked_by_request(request: &RequestedAuthentication, evidence: &Evidence) -> bool {
    let named = |wanted: &[&str]| {
        request
            .methods
            .iter()
            .any(|method| wanted.contains(&method.as_str()))
    };
    let otherwise = |uri: &str| !MULTIPLE.contains(&uri) && satisfies(evidence, uri);
    match request.comparison {
        // "Stronger than each of the named": more than one factor is what is stronger than any one.
        Comparison::Better => !request.methods.is_empty(),
        // "Without exceeding one of the named": only one that is itself more than one factor asks for it.
        Comparison::Exact | Comparison::Minimum | Comparison::Maximum => {
            (named(&MULTIPLE) || named(&[authn::WINDOWS_OR_MULTIPLE]))
                && !request.methods.iter().any(|method| otherwise(method))
        }
    }
}

/// `wiaormultiauthn` is answered by Windows authentication as well.
fn satisfies(evidence: &Evidence, uri: &str) -> bool {
    let uri = if uri == authn::WINDOWS_OR_MULTIPLE {
        authn::WINDOWS
    } else {
        uri
    };
    evidence
        .performed()
        .any(|performed| Method::satisfies(performed.method, uri))
}

/// Rules are content with "not again for N hours". A request that wants fresh credentials (`wfresh=0`, `ForceAuthn`,
/// `max_age`) wants the second factor fresh too.
fn is_fresh(question: &Question<'_>, at: OffsetDateTime, now: OffsetDateTime) -> bool {
    if at > now {
        return false;
    }
    let by_rules = question.not_again_for.is_none_or(|span| now - at <= span);
    let by_request = match question.request.max_age {
        _ if question.request.demands_fresh() => at >= question.received_at,
        Some(age) => now - at <= age,
        None => true,
    };
    by_rules && by_request
}

#[cfg(test)]
mod tests {
    use signet_model::{NetworkLocation, Performed};

    use super::*;

    const HOURS: i64 = 3600;

    fn noon() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()
    }

    /// Methods and comparison, rules, second factor so many seconds ago, "not again for" in hours, max age, passive: decision.
    type Row<'a> = (
        &'a [&'a str],
        Comparison,
        bool,
        Option<i64>,
        Option<i64>,
        Option<i64>,
        bool,
        Decision,
    );

    #[test]
    fn the_table() {
        use Comparison::{Better, Exact, Maximum, Minimum};
        use Decision::{Ask, CannotAsk, Done, NotAsked};
        const MFA: &str = authn::MULTIPLE;
        const PW: &str = authn::PASSWORD_PROTECTED_TRANSPORT;
        const WIA: &str = authn::WINDOWS_OR_MULTIPLE;
        let rows: &[Row<'_>] = &[
            // Nobody asks.
            (&[], Exact, false, None, None, None, false, NotAsked),
            (&[], Exact, false, Some(5), None, None, false, NotAsked),
            (&[PW], Exact, false, None, None, None, false, NotAsked),
            (&[PW], Minimum, false, None, None, None, false, NotAsked),
            (&[PW], Maximum, false, None, None, None, false, NotAsked),
            // The rules ask.
            (&[], Exact, true, None, None, None, false, Ask(Why::Rules)),
            (&[PW], Exact, true, None, None, None, false, Ask(Why::Rules)),
            (
                &[],
                Exact,
                true,
                None,
                None,
                None,
                true,
                CannotAsk(Why::Rules),
            ),
            (&[], Exact, true, Some(9 * HOURS), None, None, false, Done),
            (
                &[],
                Exact,
                true,
                Some(9 * HOURS),
                Some(8),
                None,
                false,
                Ask(Why::Stale),
            ),
            (
                &[],
                Exact,
                true,
                Some(8 * HOURS),
                Some(8),
                None,
                false,
                Done,
            ),
            (
                &[],
                Exact,
                true,
                Some(9 * HOURS),
                Some(8),
                None,
                true,
                CannotAsk(Why::Stale),
            ),
            (
                &[],
                Exact,
                true,
                Some(-60),
                None,
                None,
                false,
                Ask(Why::Stale),
            ),
            // The request asks.
            (
                &[MFA],
                Exact,
                false,
                None,
                None,
                None,
                false,
                Ask(Why::Request),
            ),
            (
                &[MFA],
                Exact,
                false,
                None,
                None,
                None,
                true,
                CannotAsk(Why::Request),
            ),
            (&[MFA], Exact, false, Some(60), None, None, false, Done),
            (
                &[MFA],
                Maximum,
                false,
                None,
                None,
                None,
                false,
                Ask(Why::Request),
            ),
            (&[MFA, PW], Exact, false, None, None, None, false, NotAsked),
            (
                &[WIA],
                Exact,
                false,
                None,
                None,
                None,
                false,
                Ask(Why::Request),
            ),
            (&[WIA], Exact, false, Some(60), None, None, false, Done),
            (
                &[PW],
                Better,
                false,
                None,
                None,
                None,
                false,
                Ask(Why::Request),
            ),
            (
                &["https://refeds.org/profile/mfa"],
                Exact,
                false,
                None,
                None,
                None,
                false,
                Ask(Why::Request),
            ),
            // Fresh ones are wanted.
            (
                &[MFA],
                Exact,
                false,
                Some(60),
                None,
                Some(0),
                false,
                Ask(Why::Stale),
            ),
            (&[MFA], Exact, false, Some(2), None, Some(0), false, Done),
            (&[MFA], Exact, false, Some(60), None, Some(300), false, Done),
            (
                &[MFA],
                Exact,
                false,
                Some(301),
                None,
                Some(300),
                false,
                Ask(Why::Stale),
            ),
        ];
        let first = Performed {
            method: Method::Password,
            at: noon() - Duration::hours(10),
        };
        let evidence = Evidence::begin(first, NetworkLocation::Outside);
        for row in rows {
            let (methods, comparison, rules_ask, ago, again, max_age, passive, expected) = *row;
            let request = RequestedAuthentication {
                methods: methods.iter().map(|&method| method.to_owned()).collect(),
                comparison,
                max_age: max_age.map(Duration::seconds),
                passive,
            };
            let question = Question {
                rules_ask,
                request: &request,
                received_at: noon() - Duration::seconds(5),
                evidence: &evidence,
                second_factor_at: ago.map(|ago| noon() - Duration::seconds(ago)),
                counts_as_multiple: false,
                not_again_for: again.map(Duration::hours),
            };
            assert_eq!(decide(&question, noon()), expected, "{row:?}");
            let card = Question {
                counts_as_multiple: true,
                ..question
            };
            let as_card = match expected {
                NotAsked => NotAsked,
                _ => Done,
            };
            assert_eq!(decide(&card, noon()), as_card, "{row:?}");
        }
    }
}
