"""Signing in with the ticket of the own computer, through the real server: who is offered it, who gets in, who gets the form."""
import base64
import hashlib
import http.client
import re
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from harness import invariants, names
from harness.entra import Tenant
from harness.pages import Page
from harness.server import private_file
from harness.saml_requests import authn_request, name_id_policy, new_id, redirect_url, requested_context
from harness.tokens import read_saml, read_wsfed
from harness.wsfed import STATE, entra_url, sign_out_url
from lab import kerberos
from lab.settings import SERVICE_HOST, USER_PASSWORD

HOST = SERVICE_HOST
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
WINDOWS = "urn:federation:authentication:windows"
KERBEROS = "urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos"
PASSWORD = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"
WINDOWS_OR_MULTIPLE = "http://schemas.microsoft.com/claims/wiaormultiauthn"
HYBRID_JOIN = "eyJQcm9wZXJ0aWVzIjpbeyJLZXkiOiJhY3IiLCJWYWx1ZSI6IndpYW9ybXVsdGlhdXRobiJ9XX0"
NTLM = "Negotiate " + base64.b64encode(b"NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2" + bytes(24)).decode()


@pytest.fixture(scope="module")
def folder(workspace):
    made = workspace / "silent"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def keytab(lab, folder):
    return kerberos.export_keytab(folder / "sts.keytab", f"HTTP/{HOST}")


@pytest.fixture(scope="module")
def silent_node(new_signet, keytab):
    """A node that offers Kerberos as a fresh configuration does."""
    node = new_signet()
    node.configuration["kerberos"] = {"keytabs": [str(keytab)]}
    yield node.start()
    node.stop()
    node.run("audit", "verify")


@pytest.fixture
def silent(silent_node):
    silent_node.claim_name()
    return silent_node


@pytest.fixture(scope="module")
def alice(lab, folder):
    return kerberos.Tickets(folder, "alice", USER_PASSWORD)


@pytest.fixture(scope="module")
def bob(lab, folder):
    return kerberos.Tickets(folder, "dave", USER_PASSWORD)


@pytest.fixture
def desktop(another_browser):
    """A browser that is offered Kerberos."""
    made = another_browser()
    made.session.headers["User-Agent"] = FIREFOX
    return made


def with_ticket(browser, node, header: str, **parameters) -> Page:
    return browser.get(entra_url(node.sign_in_url, **parameters), headers={"Authorization": header})


def is_offered(page) -> bool:
    return "WWW-Authenticate" in page.headers


def is_plain_form(page) -> bool:
    """The form, and nothing that sends a browser round in a circle."""
    return page.status == 200 and page.has_form("UserName", "Password") and not is_offered(page)


def token_on(browser, node, **expected):
    return invariants.check_wsfed(read_wsfed(browser.answer().fields), node.signing_certificate(), names.ENTRA, **expected)


def curl(node, tickets, url: str, *options: str, agent: str = FIREFOX) -> tuple[int, dict, Page | None]:
    """What curl got in the end: status, headers of the last answer, its page."""
    command = ["curl", "-sS", "--negotiate", "-u", ":", "-A", agent, "--cacert", str(node.root_certificate), "--connect-to", f"{HOST}:443:127.0.0.1:{node.port}", "-i", *options, url]
    done = subprocess.run(command, env=tickets.environment, capture_output=True, timeout=30, check=True)
    rest = done.stdout
    while re.match(rb"HTTP/[0-9.]+ \d+", rest):
        head, rest = rest.split(b"\r\n\r\n", 1)
    lines = head.decode().split("\r\n")
    answer = type("Answer", (), {})()
    answer.status_code, answer.url, answer.content, answer.text = int(lines[0].split()[1]), url, rest, rest.decode()
    answer.headers = {name.title(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    return answer.status_code, answer.headers, Page(answer)


def wresult(page: Page) -> dict:
    return page.form("wresult").fields


def said(token) -> set[str]:
    return {token.method, *token.claims.get(names.CLAIM_METHODS, []), *token.claims.get(names.CLAIM_METHOD, [])}


# --- signing in


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_sec_krb_15_curl_with_a_ticket_gets_a_token_whose_evidence_is_kerberos_only(silent, lab, alice, tenant_of, version):
    status, headers, page = curl(silent, alice, entra_url(silent.sign_in_url), version)
    assert status == 200, page.text
    token = invariants.check_wsfed(read_wsfed(wresult(page)), silent.signing_certificate(), names.ENTRA, second_factor=False)
    assert said(token) == {WINDOWS, KERBEROS}, said(token)
    assert token.name_id == lab["users"]["alice"]["immutable_id"] and token.one(names.CLAIM_INSIDE) == "true"
    # Our own proof to the browser comes along, and a session.
    assert base64.b64decode(headers["Www-Authenticate"].removeprefix("Negotiate "))[0] == 0xA1
    assert "session" in headers["Set-Cookie"]
    verdict = tenant_of(silent).sign_in(wresult(page), state=STATE)
    assert (verdict.fault, verdict.user, verdict.mfa) == (None, "alice@example.com", False)
    row = [event for event in silent.audit() if event["event"] == 1202][-1]
    assert row["details"]["methods"] == ["kerberos"], row


def test_the_session_answers_the_next_request_without_a_ticket(silent, alice, desktop):
    with_ticket(desktop, silent, alice.negotiate(HOST)[0])
    first = token_on(desktop, silent)
    page = desktop.get(entra_url(silent.sign_in_url))
    assert not is_offered(page) and token_on(desktop, silent).authenticated_at == first.authenticated_at


def test_the_offer_is_the_form_and_the_form_works_at_once(silent, lab, desktop):
    page = desktop.get(entra_url(silent.sign_in_url, "alice@example.com"))
    assert page.status == 401 and page.headers["WWW-Authenticate"] == "Negotiate"
    assert page.form("UserName", "Password").fields["UserName"] == "alice@example.com" and "automatic" not in page.text.lower()
    desktop.sign_in("alice@example.com", lab["users"]["alice"]["password"])
    assert names.PASSWORD_PROTECTED in said(token_on(desktop, silent)) and WINDOWS not in said(token_on(desktop, silent))


def test_a_parked_request_is_offered_kerberos_when_it_comes_back(silent, alice, desktop):
    """A request by POST goes on by GET; only the GET negotiates."""
    url = entra_url(silent.sign_in_url)
    fields = dict(part.split("=", 1) for part in ("wa=wsignin1.0", f"wtrealm={names.ENTRA}", "wctx=x"))
    posted = desktop.post(silent.sign_in_url, fields, follow=False, headers={"Authorization": alice.negotiate(HOST)[0]})
    assert posted.status == 303 and not is_offered(posted), url
    back = silent.url + posted.headers["Location"]
    assert desktop.get(back).status == 401
    desktop.get(back, headers={"Authorization": alice.negotiate(HOST)[0]})
    assert said(token_on(desktop, silent)) == {WINDOWS, KERBEROS}


def test_in_chromium_a_ticket_signs_in_and_nobody_types_anything(silent, alice, chromium, partners, tenant_of):
    browser = chromium(silent.tls_certificate, tickets=alice.environment, allowlist=f"*.{HOST.partition('.')[2]}")
    tenant = tenant_of(silent)
    browser.open(entra_url(silent.sign_in_url))
    browser.wait(lambda b: b.title == "Received")
    verdict = tenant.sign_in(partners.received("/login.srf").fields, state=STATE)
    assert (verdict.fault, verdict.user) == (None, "alice@example.com") and said(verdict.token) == {WINDOWS, KERBEROS}
    accepted = [record for record in silent.log_records() if record.get("message") == "ticket accepted"]
    # The session answers from now on.
    browser.open(entra_url(silent.sign_in_url))
    browser.wait(lambda b: b.title == "Received")
    assert tenant.sign_in(partners.received("/login.srf").fields, state=STATE).user == "alice@example.com"
    assert len([record for record in silent.log_records() if record.get("message") == "ticket accepted"]) == len(accepted)
    print("channel bound:", accepted[-1]["channel_bound"])
    # A wish for fresh credentials is the form, whatever ticket there is.
    browser.open(entra_url(silent.sign_in_url, wfresh="0"))
    browser.wait_for("input[name=Password]")
    browser.open(sign_out_url(silent.sign_in_url))
    browser.wait(lambda b: "signed out" in b.text.lower())


def test_in_chromium_without_a_ticket_the_form_in_the_offer_works(silent, lab, folder, chromium, partners, tenant_of):
    nobody = {"KRB5_CONFIG": str(kerberos.KRB5_CONF), "KRB5CCNAME": f"FILE:{folder}/nothing"}
    browser = chromium(silent.tls_certificate, tickets=nobody, allowlist=f"*.{HOST.partition('.')[2]}")
    browser.open(entra_url(silent.sign_in_url))
    browser.sign_in("alice@example.com", lab["users"]["alice"]["password"])
    browser.wait(lambda b: b.title == "Received")
    verdict = tenant_of(silent).sign_in(partners.received("/login.srf").fields, state=STATE)
    assert (verdict.fault, verdict.user) == (None, "alice@example.com") and WINDOWS not in said(verdict.token)


# --- who is offered it


def test_sec_krb_06_an_unlisted_browser_is_not_offered_it_and_its_ticket_is_not_read(silent, alice, another_browser):
    for agent in (PHONE, "curl/8.0", ""):
        browser = another_browser()
        browser.session.headers["User-Agent"] = agent
        assert is_plain_form(browser.get(entra_url(silent.sign_in_url))), agent
        assert is_plain_form(with_ticket(browser, silent, alice.negotiate(HOST)[0])), agent


@pytest.mark.parametrize("section, key, value", [("network", "inside", ["10.0.0.0/8"]), ("kerberos", "networks", ["10.0.0.0/8"])])
def test_sec_krb_06_another_network_is_not_offered_it_and_its_ticket_is_not_read(new_signet, keytab, alice, desktop, section, key, value):
    node = new_signet()
    node.configuration["kerberos"] = {"keytabs": [str(keytab)]}
    node.configuration[section][key] = value
    node.start()
    assert is_plain_form(desktop.get(entra_url(node.sign_in_url)))
    assert is_plain_form(with_ticket(desktop, node, alice.negotiate(HOST)[0]))
    # An application that wants a ticket and nothing else is told so.
    page = desktop.get(entra_url(node.sign_in_url, wauth=WINDOWS))
    assert page.status == 403 and "SIG-KRB-WANTED" in page.text and not is_offered(page)
    node.stop()


def test_sec_krb_06_lists_of_one_s_own_count_in_place_of_the_usual(new_signet, keytab, alice, another_browser):
    node = new_signet()
    node.configuration["network"]["inside"] = ["10.0.0.0/8"]
    node.configuration["kerberos"] = {"keytabs": [str(keytab)], "networks": ["127.0.0.0/8"], "user_agents": ["=~^Kiosk/\\d+$", "In-House"]}
    node.start()
    for agent, listed in (("Kiosk/7", True), ("Kiosk/x", False), ("The In-House Browser", True), (FIREFOX, False)):
        browser = another_browser()
        browser.session.headers["User-Agent"] = agent
        assert is_offered(browser.get(entra_url(node.sign_in_url))) == listed, agent
    browser.session.headers["User-Agent"] = "Kiosk/7"
    with_ticket(browser, node, alice.negotiate(HOST)[0])
    assert token_on(browser, node).one(names.CLAIM_INSIDE) == "false", "an own list does not make a network inside"
    node.stop()


@pytest.mark.parametrize("parameters", [{"wauth": PASSWORD}, {"wfresh": "0"}, {"prompt": "login"}, {"wfresh": "0", "wauth": PASSWORD}])
def test_a_wish_for_a_password_or_for_fresh_credentials_goes_round_it(silent, lab, alice, desktop, parameters):
    assert is_plain_form(desktop.get(entra_url(silent.sign_in_url, **parameters)))
    assert is_plain_form(with_ticket(desktop, silent, alice.negotiate(HOST)[0], **parameters))
    desktop.sign_in("alice@example.com", lab["users"]["alice"]["password"])
    assert WINDOWS not in said(token_on(desktop, silent))


def test_a_ticket_s_session_does_not_answer_a_wish_for_a_password(silent, lab, alice, desktop):
    with_ticket(desktop, silent, alice.negotiate(HOST)[0])
    assert is_plain_form(desktop.get(entra_url(silent.sign_in_url, wauth=PASSWORD)))


def test_windows_sign_in_by_name_is_met_by_a_ticket_and_by_nothing_else(silent, lab, alice, desktop, another_browser):
    page = desktop.get(entra_url(silent.sign_in_url, wauth=WINDOWS))
    assert page.status == 401 and page.headers["WWW-Authenticate"] == "Negotiate" and not page.has_form("Password")
    assert "SIG-KRB-WANTED" in page.text
    page = with_ticket(desktop, silent, NTLM, wauth=WINDOWS)
    assert page.status == 403 and not is_offered(page) and "SIG-KRB-WANTED" in page.text
    with_ticket(desktop, silent, alice.negotiate(HOST)[0], wauth=WINDOWS)
    assert token_on(desktop, silent).method == WINDOWS
    # A session that began with a password gets the ticket in addition.
    other = another_browser()
    other.session.headers["User-Agent"] = FIREFOX
    other.get(entra_url(silent.sign_in_url))
    other.sign_in("alice@example.com", lab["users"]["alice"]["password"])
    assert other.get(entra_url(silent.sign_in_url, wauth=WINDOWS)).status == 401
    with_ticket(other, silent, alice.negotiate(HOST)[0], wauth=WINDOWS)
    assert WINDOWS in said(token_on(other, silent))


def test_a_device_that_joins_gets_windows_or_several_factors(silent, alice, desktop):
    wish = {"resource_params": HYBRID_JOIN}
    assert desktop.get(entra_url(silent.sign_in_url, **wish)).status == 401
    with_ticket(desktop, silent, alice.negotiate(HOST)[0], **wish)
    token = token_on(desktop, silent)
    assert {WINDOWS, WINDOWS_OR_MULTIPLE} <= said(token) <= {WINDOWS, KERBEROS, WINDOWS_OR_MULTIPLE}, said(token)


@pytest.fixture(scope="module")
def saml_node(new_signet, keytab):
    node = new_signet(preset="entra-saml")
    node.configuration["kerberos"] = {"keytabs": [str(keytab)]}
    yield node.start()
    node.stop()


@pytest.mark.parametrize("asked", [WINDOWS, KERBEROS])
def test_saml_gets_the_class_that_it_asked_for(saml_node, lab, alice, desktop, asked):
    saml_node.claim_name()
    identifier = new_id()
    url = redirect_url(saml_node.sign_in_url, authn_request(names.ENTRA, identifier, name_id_policy(names.PERSISTENT) + requested_context(asked)), "state")
    page = desktop.get(url)
    assert page.status == 401 and page.headers["WWW-Authenticate"] == "Negotiate" and not page.has_form("Password")
    desktop.get(url, headers={"Authorization": alice.negotiate(HOST)[0]})
    answer = read_saml(desktop.answer().fields)
    token = invariants.check_saml(answer, saml_node.signing_certificate(), names.ENTRA, names.ENTRA_REPLY, identifier, second_factor=False)
    assert (token.method, token.name_id) == (asked, lab["users"]["alice"]["immutable_id"])
    # Without a ticket the application is told, in its protocol.
    desktop.session.cookies.clear()
    page = desktop.get(url, headers={"Authorization": NTLM})
    assert not is_offered(page)
    invariants.check_saml_failure(
        read_saml(desktop.answer().fields), names.ENTRA_REPLY, identifier, "urn:oasis:names:tc:SAML:2.0:status:Responder", "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"
    )


def test_sec_saml_09_force_authn_goes_round_it(saml_node, alice, desktop):
    saml_node.claim_name()
    document = authn_request(names.ENTRA, new_id(), name_id_policy(names.PERSISTENT), ForceAuthn="true")
    for header in (None, alice.negotiate(HOST)[0]):
        page = desktop.get(redirect_url(saml_node.sign_in_url, document), headers={"Authorization": header} if header else {})
        assert is_plain_form(page)
    saml_node.set_property(names.ENTRA, "always_require_authentication", "true")
    document = authn_request(names.ENTRA, new_id(), name_id_policy(names.PERSISTENT))
    assert is_plain_form(desktop.get(redirect_url(saml_node.sign_in_url, document)))


# --- what does not get in


def test_sec_krb_04_ntlm_and_what_is_no_ticket_gets_the_form_and_no_second_offer(silent, desktop):
    before = len(silent.audit())
    for header in (NTLM, "Negotiate", "Negotiate !!!", "Basic YWxpY2U6eA==", "Negotiate " + "A" * 70_000):
        page = with_ticket(desktop, silent, header)
        assert is_plain_form(page), (header[:40], page.status)
        assert not page.tree.xpath("//*[@role='alert']"), "an everyday case is worth no word"
    assert len(silent.audit()) == before


def test_two_authorization_headers_are_nobody_s(silent, alice, bob):
    one, two = alice.negotiate(HOST)[0], bob.negotiate(HOST)[0]
    with keep_alive(silent) as connection:
        status, headers, page = ask(connection, [("Authorization", one), ("Authorization", two)])
    assert status == 200 and "wresult" not in page and "WWW-Authenticate" not in headers


def test_sec_krb_03_a_refused_ticket_gets_the_form_a_word_and_an_audit_row(silent, lab, folder, desktop):
    late = kerberos.Tickets(folder / "late", "carol", USER_PASSWORD)
    late.service_ticket(f"HTTP/{HOST}")
    page = with_ticket(desktop, silent, late.negotiate(HOST, clock="+6m")[0])
    assert is_plain_form(page)
    notice = page.tree.xpath("//*[@role='alert']")[0].text_content()
    assert "clock" in notice and "SIG-KRB-CLOCK" in notice
    row = silent.audit()[-1]
    assert (row["event"], row["reason"], row["outcome"]) == (1203, "SIG-KRB-CLOCK", "failure") and "300 s" in row["details"]["detail"]
    desktop.sign_in("carol@example.com", lab["users"]["carol"]["password"])
    token_on(desktop, silent)


def test_sec_krb_02_a_ticket_is_taken_once_by_two_nodes_of_one_store(silent, new_signet, keytab, alice, another_browser):
    second = new_signet(prepare=False)
    second.configuration["store"] = silent.configuration["store"]
    # A memory of its own for the library, so that it is the store that knows.
    second.configuration["kerberos"] = {"keytabs": [str(keytab)], "replay_cache": str(second.folder / "replay")}
    second.start()
    header = alice.negotiate(HOST)[0]
    for node, taken in ((silent, True), (second, False), (silent, False)):
        node.claim_name()
        browser = another_browser()
        browser.session.headers["User-Agent"] = FIREFOX
        page = with_ticket(browser, node, header)
        assert ("wresult" in page.response.text) == taken, page.text
    second.stop()
    assert "SIG-KRB-REPLAY" in page.text and is_plain_form(page)
    reasons = [event["details"]["detail"] for event in silent.audit()[-5:] if event["reason"] == "SIG-KRB-REPLAY"]
    assert any("another node" in one for one in reasons), reasons


def test_sec_krb_16_what_a_page_loads_into_itself_signs_nobody_in(silent, alice, desktop):
    for destination in ("image", "iframe", "empty", "script"):
        before = len(silent.audit())
        headers = {"Sec-Fetch-Dest": destination, "Sec-Fetch-Site": "cross-site", "Authorization": alice.negotiate(HOST)[0]}
        page = desktop.get(entra_url(silent.sign_in_url), headers=headers)
        assert is_plain_form(page), destination
        assert not any("session" in cookie.name for cookie in desktop.session.cookies) and len(silent.audit()) == before
    # Somebody led here by a foreign page signs in silently, and the token goes to the registered address and nowhere else.
    headers = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site", "Authorization": alice.negotiate(HOST)[0]}
    page = desktop.get(entra_url(silent.sign_in_url, wreply="https://evil.test/"), headers=headers)
    assert page.status == 400 and "wresult" not in page.response.text
    headers["Authorization"] = alice.negotiate(HOST)[0]
    desktop.get(entra_url(silent.sign_in_url), headers=headers)
    assert desktop.answer().action == names.ENTRA_REPLY


def test_sec_krb_17_a_connection_that_several_people_share_is_nobody_s(silent, lab, alice, bob):
    with keep_alive(silent) as connection:
        first = ask(connection, [("Authorization", alice.negotiate(HOST)[0])])
        nobody = ask(connection, [])
        second = ask(connection, [("Authorization", bob.negotiate(HOST)[0])])
        again = ask(connection, [])
    assert [one[0] for one in (first, nobody, second, again)] == [200, 401, 200, 401]
    users = lab["users"]
    assert users["alice"]["immutable_id"] in first[2] and users["dave"]["immutable_id"] in second[2]
    assert users["alice"]["immutable_id"] not in nobody[2] + second[2] + again[2]


def test_sec_krb_17_streams_of_one_http_2_connection_are_several_people(silent, lab, alice, bob, folder):
    """curl sends both over one connection, the second without a ticket."""
    url, out = entra_url(silent.sign_in_url), folder / "h2"
    common = ["--http2", "-A", FIREFOX, "--cacert", str(silent.root_certificate), "--connect-to", f"{HOST}:443:127.0.0.1:{silent.port}", "-sS", "-w", "%{http_code} %{num_connects} %{http_version}\n"]
    command = ["curl", *common, "-H", f"Authorization: {alice.negotiate(HOST)[0]}", "-o", f"{out}-1", url, "--next", *common, "-o", f"{out}-2", url,
               "--next", *common, "-H", f"Authorization: {bob.negotiate(HOST)[0]}", "-o", f"{out}-3", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split("\n")[:3] == ["200 1 2", "401 0 2", "200 0 2"], done.stdout
    first, nobody, second = (Path(f"{out}-{number}").read_text() for number in (1, 2, 3))
    users = lab["users"]
    assert users["alice"]["immutable_id"] in first and users["dave"]["immutable_id"] in second
    assert "wresult" not in nobody and users["alice"]["immutable_id"] not in second


def test_sec_krb_19_the_header_counts_nowhere_else(silent, lab, alice, desktop):
    headers = lambda: {"Authorization": alice.negotiate(HOST)[0]}  # noqa: E731
    for path in ("/adfs/portal/css/signet.css", "/FederationMetadata/2007-06/FederationMetadata.xml", "/adfs/probe", "/adfs/ls/idpinitiatedsignon", "/nothing", "/adfs/ls/?wa=wsignout1.0", "/adfs/ls/"):
        page = desktop.get(silent.url + path, headers=headers())
        assert not is_offered(page) and "Set-Cookie" not in page.headers and "wresult" not in page.response.text, path
    # The form is posted with a ticket beside it: what was typed counts.
    desktop.get(entra_url(silent.sign_in_url))
    form = desktop.page.form("UserName", "Password")
    page = desktop.post(form.action, form.fields | {"UserName": "nobody@example.com", "Password": "x"}, origin=silent.url, headers=headers())
    assert is_plain_form(page) and "wrong" in page.text
    # Nor does it change whose session it is.
    desktop.get(entra_url(silent.sign_in_url))
    desktop.sign_in("carol@example.com", lab["users"]["carol"]["password"])
    with_ticket(desktop, silent, alice.negotiate(HOST)[0])
    assert token_on(desktop, silent).name_id == lab["users"]["carol"]["immutable_id"]


# --- large tickets


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_two_hundred_groups_and_fifty_kilobytes_of_other_headers_get_in(silent, lab, folder, version):
    """More than that curl itself does not send over HTTP/2."""
    many = kerberos.Tickets(folder, "manygroups", USER_PASSWORD)
    padding = [option for number in range(10) for option in ("-H", f"X-Padding-{number}: {'x' * 5000}")]
    status, _, page = curl(silent, many, entra_url(silent.sign_in_url), version, *padding)
    assert status == 200 and read_wsfed(wresult(page)).token.name_id == lab["users"]["manygroups"]["immutable_id"], page.text[:500]


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_header_of_sixty_kibibytes_is_read(silent, folder, alice, version):
    token = "Negotiate " + base64.b64encode(b"\x60\x82\xb0\x00" + bytes(45_000)).decode()
    assert 60_000 < len(token) < 65_536
    config = folder / "large.curl"
    config.write_text(f'header = "Authorization: {token}"\n')
    command = ["curl", "-sS", version, "-A", FIREFOX, "--cacert", str(silent.root_certificate), "--connect-to", f"{HOST}:443:127.0.0.1:{silent.port}", "-K", str(config), "-w", "%{http_code}", entra_url(silent.sign_in_url)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    # Read, found to be no ticket, answered with the form: not 431.
    assert done.stdout.endswith("200") and "Password" in done.stdout


# --- extended protection


def end_point(certificate: Path) -> bytes:
    der = base64.b64decode("".join(re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END", certificate.read_text(), re.S)[1].split()))
    return b"tls-server-end-point:" + hashlib.sha256(der).digest()


def test_sec_krb_05_required_bindings_are_those_of_the_certificate_that_was_shown(new_signet, authority, keytab, alice, another_browser):
    node = new_signet()
    node.configuration["kerberos"] = {"keytabs": [str(keytab)], "extended_protection": "require"}
    node.start()

    def outcome(binding):
        browser = another_browser()
        browser.session.headers["User-Agent"] = FIREFOX
        page = with_ticket(browser, node, alice.negotiate(HOST, binding=binding)[0])
        code = re.search(r"SIG-[A-Z-]+", page.text)
        assert "wresult" in page.response.text or is_plain_form(page)
        return code[0] if code else "in"

    old = end_point(node.tls_certificate)
    assert (outcome(old), outcome(None), outcome(bytes(32))) == ("in", "SIG-KRB-BINDING-MISSING", "SIG-KRB-BINDING")
    accepted = [record for record in node.log_records() if record.get("message") == "ticket accepted"]
    assert accepted[-1]["channel_bound"] is True and accepted[-1]["principal"] == "alice@CORP.EXAMPLE"
    # A new certificate under the running node: from now on that one counts.
    certificate, key = authority.issue_server("kerberos-renewed", [HOST, "127.0.0.1"])
    node.tls_certificate.write_bytes(certificate.read_bytes())
    private_file(node.folder / "tls.key", key.read_bytes())
    node.signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while not any(record.get("message") == "TLS files read again" for record in node.log_records()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (outcome(end_point(node.tls_certificate)), outcome(old)) == ("in", "SIG-KRB-BINDING")
    node.stop()


def test_sec_krb_05_behind_a_proxy_the_proxy_s_certificate_counts(new_signet, authority, keytab, alice):
    certificate, _ = authority.issue_server("proxy", [HOST])
    node = new_signet()
    node.configuration["network"] |= {"inside": ["127.0.0.0/8", "10.0.0.0/8"], "inside_through_proxy": True, "proxy": [{"name": "edge", "network": "127.0.0.9/32"}]}
    node.configuration["kerberos"] = {"keytabs": [str(keytab)], "extended_protection": "require", "proxy_certificate": str(certificate)}
    node.start()
    with keep_alive(node, source="127.0.0.9") as connection:
        forwarded = ("X-Forwarded-For", "10.1.2.3")
        own, proxy = (alice.negotiate(HOST, binding=end_point(one))[0] for one in (node.tls_certificate, certificate))
        status, _, page = ask(connection, [forwarded, ("Authorization", own)])
        assert status == 200 and "SIG-KRB-BINDING" in page and "wresult" not in page
        status, _, page = ask(connection, [forwarded, ("Authorization", proxy)])
        assert status == 200 and "wresult" in page
        # Somebody outside who comes through it is not offered Kerberos.
        status, headers, page = ask(connection, [("X-Forwarded-For", "203.0.113.7")])
        assert status == 200 and "WWW-Authenticate" not in headers
    node.stop()


# --- operation


def test_sec_krb_20_a_keytab_open_to_others_keeps_the_node_from_starting(new_signet, keytab):
    node = new_signet()
    opened = node.folder / "open.keytab"
    opened.write_bytes(keytab.read_bytes())
    opened.chmod(0o644)
    node.configuration["kerberos"] = {"keytabs": [str(opened)]}
    node.write()
    done = node.raw("serve", timeout=20)
    assert done.returncode == 1 and "chmod 600" in done.stdout + done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize("content", [None, b"", b"\x05\x02", b"nonsense"])
def test_sec_krb_20_without_its_keytab_there_is_an_alarm_and_the_form_works(new_signet, lab, desktop, content):
    node = new_signet()
    file = node.folder / "sts.keytab"
    if content is not None:
        private_file(file, content)
    node.configuration["kerberos"] = {"keytabs": [str(file)]}
    node.start()
    alarms = [record for record in node.log_records() if record["level"] == "ERROR" and "ALARM" in record["message"]]
    assert len(alarms) == 1 and alarms[0]["code"].startswith("SIG-KRB-KEYTAB") and "sts.keytab" in alarms[0]["detail"], alarms
    assert is_plain_form(desktop.get(entra_url(node.sign_in_url)))
    desktop.sign_in("alice@example.com", lab["users"]["alice"]["password"])
    token_on(desktop, node)
    checked = node.raw("check")
    assert checked.returncode == 1 and any("PROBLEM  kerberos" in line and "sts.keytab" in line for line in checked.stdout.splitlines()), checked.stdout
    node.stop()


def test_check_says_what_browsers_ask_for_and_what_is_missing(silent, new_signet, keytab, folder):
    done = silent.raw("check")
    lines = [line for line in done.stdout.splitlines() if " kerberos " in line]
    assert all(line.startswith("ok") for line in lines) and f"HTTP/{HOST}" in lines[0], done.stdout
    assert any(f"HTTP/{HOST}@CORP.EXAMPLE, version" in line and "aes256" in line for line in lines), lines
    other = new_signet()
    foreign = kerberos.export_keytab(folder / "roll.keytab", "HTTP/roll.corp.example")
    other.configuration["network"]["inside"] = []
    other.configuration["kerberos"] = {"keytabs": [str(foreign)], "realms": ["OTHER.EXAMPLE"]}
    other.write()
    done = other.raw("check")
    assert done.returncode == 1 and f"setspn -S HTTP/{HOST}" in done.stdout and "nobody is offered it" in done.stdout
    assert "OTHER.EXAMPLE is not the domain of a configured directory" in done.stdout, done.stdout


@pytest.mark.parametrize("wrong", ["keytab = \"x\"", "keytabs = []", "user_agents = [\"=~(\"]", "extended_protection = \"on\"", "networks = [\"x\"]"])
def test_sec_cfg_06_a_wrong_kerberos_section_is_named(new_signet, wrong):
    node = new_signet(prepare=False)
    node.write()
    with node.file.open("a") as file:
        file.write("\n[kerberos]\n" + ("" if wrong.startswith("keytabs") else "keytabs = [\"x\"]\n") + wrong + "\n")
    done = node.raw("serve", timeout=20)
    text = done.stdout + done.stderr
    assert done.returncode == 1 and "signet.toml" in text and (wrong.split()[0] in text or re.search(r"line \d+:", text)), text


# --- helpers that speak for themselves


@pytest.fixture(scope="module")
def tenant_of(lab):
    return lambda node: Tenant.federated_with(node, ["example.com", "contoso.test"], lab["users"].values())


class keep_alive:
    """One HTTP/1.1 connection to a node, from an address of one's own."""

    def __init__(self, node, source: str | None = None):
        context = ssl.create_default_context(cafile=str(node.root_certificate))
        self.node, self.connection = node, http.client.HTTPSConnection(HOST, node.port, timeout=15)
        plain = socket.create_connection(("127.0.0.1", node.port), 15, (source, 0) if source else None)
        self.connection.sock = context.wrap_socket(plain, server_hostname=HOST)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()


def ask(kept: keep_alive, headers: list[tuple[str, str]]) -> tuple[int, dict, str]:
    """A request for a token without any cookie; the connection stays open."""
    socket_before = kept.connection.sock
    path = entra_url(kept.node.sign_in_url).removeprefix(kept.node.url)
    kept.connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
    for name, value in [("Host", HOST), ("User-Agent", FIREFOX), *headers]:
        kept.connection.putheader(name, value)
    kept.connection.endheaders()
    answer = kept.connection.getresponse()
    body = answer.read().decode()
    assert kept.connection.sock is socket_before, "the connection was closed in between"
    return answer.status, dict(answer.getheaders()), body
