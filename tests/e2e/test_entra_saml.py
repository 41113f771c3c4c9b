"""Entra over SAML 2.0: its unsigned request by POST from its own site, and the answer it takes."""
import pytest

from harness import invariants, names
from harness.saml_requests import authn_request, entra_request, name_id_policy, new_id, post_fields, redirect_url, requested_context
from harness.tokens import read_saml

STATE = "estsredirect=2&estsrequest=" + "rQIIAd2Qv2sTYRjH" * 20


@pytest.fixture
def signet(common_saml_signet):
    """Here Entra speaks SAML."""
    common_saml_signet.claim_name()
    return common_saml_signet


def begin(browser, signet, identifier, binding="post"):
    document = entra_request(identifier)
    if binding == "redirect":
        return browser.get(redirect_url(signet.sign_in_url, document, STATE))
    return browser.post(signet.sign_in_url, post_fields(document, STATE), origin="https://login.microsoftonline.com", headers={"Sec-Fetch-Site": "cross-site"})


@pytest.mark.parametrize("binding", ["post", "redirect"])
@pytest.mark.parametrize("sam", ["alice", "dave"])
def test_entra_takes_the_answer_to_its_unsigned_request(signet, lab, browser, tenant, binding, sam):
    user, identifier = lab["users"][sam], new_id()
    begin(browser, signet, identifier, binding)
    browser.sign_in(user["upn"], user["password"])
    form = browser.answer()
    assert form.action == names.ENTRA_REPLY
    answer = read_saml(form.fields)
    token = invariants.check_saml(answer, signet.signing_certificate(), names.ENTRA, names.ENTRA_REPLY, identifier)
    assert (token.name_id, token.name_id_format, token.one("IDPEmail")) == (user["immutable_id"], names.PERSISTENT, user["upn"])
    verdict = tenant.sign_in(form.fields, state=STATE, request_id=identifier)
    assert (verdict.fault, verdict.user, verdict.mfa) == (None, user["upn"], False)


def test_a_post_from_another_site_keeps_the_session(signet, lab, chromium, partners, tenant, tmp_path):
    """The browser sends a session cookie with SameSite=Lax along with no POST from Entra's site; sign-on must be silent all the same."""
    alice, identifier = lab["users"]["alice"], new_id()
    browser = chromium(signet.tls_certificate)
    browser.open(redirect_url(signet.sign_in_url, entra_request(new_id()), STATE))
    browser.sign_in(alice["upn"], alice["password"])
    browser.wait(lambda b: b.title == "Received")
    partners.forget()
    fields = post_fields(entra_request(identifier), STATE)
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value.replace("&", "&amp;")}">' for name, value in fields.items())
    page = f'<!DOCTYPE html><title>Entra</title><form method="post" action="{signet.sign_in_url}">{inputs}<button id="go">Go</button></form>'
    partners.serve("https://login.microsoftonline.com/saml-start", "text/html; charset=utf-8", page.encode())
    browser.open("https://login.microsoftonline.com/saml-start")
    browser.wait_for("#go").click()
    browser.wait(lambda b: b.title == "Received")
    partners.received("/saml-start")
    verdict = tenant.sign_in(partners.received("/login.srf").fields, state=STATE, request_id=identifier)
    assert (verdict.fault, verdict.user) == (None, alice["upn"])


def test_sec_saml_09_force_authn_asks_again(signet, lab, browser):
    alice = lab["users"]["alice"]
    browser.get(redirect_url(signet.sign_in_url, entra_request(new_id())))
    browser.sign_in(alice["upn"], alice["password"])
    document = authn_request(names.ENTRA, new_id(), name_id_policy(names.PERSISTENT), ForceAuthn="true")
    browser.get(redirect_url(signet.sign_in_url, document))
    assert browser.asks_for_password()


def test_sec_saml_10_passive_without_a_session_is_answered_and_shows_nothing(signet, browser):
    identifier = new_id()
    document = authn_request(names.ENTRA, identifier, name_id_policy(names.PERSISTENT), IsPassive="true")
    browser.get(redirect_url(signet.sign_in_url, document, "state"))
    form = browser.answer()
    answer = read_saml(form.fields)
    invariants.check_saml_failure(
        answer, names.ENTRA_REPLY, identifier, "urn:oasis:names:tc:SAML:2.0:status:Responder", "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
    )
    assert form.fields["RelayState"] == "state"


def test_sec_saml_11_a_second_factor_is_not_echoed(signet, browser):
    identifier = new_id()
    document = authn_request(names.ENTRA, identifier, name_id_policy(names.PERSISTENT) + requested_context(names.MULTIPLE))
    browser.get(redirect_url(signet.sign_in_url, document))
    answer = read_saml(browser.answer().fields)
    invariants.check_saml_failure(
        answer, names.ENTRA_REPLY, identifier, "urn:oasis:names:tc:SAML:2.0:status:Responder", "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"
    )


def test_sec_saml_01_another_consumer_address_is_refused_here(signet, browser):
    document = authn_request(names.ENTRA, new_id(), AssertionConsumerServiceURL="https://evil.test/login.srf")
    page = browser.get(redirect_url(signet.sign_in_url, document))
    assert page.status == 400 and not page.forms()


def test_sec_saml_20_relay_state_comes_back_as_it_was_sent(signet, lab, browser, partners):
    alice = lab["users"]["alice"]
    for state in ('"><svg onload=alert(1)>', "a&b=c+d%20e", "ž\u2028山", "x" * 1000):
        browser.session.cookies.clear()
        browser.get(redirect_url(signet.sign_in_url, entra_request(new_id()), state))
        browser.sign_in(alice["upn"], alice["password"])
        browser.submit(browser.answer())
        assert partners.received("/login.srf").fields["RelayState"] == state
