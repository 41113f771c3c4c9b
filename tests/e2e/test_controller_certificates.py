"""A controller whose certificate goes bad while the server runs: not used, told once, taken back when it is mended."""
import datetime
import signal
import time

import pytest

from harness.clock import Clock
from harness.wsfed import entra_url
from lab.authority import Authority, now
from lab.relay import Relay
from lab.samba import CONTROLLERS

FIRST, SECOND = CONTROLLERS
ALARM = "SIG-DIRECTORY-CERTIFICATE"


class Directory:
    """Both controllers behind relays that show certificates of an authority of their own."""

    def __init__(self, folder, lab):
        self.authority = Authority(folder / "directory-ca", "Directory CA")
        self.relays = [Relay(one, root=lab["root_certificate"]).start() for one in CONTROLLERS]
        self.ca_file = folder / "directory-ca.crt"
        self.trust(self.authority)
        for relay in self.relays:
            self.show(relay)

    def show(self, relay, authority=None, start=None, **options):
        name = f"{relay.controller.label}-{time.monotonic_ns()}"
        relay.show(*(authority or self.authority).issue_server(name, [relay.controller.host], start=start, **options))

    def trust(self, *authorities):
        self.ca_file.write_bytes(b"".join(one.certificate_file.read_bytes() for one in authorities))

    def name(self, relay) -> str:
        return f"127.0.0.1:{relay.port}"


@pytest.fixture
def directory(tmp_path, lab):
    made = Directory(tmp_path, lab)
    yield made
    for relay in made.relays:
        relay.close()


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path / "clock")


@pytest.fixture
def node(new_signet, directory, clock):
    """A node whose clock can be set forward, so that a certificate ends when the test is ready for it."""
    node = new_signet()
    settings = node.configuration["directory"][0]
    settings["controllers"] = [f"{one.controller.host}:{one.port}" for one in directory.relays]
    settings["addresses"] = {one.controller.host: "127.0.0.1" for one in directory.relays}
    settings["ca"] = str(directory.ca_file)
    yield node.start(**clock.environment)
    node.stop()


def sign_in(browser, node, user) -> float:
    browser.session.cookies.clear()
    browser.get(entra_url(node.sign_in_url))
    begun = time.monotonic()
    browser.sign_in(user["upn"], user["password"])
    assert "wresult" in browser.page.response.text, browser.page.text
    return time.monotonic() - begun


def within(seconds: float, condition, what: str):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return found


def alarms(node) -> list[dict]:
    return [event for event in node.audit() if event["event"] == 1290 and event["reason"] == ALARM]


def answers_again(node, relay, directory) -> int:
    return sum("answers again" in record.get("message", "") and record.get("controller") == directory.name(relay) for record in node.log_records())


def test_sec_f_07_a_certificate_that_expires_under_way_is_told_and_a_new_one_is_taken(node, directory, clock, browser, person):
    first, second = directory.relays
    ends = now() + datetime.timedelta(minutes=30)
    directory.show(first, start=ends - datetime.timedelta(days=1), days=1)
    first.drop()
    before = first.handshakes
    within(20, lambda: sign_in(browser, node, person) and first.handshakes > before, "the first controller is used")
    assert not alarms(node)
    # Its connections are open and well, and the certificate they were made by ends.
    clock.set(31 * 60)
    (alarm,) = within(40, lambda: sign_in(browser, node, person) and alarms(node), "an alarm")
    shown = alarm["details"]["certificate"]
    assert alarm["details"]["controller"] == directory.name(first) and shown["subject"] == f"CN={FIRST.host}", alarm
    assert "expired" in shown["reason"] and shown["not_after"].startswith(f"{ends:%Y-%m-%dT%H:%M:%S}") and shown["names"] == [FIRST.host], shown
    handshakes, tried = first.handshakes, first.connections
    for _ in range(4):
        assert sign_in(browser, node, person) < 3
    assert first.handshakes == handshakes, "something went over the refused controller"
    within(20, lambda: first.connections > tried + 1, "it is tried again, and told no more")
    records = [record for record in node.log_records() if record.get("code") == ALARM]
    assert len(alarms(node)) == len(records) == 1 and FIRST.host in records[0]["message"] and records[0]["level"] == "ERROR", records
    assert "certificate expired" in node.raw("check", **clock.environment).stdout
    before = answers_again(node, first, directory)
    directory.show(first)
    within(20, lambda: answers_again(node, first, directory) > before, "the new certificate is taken")
    second.open = False
    second.drop()
    sign_in(browser, node, person)
    assert first.handshakes > handshakes and len(alarms(node)) == 1


def test_sec_f_07_another_authority_is_refused_until_the_file_names_it(node, directory, browser, person, tmp_path):
    first, second = directory.relays
    other = Authority(tmp_path / "other-ca", "Another CA")
    sign_in(browser, node, person)
    directory.show(first, other)
    first.drop()
    (alarm,) = within(20, lambda: sign_in(browser, node, person) and alarms(node), "an alarm")
    shown = alarm["details"]["certificate"]
    assert shown["issuer"] == "CN=Another CA" and "UnknownIssuer" in shown["reason"], shown
    assert sign_in(browser, node, person) < 3
    # A file that cannot be read changes nothing.
    good = directory.ca_file.read_bytes()
    directory.ca_file.write_bytes(b"no certificate")
    node.signal(signal.SIGHUP)
    within(10, lambda: "there is no certificate in it" in node.log(), "the broken file is told")
    assert sign_in(browser, node, person) < 3
    directory.ca_file.write_bytes(good)
    # Both authorities: the first controller is back.
    directory.trust(directory.authority, other)
    node.signal(signal.SIGHUP)
    within(20, lambda: answers_again(node, first, directory), "the other authority is trusted")
    # The other alone: the second controller, whose connections are open and well, is refused now.
    before = second.handshakes
    directory.trust(other)
    node.signal(signal.SIGHUP)
    alarm = within(20, lambda: sign_in(browser, node, person) and [one for one in alarms(node) if one["details"]["controller"] == directory.name(second)], "an alarm")[0]
    assert alarm["details"]["certificate"]["issuer"] == "CN=Directory CA"
    for _ in range(3):
        assert sign_in(browser, node, person) < 3
    assert second.handshakes == before, "something went over the refused controller"
