"""What every answer carries, and what no request gets."""
import http.client
import re
import socket
import ssl

import pytest

from harness import names
from harness.wsfed import entra_url, sign_in_url, sign_out_url

CANARY = "\"'><svg/onload=alert(7731)>"


def raw(signet, octets: bytes, within: float = 5) -> bytes:
    """Octets as they are, over TLS; what comes back until the server closes."""
    context = ssl.create_default_context(cafile=str(signet.root_certificate))
    context.set_alpn_protocols(["http/1.1"])
    with context.wrap_socket(socket.create_connection(("127.0.0.1", signet.port), within), server_hostname=signet.host) as connection:
        connection.settimeout(within)
        connection.sendall(octets)
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except (TimeoutError, ConnectionResetError, ssl.SSLError):
            pass
        return received


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


@pytest.fixture
def every_kind_of_answer(signet, lab, browser):
    """Form, wrong password, error, token, sign-out, metadata, style, script, nothing there, wrong method."""
    alice = lab["users"]["alice"]
    answers = {"form": browser.get(entra_url(signet.sign_in_url))}
    answers["wrong password"] = browser.sign_in("nobody@example.com", "x")
    browser.get(entra_url(signet.sign_in_url))
    answers["token"] = browser.sign_in(alice["upn"], alice["password"])
    answers["error"] = browser.get(sign_in_url(signet.sign_in_url, "urn:nobody"))
    answers["sign-out"] = browser.get(sign_out_url(signet.sign_in_url))
    answers["metadata"] = browser.get(signet.url + "/FederationMetadata/2007-06/FederationMetadata.xml")
    answers["not found"] = browser.get(signet.url + "/nothing/here")
    answers["wrong method"] = browser.post(signet.url + "/FederationMetadata/2007-06/FederationMetadata.xml", {})
    answers["probe"] = browser.get(signet.url + "/adfs/probe")
    return answers


def test_sec_web_15_security_headers_are_on_every_answer(every_kind_of_answer):
    for kind, page in every_kind_of_answer.items():
        headers = page.headers
        assert int(headers["Strict-Transport-Security"].split("max-age=")[1].split(";")[0]) >= 31536000, kind
        assert headers["X-Content-Type-Options"] == "nosniff", kind
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", kind
        assert "Permissions-Policy" in headers and "Server" not in headers, kind


def test_sec_web_01_sec_web_02_sec_web_07_pages_cannot_be_framed_scripted_or_kept(every_kind_of_answer):
    for kind, page in every_kind_of_answer.items():
        policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
        assert policy["frame-ancestors"] == "'none'" and page.headers["X-Frame-Options"] == "DENY", kind
        assert policy["base-uri"] == "'none'" and policy["object-src"] == "'none'" and policy["default-src"] == "'none'", kind
        assert "unsafe" not in page.headers["Content-Security-Policy"] and "*" not in policy["script-src"], kind
        assert "form-action" in policy, kind
        if page.tree is not None:
            assert page.tree.xpath("//script[not(@src)]") == [] and page.tree.xpath("//@onclick | //@onload | //@style") == [], kind
            assert "no-store" in page.headers["Cache-Control"] and page.headers["Referrer-Policy"] in ("no-referrer", "strict-origin", "same-origin"), kind


@pytest.mark.parametrize("host", ["evil.test", "sts.corp.example:8443", "sts.corp.example.evil.test", "", "sts.corp.example@evil.test", "127.0.0.1"])
def test_sec_web_03_another_host_name_is_not_answered(signet, host):
    answer = raw(signet, f"GET /adfs/ls/?wa=wsignin1.0&wtrealm=x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert status_of(answer) in (400, 421) and b"evil.test" not in answer


def test_sec_web_03_addresses_come_from_the_configuration(signet, browser):
    page = browser.get(signet.url + "/FederationMetadata/2007-06/FederationMetadata.xml", headers={"X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test"})
    assert page.status == 200 and b"evil.test" not in page.response.content
    assert status_of(raw(signet, b"GET / HTTP/1.1\r\nHost: sts.corp.example\r\nHost: evil.test\r\nConnection: close\r\n\r\n")) in (400, 421)


@pytest.mark.parametrize("name", ["wreply", "wctx", "whr", "username", "login_hint", "wtrealm", "RelayState", "ReturnUrl", "redirect_uri", "next", "url", "client-request-id", "wct", "mkt", "lc"])
def test_sec_web_04_sec_web_05_no_parameter_redirects_or_scripts(signet, browser, name):
    for value in ("https://evil.test/", "//evil.test", "javascript:alert(1)", CANARY, "</title>" + CANARY):
        parameters = {"wa": "wsignin1.0", "wtrealm": names.ENTRA} | {name: value}
        page = browser.get(signet.sign_in_url, params=parameters, follow=False)
        assert page.status in (200, 400, 404) and "Location" not in page.headers, (name, value)
        assert "<svg/onload" not in page.response.text, (name, value)
        if page.tree is not None:
            assert page.tree.xpath("//svg") == []
            for form in page.forms():
                assert form.action.startswith(signet.url + "/"), form.action


def test_sec_web_05_headers_and_names_are_text_on_the_page(signet, browser):
    browser.session.headers.update({"User-Agent": CANARY, "Referer": CANARY, "Accept-Language": CANARY})
    for page in (browser.get(entra_url(signet.sign_in_url, CANARY)), browser.sign_in(CANARY, "x"), browser.get(sign_in_url(signet.sign_in_url, CANARY))):
        assert "<svg/onload" not in page.response.text


def test_sec_web_06_control_characters_reach_no_header(signet, browser):
    for value in ("a%0d%0aSet-Cookie:%20x=y", "a%00b", "%c4%8a%c4%8d", "a%0aLocation:%20https://evil.test"):
        for name in ("wctx", "wreply", "username", "client-request-id"):
            page = browser.get(f"{signet.sign_in_url}?wa=wsignin1.0&wtrealm={names.ENTRA}&{name}={value}", follow=False)
            assert "evil.test" not in page.headers.get("Location", "") and "x=y" not in page.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("path", ["//adfs/ls/", "/adfs/%6cs/", "/adfs/ls/..;/admin", "/adfs/%2e%2e/ls", "/adfs/ls/%2e%2e/%2e%2e/etc/passwd", "/adfs/./ls", "/adfs\\ls", "/adfs/ls/%00", "/adfs/ls;x=1"])
def test_sec_web_08_only_the_canonical_path_is_a_path(signet, path):
    answer = raw(signet, f"GET {path}?wa=wsignin1.0&wtrealm={names.ENTRA} HTTP/1.1\r\nHost: {signet.host}\r\nConnection: close\r\n\r\n".encode())
    assert status_of(answer) in (400, 404), answer[:200]


SMUGGLED = [
    b"POST /adfs/ls/ HTTP/1.1\r\nHost: H\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: H\r\n\r\n",
    b"POST /adfs/ls/ HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"POST /adfs/ls/ HTTP/1.1\r\nHost: H\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"POST /adfs/ls/ HTTP/1.1\r\nHost: H\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    b"POST /adfs/ls/ HTTP/1.1\r\nHost: H\r\nContent-Length: +5\r\n\r\nhello",
    b"GET /adfs/probe HTTP/1.1\r\nHost: H\r\nX: a\r\n b\r\n\r\n",
    b"POST /adfs/ls/ HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\nhello\r\n0\r\n\r\n",
    b"GET /adfs/probe HTTP/1.1\r\nHost: H\r\nBad Name: x\r\n\r\n",
    b"GET  /adfs/probe HTTP/1.1\r\nHost: H\r\n\r\n",
    b"GET /adfs/probe HTTP/3.7\r\nHost: H\r\n\r\n",
]


@pytest.mark.parametrize("octets", SMUGGLED)
def test_sec_web_09_a_request_with_two_readings_has_no_answer_but_400(signet, octets):
    answer = raw(signet, octets.replace(b"Host: H", f"Host: {signet.host}".encode()), within=8)
    assert answer.count(b"HTTP/1.1 ") <= 1 and status_of(answer) in (0, 400, 411, 415, 501, 505), answer[:300]


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "OPTIONS", "PROPFIND"])
def test_sec_web_10_other_methods_do_nothing(signet, method):
    target = signet.host + ":443" if method == "CONNECT" else "/adfs/ls/"
    answer = raw(signet, f"{method} {target} HTTP/1.1\r\nHost: {signet.host}\r\nX-HTTP-Method-Override: GET\r\nX-Canary: 7731\r\nConnection: close\r\n\r\n".encode())
    assert status_of(answer) in (400, 404, 405, 421) and b"7731" not in answer


@pytest.mark.parametrize("path", ["/.git/config", "/adfs/portal/css/../../../signet.toml", "/adfs/portal/script/..%2f..%2fCargo.toml", "/adfs/portal/script/sign-in.js.map", "/signet.db", "/etc/passwd"])
def test_sec_web_11_no_file_of_the_machine_is_served(signet, path):
    answer = raw(signet, f"GET {path} HTTP/1.1\r\nHost: {signet.host}\r\nConnection: close\r\n\r\n".encode())
    assert status_of(answer) in (400, 404)


@pytest.mark.parametrize("path", ["/admin", "/api/v1/relying-parties", "/metrics", "/debug", "/demo", "/demo/wsfed", "/adfs/services/trust/mex", "/adfs/services/trust/13/usernamemixed", "/adfs/oauth2/authorize", "/adfs/services/policystoretransfer"])
def test_sec_web_13_what_is_not_served_is_not_there(signet, browser, path):
    assert browser.get(signet.url + path).status == 404


def test_sec_web_16_only_registered_addresses_are_loaded_at_sign_out(signet, lab, browser):
    carol = lab["users"]["carol"]
    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(carol["upn"], carol["password"])
    page = browser.get(sign_out_url(signet.sign_in_url, wreply="https://evil.test/frame"))
    for frame in page.tree.iter("iframe"):
        assert frame.get("src").startswith(names.ENTRA_REPLY)
    assert "frame-src https://login.microsoftonline.com" in page.headers["Content-Security-Policy"]


def test_plain_http_serves_the_probe_and_nothing_else(signet):
    def ask(method, path):
        connection = http.client.HTTPConnection("127.0.0.1", signet.http_port, timeout=5)
        connection.request(method, path, headers={"Host": signet.host})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location"), answer.read()

    assert ask("GET", "/adfs/probe") == (200, None, b"")
    status, location, _ = ask("GET", "/adfs/ls/?wa=wsignin1.0")
    assert status in (301, 302, 307, 308) and location == f"{signet.sign_in_url}?wa=wsignin1.0"
    status, location, _ = ask("POST", "/adfs/ls/")
    assert status >= 400 and location is None, "a password sent in the clear is not passed on"


def test_error_pages_say_what_happened_and_carry_the_activity(signet, browser):
    page = browser.get(sign_in_url(signet.sign_in_url, "urn:nobody", **{"client-request-id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}))
    (activity,) = set(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", page.text))
    assert len(page.text) > 60
    assert [event["event"] for event in signet.audit(activity=activity)] == [1201]
    assert any(record.get("activity") == activity or activity in str(record) for record in signet.log_records())


def test_pages_speak_the_reader_s_language(signet, another_browser):
    german, english = another_browser(language="de-DE,de;q=0.9"), another_browser(language="fr")
    page = german.get(entra_url(signet.sign_in_url))
    assert page.tree.get("lang") == "de" and "Kennwort" in page.text
    assert english.get(entra_url(signet.sign_in_url)).tree.get("lang") == "en"


def test_the_form_is_usable_by_keyboard_screen_reader_and_phone(signet, chromium):
    browser = chromium(signet.tls_certificate, phone=True)
    browser.open(entra_url(signet.sign_in_url))
    browser.wait_for("input[name=Password]")
    driver = browser.driver
    assert driver.execute_script("return document.documentElement.lang") == "en"
    assert driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth"), "no sideways scrolling at 320 px"
    for field in browser.all("form input:not([type=hidden])"):
        assert field.accessible_name, field.get_attribute("outerHTML")
    assert len(browser.all("h1")) == 1 and browser.find("main")
    browser.sign_in("nobody@example.com", "x")
    notice = browser.wait_for("[role=alert]")
    assert "wrong" in notice.text.lower()
    assert browser.find("input[name=UserName]").get_attribute("value") == "nobody@example.com"
    assert browser.complaints() == [] or all("favicon" in one for one in browser.complaints())
