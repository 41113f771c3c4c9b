"""What must hold of every token, whoever it is for (attack cases SAML-13, SAML-16, SAML-17, WSF-12, WSF-16)."""
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

from harness import names, xmlsec
from harness.names import SAML20, q
from harness.tokens import SamlAnswer, Token, WsFedAnswer

CLOCK = timedelta(seconds=5)
NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")


def check_token(token: Token, audience: str, second_factor: bool = False, skew: timedelta = timedelta(0)):
    """`skew` is how far the relying party's NotBefore is moved into the past."""
    now = datetime.now(timezone.utc)
    assert NCNAME.fullmatch(token.id) and len(token.id) >= 23, f"a weak identifier: {token.id!r}"
    assert token.audiences == [audience], token.audiences
    assert abs(token.issue_instant - now) < timedelta(minutes=1) + CLOCK
    assert timedelta(0) < token.not_on_or_after - token.issue_instant <= timedelta(hours=1), "lives longer than an hour"
    assert token.issue_instant - token.not_before <= skew + CLOCK and token.not_before <= now + CLOCK
    assert token.authenticated_at <= token.issue_instant + CLOCK, "signed in after the token was made"
    assert all(claimed for values in token.claims.values() for claimed in values), f"an empty value: {token.claims}"
    bearer = names.BEARER20 if token.version == "2.0" else names.BEARER11
    assert [one.method for one in token.confirmations] == [bearer]
    said = [token.method, *token.claims.get(names.CLAIM_METHODS, []), *token.claims.get(names.CLAIM_METHOD, [])]
    if not second_factor:
        assert names.MULTIPLE not in said, "a second factor that nobody used"


def check_wsfed(answer: WsFedAnswer, certificate: Path, audience: str, **expected) -> Token:
    """The answer as a whole; its signature by xmlsec1. Returns the token."""
    algorithm = xmlsec.verify(answer.wresult, answer.assertion, certificate)
    assert algorithm == expected.pop("algorithm", names.RSA_SHA256), algorithm
    check_token(answer.token, audience, **expected)
    text = lambda *path: _text(answer.envelope, path)  # noqa: E731
    assert text((names.TRUST, "TokenType")) == (names.SAML11 if answer.token.version == "1.1" else names.SAML20)
    assert text((names.TRUST, "RequestType")) == names.TRUST + "/Issue"
    assert text((names.POLICY, "AppliesTo"), (names.ADDRESSING, "EndpointReference"), (names.ADDRESSING, "Address")) == audience
    created = text((names.TRUST, "Lifetime"), (names.WSU, "Created"))
    assert created.endswith("Z") and text((names.TRUST, "Lifetime"), (names.WSU, "Expires")) > created
    assert answer.envelope.tag == q(names.TRUST, "RequestSecurityTokenResponse")
    return answer.token


def check_saml(answer: SamlAnswer, certificate: Path, audience: str, consumer: str, request_id: str | None, signed=("assertion",), **expected) -> Token:
    """A successful response; `signed` names what must carry a signature. Returns the token."""
    assert answer.succeeded, answer.status
    response, token = answer.response, answer.token
    algorithm = expected.pop("algorithm", names.RSA_SHA256)
    for part, element in (("assertion", answer.assertion), ("response", response)):
        has = element.find(q(names.DSIG, "Signature")) is not None
        assert has == (part in signed), f"the {part} is {'' if has else 'not '}signed"
        if has:
            assert xmlsec.verify(answer.document, element, certificate) == algorithm
    check_token(token, audience, **expected)
    assert response.get("Version") == "2.0" and NCNAME.fullmatch(response.get("ID")) and response.get("ID") != token.id
    assert response.get("Destination") == consumer, response.get("Destination")
    assert response.get("InResponseTo") == request_id, response.get("InResponseTo")
    assert response.find(q(SAML20, "Issuer")).text == token.issuer
    (confirmation,) = token.confirmations
    assert (confirmation.recipient, confirmation.in_response_to) == (consumer, request_id)
    assert confirmation.not_before is None, "the profile forbids NotBefore here (saml-profiles-2.0-os 4.1.4.2)"
    assert timedelta(0) < confirmation.not_on_or_after - token.issue_instant <= timedelta(minutes=5)
    assert token.session_index, "no SessionIndex"
    return token


def check_saml_failure(answer: SamlAnswer, consumer: str, request_id: str | None, *status: str):
    """A failure says its status and nothing else."""
    assert answer.status == list(status), answer.status
    assert answer.assertion is None and answer.response.find(q(SAML20, "EncryptedAssertion")) is None
    assert answer.response.get("Destination") == consumer and answer.response.get("InResponseTo") == request_id


def _text(element, path) -> str:
    for namespace, local in path:
        element = xmlsec.only(element, q(namespace, local))
    return element.text
