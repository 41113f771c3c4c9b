"""The docs show what people and admins really see: pictures are taken here, and the output of commands is compared.

    SIGNET_PICTURES=docs/pictures …   writes the pictures of docs/ anew (beside `tests/run e2e`, or this file alone)
"""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import hosts, names, totp
from harness.cards import ChromiumCards
from harness.documents import PICTURES, pictures_named, shown
from harness.server import BINARY, private_file
from harness.wsfed import entra_url, sign_in_url
from lab import kerberos
from lab.settings import SERVICE_HOST, USER_PASSWORD

HOST = f"certauth.{SERVICE_HOST}"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
EDGE = f"{CHROME.replace('X11; Linux x86_64', 'Windows NT 10.0; Win64; x64')} Edg/156.0.0.0"
WRONG = "Wr0ng-Passw0rd!"
REALM = "urn:tests:payroll"


@pytest.fixture(scope="module")
def everything(new_signet, authority, cards, revocation, lab, tmp_path_factory):
    """A node with every way to sign in."""
    revocation.behave()
    node = new_signet()
    certificate, key = authority.issue_server(HOST, [HOST])
    private_file(node.folder / "certauth.crt", certificate.read_bytes())
    private_file(node.folder / "certauth.key", key.read_bytes())
    keytab = kerberos.export_keytab(node.folder / "sts.keytab", f"HTTP/{SERVICE_HOST}")
    node.configuration["certificate"] = {
        "revocation_hosts": [revocation.host],
        "tls_certificate": str(node.folder / "certauth.crt"),
        "tls_key": str(node.folder / "certauth.key"),
    }
    node.configuration["kerberos"] = {"keytabs": [str(keytab)]}
    node.configuration["second_factor"] = {}
    shutil.copy(cards.folder / "good.crt", node.folder / "carla.cer")
    node.run("rp", "add", "--name", "Payroll", "--realm", REALM, "--wsfed", "https://app.example.net/payroll")
    node.start()
    hosts.point(HOST, ("127.0.0.1", node.port))
    yield node
    node.stop()


@pytest.fixture
def node(everything, revocation):
    revocation.behave()
    everything.claim_name()
    hosts.point(HOST, ("127.0.0.1", everything.port))
    return everything


class Album:
    """Pictures of pages, kept when somebody asks for them."""

    def __init__(self, folder: Path):
        self.folder = Path(os.environ.get("SIGNET_PICTURES", folder))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.taken: set[str] = set()

    def take(self, browser, name: str, says: str):
        """The page as soon as it says so; whole, and no wider than the window."""
        browser.wait(lambda b: says in b.text)
        wide, high = browser.driver.execute_script("return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert wide <= 560, f"{name} is {wide} points wide"
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 560, "height": high, "deviceScaleFactor": 1, "mobile": False})
        file = self.folder / f"{name}.png"
        browser.screenshot(file)
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        assert file.stat().st_size > 2000
        self.taken.add(name)


def test_every_picture_of_the_docs_is_what_people_see(node, lab, cards, chromium, another_browser, spares, tmp_path):
    album = Album(tmp_path)
    pages = {"tls": (node.tls_certificate, node.folder / "certauth.crt")}

    def window(**options):
        browser = chromium(*pages["tls"], **options)
        browser.driver.set_window_size(560, 900)
        return browser

    certificates(album, node, cards, window)
    tickets(album, node, lab, window)
    second_factors(album, node, next(spares), window, another_browser)
    passwords(album, node, lab, window)
    too_many(album, node, next(spares), window)
    assert album.taken == pictures_named() == {file.stem for file in PICTURES.glob("*.png")}


def certificates(album, node, cards, window):
    store = ChromiumCards(HOST, [cards.folder / "revoked.crt"])
    try:
        browser = window(home=store.home)
        browser.open(entra_url(node.sign_in_url))
        album.take(browser, "sign-in", "Sign in with a smartcard or certificate")
        browser.find("#certificateButton").click()
        album.take(browser, "certificate-revoked", "SIG-CRT-REVOKED")
    finally:
        store.close()


def tickets(album, node, lab, window):
    late = kerberos.Tickets(node.folder / "late", "alice", USER_PASSWORD)
    late.service_ticket(f"HTTP/{SERVICE_HOST}")
    (header,) = late.negotiate(SERVICE_HOST, clock="+6m")
    browser = window()
    browser.driver.execute_cdp_cmd("Network.enable", {})
    browser.driver.execute_cdp_cmd("Network.setUserAgentOverride", {"userAgent": CHROME})
    browser.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"Authorization": header}})
    browser.open(entra_url(node.sign_in_url))
    album.take(browser, "ticket-refused", "SIG-KRB-CLOCK")


def second_factors(album, node, person, window, another_browser):
    browser = window()
    browser.open(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    browser.sign_in(person["upn"], person["password"])
    secret = browser.wait_for("#secret").text
    album.take(browser, "authenticator", "Scan this picture")
    used = totp.code(secret)
    browser.find("input[name=Code]").send_keys(used)
    browser.find("input[name=Label]").send_keys("My phone", "\ue007")
    album.take(browser, "recovery-codes", "recovery codes")
    browser.open(f"{node.url}/adfs/portal/factors")
    album.take(browser, "factors", "My phone")
    elsewhere = another_browser()
    elsewhere.session.headers["User-Agent"] = EDGE
    elsewhere.get(entra_url(node.sign_in_url))
    elsewhere.sign_in(person["upn"], person["password"])
    browser.open(f"{node.url}/adfs/portal/sessions")
    album.take(browser, "sessions", "End")
    browser.driver.delete_all_cookies()
    browser.open(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
    browser.sign_in(person["upn"], person["password"])
    browser.wait_for("input[name=Code]")
    album.take(browser, "factor", "code")


def passwords(album, node, lab, window):
    browser = window()
    browser.open(sign_in_url(node.sign_in_url, REALM))
    browser.sign_in("CORP\\doc-strict", USER_PASSWORD)
    browser.wait_for("input[name=NewPassword]")
    album.take(browser, "password-change", "at least 16")
    for field, value in (("OldPassword", USER_PASSWORD), ("NewPassword", "Short-Pass-1"), ("ConfirmNewPassword", "Short-Pass-1\ue007")):
        browser.find(f"input[name={field}]").send_keys(value)
    browser.wait_for("#broken")
    album.take(browser, "password-refused", "at least 16")


def too_many(album, node, person, window):
    browser = window()
    browser.open(entra_url(node.sign_in_url))
    for _ in range(30):
        browser.sign_in(person["upn"], WRONG)
        notice = browser.wait_for("[role=alert]")
        if "too many" in notice.text.lower():
            break
        browser.open(entra_url(node.sign_in_url))
    album.take(browser, "too-many-tries", "oo many")


PAGES = ["smartcards.md", "kerberos.md", "second-factors.md", "lockout.md", "sessions.md"]


@pytest.mark.parametrize("page", PAGES)
def test_the_output_in_the_docs_is_what_the_commands_print(node, browser, lab, page):
    alice = lab["users"]["alice"]
    if page == "second-factors.md":
        browser.get(entra_url(node.sign_in_url, wauth=names.MULTIPLE))
        browser.sign_in(alice["upn"], alice["password"])
        secret = browser.page.element_text("secret")
        browser.submit(browser.page.form("Enrol", "Code"), Code=totp.code(secret), Label="My phone")
    if page == "sessions.md":
        browser.session.headers["User-Agent"] = EDGE
        node.run("account", "sign-out", alice["upn"])
        browser.get(entra_url(node.sign_in_url))
        browser.sign_in(alice["upn"], alice["password"])
        browser.answer()
    if page == "lockout.md":
        browser.get(entra_url(node.sign_in_url))
        browser.sign_in(alice["upn"], alice["password"])
        for _ in range(3):
            browser.session.cookies.clear()
            browser.get(entra_url(node.sign_in_url))
            browser.sign_in(alice["upn"], WRONG)
    commands = shown(page)
    assert commands, f"{page} shows no command"
    for one in commands:
        done = subprocess.run([BINARY, "--config", node.file, *one.arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, cwd=node.folder)
        missing = one.missing(done.stdout)
        assert missing is None, f"{page}: {one.command}\nthe page has: {missing}\nthe command printed:\n{done.stdout}{done.stderr}"
