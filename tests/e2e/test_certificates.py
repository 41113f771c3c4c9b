"""Signing in by smartcard or certificate, against a real directory, real handshakes, real lists and responders."""
import base64
import http.client
import signal
import socket
import ssl
import time
from urllib.parse import quote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from harness import hosts as names_of_hosts
from harness import invariants, names
from harness.cards import CardBrowser, ChromiumCards, borrowed
from harness.entra import Tenant
from harness.nginx import Nginx
from harness.saml_requests import authn_request, name_id_policy, new_id, redirect_url, requested_context
from harness.server import private_file
from harness.tokens import read_saml, read_wsfed
from harness.wsfed import STATE, entra_url
from lab.authority import now, self_signed
from lab.ports import free_port
from lab.settings import SERVICE_HOST

HOST = f"certauth.{SERVICE_HOST}"
WAUTH = "urn:ietf:rfc:2246"
TLS_CLIENT = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/tlsclient"
X509 = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"
SERIAL = "http://schemas.microsoft.com/ws/2008/06/identity/claims/serialnumber"
ISSUER = "http://schemas.microsoft.com/2012/12/certificatecontext/field/issuer"
MFA_INSTANT = "http://schemas.microsoft.com/ws/2017/04/identity/claims/multifactorauthenticationinstant"


@pytest.fixture(scope="module")
def make(new_signet, cards, revocation, authority):
    """Makes nodes that ask for certificates; the second host has TLS files of its own."""

    def make(**settings):
        node = new_signet()
        certificate, key = authority.issue_server(HOST, [HOST])
        node.configuration["certificate"] = {
            "revocation_hosts": [revocation.host],
            "tls_certificate": str(private_file(node.folder / "certauth.crt", certificate.read_bytes())),
            "tls_key": str(private_file(node.folder / "certauth.key", key.read_bytes())),
        } | settings
        return node

    return make


def serve(node):
    node.start()
    names_of_hosts.point(HOST, ("127.0.0.1", node.port))
    return node


@pytest.fixture(scope="module")
def common(make):
    """The node of most tests here."""
    node = serve(make())
    yield node
    node.stop()
    node.run("audit", "verify")


@pytest.fixture(scope="module")
def strong(make):
    """A node whose operator takes every certificate for a card: two factors."""
    node = serve(make(counts_as_two_factors=True))
    yield node
    node.stop()


@pytest.fixture
def node(common, revocation):
    revocation.behave()
    common.claim_name()
    names_of_hosts.point(HOST, ("127.0.0.1", common.port))
    return common


@pytest.fixture
def with_card(authority, cards):
    """Browsers with one card each; None is an empty reader."""

    def start(card: str | None, version: str = "1.3", **options) -> CardBrowser:
        return CardBrowser(authority.certificate_file, HOST, card and cards.folder / f"{card}.crt", version, **options)

    return start


def sign_in(browser, node, **parameters):
    browser.get(entra_url(node.sign_in_url, **parameters))
    return browser.choose_certificate()


def token_on(browser, node, **expected):
    answer = read_wsfed(browser.answer().fields)
    return invariants.check_wsfed(answer, node.signing_certificate(), names.ENTRA, **expected)


def last(node, number: int) -> dict:
    return [event for event in node.audit() if event["event"] == number][-1]


# --- the matrix

MATRIX = [
    ("revoked", "SIG-CRT-REVOKED"),
    ("revoked-crl-only", "SIG-CRT-REVOKED"),
    ("expired", "SIG-CRT-EXPIRED"),
    ("future", "SIG-CRT-NOT-YET-VALID"),
    ("rogue-issuer", "SIG-CRT-UNKNOWN-ISSUER"),
    ("not-in-ntauth", "SIG-CRT-NOT-IN-NTAUTH"),
    ("no-purpose", "SIG-CRT-PURPOSE"),
    ("sid-mismatch", "SIG-CRT-SID-MISMATCH"),
    ("two-accounts", "SIG-CRT-TWO-ACCOUNTS"),
    ("nobody", "SIG-CRT-NO-ACCOUNT"),
    ("weak", "SIG-CRT-WEAK-MAPPING"),
    ("disabled", "SIG-CRT-ACCOUNT-DISABLED"),
    ("account-expired", "SIG-CRT-ACCOUNT-EXPIRED"),
    ("locked", "SIG-CRT-ACCOUNT-LOCKED"),
    ("no-revocation", "SIG-CRT-REVOCATION-UNKNOWN"),
    (None, "SIG-CRT-NONE"),
]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("card, sam", [
    ("good", "cardholder"), ("rsa", "cardholder"), ("mapped", "cardmapped"), ("cardonly", "cardonly"), ("client-only", "cardholder"),
    ("crl-only", "cardholder"), ("ocsp-only", "cardholder"), ("alice", "alice"),
])
def test_a_good_card_signs_its_person_in(node, lab, with_card, card, sam, version):
    browser = with_card(card, version)
    sign_in(browser, node)
    token = token_on(browser, node)
    assert token.one(names.CLAIM_UPN) == lab["users"][sam]["upn"]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("card, code", MATRIX)
def test_each_certificate_that_signs_nobody_in_has_its_page(node, with_card, card, code, version):
    browser = with_card(card, version)
    page = sign_in(browser, node)
    assert (page.status, browser.refusal()) == (403, code), page.text
    assert urlsplit(page.url).hostname == HOST and "wresult" not in page.response.text
    # In plain words, with a next step; nothing of the reason's details.
    assert "S-1-5-21" not in page.text and "CN=" not in page.text
    row = last(node, 1203)
    assert (row["reason"], row["activity"]) == (code, browser.activity())
    back = browser.get(browser.way_back())
    assert back.status == 200 and browser.asks_for_password() and browser.offers_certificate()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_sec_crt_12_anothers_key_fails_in_the_handshake(node, authority, cards, version):
    here, root = ("127.0.0.1", node.port), authority.certificate_file
    card, key = cards.folder / "alice.crt", cards.folder / "alice.key"
    assert "400" in borrowed(here, HOST, root, card, key, version), "with its own key the handshake succeeds"
    for other in ("good.key", "rsa.key"):
        said = borrowed(here, HOST, root, card, cards.folder / other, version)
        assert said.startswith("error:") and "HTTP" not in said, said


def test_the_purpose_smart_card_logon_is_asked_for_by_setting(make, with_card):
    node = serve(make(smartcard_logon=True))
    for card, code in (("client-only", "SIG-CRT-PURPOSE"), ("good", None)):
        browser = with_card(card)
        page = sign_in(browser, node)
        assert page.status == (403 if code else 200) and (code is None or browser.refusal() == code), page.text
    node.stop()


def test_weak_mappings_sign_in_by_setting_alone_and_never_for_a_younger_account(make, lab, cards, with_card):
    cards.card("weak-new", "cardholder", sid=None, start=now())
    cards.write_lists()
    node = serve(make(upn_mapping=True))
    browser = with_card("weak-new")
    sign_in(browser, node)
    assert token_on(browser, node).one(names.CLAIM_UPN) == lab["users"]["cardholder"]["upn"]
    assert "user principal name" in last(node, 1202)["details"]["certificate"]["mapped_by"]
    # This one is a day old, the account not: its name may have been somebody else's.
    browser = with_card("weak")
    assert sign_in(browser, node).status == 403 and browser.refusal() == "SIG-CRT-OLDER-THAN-ACCOUNT"
    node.stop()


# --- revocation, with its failures on


@pytest.mark.parametrize("card, part, mode, code", [
    ("crl-only", "lists", "stale", "SIG-CRT-REVOCATION-STALE"),
    ("crl-only", "lists", "missing", "SIG-CRT-REVOCATION-UNKNOWN"),
    ("crl-only", "lists", "stall", "SIG-CRT-REVOCATION-UNKNOWN"),
    ("crl-only", "lists", "huge", "SIG-CRT-REVOCATION-UNKNOWN"),
    ("crl-only", "lists", "redirect", "SIG-CRT-REVOCATION-UNKNOWN"),
    ("ocsp-only", "responder", "try-later", "SIG-CRT-REVOCATION-UNKNOWN"),
    ("ocsp-only", "responder", "stall", "SIG-CRT-REVOCATION-UNKNOWN"),
    ("ocsp-only", "responder", "malformed", "SIG-CRT-REVOCATION-UNKNOWN"),
    ("ocsp-only", "responder", "stale", "SIG-CRT-REVOCATION-STALE"),
    ("ocsp-only", "responder", "unknown", "SIG-CRT-REVOCATION-UNKNOWN"),
    ("ocsp-only", "responder", "unauthorized", "SIG-CRT-REVOCATION-UNKNOWN"),
    ("ocsp-only", "responder", "tampered", "SIG-CRT-REVOCATION-UNKNOWN"),
])
def test_sec_crt_06_without_news_of_revocations_nobody_gets_in(node, revocation, with_card, card, part, mode, code):
    setattr(revocation, part, mode)
    node.restart()
    browser = with_card(card)
    page = sign_in(browser, node)
    assert (page.status, browser.refusal()) == (403, code), page.text
    revocation.behave()


def test_a_responder_that_is_down_is_made_up_for_by_the_list(node, revocation, with_card):
    revocation.responder = "try-later"
    node.restart()
    for card, accepted in (("good", True), ("revoked", False)):
        browser = with_card(card)
        assert sign_in(browser, node).status == (200 if accepted else 403)
    assert browser.refusal() == "SIG-CRT-REVOKED"


def test_soft_fail_accepts_what_nobody_knows_and_refuses_what_is_revoked(make, revocation, with_card):
    node = serve(make(revocation="soft"))
    for card, status in (("no-revocation", 200), ("revoked", 403)):
        assert sign_in(with_card(card), node).status == status, card
    revocation.lists = revocation.responder = "missing"
    revocation.responder = "try-later"
    node.restart()
    assert sign_in(with_card("crl-only"), node).status == 200
    revocation.behave()
    node.stop()


def test_hosts_that_are_not_listed_are_not_asked(make, revocation, with_card):
    node = serve(make(revocation_hosts=["pki.corp.example"]))
    before = sum(revocation.requests.values())
    browser = with_card("good")
    sign_in(browser, node)
    assert browser.refusal() == "SIG-CRT-REVOCATION-UNKNOWN" and sum(revocation.requests.values()) == before
    assert "not among the hosts" in last(node, 1203)["details"]["detail"]
    node.stop()


def test_a_new_list_counts_without_a_restart(make, cards, with_card):
    cards.issuing.write_list("issuing", made=now(), days=4 / 86400)
    node = serve(make())
    assert sign_in(with_card("crl-only"), node).status == 200
    cards.issuing.write_list("issuing", [cards.certificate("crl-only").serial_number], now())
    try:
        deadline = time.monotonic() + 30
        while sign_in(browser := with_card("crl-only"), node).status == 200:
            assert time.monotonic() < deadline, "the old list is still believed"
            time.sleep(0.25)
        assert browser.refusal() == "SIG-CRT-REVOKED"
    finally:
        cards.write_lists()
        node.stop()


# --- evidence


def test_the_evidence_is_what_was_done(node, cards, tenant_of, with_card):
    browser = with_card("good")
    sign_in(browser, node)
    token, certificate = token_on(browser, node), cards.certificate("good")
    assert set(token.claims[names.CLAIM_METHODS]) == {TLS_CLIENT, X509}
    assert MFA_INSTANT not in token.claims
    assert int(token.one(SERIAL), 16) == certificate.serial_number
    assert token.one(ISSUER) == "CN=Lab Issuing CA, DC=corp, DC=example"
    verdict = tenant_of(node).sign_in(browser.answer().fields, state=STATE)
    assert (verdict.fault, verdict.mfa) == (None, False)
    row = last(node, 1202)
    assert row["details"]["methods"] == ["certificate"]
    said = row["details"]["certificate"]
    assert said["thumbprint"].replace(":", "").lower() == certificate.fingerprint(hashes.SHA1()).hex()
    assert said["subject"].startswith("CN=cardholder") and said["mapped_by"] == "the SID in the certificate" and said["possession"] == "handshake"


@pytest.fixture
def tenant_of(lab):
    return lambda node: Tenant.federated_with(node, ["example.com", "contoso.test"], lab["users"].values())


def test_a_card_that_counts_as_two_factors_is_multiple(strong, tenant_of, revocation, with_card):
    revocation.behave()
    serve_again(strong)
    browser = with_card("good")
    # A password could only come before the card, which is enough by itself: nothing is left to choose.
    browser.get(entra_url(strong.sign_in_url, wauth=names.MULTIPLE))
    token = token_on(browser, strong, second_factor=True)
    assert set(token.claims[names.CLAIM_METHODS]) == {TLS_CLIENT, X509, names.MULTIPLE}
    assert token.one(MFA_INSTANT)
    assert tenant_of(strong).sign_in(browser.answer().fields, state=STATE).mfa is True
    assert last(strong, 1202)["details"]["methods"] == ["smartcard"]


def serve_again(node):
    node.claim_name()
    names_of_hosts.point(HOST, ("127.0.0.1", node.port))


def test_a_certificate_alone_is_not_multiple_but_after_a_password_it_is(node, lab, tenant_of, with_card):
    alice = lab["users"]["alice"]
    browser = with_card("alice")
    browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    # A certificate alone could not answer it, so a password comes first, and then nothing is left to choose.
    assert browser.asks_for_password() and not browser.offers_certificate()
    browser.sign_in(alice["upn"], alice["password"])
    token = token_on(browser, node, second_factor=True)
    assert {TLS_CLIENT, X509, names.MULTIPLE, names.PASSWORD_PROTECTED} <= set(token.claims[names.CLAIM_METHODS])
    verdict = tenant_of(node).sign_in(browser.answer().fields, state=STATE)
    assert (verdict.fault, verdict.user, verdict.mfa) == (None, alice["upn"], True)
    assert last(node, 1202)["details"]["methods"] == ["password", "certificate"]
    # It holds for the session.
    browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    token_on(browser, node, second_factor=True)


def test_sec_pwd_13_another_persons_certificate_is_no_second_factor(node, lab, with_card):
    alice = lab["users"]["alice"]
    browser = with_card("good")
    browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    page = browser.sign_in(alice["upn"], alice["password"])
    assert (page.status, browser.refusal()) == (403, "SIG-CRT-OTHER-PERSON")
    page = browser.get(browser.way_back())
    assert page.status == 200 and browser.offers_certificate() and "wresult" not in page.response.text
    # Pressed again it leads to the same page, and not in circles.
    assert browser.choose_certificate().status == 403 and browser.refusal() == "SIG-CRT-OTHER-PERSON"


def test_rules_that_want_two_factors_ask_for_another_kind_and_never_in_circles(node, lab, with_card):
    rules = f'=> issue(Type = "{names.CLAIM_METHOD}", Value = "{names.MULTIPLE}");'
    node.run("rp", "add", "--name", "Vault", "--realm", "urn:tests:vault", "--wsfed", "https://app.example.net/vault")
    node.run("rp", "set", "Vault", "--property", f"additional_authentication_rules={rules}")
    node.wait_version()
    address = f"{node.sign_in_url}?wa=wsignin1.0&wtrealm=urn:tests:vault"
    # A certificate first: nothing here could be added to it, so it is refused, in as many steps as a sign-in takes.
    browser = with_card("alice")
    browser.get(address)
    page = browser.choose_certificate()
    assert page.status >= 400 and "wresult" not in page.response.text and len(browser.history) <= 4
    # A password first, and then the certificate.
    browser = with_card("alice")
    browser.get(address)
    alice = lab["users"]["alice"]
    browser.sign_in(alice["upn"], alice["password"])
    assert "wresult" in browser.page.response.text


def test_wauth_for_certificates_leads_straight_there(node, lab, with_card):
    browser = with_card("good")
    page = browser.get(entra_url(node.sign_in_url, wauth=WAUTH))
    assert page.status == 200
    assert TLS_CLIENT in token_on(browser, node).claims[names.CLAIM_METHODS]
    # A session that began with a password does not answer it; the certificate is added.
    alice = lab["users"]["alice"]
    browser = with_card("alice")
    browser.get(entra_url(node.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    assert TLS_CLIENT not in token_on(browser, node).claims[names.CLAIM_METHODS]
    browser.get(entra_url(node.sign_in_url, wauth=WAUTH))
    assert TLS_CLIENT in token_on(browser, node, second_factor=True).claims[names.CLAIM_METHODS]


def test_sec_crt_11_without_a_card_there_is_a_way_back_and_no_loop(node, with_card):
    browser = with_card(None)
    page = browser.get(entra_url(node.sign_in_url, wauth=WAUTH))
    assert (page.status, browser.refusal()) == (403, "SIG-CRT-NONE") and len(browser.history) == 2
    page = browser.get(browser.way_back())
    assert page.status == 200 and len(browser.history) == 1
    assert browser.offers_certificate() and not browser.asks_for_password(), "a password cannot answer this request"
    assert browser.choose_certificate().status == 403
    # Where a password would do, the form has it.
    browser.get(entra_url(node.sign_in_url))
    browser.choose_certificate()
    browser.get(browser.way_back())
    assert browser.asks_for_password() and browser.offers_certificate()


def test_a_password_is_not_asked_for_beside_a_wish_for_a_password(node, with_card):
    browser = with_card("good")
    browser.get(entra_url(node.sign_in_url, wauth="http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"))
    assert browser.asks_for_password() and not browser.offers_certificate()


def test_fresh_credentials_are_a_fresh_handshake(node, with_card):
    browser = with_card("good")
    sign_in(browser, node)
    first = token_on(browser, node)
    time.sleep(1.1)
    browser.get(entra_url(node.sign_in_url, wfresh="0"))
    assert browser.offers_certificate()
    browser.choose_certificate()
    assert token_on(browser, node).authenticated_at > first.authenticated_at


# --- what crosses between the two hosts


def way_back_of(browser, node, **parameters) -> str:
    """The address to which the certificate host leads, not followed yet."""
    browser.get(entra_url(node.sign_in_url, **parameters))
    form = browser.certificate_form()
    there = browser.post(form.action, form.fields, origin=node.url, headers={"Sec-Fetch-Site": "same-origin"}, follow=False)
    assert there.status == 303, there.text
    back = browser.get(there.headers["Location"], follow=False)
    assert back.status == 303 and back.headers["Location"].startswith(node.sign_in_url + "?passed="), back.text
    return back.headers["Location"]


def session_cookie(browser):
    return next((one for one in browser.session.cookies if "session" in one.name), None)


def test_sec_crt_11_sec_pwd_13_a_result_is_worth_nothing_in_another_browser(node, with_card):
    alice, mallory = with_card("alice"), with_card("good")
    location = way_back_of(alice, node)
    # A thief's browser, one that never was here, and one with a sign-in of its own.
    own = way_back_of(mallory, node)
    for browser in (with_card(None), mallory):
        page = browser.get(location)
        assert page.status == 400 and browser.refusal() == "SIG-FLOW-EXPIRED" and not session_cookie(browser), page.text
    # Parts of two results do not make one.
    mixed = f"{own.split('&certificate=')[0]}&certificate={location.split('&certificate=')[1]}"
    page = mallory.get(mixed)
    assert "wresult" not in page.response.text and not session_cookie(mallory) and mallory.asks_for_password()
    # It was not used up by them.
    alice.get(location)
    assert token_on(alice, node).one(names.CLAIM_UPN) == "alice@example.com"


def test_sec_crt_11_a_result_is_used_once(node, with_card):
    browser = with_card("alice")
    location = way_back_of(browser, node)
    browser.get(location)
    token_on(browser, node)
    # A reload is answered by the session that stands; without it, it proves nothing.
    browser.get(location)
    token_on(browser, node)
    cookie = session_cookie(browser)
    browser.session.cookies.clear(cookie.domain, cookie.path, cookie.name)
    page = browser.get(location)
    assert "wresult" not in page.response.text and browser.asks_for_password() and not session_cookie(browser)


def test_sec_crt_11_a_victims_card_does_not_finish_the_sign_in_of_who_sent_the_link(node, with_card):
    attacker, victim = with_card(None), with_card("alice")
    attacker.get(entra_url(node.sign_in_url))
    form = attacker.certificate_form()
    there = attacker.post(form.action, form.fields, origin=node.url, headers={"Sec-Fetch-Site": "same-origin"}, follow=False)
    page = victim.get(there.headers["Location"])
    assert page.status == 400 and victim.refusal() == "SIG-FLOW-EXPIRED" and not session_cookie(victim)
    # What the attacker's browser sends itself to the certificate host is judged as its own.
    assert attacker.get(there.headers["Location"]).status == 403


def test_sec_ses_08_the_button_of_another_site_is_not_taken(node, with_card):
    browser = with_card("alice")
    browser.get(entra_url(node.sign_in_url))
    form = browser.certificate_form()
    for headers in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        page = browser.post(form.action, form.fields, headers=headers, follow=False)
        assert page.status == 200 and "Location" not in page.headers, page.headers
    stranger = with_card("alice")
    assert stranger.post(form.action, form.fields, origin=node.url, follow=False).status == 200


@pytest.mark.parametrize("value", ["", "x", "A" * 4000, "p." + "A" * 43])
def test_a_made_up_flow_leads_nowhere(node, with_card, value):
    browser = with_card("alice")
    page = browser.get(f"https://{HOST}/adfs/certauth", params={"flow": value})
    assert page.status == 400 and browser.refusal() == "SIG-FLOW-EXPIRED"
    browser.get(entra_url(node.sign_in_url))
    page = browser.get(node.sign_in_url, params={"passed": value, "certificate": value})
    assert page.status == 400 and not session_cookie(browser)


# --- the host itself


def raw(node, sni: str, host: str, path: str, alpn=("http/1.1",)):
    """Status and negotiated protocol of a request whose Host is not what TLS asked for."""
    context = ssl.create_default_context(cafile=str(node.root_certificate))
    context.set_alpn_protocols(list(alpn))
    with context.wrap_socket(socket.create_connection(("127.0.0.1", node.port), 5), server_hostname=sni) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, connection.selected_alpn_protocol()


def test_a_request_over_the_wrong_kind_of_connection_is_misdirected(node):
    assert raw(node, HOST, SERVICE_HOST, "/adfs/ls/")[0] == 421
    assert raw(node, SERVICE_HOST, HOST, "/adfs/certauth")[0] == 421
    assert raw(node, HOST, HOST, "/adfs/probe", ("h2", "http/1.1")) == (200, "http/1.1")


def test_the_certificate_host_serves_nothing_else(node):
    for path in ("/", "/adfs/ls/", "/adfs/ls/idpinitiatedsignon", "/FederationMetadata/2007-06/FederationMetadata.xml", "/adfs/portal/script/sign-in.js"):
        assert raw(node, HOST, HOST, path)[0] == 404, path
    for path in ("/adfs/portal/css/signet.css", "/adfs/portal/css/brand.css"):
        assert raw(node, HOST, HOST, path)[0] == 200, path
    assert raw(node, SERVICE_HOST, SERVICE_HOST, "/adfs/certauth")[0] == 404


def test_sec_crt_09_the_main_host_asks_for_no_certificate(node, authority, cards):
    context = ssl.create_default_context(cafile=str(authority.certificate_file))
    context.load_cert_chain(cards.folder / "alice.crt", cards.folder / "alice.key")
    for name, tickets in ((SERVICE_HOST, True), (HOST, False)):
        with context.wrap_socket(socket.create_connection(("127.0.0.1", node.port), 5), server_hostname=name) as connection:
            connection.sendall(f"GET /adfs/probe HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            while connection.recv(4096):
                pass
            assert connection.session.has_ticket == tickets, name


def test_a_port_of_its_own(make, cards, authority):
    port = free_port()
    node = make(host=SERVICE_HOST, listen=[f"127.0.0.1:{port}"])
    for key in ("tls_certificate", "tls_key"):
        del node.configuration["certificate"][key]
    node.start()
    names_of_hosts.point(SERVICE_HOST, ("127.0.0.1", port), port)
    browser = CardBrowser(authority.certificate_file, f"{SERVICE_HOST}:{port}", cards.folder / "alice.crt")
    sign_in(browser, node)
    assert any(f":{port}/adfs/certauth" in response.url for response in browser.history)
    assert token_on(browser, node).one(names.CLAIM_UPN) == "alice@example.com"
    node.stop()


def test_one_certificate_may_cover_both_hosts_and_check_says_when_none_does(make, authority, with_card):
    node = make()
    for key in ("tls_certificate", "tls_key"):
        del node.configuration["certificate"][key]
    node.write()
    done = node.raw("check")
    assert done.returncode == 1 and HOST in done.stdout and "tls_certificate" in done.stdout, done.stdout
    certificate, key = authority.issue_server("both", [SERVICE_HOST, HOST, "127.0.0.1"])
    private_file(node.folder / "tls.crt", certificate.read_bytes())
    private_file(node.folder / "tls.key", key.read_bytes())
    node.write()
    done = node.raw("check")
    assert done.returncode == 0 and "1 issuers in NTAuth, 1 trusted roots" in done.stdout, done.stdout
    serve(node)
    browser = with_card("good")
    assert sign_in(browser, node).status == 200
    node.stop()


def test_tls_files_of_the_certificate_host_are_read_again(make, authority, with_card):
    node = serve(make())

    def serial() -> int:
        context = ssl.create_default_context(cafile=str(authority.certificate_file))
        with context.wrap_socket(socket.create_connection(("127.0.0.1", node.port), 5), server_hostname=HOST) as connection:
            return x509.load_der_x509_certificate(connection.getpeercert(True)).serial_number

    before = serial()
    certificate, key = authority.issue_server(HOST, [HOST])
    private_file(node.folder / "certauth.crt", certificate.read_bytes())
    private_file(node.folder / "certauth.key", key.read_bytes())
    node.signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while serial() == before:
        assert time.monotonic() < deadline, node.log()[-2000:]
        time.sleep(0.05)
    assert sign_in(with_card("good"), node).status == 200
    node.stop()


def test_files_of_authorities_are_read_again(make, cards, with_card):
    """At SIGHUP; what cannot be read leaves what was there."""
    node = make()
    roots = node.folder / "roots.pem"
    roots.write_bytes((cards.folder / "rogue.crt").read_bytes())
    node.configuration["certificate"]["roots"] = str(roots)
    serve(node)

    def read_again(content: bytes, until: str):
        before = node.log().count(until)
        roots.write_bytes(content)
        node.signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while node.log().count(until) == before:
            assert time.monotonic() < deadline, node.log()[-2000:]
            time.sleep(0.05)
        browser = with_card("good")
        page = sign_in(browser, node)
        return "in" if page.status == 200 else browser.refusal()

    assert read_again(roots.read_bytes(), "authorities read") == "SIG-CRT-UNKNOWN-ISSUER"
    root = (cards.folder / "root.crt").read_bytes()
    assert read_again(root, "authorities read") == "in"
    assert read_again(b"no certificate", "ALARM: a file of authorities") == "in"
    node.stop()


@pytest.fixture(scope="module")
def saml_node(new_signet, authority, revocation, cards):
    node = new_signet(preset="entra-saml")
    certificate, key = authority.issue_server(HOST, [HOST])
    node.configuration["certificate"] = {
        "revocation_hosts": [revocation.host],
        "tls_certificate": str(private_file(node.folder / "certauth.crt", certificate.read_bytes())),
        "tls_key": str(private_file(node.folder / "certauth.key", key.read_bytes())),
    }
    yield node.start()
    node.stop()


@pytest.mark.parametrize("asked", ["urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient", X509])
def test_saml_gets_the_class_that_it_asked_for(saml_node, lab, revocation, with_card, asked):
    revocation.behave()
    saml_node.claim_name()
    names_of_hosts.point(HOST, ("127.0.0.1", saml_node.port))
    identifier = new_id()
    document = authn_request(names.ENTRA, identifier, name_id_policy(names.PERSISTENT) + requested_context(asked))
    browser = with_card("good")
    browser.get(redirect_url(saml_node.sign_in_url, document, "state"))
    assert len(browser.history) > 2, "led to the certificate host and back without a form"
    token = invariants.check_saml(
        read_saml(browser.answer().fields), saml_node.signing_certificate(), names.ENTRA, names.ENTRA_REPLY, identifier, second_factor=False
    )
    assert (token.method, token.name_id) == (asked, lab["users"]["cardholder"]["immutable_id"])


# --- behind a reverse proxy


def header_value(cards, card: str) -> str:
    return f":{base64.b64encode(cards.certificate(card).public_bytes(Encoding.DER)).decode()}:"


def test_sec_crt_08_a_certificate_header_counts_from_a_listed_proxy_alone(make, node, cards, with_card):
    alice = header_value(cards, "alice")
    headers = {"Client-Cert": alice, "X-SSL-Client-Cert": alice, "X-ARR-ClientCert": alice.strip(":"), "X-Forwarded-Client-Cert": alice}
    # From anybody: as if it were not there, whoever's card is in the reader.
    for card, expected in ((None, "SIG-CRT-NONE"), ("expired", "SIG-CRT-EXPIRED")):
        browser = with_card(card)
        browser.session.headers.update(headers)
        sign_in(browser, node)
        assert browser.refusal() == expected
    proxied = make(header="client-cert", header_proxies=["edge"])
    proxied.configuration["network"]["proxy"] = [{"name": "edge", "network": "127.0.0.1/32"}, {"name": "other", "network": "127.0.0.2/32"}]
    serve(proxied)
    browser = with_card("good")
    browser.session.headers["Client-Cert"] = alice
    sign_in(browser, proxied)
    assert token_on(browser, proxied).one(names.CLAIM_UPN) == "alice@example.com", "the proxy's own certificate is not the person's"
    assert last(proxied, 1202)["details"]["certificate"]["possession"] == "proxy"
    browser = with_card("good")
    browser.session.headers["X-SSL-Client-Cert"] = alice
    sign_in(browser, proxied)
    assert browser.refusal() == "SIG-CRT-NONE"
    browser = with_card(None)
    browser.session.headers["Client-Cert"] = header_value(cards, "revoked")
    sign_in(browser, proxied)
    assert browser.refusal() == "SIG-CRT-REVOKED"
    proxied.stop()


def test_sec_crt_12_an_enrolled_proxy_is_believed_over_its_own_handshake_alone(make, authority, cards, revocation, with_card):
    revocation.behave()
    alice = header_value(cards, "alice")
    # Of an authority that nobody trusts: enrolling a proxy needs no public key infrastructure.
    own = cards.certificate("rogue-issuer").fingerprint(hashes.SHA256()).hex(":")
    proxied = make(header="client-cert", header_proxies=["edge"])
    proxied.configuration["network"]["proxy"] = [{"name": "edge", "network": "127.0.0.1/32"}]
    proxied.write()
    done = proxied.raw("check")
    assert done.returncode == 0 and "header_proxy_thumbprints" in done.stdout, done.stdout + done.stderr
    proxied.configuration["certificate"]["header_proxy_thumbprints"] = [own]
    proxied.write()
    done = proxied.raw("check")
    assert done.returncode == 0 and "header_proxy_thumbprints" not in done.stdout, done.stdout + done.stderr
    serve(proxied)
    for version in ("1.2", "1.3"):
        browser = with_card("rogue-issuer", version)
        browser.session.headers["Client-Cert"] = alice
        sign_in(browser, proxied)
        assert token_on(browser, proxied).one(names.CLAIM_UPN) == "alice@example.com"
        assert last(proxied, 1202)["details"]["certificate"]["possession"] == "proxy"
    # From the proxy's address, by somebody who does not hold its key: the header is as if it were not there.
    browser = with_card(None)
    browser.session.headers["Client-Cert"] = alice
    sign_in(browser, proxied)
    assert browser.refusal() == "SIG-CRT-NONE"
    browser = with_card("good")
    browser.session.headers["Client-Cert"] = alice
    sign_in(browser, proxied)
    assert token_on(browser, proxied).one(names.CLAIM_UPN) != "alice@example.com"
    assert last(proxied, 1202)["details"]["certificate"]["possession"] == "handshake"
    here, card = ("127.0.0.1", proxied.port), cards.folder / "rogue-issuer.crt"
    said = borrowed(here, HOST, authority.certificate_file, card, cards.folder / "good.key", "1.3")
    assert said.startswith("error:"), f"its certificate is no secret, its key is: {said}"
    proxied.stop()


@pytest.fixture
def behind_nginx(make, authority, workspace, revocation):
    """A node that believes nginx's header, nginx in front of it, and an outsider's way past nginx."""
    revocation.behave()
    own, own_key = self_signed(workspace, "edge", "edge")
    thumbprint = x509.load_pem_x509_certificate(own.read_bytes()).fingerprint(hashes.SHA256()).hex()
    node = make(header="x-ssl-client-cert", header_proxies=["edge"], header_proxy_thumbprints=[thumbprint])
    node.configuration["network"]["proxy"] = [{"name": "edge", "network": "127.0.0.1/32"}]
    node.start()
    certificate, key = authority.issue_server("nginx", [HOST])
    changes = {
        "certauth.sts.contoso.com": HOST,
        "/etc/nginx/certauth.crt": str(certificate),
        "/etc/nginx/certauth.key": str(key),
        "/etc/nginx/authorities.pem": str(authority.certificate_file),
        "/etc/nginx/edge.crt": str(own),
        "/etc/nginx/edge.key": str(own_key),
        "10.0.0.7": f"127.0.0.1:{node.port}",
    }
    with Nginx(workspace / "nginx", free_port(), changes) as nginx:
        names_of_hosts.point(HOST, ("127.0.0.1", nginx.port))
        yield node
    node.stop()


def test_sec_crt_08_nginx_as_the_docs_set_it_up_passes_cards_on_and_nothing_that_a_browser_says(behind_nginx, cards, with_card):
    node = behind_nginx
    alice = quote(cards.certificate("alice").public_bytes(Encoding.PEM).decode(), safe="")
    browser = with_card("alice")
    sign_in(browser, node)
    assert token_on(browser, node).one(names.CLAIM_UPN) == "alice@example.com"
    assert last(node, 1202)["details"]["certificate"]["possession"] == "proxy"
    for card, code in ((None, "SIG-CRT-NONE"), ("revoked", "SIG-CRT-REVOKED")):
        browser = with_card(card)
        browser.session.headers["X-SSL-Client-Cert"] = alice
        sign_in(browser, node)
        assert browser.refusal() == code
    # Past nginx, from the same machine: the header is right and proves nothing.
    names_of_hosts.point(HOST, ("127.0.0.1", node.port))
    browser = with_card(None)
    browser.session.headers["X-SSL-Client-Cert"] = alice
    sign_in(browser, node)
    assert browser.refusal() == "SIG-CRT-NONE"


# --- the command


def test_certmap_prints_what_to_paste_and_what_would_be_decided(common, cards, revocation):
    revocation.behave()
    said = common.run("certmap", str(cards.folder / "good.crt"))
    values = {one["value"]: one["strength"] for one in said["mapping"]}
    wanted = cards.identities("good")
    for form in ("issuer-serial", "ski"):
        assert {value.lower(): strength for value, strength in values.items()}[wanted[form].lower()] == "strong"
    assert values[wanted["issuer-subject"]] == "weak"
    assert said["verdict"] == {"account": "cardholder in corp.example"}
    text = common.raw("certmap", str(cards.folder / "good.crt")).stdout
    assert wanted["issuer-serial"] in text and "signs in cardholder" in text
    for card, code in (pair for pair in MATRIX if pair[0] not in (None, "locked")):
        refused = common.run("certmap", str(cards.folder / f"{card}.crt"))["verdict"]["refused"]
        assert refused["code"] == code, card
    for wrong in ("good.p12", "status.json", "missing.crt"):
        done = common.raw("certmap", str(cards.folder / wrong))
        assert "panicked" not in done.stderr and (done.returncode == 1 or "signs nobody in" in done.stdout), done.stdout + done.stderr


# --- a real browser


def test_chromium_chooses_the_card_by_policy(node, lab, cards, tenant_of, partners, chromium, workspace):
    store = ChromiumCards(HOST, [cards.folder / "good.crt"])
    try:
        browser = chromium(node.tls_certificate, node.folder / "certauth.crt", home=store.home)
        browser.open(entra_url(node.sign_in_url))
        browser.wait_for("#certificateButton")
        browser.screenshot(workspace / "certificate-form.png")
        browser.find("#certificateButton").click()
        verdict = tenant_of(node).sign_in(partners.received("/login.srf").fields, state=STATE)
        assert verdict.fault is None and verdict.user == lab["users"]["cardholder"]["upn"], verdict
        assert set(verdict.token.claims[names.CLAIM_METHODS]) == {TLS_CLIENT, X509}
        assert not browser.complaints()
    finally:
        store.close()
