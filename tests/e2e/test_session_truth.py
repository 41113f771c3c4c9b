"""What happens to an account elsewhere reaches its sessions within the configured minutes, and not only at the next sign-in."""
import pytest

from harness.clock import Clock
from harness.wsfed import sign_in_url
from lab import domain

RECHECK_MINUTES = 1
EVERYBODY, MEMBERS = "urn:tests:everybody", "urn:tests:members"


@pytest.fixture(scope="module")
def group(lab):
    """A security group of this module: its name and SID."""
    return domain.new_group("G-Members-of-tests")


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return Clock(tmp_path_factory.mktemp("clock") / "clock")


@pytest.fixture(scope="module")
def node(new_signet, clock, group):
    """A node whose clock can be set forward, so that a minute takes no minute."""
    node = new_signet()
    node.configuration["session"] |= {"account_recheck_minutes": RECHECK_MINUTES, "loop_tokens": 100}
    for realm in (EVERYBODY, MEMBERS):
        node.run("rp", "add", "--name", realm, "--realm", realm, "--wsfed", "https://app.example.net/" + realm.rpartition(":")[2])
    node.run("rp", "set", MEMBERS, "--permit-group", group[1])
    yield node.start(**clock.environment)
    node.stop()


def ask(node, browser, realm=EVERYBODY):
    node.claim_name()
    return browser.get(sign_in_url(node.sign_in_url, realm))


def gets_token(page) -> bool:
    return "wresult" in page.response.text


def begin(node, browser, person):
    ask(node, browser)
    assert gets_token(browser.sign_in(person["upn"], person["password"])), browser.page.text


def disable(person):
    domain.replace(person["dn"], userAccountControl="514")


def change_password(person):
    domain.set_password(person["dn"], "Another-Passw0rd!")


def must_change(person):
    domain.replace(person["dn"], pwdLastSet="0")


@pytest.mark.parametrize("change", [disable, change_password, must_change, lambda person: domain.delete(person["dn"])],
                         ids=["disabled", "password_changed", "must_change", "deleted"])
def test_sec_ses_06_a_change_elsewhere_ends_the_session_within_the_minutes(node, clock, browser, person, change):
    begin(node, browser, person)
    change(person)
    # What the node read a moment ago holds for the configured time and no longer.
    assert gets_token(ask(node, browser))
    clock.set(clock.seconds + RECHECK_MINUTES * 60 + 1)
    page = ask(node, browser)
    assert not gets_token(page) and browser.asks_for_password(), page.text
    assert not gets_token(ask(node, browser)), "it stays ended"


def test_sec_ses_06_a_group_that_is_taken_away_counts_in_a_session_within_the_minutes(node, clock, browser, person, group):
    domain.add_member(group[0], person["dn"])
    begin(node, browser, person)
    assert gets_token(ask(node, browser, MEMBERS)), browser.page.text
    domain.remove_member(group[0], person["dn"])
    clock.set(clock.seconds + RECHECK_MINUTES * 60 + 1)
    page = ask(node, browser, MEMBERS)
    assert not gets_token(page) and not browser.asks_for_password() and "SIG-ISS-DENIED" in page.text, page.text
    assert gets_token(ask(node, browser)), "the session itself goes on"
    refused = [row for row in node.audit(20) if row["event"] == 1201][-1]
    assert refused["account"] == person["guid"], refused
    # And given again, it counts again.
    domain.add_member(group[0], person["dn"])
    clock.set(clock.seconds + RECHECK_MINUTES * 60 + 1)
    assert gets_token(ask(node, browser, MEMBERS)), browser.page.text
