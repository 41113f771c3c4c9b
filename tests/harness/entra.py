"""What Entra would say of a sign-in, by its published and observed rules, in its order."""
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from harness import names, xmlsec
from harness.certificates import write_pem
from harness.tokens import Token, read_saml, read_wsfed

SKEW = timedelta(minutes=5)  # not published; the usual tolerance is assumed


@dataclass
class Domain:
    """A federated domain's settings: `issuerUri`, `signingCertificate`, `nextSigningCertificate`."""

    name: str
    issuer: str
    certificates: list[Path]


@dataclass
class Verdict:
    """`user` is the UPN of the signed-in user; else `fault` says what Entra's error page would."""

    user: str | None = None
    fault: str | None = None
    token: Token | None = None
    mfa: bool = False

    def accepted(self) -> Token:
        assert self.fault is None, f"Entra refuses: {self.fault}"
        return self.token


class Refused(Exception):
    """One of Entra's refusals: error code and reason."""


@dataclass
class Tenant:
    """A tenant: its federated domains, and its users by ImmutableID."""

    domains: list[Domain]
    users: dict[str, str] = field(default_factory=dict)

    @classmethod
    def federated_with(cls, signet, domains, people) -> "Tenant":
        """Set up by hand from what `signet domain show` says; everybody with a UPN is synchronised."""
        known = []
        for name in domains:
            settings = signet.run("domain", "show", name)
            texts = [settings[key] for key in ("signingCertificate", "nextSigningCertificate") if settings.get(key)]
            files = [write_pem(text, signet.folder / f"entra-{name}-{at}.crt") for at, text in enumerate(texts)]
            known.append(Domain(name, settings["issuerUri"], files))
        return cls(known, {user["immutable_id"]: user["upn"] for user in people if user["upn"]})

    def sign_in(self, fields: dict[str, str], *, state: str | None = None, request_id: str | None = None) -> Verdict:
        """The verdict on the fields posted to login.srf; `state` is the wctx or RelayState that Entra sent along."""
        try:
            if "wresult" in fields:
                token = self._wsfed(fields, state)
            else:
                token = self._saml(fields, state, request_id)
            return self._user_of(token)
        except Refused as refusal:
            return Verdict(fault=str(refusal))
        except xmlsec.SignatureRefused as refusal:
            return Verdict(fault=f"AADSTS50008 signature: {refusal}")
        except (AssertionError, ValueError, KeyError) as problem:
            return Verdict(fault=f"AADSTS50107 unreadable: {problem}")

    def _wsfed(self, fields, state) -> Token:
        answer = read_wsfed(fields)
        self._same_state(answer.wctx, state)
        if answer.token.version != "1.1":
            raise Refused("AADSTS50107 a SAML 2.0 assertion inside WS-Federation")
        self._verify(answer.wresult, answer.assertion, answer.token.issuer)
        return answer.token

    def _saml(self, fields, state, request_id) -> Token:
        answer = read_saml(fields)
        self._same_state(answer.relay_state, state)
        if not answer.succeeded:
            raise Refused(f"AADSTS500082 status {answer.status}")
        if answer.token is None:
            raise Refused("AADSTS50008 no readable assertion: Entra cannot decrypt")
        token = answer.token
        self._verify(answer.document, answer.assertion, token.issuer)
        if answer.response.get("Destination") != names.ENTRA_REPLY:
            raise Refused(f"AADSTS50107 Destination {answer.response.get('Destination')}")
        if answer.response.get("InResponseTo") != request_id:
            raise Refused("AADSTS50107 InResponseTo")
        confirmation = next((one for one in token.confirmations if one.method == names.BEARER20), None)
        if confirmation is None or confirmation.recipient != names.ENTRA_REPLY or confirmation.in_response_to != request_id:
            raise Refused("AADSTS50107 SubjectConfirmation")
        if confirmation.not_on_or_after is None or confirmation.not_on_or_after <= datetime.now(timezone.utc) - SKEW:
            raise Refused("AADSTS500133 SubjectConfirmationData is over")
        if token.name_id_format != names.PERSISTENT:
            raise Refused(f"AADSTS50107 NameID format {token.name_id_format}")
        if "IDPEmail" not in token.claims:
            raise Refused("AADSTS50107 no IDPEmail")
        return token

    @staticmethod
    def _same_state(got, sent):
        if got != sent:
            raise Refused(f"AADSTS50011 state came back changed: {got!r} for {sent!r}")

    def _verify(self, document, assertion, issuer):
        domain = self._domain_of(issuer)
        refusals = []
        for certificate in domain.certificates:
            try:
                if xmlsec.verify(document, assertion, certificate) != names.RSA_SHA256:
                    raise Refused("AADSTS50008 SHA-1 is retired")
                return
            except xmlsec.SignatureRefused as refusal:
                refusals.append(str(refusal))
        raise xmlsec.SignatureRefused("; ".join(refusals))

    def _domain_of(self, issuer: str) -> Domain:
        for domain in self.domains:
            if domain.issuer == issuer:
                return domain
        raise Refused(f"AADSTS50107 no domain has the issuer {issuer!r}")

    def _user_of(self, token: Token) -> Verdict:
        now = datetime.now(timezone.utc)
        if not token.not_before - SKEW <= now < token.not_on_or_after + SKEW:
            raise Refused("AADSTS500133 outside the assertion's time")
        if names.ENTRA not in token.audiences:
            raise Refused(f"AADSTS50107 audience {token.audiences}")
        immutable_id = token.name_id
        named = token.claims.get(names.CLAIM_IMMUTABLE_ID, [immutable_id])
        if named != [immutable_id]:
            raise Refused(f"AADSTS51004 NameID {immutable_id} and ImmutableID {named} differ")
        upn = self.users.get(immutable_id)
        if upn is None:
            raise Refused(f"AADSTS51004 nobody has the ImmutableID {immutable_id}")
        if self._domain_of(token.issuer) is not self._root_domain(upn):
            raise Refused(f"AADSTS5000820 {token.issuer} does not speak for {upn}")
        said = [token.method]
        if token.version == "1.1":
            said += token.claims.get(names.CLAIM_METHOD, []) + token.claims.get(names.CLAIM_METHODS, [])
        return Verdict(user=upn, token=token, mfa=names.MULTIPLE in said)

    def _root_domain(self, upn: str) -> Domain | None:
        suffix = upn.rpartition("@")[2].lower()
        covering = [d for d in self.domains if suffix == d.name or suffix.endswith("." + d.name)]
        return max(covering, key=lambda d: len(d.name), default=None)
