"""Entra over WS-Federation: the request it sends, the token it takes, for people of two federated domains."""
import time
from datetime import timedelta

import pytest

from harness import invariants, names
from harness.tokens import read_wsfed
from harness.wsfed import STATE, entra_url, sign_in_url, sign_out_url

PEOPLE = [("alice", "example.com"), ("carol", "example.com"), ("dave", "contoso.test"), ("erin", "contoso.test")]


def token_on(browser, signet, **expected):
    """The token on the page, all invariants checked."""
    answer = read_wsfed(browser.answer().fields)
    return invariants.check_wsfed(answer, signet.signing_certificate(), names.ENTRA, **expected)


@pytest.mark.parametrize("sam, domain", PEOPLE)
def test_sec_wsf_13_the_issuer_is_the_one_of_the_persons_domain(signet, lab, browser, tenant, sam, domain):
    user = lab["users"][sam]
    page = browser.get(entra_url(signet.sign_in_url, user["upn"]))
    assert page.status == 200 and page.form("UserName", "Password").fields["UserName"] == user["upn"]
    browser.sign_in(user["upn"], user["password"])
    form = browser.answer()
    assert (form.method, form.action) == ("post", names.ENTRA_REPLY)
    token = token_on(browser, signet)
    assert token.issuer == f"http://{domain}/adfs/services/trust/"
    assert (token.one(names.CLAIM_UPN), token.one(names.CLAIM_IMMUTABLE_ID), token.name_id) == (user["upn"], user["immutable_id"], user["immutable_id"])
    assert token.name_id_format == names.UNSPECIFIED
    assert token.method == names.PASSWORD_PROTECTED
    assert token.one(names.CLAIM_INSIDE) == "true"
    verdict = tenant.sign_in(form.fields, state=STATE)
    assert (verdict.fault, verdict.user, verdict.mfa) == (None, user["upn"], False)


def test_sec_wsf_14_the_immutable_id_is_the_consistency_guid_else_the_object_guid(signet, lab, browser, another_browser, tenant):
    alice, carol = lab["users"]["alice"], lab["users"]["carol"]
    assert alice["immutable_id"] != alice["object_guid_base64"] and carol["immutable_id"] == carol["object_guid_base64"]
    for user, who in ((alice, browser), (carol, another_browser())):
        who.get(entra_url(signet.sign_in_url))
        who.sign_in(user["upn"], user["password"])
        assert tenant.sign_in(who.answer().fields, state=STATE).accepted().name_id == user["immutable_id"]


@pytest.mark.parametrize("name", ["frank@unfederated.test", "bob@corp.example", "CORP\\noupn"])
def test_sec_wsf_13_nobody_outside_the_federated_domains_gets_a_token_for_entra(signet, browser, lab, name):
    browser.get(entra_url(signet.sign_in_url))
    page = browser.sign_in(name, lab["users"]["bob"]["password"])
    assert page.status in (400, 403, 500) and "wresult" not in page.response.text and "SAMLResponse" not in page.response.text
    assert page.title and not page.has_form("Password"), page.text


@pytest.mark.parametrize("typed", ["alice@example.com", "ALICE@Example.COM", "CORP\\alice", "corp\\ALICE", "alice", "alice@corp.example"])
def test_every_form_of_a_name_is_the_same_person(signet, lab, browser, tenant, typed):
    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(typed, lab["users"]["alice"]["password"])
    assert tenant.sign_in(browser.answer().fields, state=STATE).user == "alice@example.com"


def test_names_and_passwords_beyond_ascii(signet, lab, browser, tenant):
    zoe = lab["users"]["zoe"]
    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(zoe["upn"], zoe["password"])
    assert tenant.sign_in(browser.answer().fields, state=STATE).user == "zoë@example.com"


def test_a_second_sign_in_is_silent_and_keeps_its_time(signet, lab, browser, tenant):
    alice = lab["users"]["alice"]
    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    first = token_on(browser, signet)
    time.sleep(1.1)
    browser.get(entra_url(signet.sign_in_url, wctx="another"))
    second = token_on(browser, signet)
    assert tenant.sign_in(browser.answer().fields, state="another").user == alice["upn"]
    assert second.id != first.id and second.authenticated_at == first.authenticated_at and second.issue_instant > first.issue_instant


@pytest.mark.parametrize("parameters", [
    {"wfresh": "0"},
    {"wfresh": "0", "wauth": "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"},
    {"prompt": "login"},
])
def test_a_fresh_sign_in_asks_again_and_carries_a_new_time(signet, lab, browser, parameters):
    alice = lab["users"]["alice"]
    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    first = token_on(browser, signet)
    time.sleep(1.1)
    browser.get(entra_url(signet.sign_in_url, alice["upn"], **parameters))
    assert browser.asks_for_password()
    browser.sign_in(alice["upn"], alice["password"])
    assert token_on(browser, signet).authenticated_at >= first.authenticated_at + timedelta(seconds=1)


def test_sec_wsf_06_wfresh_counts_minutes_and_nonsense_is_refused(signet, lab, browser):
    alice = lab["users"]["alice"]
    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    browser.get(entra_url(signet.sign_in_url, wfresh="60"))
    token_on(browser, signet)
    for nonsense in ("-1", "1e99", "x"):
        page = browser.get(entra_url(signet.sign_in_url, wfresh=nonsense))
        assert page.status == 400 and not page.forms()


def test_sign_out_ends_the_session(signet, lab, browser):
    alice = lab["users"]["alice"]
    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    cookies = browser.session.cookies.copy()
    page = browser.get(sign_out_url(signet.sign_in_url))
    assert page.status == 200 and "signed out" in page.text.lower()
    frames = [one.get("src") for one in page.tree.iter("iframe")]
    assert frames == [names.ENTRA_REPLY + "?wa=wsignoutcleanup1.0"]
    browser.get(entra_url(signet.sign_in_url))
    assert browser.asks_for_password()
    # The cookie of before is dead as well, not only forgotten.
    browser.session.cookies = cookies
    browser.get(entra_url(signet.sign_in_url))
    assert browser.asks_for_password()


def test_sec_wsf_07_a_second_factor_that_does_not_exist_is_not_claimed(signet, lab, browser):
    alice = lab["users"]["alice"]
    page = browser.get(entra_url(signet.sign_in_url, alice["upn"], wauth=names.MULTIPLE))
    if page.has_form("Password"):
        page = browser.sign_in(alice["upn"], alice["password"])
    assert page.status >= 400 and "wresult" not in page.response.text


def test_sec_wsf_16_a_password_sign_in_is_never_called_more(signet, lab, browser):
    alice = lab["users"]["alice"]
    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    token = token_on(browser, signet, second_factor=False)
    said = {token.method, *token.claims.get(names.CLAIM_METHODS, [])}
    assert said <= {names.PASSWORD_PROTECTED, "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"}, said


@pytest.mark.parametrize("wctx", [
    '"><svg onload=alert(1)>', "</form><script>alert(1)</script>", "a\u2028b\u2029c", "ž 山田 \u202e", "a&b=c&amp;d", "'\"", "%2B+%20", STATE * 5,
])
def test_sec_wsf_04_wctx_comes_back_as_it_was_sent(signet, lab, browser, partners, wctx):
    alice = lab["users"]["alice"]
    browser.get(entra_url(signet.sign_in_url, wctx=wctx))
    browser.sign_in(alice["upn"], alice["password"])
    answer = browser.answer()
    assert len(browser.page.tree.xpath("//svg | //script[not(@src)]")) == 0
    browser.submit(answer)
    assert partners.received("/login.srf").fields["wctx"] == wctx


def test_sec_wsf_03_an_unknown_realm_is_named_and_not_followed(signet, browser):
    for realm in ("urn:federation:microsoftonline", "urn:federation:MicrosoftOnline/", "https://evil.test/<script>alert(1)</script>", "urn:with space"):
        page = browser.get(sign_in_url(signet.sign_in_url, realm, wreply="https://evil.test/"))
        assert page.status == 400 and not page.forms() and not page.response.history
        assert "<script>alert" not in page.response.text


def test_sec_wsf_02_a_reply_address_of_nobody_is_refused(signet, browser):
    for reply in ("https://evil.test/login.srf", "https://login.microsoftonline.com.evil.test/login.srf", "https://login.microsoftonline.com/login.srf@evil.test",
                  "https://login.microsoftonline.com/other", "//evil.test", "https://login.microsoftonline.com:444/login.srf"):
        page = browser.get(entra_url(signet.sign_in_url, wreply=reply))
        assert page.status == 400 and not page.forms(), reply


def test_a_registered_reply_address_is_used(signet, lab, browser):
    alice = lab["users"]["alice"]
    browser.get(entra_url(signet.sign_in_url, wreply="https://ccs.login.microsoftonline.com/login.srf"))
    browser.sign_in(alice["upn"], alice["password"])
    assert browser.answer().action == "https://ccs.login.microsoftonline.com/login.srf"


def test_sec_wsf_15_headers_of_a_client_claim_nothing(signet, lab, browser):
    headers = {
        "X-MS-Proxy": "inside", "X-MS-Forwarded-Client-IP": "10.0.0.1", "X-Forwarded-For": "203.0.113.9", "X-MS-Client-Application": "Microsoft.Exchange.ActiveSync",
        "X-MS-Endpoint-Absolute-Path": "/adfs/services/trust", "X-MS-Client-User-Agent": "x",
    }
    browser.session.headers.update(headers)
    alice = lab["users"]["alice"]
    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    assert token_on(browser, signet).one(names.CLAIM_INSIDE) == "true"
    success = [event for event in signet.audit() if event["event"] == 1202][-1]
    assert success["details"]["IpAddress"] == "127.0.0.1" and not success["details"]["ProxyServer"]


def test_paths_match_in_any_letter_case_with_and_without_the_slash(signet, browser):
    for path in ("/adfs/ls", "/adfs/ls/", "/ADFS/LS/", "/Adfs/Ls"):
        page = browser.get(entra_url(signet.url + path))
        assert page.status == 200 and browser.asks_for_password(), path


def test_in_chromium_the_whole_way_to_entra(signet, lab, chromium, partners, tenant, tmp_path):
    dave = lab["users"]["dave"]
    browser = chromium(signet.tls_certificate)
    browser.open(entra_url(signet.sign_in_url, dave["upn"]))
    name = browser.wait_for("input[name=UserName]")
    assert name.get_attribute("value") == dave["upn"]
    assert browser.driver.switch_to.active_element.get_attribute("name") == "Password", "the field that matters has the focus"
    browser.sign_in(None, dave["password"])
    browser.wait(lambda b: b.title == "Received")
    verdict = tenant.sign_in(partners.received("/login.srf").fields, state=STATE)
    assert (verdict.fault, verdict.user) == (None, dave["upn"])
    assert browser.complaints() == []
    # Silent the second time: no page that waits for a person.
    browser.open(entra_url(signet.sign_in_url))
    browser.wait(lambda b: b.title == "Received")
    assert tenant.sign_in(partners.received("/login.srf").fields, state=STATE).user == dave["upn"]
    browser.open(entra_url(signet.sign_in_url, dave["upn"], wfresh="0"))
    browser.wait_for("input[name=Password]")
    browser.open(sign_out_url(signet.sign_in_url))
    browser.wait(lambda b: "signed out" in b.text.lower())
    cleanup = partners.received("/login.srf")
    assert (cleanup.method, cleanup.query) == ("GET", {"wa": "wsignoutcleanup1.0"})
    browser.open(entra_url(signet.sign_in_url))
    browser.wait_for("input[name=Password]")


def test_sec_wsf_10_in_chromium_without_javascript(signet, lab, chromium, partners, tenant):
    alice = lab["users"]["alice"]
    browser = chromium(signet.tls_certificate, javascript=False)
    browser.open(entra_url(signet.sign_in_url, alice["upn"]))
    browser.sign_in(None, alice["password"])
    browser.wait_for("form[action='https://login.microsoftonline.com/login.srf'] button, form[action='https://login.microsoftonline.com/login.srf'] input[type=submit]").click()
    browser.wait(lambda b: b.title == "Received")
    assert tenant.sign_in(partners.received("/login.srf").fields, state=STATE).user == alice["upn"]


def test_keep_me_signed_in_outlives_the_browser(signet, lab, browser):
    alice = lab["users"]["alice"]
    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    session = next(one for one in browser.session.cookies if "session" in one.name)
    assert session.expires is None
    browser.session.cookies.clear()
    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"], keep=True)
    session = next(one for one in browser.session.cookies if "session" in one.name)
    assert 23 * 3600 < session.expires - time.time() <= 24 * 3600 + 5
    assert token_on(browser, signet).claims.get("http://schemas.microsoft.com/2014/03/psso") == ["true"]
