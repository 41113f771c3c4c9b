"""`signet demo`: what somebody sees who has nothing else installed."""
import re
import signal
import subprocess
import time

import pytest

from harness import names, totp
from harness.browser import PlainBrowser
from harness.server import BINARY, toml
from harness.tokens import read_wsfed
from lab.ports import free_port


class Demo:
    def __init__(self, folder):
        self.port, log = free_port(), folder / "demo.out"
        self.url = f"https://localhost:{self.port}"
        command = [BINARY, "demo", "--listen", f"127.0.0.1:{self.port}", "--state", folder / "state"]
        self.process = subprocess.Popen(command, stdout=log.open("w"), stderr=(folder / "demo.log").open("w"), stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while "Sign in as" not in (text := log.read_text()):
            assert self.process.poll() is None and time.monotonic() < deadline, (folder / "demo.log").read_text()
            time.sleep(0.02)
        self.authority = folder / "state/ca.pem"
        self.password = re.search(r"Password +(\S+)", text).group(1)
        self.people = re.findall(r"^  (\S+@\S+)", text, re.M)
        assert f"https://localhost:{self.port}/" in text, text

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    running = Demo(tmp_path_factory.mktemp("demo"))
    yield running
    assert running.stop() == 0


@pytest.fixture
def guest(demo):
    browser = PlainBrowser(demo.authority)
    browser.get(f"{demo.url}/")
    return browser


def follow(browser, demo, text: str):
    """The link on the first page whose words these are."""
    (link,) = [one for one in browser.page.tree.xpath("//a") if one.text_content().strip().startswith(text)]
    return browser.get(f"{demo.url}{link.get('href')}")


def deliver(browser):
    """The form that a browser posts to the relying party."""
    form = browser.answer()
    return form.fields, browser.submit(form)


@pytest.mark.parametrize("start", ["Sign in as to Microsoft 365 (WS-Federation)", "Sign in as to Microsoft 365 (SAML 2.0)", "Sign in to the Contoso Wiki"])
def test_the_built_in_relying_party_shows_a_good_token(demo, guest, start):
    follow(guest, demo, start)
    guest.sign_in(demo.people[0], demo.password)
    _, page = deliver(guest)
    assert "The token is good" in page.text and demo.people[0].split("@")[0] in page.text.lower(), page.text
    # The session answers the next one.
    guest.get(f"{demo.url}/demo/")
    follow(guest, demo, start)
    assert "The token is good" in deliver(guest)[1].text


def test_everybody_named_signs_in_or_reads_why_not(demo, guest):
    assert len(demo.people) == 6
    outcomes = {}
    for person in demo.people:
        guest.session.cookies.clear()
        guest.get(f"{demo.url}/demo/")
        follow(guest, demo, "Sign in as to Microsoft 365 (WS-Federation)")
        page = guest.sign_in(person, demo.password)
        outcomes[person] = "token" if "wresult" in page.response.text else page.text
    assert [outcomes[person] for person in demo.people[:2]] == ["token", "token"]
    assert all(said == "token" or len(said) > 60 for said in outcomes.values()), outcomes
    assert any(said != "token" for said in outcomes.values()), "somebody shows what a refusal looks like"


def test_an_authenticator_app_is_set_up_on_the_way(demo, guest):
    follow(guest, demo, "The same, and ask for several factors")
    page = guest.sign_in(demo.people[1], demo.password)
    secret = page.element_text("secret")
    page = guest.submit(page.form("Enrol", "Code"), Code=totp.code(secret))
    guest.submit(page.form("Kept"))
    fields, page = deliver(guest)
    assert "The token is good" in page.text
    assert read_wsfed(fields).token.method == names.MULTIPLE
    guest.get(f"{demo.url}/demo/")
    assert "authenticator app" in follow(guest, demo, "Your own factors").text


def test_the_audit_says_in_its_text_who_for_whom_and_why(demo, guest, tmp_path):
    """The demonstration's own store, seen by an admin."""
    state = demo.authority.parent
    file = tmp_path / "signet.toml"
    file.write_text(toml({
        "service": {"host": "localhost", "port": demo.port}, "listen": {"https": [f"127.0.0.1:{demo.port}"]},
        "tls": {"certificate": str(state / "tls.pem"), "key": str(state / "tls.key")},
        "store": {"url": f"sqlite://{state}/signet.db", "master_key": str(state / "master.key")},
    }))

    def rows() -> list[str]:
        done = subprocess.run([BINARY, "--config", file, "audit", "tail", "--number", "3"], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[1:]

    follow(guest, demo, "Sign in as to Microsoft 365 (WS-Federation)")
    guest.sign_in(demo.people[0], "Wr0ng-Passw0rd!")
    guest.sign_in(demo.people[0], demo.password)
    token = read_wsfed(deliver(guest)[0]).token
    wrong, right, issued = rows()
    (name,) = re.findall(r"CONTOSO\\\S+", issued)
    for row in (wrong, right, issued):
        assert name in row and "Microsoft Entra over WS-Federation" in row and "from 127.0.0.1" in row, row
    assert "wrong password" in wrong
    assert all(part in issued for part in ("1200", f"issuer {token.issuer}", f"token {token.id}", "ws-federation")), issued
    guest.get(f"{demo.url}/adfs/ls/?wa=wsignout1.0")
    assert " 1206 " in rows()[-1] and name in rows()[-1], rows()
