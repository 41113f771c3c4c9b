"""Sample tokens, written and signed without Signet: they show that the judges judge, and feed relying parties in self-tests."""
import base64
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from harness import names
from harness.certificates import base64_der
from harness.xmlsec import sign, signature_template


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


@dataclass
class Sample:
    """The facts of one sample; every field may be set to a wrong value by a test."""

    key: Path
    certificate: Path
    issuer: str = "http://example.com/adfs/services/trust/"
    audience: str = names.ENTRA
    consumer: str = names.ENTRA_REPLY
    name_id: str = "jRo7LExenXCBkqO0xdbn+A=="
    name_id_format: str = names.PERSISTENT
    upn: str = "alice@example.com"
    method: str = names.PASSWORD_PROTECTED
    algorithm: str = "sha256"
    shift: timedelta = timedelta(0)
    lifetime: timedelta = timedelta(hours=1)
    request_id: str | None = "_request"
    wctx: str | None = "LoginOptions=3&estsredirect=2&estsrequest=abc"

    def wsfed_fields(self) -> dict[str, str]:
        fields = {"wa": "wsignin1.0", "wresult": self.wresult()}
        return fields if self.wctx is None else fields | {"wctx": self.wctx}

    def saml_fields(self, sign_response: bool = False) -> dict[str, str]:
        fields = {"SAMLResponse": base64.b64encode(self.response(sign_response).encode()).decode()}
        return fields if self.wctx is None else fields | {"RelayState": self.wctx}

    def _times(self):
        now = datetime.now(timezone.utc) + self.shift
        return stamp(now), stamp(now + self.lifetime), stamp(now + min(self.lifetime, timedelta(minutes=5)))

    def wresult(self) -> str:
        now, end, _ = self._times()
        identifier = f"_{uuid.uuid4()}"
        subject = (
            f'<saml:Subject><saml:NameIdentifier Format="{names.UNSPECIFIED}">{self.name_id}</saml:NameIdentifier><saml:SubjectConfirmation>'
            f"<saml:ConfirmationMethod>{names.BEARER11}</saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>"
        )
        attribute = lambda type_, value: (  # noqa: E731
            f'<saml:Attribute AttributeName="{type_.rpartition("/")[2]}" AttributeNamespace="{type_.rpartition("/")[0]}">'
            f"<saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
        )
        assertion = sign(
            f'<saml:Assertion xmlns:saml="{names.SAML11}" MajorVersion="1" MinorVersion="1" AssertionID="{identifier}" Issuer="{self.issuer}" '
            f'IssueInstant="{now}"><saml:Conditions NotBefore="{now}" NotOnOrAfter="{end}"><saml:AudienceRestrictionCondition>'
            f"<saml:Audience>{self.audience}</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>"
            f"<saml:AttributeStatement>{subject}{attribute(names.CLAIM_UPN, self.upn)}{attribute(names.CLAIM_IMMUTABLE_ID, self.name_id)}"
            f'</saml:AttributeStatement><saml:AuthenticationStatement AuthenticationMethod="{self.method}" AuthenticationInstant="{now}">'
            f"{subject}</saml:AuthenticationStatement>{signature_template(identifier, self.algorithm)}</saml:Assertion>",
            self.key, self.certificate,
        )
        return (
            f'<t:RequestSecurityTokenResponse xmlns:t="{names.TRUST}"><t:Lifetime><wsu:Created xmlns:wsu="{names.WSU}">{now}</wsu:Created>'
            f'<wsu:Expires xmlns:wsu="{names.WSU}">{end}</wsu:Expires></t:Lifetime><wsp:AppliesTo xmlns:wsp="{names.POLICY}">'
            f'<wsa:EndpointReference xmlns:wsa="{names.ADDRESSING}"><wsa:Address>{self.audience}</wsa:Address></wsa:EndpointReference>'
            f"</wsp:AppliesTo><t:RequestedSecurityToken>{assertion}</t:RequestedSecurityToken><t:TokenType>{names.SAML11}</t:TokenType>"
            f"<t:RequestType>{names.TRUST}/Issue</t:RequestType></t:RequestSecurityTokenResponse>"
        )

    def response(self, sign_response: bool = False) -> str:
        now, end, soon = self._times()
        identifier, outer = f"_{uuid.uuid4()}", f"_{uuid.uuid4()}"
        answering = f' InResponseTo="{self.request_id}"' if self.request_id else ""
        assertion = (
            f'<saml:Assertion xmlns:saml="{names.SAML20}" ID="{identifier}" Version="2.0" IssueInstant="{now}"><saml:Issuer>{self.issuer}'
            f"</saml:Issuer>{signature_template(identifier, self.algorithm)}<saml:Subject>"
            f'<saml:NameID Format="{self.name_id_format}">{self.name_id}</saml:NameID><saml:SubjectConfirmation Method="{names.BEARER20}">'
            f'<saml:SubjectConfirmationData{answering} NotOnOrAfter="{soon}" Recipient="{self.consumer}"/></saml:SubjectConfirmation></saml:Subject>'
            f'<saml:Conditions NotBefore="{now}" NotOnOrAfter="{end}"><saml:AudienceRestriction><saml:Audience>{self.audience}</saml:Audience>'
            f'</saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{now}" SessionIndex="{identifier}"><saml:AuthnContext>'
            f"<saml:AuthnContextClassRef>{self.method}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            f'<saml:AttributeStatement><saml:Attribute Name="IDPEmail"><saml:AttributeValue>{self.upn}</saml:AttributeValue></saml:Attribute>'
            f"</saml:AttributeStatement></saml:Assertion>"
        )
        assertion = sign(assertion, self.key, self.certificate)
        response = (
            f'<samlp:Response xmlns:samlp="{names.SAMLP}" ID="{outer}" Version="2.0" IssueInstant="{now}" Destination="{self.consumer}"{answering}>'
            f'<saml:Issuer xmlns:saml="{names.SAML20}">{self.issuer}</saml:Issuer>{signature_template(outer) if sign_response else ""}'
            f'<samlp:Status><samlp:StatusCode Value="{names.SUCCESS}"/></samlp:Status>{assertion}</samlp:Response>'
        )
        return sign(response, self.key, self.certificate) if sign_response else response


def idp_metadata(entity_id: str, sign_in_url: str, certificate: Path) -> str:
    """Metadata of an identity provider that only the self-tests have."""
    services = "".join(f'<SingleSignOnService Binding="{binding}" Location="{sign_in_url}"/>' for binding in (names.REDIRECT, names.POST))
    return (
        f'<EntityDescriptor xmlns="{names.METADATA}" entityID="{entity_id}">'
        f'<IDPSSODescriptor protocolSupportEnumeration="{names.SAMLP}"><KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{names.DSIG}">'
        f"<ds:X509Data><ds:X509Certificate>{base64_der(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>"
        f"{services}</IDPSSODescriptor></EntityDescriptor>"
    )
