"""Two hundred guesses at once, by every page that takes a password, over two nodes and from everywhere: the limit is what reaches
the directory, its own lockout stays away, and the owner gets in."""
import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import hosts, names
from harness.browser import PlainBrowser
from harness.pages import Form
from harness.saml_requests import authn_request, name_id_policy, new_id, redirect_url
from harness.wsfed import sign_in_url
from lab import domain
from lab.postgres import Postgres
from lab.settings import LOCKOUT_THRESHOLD

FAR, NEAR = 4, 5  # `account_far` and `account_near` as they come
GUESSES = 200
AT_ONCE = 24
REALM, REPLY = "urn:tests:storm", "https://app.example.net/storm"
HOME = "198.51.100.7"


@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="module")
def farm(new_signet, postgres):
    """Two nodes of one store, behind a proxy that says who is asking."""
    nodes = [new_signet(prepare=False), new_signet(prepare=False)]
    for node in nodes:
        node.configuration["store"] = {"url": postgres.url, "master_key": nodes[0].configuration["store"]["master_key"]}
        node.configuration["network"] = {"inside": [], "proxy": [{"name": "edge", "network": "127.0.0.0/8"}]}
        node.configuration["second_factor"] = {}
    first = nodes[0]
    first.run("cert", "generate")
    first.run("rp", "add", "--name", "Storm", "--realm", REALM, "--wsfed", REPLY)
    first.run("rp", "add", "--preset", "entra-saml")
    yield [node.start() for node in nodes]
    for node in nodes:
        node.stop()


class Storm:
    """Guesses at one person's password from many browsers."""

    def __init__(self, nodes, root, person):
        self.nodes, self.root, self.person = nodes, root, person
        self.numbers = itertools.count()

    def browser(self, address: str) -> PlainBrowser:
        made = PlainBrowser(self.root)
        made.session.headers["X-Forwarded-For"] = address
        return made

    def by_ws_federation(self, browser, wrong):
        browser.get(sign_in_url(self.nodes[0].sign_in_url, REALM))
        return browser.sign_in(self.person["upn"], wrong)

    def by_saml(self, browser, wrong):
        browser.get(redirect_url(self.nodes[0].sign_in_url, authn_request(names.ENTRA, new_id(), name_id_policy(names.PERSISTENT))))
        return browser.sign_in(self.person["upn"], wrong)

    def by_portal(self, browser, wrong):
        browser.get(f"{self.nodes[0].url}/adfs/portal/factors")
        return browser.sign_in(self.person["upn"], wrong)

    def by_password_page(self, browser, wrong):
        browser.get(f"{self.nodes[0].url}/adfs/portal/updatepassword/")
        form = browser.page.form("OldPassword", "NewPassword")
        return browser.submit(form, UserName=self.person["upn"], OldPassword=wrong, NewPassword="Brand-New-1", ConfirmNewPassword="Brand-New-1")

    def by_change_step(self, cookies, form: Form):
        """In the page of somebody who must change a password, as whoever sits down at that browser."""

        def guess(browser, wrong):
            browser.session.cookies = cookies.copy()
            fields = form.fields | {"OldPassword": wrong, "NewPassword": "Brand-New-1", "ConfirmNewPassword": "Brand-New-1"}
            return browser.post(form.action, fields, origin=self.nodes[0].url)

        return guess

    def blow(self, ways, guesses: int) -> list[str]:
        """All of it at once; what the pages said."""

        def one(number):
            way, node = ways[number % len(ways)], self.nodes[(number // len(ways)) % len(self.nodes)]
            with hosts.pointing(node.host, ("127.0.0.1", node.port)):
                browser = self.browser(f"203.0.{113 + number % 90}.{number % 250 + 1}")
                page = way(browser, f"Wr0ng-{number}")
                assert "wresult" not in page.response.text and "SAMLResponse" not in page.response.text
                return f"{page.status} {page.text.lower()}"

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(one, range(guesses)))


def wrong_passwords(node, person, since: int) -> list[dict]:
    """What the server itself says it asked the directory and was told no, since that row."""
    rows = [row for row in node.audit(2000) if row["number"] > since and row["account"] == person["guid"]]
    return [
        row for row in rows
        if row["event"] == 1203 and row["details"]["cause"] == "wrong-password" or row["event"] == 1205
    ]


def last_row(node) -> int:
    return node.audit(1)[-1]["number"]


def test_sec_pwd_04_two_hundred_guesses_by_every_page_on_two_nodes(farm, authority, person):
    storm, since = Storm(farm, authority.certificate_file, person), last_row(farm[0])
    farm[0].claim_name()
    owner = storm.browser(HOME)
    owner.get(sign_in_url(farm[0].sign_in_url, REALM))
    assert "wresult" in owner.sign_in(person["upn"], person["password"]).response.text
    # A page of the change in the middle of a sign-in, which only the right password opens.
    domain.replace(person["dn"], pwdLastSet="0")
    changer = storm.browser(HOME)
    changer.get(sign_in_url(farm[0].sign_in_url, REALM))
    page = changer.sign_in(person["upn"], person["password"])
    step = storm.by_change_step(changer.session.cookies, page.form("OldPassword", "NewPassword"))
    domain.replace(person["dn"], pwdLastSet="-1")
    assert domain.bad_password_count(person["dn"]) == 0

    begun = time.monotonic()
    ways = [storm.by_ws_federation, storm.by_saml, storm.by_portal, storm.by_password_page, step]
    said = storm.blow(ways, GUESSES)
    took = time.monotonic() - begun
    reached = domain.bad_password_count(person["dn"])
    told = wrong_passwords(farm[0], person, since)
    braked = sum("too many" in text for text in said)
    print(f"{GUESSES} guesses by {len(ways)} pages over {len(farm)} nodes in {took:.1f} s: {reached} reached the directory, "
          f"the audit says {len(told)}, {braked} were braked")
    assert 0 < reached <= FAR and len(told) == reached, (reached, told)
    for number, way in enumerate(ways):
        own = said[number::len(ways)]
        assert any("too many" in text for text in own), f"{way}: never braked: {set(own)}"
    assert not domain.is_locked_out(person["dn"]), "the directory locked the account"

    # The owner, where he signed in before; and nobody else by the right password.
    stranger = storm.browser("192.0.2.200")
    stranger.get(sign_in_url(farm[0].sign_in_url, REALM))
    assert stranger.sign_in(person["upn"], person["password"]).status == 429
    for node in farm:
        with hosts.pointing(node.host, ("127.0.0.1", node.port)):
            again = storm.browser(HOME)
            again.get(sign_in_url(node.sign_in_url, REALM))
            assert "wresult" in again.sign_in(person["upn"], person["password"]).response.text, again.page.text
    assert not domain.is_locked_out(person["dn"])


@pytest.mark.parametrize("mode", ["log-only", "off"])
def test_sec_pwd_02_the_other_modes_hold_too_and_log_only_says_what_it_would_have_done(farm, authority, spares, mode):
    person = next(spares)
    for node in farm:
        node.configuration["lockout"] = {"smart_lockout": mode}
        node.restart()
    storm, since = Storm(farm, authority.certificate_file, person), last_row(farm[0])
    said = storm.blow([storm.by_ws_federation, storm.by_password_page], 48)
    reached = domain.bad_password_count(person["dn"])
    would = [row for row in farm[0].audit(500) if row["number"] > since and row["reason"] == "SIG-AUTHN-WOULD-REFUSE"]
    print(f"{mode}: 48 guesses, {reached} reached the directory, {len(would)} would have been refused")
    # One counter of both limits together, still below the directory's own.
    assert 0 < reached <= FAR + NEAR < LOCKOUT_THRESHOLD and len(wrong_passwords(farm[0], person, since)) == reached
    assert any("too many" in text for text in said) and not domain.is_locked_out(person["dn"])
    assert bool(would) == (mode == "log-only"), would
