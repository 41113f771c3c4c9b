"""The real relying parties work as set up here: each takes a sound sample and refuses an unsound one, before Signet comes in."""
import base64
import json
from datetime import timedelta

import pytest

from harness import names
from harness.browser import PlainBrowser
from harness.saml_requests import read_post, read_redirect
from harness.samples import idp_metadata
from harness.tokens import read_saml
from lab.authority import self_signed
from rp.mellon import Mellon
from rp.passport import Passport
from rp.pysaml import Pysaml
from rp.samael import Samael

ENTITY, SIGN_IN = "http://idp.example.net/adfs/services/trust", "https://idp.example.net/adfs/ls/"


@pytest.fixture(scope="session")
def sample_metadata(workspace, sample_signer):
    file = workspace / "sample-idp.xml"
    file.write_text(idp_metadata(ENTITY, SIGN_IN, sample_signer[0]))
    return file


@pytest.fixture
def browser(authority):
    return PlainBrowser(authority.certificate_file)


@pytest.fixture
def answer(sample):
    """Answers an AuthnRequest with a sample that fits it, changed as a test wishes."""

    def build(request, provider, relay_state=None, **changes):
        sample.issuer, sample.audience, sample.consumer = ENTITY, provider.entity_id, provider.acs
        sample.request_id, sample.wctx = request.get("ID"), relay_state
        for name, value in changes.items():
            setattr(sample, name, value)
        assert request.get("AssertionConsumerServiceURL") in (None, provider.acs)
        return sample.saml_fields()

    return build


BAD = [{"audience": "https://other"}, {"consumer": "https://evil.test/acs"}, {"request_id": "_never-sent"}, {"shift": timedelta(hours=-3)}]


@pytest.fixture(scope="module")
def pysaml(authority, workspace, sample_metadata):
    provider = Pysaml(authority, workspace, "pysaml-sample.example.net", sample_metadata)
    yield provider
    provider.close()


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_pysaml2_takes_a_sample(pysaml, browser, answer, binding):
    page = browser.get(pysaml.login_url(binding, "state-1"), follow=False)
    if binding == "redirect":
        request, state = read_redirect(page.headers["Location"])
    else:
        request, state = read_post(page.form("SAMLRequest").fields)
    page = browser.post(pysaml.acs, answer(request, pysaml, state))
    said = page.response.json()
    assert (page.status, said.get("name_id"), said.get("relay_state")) == (200, "jRo7LExenXCBkqO0xdbn+A==", "state-1"), said


@pytest.mark.parametrize("change", BAD)
def test_pysaml2_refuses(pysaml, browser, answer, change):
    request, state = read_redirect(browser.get(pysaml.login_url(), follow=False).headers["Location"])
    page = browser.post(pysaml.acs, answer(request, pysaml, state, **change))
    assert page.status == 403 and "refused" in page.response.json()


def test_pysaml2_refuses_another_key(pysaml, browser, answer, tmp_path):
    certificate, key = self_signed(tmp_path, "other", "other")
    request, state = read_redirect(browser.get(pysaml.login_url(), follow=False).headers["Location"])
    page = browser.post(pysaml.acs, answer(request, pysaml, state, key=key, certificate=certificate))
    assert page.status == 403


@pytest.fixture(scope="module")
def samael(sample_metadata):
    return Samael("samael-sample.example.net", sample_metadata.read_text())


def test_samael_takes_a_sample(samael, answer):
    begun = samael.redirect("state-2")
    request, state = read_redirect(begun["url"])
    assert (request.get("ID"), state) == (begun["id"], "state-2")
    fields = answer(request, samael, state)
    said = samael.validate(fields["SAMLResponse"], begun["id"])
    assert said["name_id"] == "jRo7LExenXCBkqO0xdbn+A==" and said["attributes"] == {"IDPEmail": ["alice@example.com"]}, said


@pytest.mark.parametrize("change", [*BAD, {"algorithm": "sha1"}])
def test_samael_refuses(samael, answer, change):
    begun = samael.redirect()
    fields = answer(read_redirect(begun["url"])[0], samael, **change)
    assert "refused" in samael.validate(fields["SAMLResponse"], begun["id"])


@pytest.fixture(scope="module")
def passport(authority, workspace, sample_signer):
    party = Passport(authority, workspace, "passport-sample.example.net", SIGN_IN, sample_signer[0])
    yield party
    party.close()


def test_passport_takes_a_sample(passport, browser, sample):
    page = browser.get(passport.login_url("state-3"), follow=False)
    assert page.headers["Location"].startswith(SIGN_IN + "?") and "wctx=state-3" in page.headers["Location"]
    sample.audience, sample.wctx = passport.realm, "state-3"
    page = browser.post(passport.reply, sample.wsfed_fields())
    said = page.response.json()
    assert page.status == 200, said
    assert (said["user"]["http://schemas.xmlsoap.org/claims/UPN"], said["wctx"]) == ("alice@example.com", "state-3")


@pytest.mark.parametrize("change", [{"audience": "urn:other"}, {"shift": timedelta(hours=-3)}])
def test_passport_refuses(passport, browser, sample, change):
    sample.audience = passport.realm
    for name, value in change.items():
        setattr(sample, name, value)
    assert browser.post(passport.reply, sample.wsfed_fields()).status == 403


def test_passport_refuses_another_key(passport, browser, sample, tmp_path):
    sample.audience = passport.realm
    sample.certificate, sample.key = self_signed(tmp_path, "other", "other")
    assert browser.post(passport.reply, sample.wsfed_fields()).status == 403


@pytest.fixture(scope="module")
def mellon(authority, workspace, sample_metadata):
    apache = Mellon(authority, workspace, "mellon-sample.example.net", 8941)
    apache.start(sample_metadata)
    yield apache
    apache.close()


def test_mellon_takes_a_sample(mellon, browser, answer):
    page = browser.get(mellon.page, follow=False)
    while "SAMLRequest" not in page.headers["Location"]:
        page = browser.get(page.headers["Location"], follow=False)
    request, state = read_redirect(page.headers["Location"])
    page = browser.post(mellon.acs, answer(request, mellon, state))
    assert (page.status, page.title, page.headers.get("X-Name-Id")) == (200, "Private", "jRo7LExenXCBkqO0xdbn+A=="), mellon.log()
    assert page.headers["X-Email"] == "alice@example.com"


# Mellon keeps no list of its requests, so a response to none of them is not among these.
@pytest.mark.parametrize("change", [one for one in BAD if "request_id" not in one])
def test_mellon_refuses(mellon, browser, answer, change):
    page = browser.get(mellon.page, follow=False)
    while "SAMLRequest" not in page.headers["Location"]:
        page = browser.get(page.headers["Location"], follow=False)
    request, state = read_redirect(page.headers["Location"])
    page = browser.post(mellon.acs, answer(request, mellon, state, **change))
    assert page.title != "Private"
    assert browser.get(mellon.page, follow=False).status == 303


def test_the_sample_says_what_the_providers_read(sample):
    token = read_saml({"SAMLResponse": base64.b64encode(sample.response().encode()).decode()}).token
    assert json.dumps(token.claims) == '{"IDPEmail": ["alice@example.com"]}' and token.name_id_format == names.PERSISTENT
