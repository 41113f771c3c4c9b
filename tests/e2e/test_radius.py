"""RADIUS as a second factor, through the page and against a real FreeRADIUS."""
import socket

import pytest

from harness import invariants, names, totp
from harness.server import private_file
from harness.tokens import read_wsfed
from harness.wsfed import entra_url
from lab.ports import free_port
from lab.radius import Radius

RADIUS = "http://schemas.microsoft.com/ws/2012/12/authmethod/radius"
OTP = "http://schemas.microsoft.com/ws/2012/12/authmethod/otp"
MFA_INSTANT = "http://schemas.microsoft.com/ws/2017/04/identity/claims/multifactorauthenticationinstant"


def sam(person) -> str:
    return person["upn"].split("@")[0]


@pytest.fixture(scope="module")
def one(spares):
    """Somebody whose token shows 424242."""
    return next(spares)


@pytest.fixture(scope="module")
def two(spares):
    """Somebody who is asked for three codes, one after the other."""
    return next(spares)


@pytest.fixture(scope="module")
def three(spares):
    """Somebody with a token who types wrongly."""
    return next(spares)


@pytest.fixture(scope="module")
def codes(one, two, three):
    return {sam(one): ["424242"], sam(two): ["111111", "222222", "333333"], sam(three): ["555555"]}


@pytest.fixture(scope="module")
def radius(codes):
    server = Radius(codes)
    yield server
    server.close()


@pytest.fixture(scope="module")
def make(new_signet):
    """Makes nodes that ask these servers, by address."""
    made = []

    def make(*addresses):
        node = new_signet()
        secret = str(private_file(node.folder / "radius.secret", Radius.secret.encode()))
        servers = [{"address": one, "secret_file": secret} for one in addresses]
        node.configuration["second_factor"] = {"passkeys": False, "radius": {"nas_identifier": Radius.nas, "servers": servers}}
        node.configuration["session"]["loop_tokens"] = 50
        made.append(node.start())
        return node

    yield make
    for node in made:
        node.stop()


@pytest.fixture(scope="module")
def common(make, radius):
    node = make(radius.address)
    yield node
    node.stop()
    node.run("audit", "verify")


@pytest.fixture
def node(common):
    common.claim_name()
    return common


def asked(browser, node, person):
    """The page after the password."""
    browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    page = browser.sign_in(person["upn"], person["password"])
    assert page.form("Factor", "Code").fields["Factor"] == "radius", page.text
    return page


def answer(browser, code):
    return browser.submit(browser.page.form("Factor", "Code"), Code=code)


def check_evidence(browser, node, person):
    token = invariants.check_wsfed(read_wsfed(browser.answer().fields), node.signing_certificate(), names.ENTRA, second_factor=True)
    said = token.claims[names.CLAIM_METHODS]
    assert {names.MULTIPLE, RADIUS, names.PASSWORD_PROTECTED} <= set(said) and OTP not in said, said
    assert token.one(names.CLAIM_UPN) == person["upn"] and token.method == names.MULTIPLE and token.one(MFA_INSTANT)


def last(node, number: int) -> dict:
    return [event for event in node.audit() if event["event"] == number][-1]


def test_the_right_code_signs_in_and_the_token_says_so(node, browser, one, radius):
    page = asked(browser, node, one)
    assert "424242" not in page.response.text and not page.element_texts("said")
    answer(browser, "424242")
    check_evidence(browser, node, one)
    assert last(node, 1202)["details"]["methods"] == ["password", "radius"]
    assert any("Message-Authenticator" in line for line in radius.said), "the question was signed"
    # The session has it: nobody is asked again.
    browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    check_evidence(browser, node, one)


def test_a_wrong_code_is_refused_and_counted(node, browser, three):
    asked(browser, node, three)
    for wrong in ("000000", "424242"):
        page = answer(browser, wrong)
        assert page.status == 200 and "not right" in page.text and "wresult" not in page.response.text
        row = last(node, 1203)
        assert (row["reason"], row["account"], row["details"]["factor"]) == ("SIG-FACTOR-WRONG", three["guid"], "radius")
    answer(browser, "555555")
    check_evidence(browser, node, three)


def test_sec_pwd_12_wrong_codes_are_braked_before_the_server_is_asked(make, another_browser, codes, spares):
    person = next(spares)
    server = Radius(codes | {sam(person): ["777777"]})
    try:
        browser, node = another_browser(), make(server.address)
        asked(browser, node, person)
        for _ in range(5):
            answer(browser, "000000")
        page = answer(browser, "777777")
        assert page.status == 429 and "too many" in page.text.lower() and "wresult" not in page.response.text
        questions = [line for line in server.said if "Received Access-Request" in line]
        assert len(questions) == 5, "the sixth did not leave"
        node.stop()
    finally:
        server.close()


def test_each_round_of_a_challenge_is_shown(node, browser, another_browser, two, one):
    asked(browser, node, two)
    page = answer(browser, "111111")
    assert page.element_text("said") == "Now code 2 of your token" and "wresult" not in page.response.text
    second = page.form("Factor", "Code")
    page = answer(browser, "222222")
    assert page.element_text("said") == "Now code 3 of your token" and "wresult" not in page.response.text
    # A round is answered once, and by nobody else.
    again = browser.post(second.action, second.fields | {"Code": "222222"}, origin=node.url)
    assert "wresult" not in again.response.text and not again.element_texts("said")
    asked(other := another_browser(), node, one)
    form = other.page.form("Factor", "Code")
    stolen = other.post(form.action, form.fields | {"Code": "333333", "Challenge": page.form("Factor", "Code").fields["Challenge"]}, origin=node.url)
    assert "wresult" not in stolen.response.text
    # From the beginning, without a fault, it leads in.
    anew = another_browser()
    asked(anew, node, two)
    for code in ("111111", "222222", "333333"):
        answer(anew, code)
    check_evidence(anew, node, two)


def test_a_wrong_code_in_a_later_round_begins_anew(node, another_browser, two):
    browser = another_browser()
    asked(browser, node, two)
    answer(browser, "111111")
    page = answer(browser, "999999")
    assert "not right" in page.text and not page.element_texts("said")
    page = answer(browser, "222222")
    assert "wresult" not in page.response.text, "the second code alone is none"


def test_a_server_that_is_down_is_said_so_and_the_other_ways_stay(make, browser, codes, spares):
    person = next(spares)
    server = Radius(codes | {sam(person): ["777777"]})
    try:
        node = make(server.address)
        # An app besides, set up with the token at hand.
        browser.get(f"{node.url}/adfs/portal/factors")
        page = browser.sign_in(person["upn"], person["password"])
        page = browser.submit(page.form("Add"), Add="totp")
        page = answer(browser, "777777")
        page = browser.submit(page.form("Add"), Add="totp")
        secret = page.element_text("secret")
        browser.submit(page.form("Enrol", "Code"), Code=totp.code(secret))
        server.stop()
        browser.session.cookies.clear()
        browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
        page = browser.sign_in(person["upn"], person["password"])
        browser.submit(page.form("Choose"), Choose="radius")
        page = answer(browser, "777777")
        assert page.status == 503 and "does not answer" in page.text, page.text
        assert last(node, 1203)["reason"] == "SIG-FACTOR-RADIUS-UNAVAILABLE"
        assert {"totp"} <= set(page.tree.xpath('//button[@name="Choose"]/@value'))
        page = browser.submit(page.form("Choose"), Choose="totp")
        browser.submit(page.form("Factor", "Code"), Code=totp.code(secret, 1))
        token = read_wsfed(browser.answer().fields).token
        assert OTP in token.claims[names.CLAIM_METHODS] and RADIUS not in token.claims[names.CLAIM_METHODS]
        # It comes back, and so does the way.
        server.start()
        browser.session.cookies.clear()
        browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
        page = browser.sign_in(person["upn"], person["password"])
        browser.submit(page.form("Choose"), Choose="radius")
        answer(browser, "777777")
        check_evidence(browser, node, person)
        node.stop()
    finally:
        server.close()


def test_the_next_server_is_asked_when_the_first_is_down(make, browser, radius, one):
    node = make(f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}", radius.address)
    asked(browser, node, one)
    answer(browser, "424242")
    check_evidence(browser, node, one)
    node.stop()


def test_an_accept_that_is_not_signed_is_not_believed(make, browser, codes, one):
    """CVE-2024-3596: without Message-Authenticator somebody in between could have made it from a reject."""
    server = Radius(codes, signs=False)
    try:
        node = make(server.address)
        asked(browser, node, one)
        page = answer(browser, "424242")
        assert page.status == 503 and "wresult" not in page.response.text
        assert any("Access-Accept" in line for line in server.said), "the server did accept"
        assert "Message-Authenticator" in last(node, 1203)["details"]["detail"]
        node.stop()
    finally:
        server.close()
