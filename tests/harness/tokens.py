"""Reads SAML 1.1 and 2.0 assertions into one shape, by lxml."""
import base64
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone

from lxml import etree

from harness import names
from harness.names import SAML11, SAML20, SAMLP, TRUST, q
from harness.xmlsec import only, parse

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")


def instant(text: str) -> datetime:
    """A UTC xs:dateTime as all partners read it; anything looser is refused."""
    assert INSTANT.fullmatch(text or ""), f"not a UTC instant: {text!r}"
    whole, _, fraction = text[:-1].partition(".")
    return datetime.fromisoformat(whole).replace(microsecond=int((fraction + "000000")[:6]), tzinfo=timezone.utc)


@dataclass
class Confirmation:
    method: str
    recipient: str | None = None
    in_response_to: str | None = None
    not_on_or_after: datetime | None = None
    not_before: str | None = None
    address: str | None = None


@dataclass
class Token:
    """What an assertion says. `claims` maps a claim type (SAML 1.1: namespace + '/' + name) to its values in order."""

    version: str
    element: etree._Element
    id: str
    issuer: str
    issue_instant: datetime
    not_before: datetime
    not_on_or_after: datetime
    audiences: list[str]
    name_id: str | None
    name_id_format: str | None
    confirmations: list[Confirmation]
    claims: dict[str, list[str]]
    method: str
    authenticated_at: datetime
    session_index: str | None = None
    name_qualifiers: dict[str, str] = field(default_factory=dict)

    def one(self, claim_type: str) -> str:
        """The only value of a claim."""
        values = self.claims.get(claim_type, [])
        assert len(values) == 1, f"{claim_type}: {values} of {sorted(self.claims)}"
        return values[0]


@dataclass
class WsFedAnswer:
    """The form a WS-Federation sign-in posts."""

    wresult: str
    wctx: str | None
    envelope: etree._Element
    assertion: etree._Element
    token: Token


@dataclass
class SamlAnswer:
    """The form a SAML sign-in posts. `token` is None when the status is no success or the assertion is encrypted."""

    document: str
    relay_state: str | None
    response: etree._Element
    status: list[str]
    assertion: etree._Element | None
    token: Token | None

    @property
    def succeeded(self) -> bool:
        return self.status == [names.SUCCESS]


def value(element: etree._Element | None) -> str | None:
    """The whole text of a leaf; a leaf with children, comments or instructions is refused."""
    if element is None:
        return None
    assert len(element) == 0, f"{element.tag} holds more than text"
    return element.text or ""


def read(assertion: etree._Element) -> Token:
    if assertion.tag == q(SAML11, "Assertion"):
        return _read11(assertion)
    if assertion.tag == q(SAML20, "Assertion"):
        return _read20(assertion)
    raise AssertionError(f"no assertion: {assertion.tag}")


def _read11(a: etree._Element) -> Token:
    s = lambda local: q(SAML11, local)  # noqa: E731
    assert (a.get("MajorVersion"), a.get("MinorVersion")) == ("1", "1")
    conditions = only(a, s("Conditions"))
    statement = only(a, s("AuthenticationStatement"))
    subjects = [only(one, s("Subject")) for one in a if one.tag in (s("AttributeStatement"), s("AuthenticationStatement"))]
    same = {etree.tostring(one, method="c14n", exclusive=True) for one in subjects}
    assert len(same) == 1, "the statements are about different subjects"
    name = subjects[0].find(s("NameIdentifier"))
    claims: dict[str, list[str]] = {}
    for attribute in a.iter(s("Attribute")):
        namespace, local = attribute.get("AttributeNamespace"), attribute.get("AttributeName")
        assert namespace and local, f"Attribute must have AttributeNamespace and AttributeName: {namespace!r} {local!r}"
        values = [value(one) for one in attribute.findall(s("AttributeValue"))]
        assert values, f"attribute {local} has no value"
        claims.setdefault(f"{namespace}/{local}", []).extend(values)
    return Token(
        version="1.1", element=a, id=a.get("AssertionID"), issuer=a.get("Issuer"), issue_instant=instant(a.get("IssueInstant")),
        not_before=instant(conditions.get("NotBefore")), not_on_or_after=instant(conditions.get("NotOnOrAfter")),
        audiences=[value(one) for one in only(conditions, s("AudienceRestrictionCondition"))],
        name_id=value(name), name_id_format=name.get("Format") if name is not None else None,
        confirmations=[Confirmation(value(one)) for one in subjects[0].iter(s("ConfirmationMethod"))],
        claims=claims, method=statement.get("AuthenticationMethod"), authenticated_at=instant(statement.get("AuthenticationInstant")),
    )


def _read20(a: etree._Element) -> Token:
    s = lambda local: q(SAML20, local)  # noqa: E731
    assert a.get("Version") == "2.0"
    conditions = only(a, s("Conditions"))
    statement = only(a, s("AuthnStatement"))
    subject = only(a, s("Subject"))
    name = subject.find(s("NameID"))
    claims: dict[str, list[str]] = {}
    for attribute in a.iter(s("Attribute")):
        assert attribute.get("Name"), "an attribute without a name"
        values = [value(one) for one in attribute.findall(s("AttributeValue"))]
        assert values, f"attribute {attribute.get('Name')} has no value"
        claims.setdefault(attribute.get("Name"), []).extend(values)
    qualifiers = {} if name is None else {k: name.get(k) for k in ("NameQualifier", "SPNameQualifier") if name.get(k)}
    return Token(
        version="2.0", element=a, id=a.get("ID"), issuer=value(only(a, s("Issuer"))), issue_instant=instant(a.get("IssueInstant")),
        not_before=instant(conditions.get("NotBefore")), not_on_or_after=instant(conditions.get("NotOnOrAfter")),
        audiences=[value(one) for one in only(conditions, s("AudienceRestriction"))],
        name_id=value(name), name_id_format=name.get("Format") if name is not None else None,
        confirmations=[_confirmation(one) for one in subject.findall(s("SubjectConfirmation"))],
        claims=claims, method=value(only(only(statement, s("AuthnContext")), s("AuthnContextClassRef"))),
        authenticated_at=instant(statement.get("AuthnInstant")), session_index=statement.get("SessionIndex"), name_qualifiers=qualifiers,
    )


def _confirmation(element: etree._Element) -> Confirmation:
    data = element.find(q(SAML20, "SubjectConfirmationData"))
    if data is None:
        return Confirmation(element.get("Method"))
    end = data.get("NotOnOrAfter")
    return Confirmation(
        element.get("Method"), data.get("Recipient"), data.get("InResponseTo"), instant(end) if end else None, data.get("NotBefore"), data.get("Address")
    )


def read_wsfed(fields: dict[str, str]) -> WsFedAnswer:
    """From the posted fields `wa`, `wresult`, `wctx`."""
    assert fields.get("wa") == "wsignin1.0", sorted(fields)
    wresult = fields["wresult"]
    assert not wresult.startswith("<?xml"), "wresult carries an XML declaration"
    envelope = parse(wresult)
    assert envelope.tag == q(TRUST, "RequestSecurityTokenResponse"), envelope.tag
    requested = only(envelope, q(TRUST, "RequestedSecurityToken"))
    # passport-wsfed-saml2 and others take the first child node: no white space may stand before it.
    assert not requested.text and len(requested) == 1, "RequestedSecurityToken must hold the assertion and nothing else"
    assertion = requested[0]
    return WsFedAnswer(wresult, fields.get("wctx"), envelope, assertion, read(assertion))


def read_saml(fields: dict[str, str]) -> SamlAnswer:
    """From the posted fields `SAMLResponse` and `RelayState`."""
    document = base64.b64decode(fields["SAMLResponse"], validate=True).decode("utf-8")
    response = parse(document)
    assert response.tag == q(SAMLP, "Response"), response.tag
    status, code = [], only(response, q(SAMLP, "Status")).find(q(SAMLP, "StatusCode"))
    while code is not None:
        status.append(code.get("Value"))
        code = code.find(q(SAMLP, "StatusCode"))
    found = response.findall(q(SAML20, "Assertion"))
    assert len(found) <= 1, "several assertions"
    assertion = found[0] if found else None
    return SamlAnswer(document, fields.get("RelayState"), response, status, assertion, read(assertion) if found else None)
