"""A smartcard or certificate beside the other second factors, after a password."""
import pytest

from harness import hosts, invariants, names, totp
from harness.cards import CardBrowser, ChromiumCards
from harness.server import private_file
from harness.tokens import read_wsfed
from harness.wsfed import entra_url, sign_in_url
from lab.settings import SERVICE_HOST

HOST = f"certauth.{SERVICE_HOST}"
TLS_CLIENT = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/tlsclient"
X509 = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"
OTP = "http://schemas.microsoft.com/ws/2012/12/authmethod/otp"
MFA_INSTANT = "http://schemas.microsoft.com/ws/2017/04/identity/claims/multifactorauthenticationinstant"
RULES = f'=> issue(Type = "{names.CLAIM_METHOD}", Value = "{names.MULTIPLE}");'


@pytest.fixture(scope="module")
def make(new_signet, cards, revocation, authority):
    made = []

    def make(**settings):
        node = new_signet()
        certificate, key = authority.issue_server(HOST, [HOST])
        node.configuration["certificate"] = {
            "revocation_hosts": [revocation.host],
            "tls_certificate": str(private_file(node.folder / "certauth.crt", certificate.read_bytes())),
            "tls_key": str(private_file(node.folder / "certauth.key", key.read_bytes())),
        }
        node.configuration["second_factor"] = settings
        node.configuration["session"]["loop_tokens"] = 50
        node.run("rp", "add", "--name", "Vault", "--realm", "urn:tests:vault", "--wsfed", "https://app.example.net/vault")
        node.run("rp", "set", "Vault", "--property", f"additional_authentication_rules={RULES}")
        made.append(node.start())
        return node

    yield make
    for node in made:
        node.stop()


@pytest.fixture(scope="module")
def common(make):
    node = make(enrol_inside=True)
    yield node
    node.stop()
    node.run("audit", "verify")


def claim(node, revocation):
    revocation.behave()
    node.claim_name()
    hosts.point(HOST, ("127.0.0.1", node.port))
    return node


@pytest.fixture
def node(common, revocation):
    return claim(common, revocation)


@pytest.fixture
def with_card(authority, cards):
    """Browsers with one card each; None is an empty reader."""
    return lambda card: CardBrowser(authority.certificate_file, HOST, card and cards.folder / f"{card}.crt")


def after_password(browser, url, person):
    browser.get(url)
    return browser.sign_in(person["upn"], person["password"])


def offers_card(page) -> bool:
    return bool(page.tree.xpath('//button[@name="Choose"][@value="certificate"]'))


def choose_card(browser):
    return browser.submit(browser.page.form("Choose"), Choose="certificate")


def check_password_and_card(browser, node, person):
    token = invariants.check_wsfed(read_wsfed(browser.answer().fields), node.signing_certificate(), names.ENTRA, second_factor=True)
    assert set(token.claims[names.CLAIM_METHODS]) == {names.PASSWORD_PROTECTED, TLS_CLIENT, X509, names.MULTIPLE}
    assert token.one(names.CLAIM_UPN) == person["upn"] and token.method == names.MULTIPLE and token.one(MFA_INSTANT)


def methods(node) -> list[str]:
    return [event for event in node.audit() if event["event"] == 1202][-1]["details"]["methods"]


def test_it_is_offered_to_who_has_set_nothing_up_and_the_token_says_what_was_done(node, lab, with_card):
    alice, browser = lab["users"]["alice"], with_card("alice")
    page = after_password(browser, entra_url(node.sign_in_url, wauth=names.MULTIPLE), alice)
    assert page.has_form("Enrol", "Code") and offers_card(page) and "smartcard" in page.text
    assert f"form-action 'self' https://{HOST}" in page.headers["Content-Security-Policy"]
    choose_card(browser)
    check_password_and_card(browser, node, alice)
    assert methods(node) == ["password", "certificate"]
    # It holds for the session, and nothing was set up by it.
    browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    check_password_and_card(browser, node, alice)
    assert node.run("account", "show", alice["upn"])["factors"] == []


def test_it_stands_beside_the_other_factors(node, lab, with_card):
    person, browser = lab["users"]["cardmapped"], with_card("mapped")
    page = after_password(browser, entra_url(node.sign_in_url, wauth=names.MULTIPLE), person)
    secret = page.element_text("secret")
    page = browser.submit(page.form("Enrol", "Code"), Code=totp.code(secret))
    browser.submit(page.form("Kept"))
    browser.session.cookies.clear()
    page = after_password(browser, entra_url(node.sign_in_url, wauth=names.MULTIPLE), person)
    assert page.has_form("Factor", "Code") and offers_card(page)
    page = browser.submit(page.form("Factor", "Code"), Code="000000" if totp.code(secret, 1) != "000000" else "111111")
    assert "not right" in page.text and offers_card(page)
    choose_card(browser)
    check_password_and_card(browser, node, person)
    # Without a card, there is a way back to the code.
    empty = with_card(None)
    after_password(empty, entra_url(node.sign_in_url, wauth=names.MULTIPLE), person)
    page = choose_card(empty)
    assert (page.status, empty.refusal()) == (403, "SIG-CRT-NONE")
    page = empty.get(empty.way_back())
    assert page.has_form("Factor", "Code") and offers_card(page)
    empty.submit(page.form("Factor", "Code"), Code=totp.code(secret, 1))
    said = read_wsfed(empty.answer().fields).token.claims[names.CLAIM_METHODS]
    assert OTP in said and TLS_CLIENT not in said


def test_rules_of_a_relying_party_are_met_by_it(node, lab, with_card):
    alice, browser = lab["users"]["alice"], with_card("alice")
    page = after_password(browser, sign_in_url(node.sign_in_url, "urn:tests:vault"), alice)
    assert offers_card(page) and "Vault" in page.text
    choose_card(browser)
    assert read_wsfed(browser.answer().fields).token.audiences == ["urn:tests:vault"]
    assert methods(node) == ["password", "certificate"]


@pytest.mark.parametrize("rules", [False, True])
def test_sec_pwd_13_a_card_of_another_account_is_refused(node, lab, with_card, rules):
    alice, browser = lab["users"]["alice"], with_card("good")
    url = sign_in_url(node.sign_in_url, "urn:tests:vault") if rules else entra_url(node.sign_in_url, wauth=names.MULTIPLE)
    after_password(browser, url, alice)
    page = choose_card(browser)
    assert (page.status, browser.refusal()) == (403, "SIG-CRT-OTHER-PERSON")
    page = browser.get(browser.way_back())
    assert "wresult" not in page.response.text and offers_card(page)
    # Whoever is signed in is still the one of the password, with the password alone.
    page = browser.get(f"{node.url}/adfs/portal/sessions")
    assert alice["upn"] in page.text and page.tree.xpath('//ul[@id="sessions"]/li[1]//dd[1]')[0].text_content().strip().endswith("password")


def test_sec_ses_08_the_button_of_another_site_or_browser_is_not_taken(node, lab, with_card):
    alice, browser = lab["users"]["alice"], with_card("alice")
    page = after_password(browser, entra_url(node.sign_in_url, wauth=names.MULTIPLE), alice)
    form = page.form("Choose")
    fields = form.fields | {"Choose": "certificate"}
    for headers in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        page = browser.post(form.action, fields, headers=headers, follow=False)
        assert page.status == 200 and "Location" not in page.headers
    stranger = with_card("alice")
    assert "Location" not in stranger.post(form.action, fields, origin=node.url, follow=False).headers
    # The flow of this page is none of the sign-in form, whose button would begin with the card.
    page = browser.post(form.action, fields | {"AuthMethod": "CertificateAuthentication"}, origin=node.url, follow=False)
    assert "Location" not in page.headers


def test_from_outside_it_is_the_way_that_is_left(make, revocation, lab, with_card):
    node = make(enrol_inside=False)
    claim(node, revocation)
    alice, browser = lab["users"]["alice"], with_card("alice")
    page = after_password(browser, entra_url(node.sign_in_url, wauth=names.MULTIPLE), alice)
    assert page.status == 200 and offers_card(page) and not page.has_form("Enrol") and "inside your organisation" in page.text
    choose_card(browser)
    check_password_and_card(browser, node, alice)
    # Without a card it leads back here, and not in circles.
    empty = with_card(None)
    after_password(empty, entra_url(node.sign_in_url, wauth=names.MULTIPLE), alice)
    assert choose_card(empty).status == 403
    page = empty.get(empty.way_back())
    assert offers_card(page) and "wresult" not in page.response.text
    node.stop()


def test_in_chromium_a_card_is_the_second_factor(node, lab, cards, chromium, partners):
    alice, reader = lab["users"]["alice"], ChromiumCards(HOST, [cards.folder / "alice.crt"])
    try:
        browser = chromium(node.tls_certificate, node.folder / "certauth.crt", home=reader.home)
        browser.open(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
        browser.sign_in(alice["upn"], alice["password"])
        browser.wait_for("button[name=Choose][value=certificate]").click()
        token = read_wsfed(partners.received("/login.srf").fields).token
        assert {names.PASSWORD_PROTECTED, TLS_CLIENT, names.MULTIPLE} <= set(token.claims[names.CLAIM_METHODS])
        assert not browser.complaints()
    finally:
        reader.close()
