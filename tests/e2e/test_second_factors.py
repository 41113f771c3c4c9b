"""Second factors: asked for, set up, used once, and said in the token exactly as they were performed."""
import sqlite3

import pytest
from selenium.webdriver.common.virtual_authenticator import Protocol, Transport, VirtualAuthenticatorOptions

from harness import invariants, names, totp
from harness.saml_requests import authn_request, new_id, post_fields, requested_context
from harness.tokens import read_saml, read_wsfed
from harness.wsfed import entra_url, sign_in_url

OTP = "http://schemas.microsoft.com/ws/2012/12/authmethod/otp"
KEY = "http://schemas.microsoft.com/ws/2012/12/authmethod/securitykey"
MFA_INSTANT = "http://schemas.microsoft.com/ws/2017/04/identity/claims/multifactorauthenticationinstant"
RULES = '=> issue(Type = "http://schemas.microsoft.com/ws/2008/06/identity/claims/authenticationmethod", Value = "http://schemas.microsoft.com/claims/multipleauthn");'


@pytest.fixture(scope="module")
def node(new_signet, tmp_path_factory):
    node = new_signet()
    node.configuration["second_factor"] = {"enrol_inside": True}
    node.configuration["session"]["loop_tokens"] = 50
    node.run("rp", "add", "--name", "Payroll", "--realm", "urn:tests:payroll", "--wsfed", "https://app.example.net/payroll")
    node.run("rp", "set", "Payroll", "--property", f"additional_authentication_rules={RULES}")
    yield node.start()
    node.stop()
    node.run("audit", "verify")


def test_entra_is_told_whose_second_factor_counts(node, new_signet):
    assert node.run("domain", "show", "example.com")["federatedIdpMfaBehavior"] == "acceptIfMfaDoneByFederatedIdp"
    assert new_signet().run("domain", "show", "example.com")["federatedIdpMfaBehavior"] == "rejectMfaByFederatedIdp"


def asks_code(page) -> bool:
    return page.has_form("Factor", "Code")


def set_up(node, browser, person, **parameters) -> tuple[str, list[str], str]:
    """Signs in with a password and sets up an app on the way; the secret, the recovery codes and the code it took."""
    node.claim_name()
    browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE, **parameters))
    page = browser.sign_in(person["upn"], person["password"])
    assert page.has_form("Enrol", "Code"), page.text
    secret = page.element_text("secret")
    link = page.tree.get_element_by_id("open").get("href")
    assert link.startswith("otpauth://totp/") and f"secret={secret.replace(' ', '')}" in link, "for the app on the same phone"
    used = totp.code(secret)
    page = browser.submit(page.form("Enrol", "Code"), Code=used, Label="My phone")
    codes = page.element_texts("codes", "code")
    assert len(codes) == 10 and len(set(codes)) == 10, page.text
    browser.submit(page.form("Kept"))
    return secret, codes, used


def check_mfa(node, form, person, reference=OTP):
    answer = read_wsfed(form.fields)
    token = invariants.check_wsfed(answer, node.signing_certificate(), names.ENTRA, second_factor=True)
    assert token.method == names.MULTIPLE
    said = token.claims[names.CLAIM_METHODS]
    assert names.MULTIPLE in said and reference in said and names.PASSWORD_PROTECTED in said, said
    assert token.one(MFA_INSTANT) >= token.authenticated_at.strftime("%Y-%m-%dT%H:%M:%S")
    return token


def test_entra_asks_for_several_factors_and_gets_them(node, browser, another_browser, person):
    secret, codes, used = set_up(node, browser, person)
    check_mfa(node, browser.answer(), person)
    # The session has both: silent from now on, also where nothing was asked for.
    browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    check_mfa(node, browser.answer(), person)
    # Another browser is asked for both, and a code that was used does not do a second time.
    other = another_browser()
    other.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    page = other.sign_in(person["upn"], person["password"])
    assert asks_code(page) and "my phone" not in page.text.lower()
    page = other.submit(page.form("Factor", "Code"), Code=used)
    assert asks_code(page) and ("used already" in page.text or "not right" in page.text), page.text
    page = other.submit(page.form("Factor", "Code"), Code=totp.code(secret, 1))
    check_mfa(node, other.answer(), person)
    # A recovery code, once.
    for attempt, expected in ((0, True), (1, False)):
        third = another_browser()
        third.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
        page = third.sign_in(person["upn"], person["password"])
        page = third.submit(page.form("Choose"), Choose="recovery-code")
        page = third.submit(page.form("Factor", "Code"), Code=codes[0].lower())
        assert ("wresult" in page.response.text) == expected, page.text


def test_a_password_alone_is_enough_where_nobody_asks(node, browser, person):
    node.claim_name()
    browser.get(entra_url(node.sign_in_url))
    browser.sign_in(person["upn"], person["password"])
    token = read_wsfed(browser.answer().fields).token
    assert names.MULTIPLE not in token.claims.get(names.CLAIM_METHODS, []) and token.method != names.MULTIPLE
    assert MFA_INSTANT not in token.claims


def test_rules_of_a_relying_party_ask(node, browser, person):
    node.claim_name()
    browser.get(sign_in_url(node.sign_in_url, "urn:tests:payroll"))
    page = browser.sign_in(person["upn"], person["password"])
    assert page.has_form("Enrol", "Code") and "Payroll" in page.text
    secret = page.element_text("secret")
    page = browser.submit(page.form("Enrol", "Code"), Code="000000" if totp.code(secret) != "000000" else "111111")
    assert "not right" in page.text and page.element_text("secret") == secret, "the same secret again"
    page = browser.submit(page.form("Enrol", "Code"), Code=totp.code(secret))
    browser.submit(page.form("Kept"))
    assert read_wsfed(browser.answer().fields).token.audiences == ["urn:tests:payroll"]


def test_fresh_credentials_are_a_fresh_second_factor_too(node, browser, person):
    """Whoever asks for the rules' second factor: an old one does not stand beside a fresh password."""
    node.claim_name()
    browser.get(sign_in_url(node.sign_in_url, "urn:tests:payroll"))
    page = browser.sign_in(person["upn"], person["password"])
    secret = page.element_text("secret")
    browser.submit(page.form("Enrol", "Code"), Code=totp.code(secret))
    browser.submit(browser.page.form("Kept"))
    browser.answer()
    browser.get(sign_in_url(node.sign_in_url, "urn:tests:payroll"))
    browser.answer()
    browser.get(sign_in_url(node.sign_in_url, "urn:tests:payroll", wfresh="0"))
    page = browser.sign_in(person["upn"], person["password"])
    assert asks_code(page), page.text
    browser.submit(page.form("Factor", "Code"), Code=totp.code(secret, 1))
    assert read_wsfed(browser.answer().fields).token.audiences == ["urn:tests:payroll"]


def test_sec_pwd_12_a_stolen_password_sets_up_nothing_from_outside(new_signet, another_browser, person, spares):
    """Neither in the middle of a sign-in nor at the own page; whoever has proved a factor may add another from anywhere."""
    node = new_signet()
    node.configuration["second_factor"] = {}
    node.configuration["network"] = {"inside": ["198.51.100.0/24"], "inside_through_proxy": True, "proxy": [{"name": "edge", "network": "127.0.0.0/8"}]}
    node.start()
    thief, owner = another_browser(), another_browser()
    thief.session.headers["X-Forwarded-For"] = "203.0.113.66"
    owner.session.headers["X-Forwarded-For"] = "198.51.100.7"
    address = f"{node.url}/adfs/portal/factors"
    thief.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    page = thief.sign_in(person["upn"], person["password"])
    assert page.status == 403 and "SIG-FACTOR-NOT-FROM-HERE" in page.text
    page = thief.get(address)
    for kind in ("totp", "passkey"):
        page = thief.get(address)
        page = thief.submit(page.form("Add"), Add=kind)
        assert page.status == 403 and "SIG-FACTOR-NOT-FROM-HERE" in page.text, page.text
    # The owner sets it up inside, and adds to it from outside.
    secret, *_ = set_up(node, owner, person)
    owner.session.headers["X-Forwarded-For"] = "203.0.113.5"
    page = owner.get(address)
    page = owner.submit(page.form("Add"), Add="totp")
    assert page.has_form("Enrol", "Code"), page.text
    node.stop()


def test_sec_pwd_12_guesses_are_counted(node, browser, another_browser, person):
    secret, *_ = set_up(node, browser, person)
    guesser = another_browser()
    guesser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    page = guesser.sign_in(person["upn"], person["password"])
    right = {totp.code(secret, steps) for steps in (-2, -1, 0, 1, 2)}
    wrong = next(f"{number:06}" for number in range(10) if f"{number:06}" not in right)
    for _ in range(6):
        page = guesser.submit(page.form("Factor", "Code"), Code=wrong)
    assert page.status == 429 and "too many" in page.text.lower()
    page = guesser.submit(page.form("Factor", "Code"), Code=totp.code(secret, 1))
    assert "wresult" not in page.response.text, "the right code does not help while the account is braked"
    # The session that has the factor already is not disturbed.
    assert "wresult" in browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE)).response.text


def test_sec_pwd_13_a_factor_counts_for_its_own_sign_in_only(node, browser, another_browser, spares):
    alice, mallory = next(spares), next(spares)
    set_up(node, browser, alice)
    secret, *_ = set_up(node, another_browser(), mallory)
    victim, thief = another_browser(), another_browser()
    victim.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    stolen = victim.sign_in(alice["upn"], alice["password"]).form("Factor", "Code")
    thief.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    own = thief.sign_in(mallory["upn"], mallory["password"]).form("Factor", "Code")
    # The thief's code in the victim's flow, in either browser.
    for someone in (thief, victim):
        page = someone.post(stolen.action, stolen.fields | {"Challenge": own.fields["Challenge"], "Code": totp.code(secret, 1)}, origin=node.url)
        assert "wresult" not in page.response.text
    # The victim's flow with the thief's session.
    for cookie in list(victim.session.cookies):
        if "session" in cookie.name:
            victim.session.cookies.set(cookie.name, next(one.value for one in thief.session.cookies if one.name == cookie.name), domain=cookie.domain, path="/", secure=True)
    page = victim.post(stolen.action, stolen.fields | {"Code": totp.code(secret, 1)}, origin=node.url)
    assert "wresult" not in page.response.text


def test_a_saml_request_for_several_factors_gets_that_class(node, browser, person, tmp_path):
    node.claim_name()
    acs = "https://wiki.example.net/acs"
    file = tmp_path / "sp.xml"
    file.write_text(
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:tests:mfa-sp"><md:SPSSODescriptor '
        'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:AssertionConsumerService '
        f'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{acs}" index="0"/></md:SPSSODescriptor></md:EntityDescriptor>'
    )
    node.run("rp", "add", "--metadata", str(file), "--name", "MFA wiki")
    node.wait_version()
    request = authn_request("urn:tests:mfa-sp", new_id(), requested_context(names.MULTIPLE))
    browser.post(node.sign_in_url, post_fields(request), origin="https://wiki.example.net")
    page = browser.sign_in(person["upn"], person["password"])
    secret = page.element_text("secret")
    page = browser.submit(page.form("Enrol", "Code"), Code=totp.code(secret))
    browser.submit(page.form("Kept"))
    answer = read_saml(browser.answer().fields)
    assert answer.token.method == names.MULTIPLE


def test_a_fresh_request_for_several_factors_asks_for_both_again(node, browser, person):
    secret, *_ = set_up(node, browser, person)
    page = browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE, wfresh="0"))
    assert browser.asks_for_password()
    page = browser.sign_in(person["upn"], person["password"])
    assert asks_code(page)
    browser.submit(page.form("Factor", "Code"), Code=totp.code(secret, 1))
    check_mfa(node, browser.answer(), person)


def test_a_person_sees_adds_and_removes_factors(node, browser, person):
    node.claim_name()
    address = f"{node.url}/adfs/portal/factors"
    page = browser.get(address)
    assert page.has_form("UserName", "Password")
    page = browser.sign_in(person["upn"], person["password"])
    assert "nothing is set up yet" in page.text.lower()
    page = browser.submit(page.form("Add"), Add="totp")
    secret = page.element_text("secret")
    page = browser.submit(page.form("Enrol", "Code"), Code=totp.code(secret), Label="Büro-Handy")
    page = browser.submit(page.form("Kept"))
    assert "Büro-Handy" in page.text
    # Whatever changes from now on wants the factor first.
    page = browser.submit(page.form("RenewCodes"), RenewCodes="true")
    assert asks_code(page), page.text
    page = browser.submit(page.form("Factor", "Code"), Code=totp.code(secret, 1))
    page = browser.submit(page.form("RenewCodes"), RenewCodes="true")
    assert len(page.element_texts("codes", "code")) == 10
    page = browser.submit(page.form("Kept"))
    page = browser.submit(page.form("Remove"), Remove=page.form("Remove").element.xpath('.//button[@name="Remove"]')[0].get("value"))
    assert "nothing is set up yet" in page.text.lower()


def test_sec_web_04_another_site_changes_no_factors(node, browser, person):
    node.claim_name()
    address = f"{node.url}/adfs/portal/factors"
    browser.get(address)
    page = browser.sign_in(person["upn"], person["password"])
    token = page.form("Add").fields["Flow"]
    for fields, headers in (({"Add": "totp"}, {}), ({"Add": "totp", "Flow": token}, {"Origin": "https://evil.test"})):
        page = browser.post(address, fields, headers=headers)
        assert not page.has_form("Enrol", "Code"), "nothing is begun"


def test_the_help_desk_resets_factors(node, browser, another_browser, person):
    set_up(node, browser, person)
    shown = node.run("account", "show", person["upn"])
    assert [factor["kind"] for factor in shown["factors"]] == ["totp"]
    node.run("account", "reset-factors", person["upn"])
    page = browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    assert browser.asks_for_password(), "the sessions have ended"
    page = browser.sign_in(person["upn"], person["password"])
    assert page.has_form("Enrol", "Code"), page.text


def test_the_help_desk_resets_rows_that_somebody_changed_by_hand(node, browser, person):
    set_up(node, browser, person)
    with sqlite3.connect(node.folder / "signet.db") as store:
        changed = store.execute("UPDATE factor SET label = 'Theirs' WHERE account = ?", (person["guid"],))
        assert changed.rowcount == 1
    assert "not written by this service" in node.raw("account", "show", person["upn"]).stderr
    assert node.run("account", "reset-factors", person["upn"])["factors"] == []
    last = [event for event in node.audit(5) if event["event"] == 307][-1]
    assert "unreadable" in str(last["details"]), last


def test_in_chromium_an_authenticator_app_is_set_up_and_used(node, person, chromium, partners):
    node.claim_name()
    browser = chromium(node.tls_certificate)

    def begin():
        partners.forget()
        browser.open(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
        browser.sign_in(person["upn"], person["password"])

    def check_token():
        token = read_wsfed(partners.received("/login.srf").fields).token
        assert token.method == names.MULTIPLE and set(token.claims[names.CLAIM_METHODS]) == {names.PASSWORD_PROTECTED, OTP, names.MULTIPLE}, token.claims

    begin()
    secret = browser.wait_for("#secret").text
    browser.find("input[name=Code]").send_keys(totp.code(secret), "\ue007")
    browser.wait_for("#codes code")
    browser.find("#submitButton").click()
    check_token()
    # A new sign-in, whose code is typed and sent by keyboard. A driver removes the cookies of the page's own site alone.
    browser.open(f"{node.url}/adfs/portal/factors")
    browser.driver.delete_all_cookies()
    begin()
    browser.wait_for("input[name=Code]").send_keys(totp.code(secret, 1), "\ue007")
    check_token()
    assert not browser.complaints()


def test_in_chromium_a_passkey_is_set_up_and_used(node, person, chromium, partners):
    node.claim_name()
    browser = chromium(node.tls_certificate)
    options = VirtualAuthenticatorOptions(protocol=Protocol.CTAP2, transport=Transport.INTERNAL, has_resident_key=True, has_user_verification=True, is_user_verified=True)
    browser.driver.add_virtual_authenticator(options)
    browser.open(f"{node.url}/adfs/portal/factors")
    browser.sign_in(person["upn"], person["password"])
    browser.wait_for("button[name=Add][value=passkey]").click()
    browser.wait_for("#passkeyForm")
    browser.find("#labelInput").send_keys("Laptop")
    browser.find("#submitButton").click()
    browser.wait(lambda b: b.all("#codes code") or b.all("#passkeyNotice:not([hidden])"))
    assert browser.all("#codes code"), browser.text
    browser.find("#submitButton").click()
    browser.wait(lambda b: "Laptop" in b.text)
    # A new sign-in in the same browser, whose key is still there.
    browser.driver.delete_all_cookies()
    browser.open(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    browser.sign_in(person["upn"], person["password"])
    browser.wait_for("#passkeyForm")
    browser.find("#submitButton").click()
    sent = partners.received("/login.srf")
    token = read_wsfed(sent.fields).token
    assert token.method == names.MULTIPLE and set(token.claims[names.CLAIM_METHODS]) == {names.PASSWORD_PROTECTED, KEY, names.MULTIPLE}, token.claims
    assert not browser.complaints()
