"""The judges judge: what they must refuse, on samples made and signed without Signet."""
import base64
from datetime import timedelta

import pytest

from harness import invariants, metadata, names, xmlsec
from harness.browser import PlainBrowser
from harness.entra import Domain, Tenant
from harness.tokens import read_saml, read_wsfed
from lab.authority import self_signed

ALICE = "jRo7LExenXCBkqO0xdbn+A=="


@pytest.fixture
def tenant(sample_signer):
    certificate, _ = sample_signer
    return Tenant(
        [Domain("example.com", "http://example.com/adfs/services/trust/", [certificate]), Domain("contoso.test", "http://contoso.test/x", [certificate])],
        {ALICE: "alice@example.com"},
    )


def test_entra_takes_a_sound_wsfed_answer(tenant, sample):
    verdict = tenant.sign_in(sample.wsfed_fields(), state=sample.wctx)
    assert (verdict.fault, verdict.user, verdict.mfa) == (None, "alice@example.com", False)


def test_entra_takes_a_sound_saml_answer(tenant, sample):
    verdict = tenant.sign_in(sample.saml_fields(), state=sample.wctx, request_id="_request")
    assert (verdict.fault, verdict.user) == (None, "alice@example.com")


@pytest.mark.parametrize(
    "change, fault",
    [
        ({"issuer": "http://example.com/adfs/services/trust"}, "AADSTS50107"),
        ({"issuer": "http://contoso.test/x"}, "AADSTS5000820"),
        ({"audience": "urn:federation:Other"}, "AADSTS50107"),
        ({"name_id": "AAAAAAAAAAAAAAAAAAAAAA=="}, "AADSTS51004"),
        ({"algorithm": "sha1"}, "AADSTS50008"),
        ({"shift": timedelta(hours=-2)}, "AADSTS500133"),
        ({"shift": timedelta(minutes=10)}, "AADSTS500133"),
    ],
)
@pytest.mark.parametrize("protocol", ["wsfed", "saml"])
def test_entra_refuses(tenant, sample, protocol, change, fault):
    for name, value in change.items():
        setattr(sample, name, value)
    fields = sample.wsfed_fields() if protocol == "wsfed" else sample.saml_fields()
    verdict = tenant.sign_in(fields, state=sample.wctx, request_id="_request")
    assert verdict.fault and verdict.fault.startswith(fault), verdict.fault


def test_entra_refuses_another_key_a_changed_state_and_another_request(tenant, sample, tmp_path):
    assert "50011" in tenant.sign_in(sample.wsfed_fields(), state="other").fault
    assert "InResponseTo" in tenant.sign_in(sample.saml_fields(), state=sample.wctx, request_id="_other").fault
    sample.certificate, sample.key = self_signed(tmp_path, "other", "ADFS Signing - other")
    assert "AADSTS50008" in tenant.sign_in(sample.wsfed_fields(), state=sample.wctx).fault


def test_a_changed_octet_breaks_the_signature(sample):
    text = sample.wresult()
    changed = text.replace("alice@example.com", "admin@example.com")
    certificate = sample.certificate
    assert xmlsec.verify(text, read_wsfed({"wa": "wsignin1.0", "wresult": text}).assertion, certificate) == names.RSA_SHA256
    with pytest.raises(xmlsec.SignatureRefused):
        xmlsec.verify(changed, read_wsfed({"wa": "wsignin1.0", "wresult": changed}).assertion, certificate)


def test_a_signature_over_something_else_is_refused(sample):
    """The signature of one assertion moved into another that refers to it."""
    honest, forged = sample.response(), sample.response()
    answer = read_saml({"SAMLResponse": base64.b64encode(honest.encode()).decode()})
    signature = honest[honest.index("<ds:Signature") : honest.index("</ds:Signature>") + 15]
    forged = forged[: forged.index("<ds:Signature")] + signature + forged[forged.index("</ds:Signature>") + 15 :]
    forged_answer = read_saml({"SAMLResponse": base64.b64encode(forged.encode()).decode()})
    xmlsec.verify(honest, answer.assertion, sample.certificate)
    with pytest.raises(AssertionError, match="refers to"):
        xmlsec.verify(forged, forged_answer.assertion, sample.certificate)


@pytest.mark.parametrize("sign_response", [False, True])
def test_the_invariants_accept_a_sound_response(sample, sign_response):
    sample.audience, sample.consumer = "https://wiki.example.net/sp", "https://wiki.example.net/acs"
    answer = read_saml(sample.saml_fields(sign_response))
    signed = ("assertion", "response") if sign_response else ("assertion",)
    invariants.check_saml(answer, sample.certificate, sample.audience, sample.consumer, "_request", signed)


@pytest.mark.parametrize("change", [
    {"lifetime": timedelta(hours=2)}, {"audience": "https://other"}, {"consumer": "https://evil.test/acs"}, {"request_id": None},
    {"method": names.MULTIPLE}, {"shift": timedelta(minutes=10)}, {"algorithm": "sha1"},
])
def test_the_invariants_refuse(sample, change):
    sample.audience, sample.consumer = "https://wiki.example.net/sp", "https://wiki.example.net/acs"
    for name, value in change.items():
        setattr(sample, name, value)
    with pytest.raises(AssertionError):
        invariants.check_saml(read_saml(sample.saml_fields()), sample.certificate, "https://wiki.example.net/sp", "https://wiki.example.net/acs", "_request")


def test_a_comment_inside_a_name_is_refused(sample):
    text = sample.wresult().replace(ALICE, ALICE[:4] + "<!-- x -->" + ALICE[4:])
    with pytest.raises(AssertionError, match="more than text"):
        read_wsfed({"wa": "wsignin1.0", "wresult": text})


def test_types_are_resolved_where_they_stand():
    role = '<a xmlns:xsi="{0}" xmlns:fed="{1}"><b xsi:type="fed:SecurityTokenServiceType"/></a>'.format(names.XSI, names.WSFED)
    assert [t for _, t in metadata.resolve_types(xmlsec.parse(role))] == [metadata.SECURITY_TOKEN_SERVICE]
    with pytest.raises(AssertionError):  # exclusive canonicalisation drops a prefix that only a value uses
        metadata.canonical_types_survive(xmlsec.parse(role))
    with pytest.raises(AssertionError):
        metadata.resolve_types(xmlsec.parse(role.replace("fed:Sec", "other:Sec")))


def test_the_relying_party_keeps_what_a_form_sends(partners, authority, sample):
    browser = PlainBrowser(authority.certificate_file)
    sent_fields = sample.wsfed_fields()
    page = browser.post(names.ENTRA_REPLY, sent_fields)
    sent = partners.received("/login.srf")
    assert page.title == "Received"
    assert (sent.url, sent.fields) == (names.ENTRA_REPLY, sent_fields)


def test_chromium_posts_a_form_to_the_relying_party(partners, chromium, tmp_path):
    page = tmp_path / "form.html"
    page.write_text(f'<form method="post" action="{names.ENTRA_REPLY}"><input name="wctx" value="&lt;a&gt; ž"></form><script>document.forms[0].submit()</script>')
    browser = chromium()
    browser.open(page.as_uri())
    sent = partners.received("/login.srf")
    assert (sent.method, sent.fields) == ("POST", {"wctx": "<a> ž"})
    browser.wait(lambda b: b.title == "Received")
