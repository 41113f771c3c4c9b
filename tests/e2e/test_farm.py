"""Two nodes on one PostgreSQL: any node does any request, and the store is the one thing they need."""
import time

import pytest

from harness.wsfed import entra_url
from lab.postgres import Postgres


@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="module")
def farm(new_signet, postgres):
    """Two nodes that share store and master key."""
    first, second = new_signet(prepare=False), new_signet(prepare=False)
    for node in (first, second):
        node.configuration["store"] = {"url": postgres.url, "master_key": first.configuration["store"]["master_key"]}
    first.run("cert", "generate")
    first.run("rp", "add", "--preset", "entra")
    first.run("domain", "add", "example.com")
    yield first.start(), second.start()
    first.stop()
    second.stop()


def within(seconds: float, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def test_sec_f_18_any_node_takes_the_next_request(farm, lab, browser):
    first, second = farm
    alice = lab["users"]["alice"]
    first.claim_name()
    browser.get(entra_url(first.sign_in_url))
    # The node that gave the form is gone; the other takes it, and the session made there is known everywhere.
    first.kill()
    second.claim_name()
    browser.sign_in(alice["upn"], alice["password"])
    assert "wresult" in browser.page.response.text
    first.start()
    assert "wresult" in browser.get(entra_url(first.sign_in_url)).response.text
    browser.get(first.sign_in_url + "?wa=wsignout1.0")
    second.claim_name()
    browser.get(entra_url(first.sign_in_url))
    assert browser.asks_for_password()


def test_a_session_that_its_person_ends_is_gone_on_every_node(farm, another_browser, person):
    first, second = farm
    first.claim_name()
    laptop, phone = another_browser(), another_browser()
    for browser in (laptop, phone):
        browser.get(entra_url(first.sign_in_url))
        browser.sign_in(person["upn"], person["password"])
    second.claim_name()
    assert "wresult" in laptop.get(entra_url(first.sign_in_url)).response.text
    # Ended at one node, used the next moment at the other.
    first.claim_name()
    page = phone.get(f"{first.url}/adfs/portal/sessions")
    page = phone.submit(page.form("EndOthers"), EndOthers="true")
    assert "Sessions ended: 1" in page.text
    second.claim_name()
    laptop.get(entra_url(first.sign_in_url))
    assert laptop.asks_for_password()
    assert "wresult" in phone.get(entra_url(first.sign_in_url)).response.text


def test_sec_pwd_08_a_farm_counts_as_one_and_a_restart_forgets_nothing(farm, lab, another_browser, person):
    first, second = farm
    for number in range(12):
        (first, second)[number % 2].claim_name()
        browser = another_browser()
        browser.get(entra_url(first.sign_in_url))
        browser.sign_in(person["upn"], f"Wr0ng-{number}")
    assert browser.page.status == 429, browser.page.text
    second.restart()
    browser.get(entra_url(first.sign_in_url))
    browser.sign_in(person["upn"], person["password"])
    assert browser.page.status == 429, "the right password does not help while the account is braked"


def test_without_its_store_a_node_says_so_to_load_balancers_and_people(farm, lab, browser, postgres):
    first, second = farm
    alice = lab["users"]["alice"]
    first.claim_name()
    browser.get(entra_url(first.sign_in_url))
    postgres.stop()
    try:
        began = time.monotonic()
        browser.sign_in(alice["upn"], alice["password"])
        assert browser.page.status >= 500 and "wresult" not in browser.page.response.text
        assert "SIG-STORE" in browser.page.text and time.monotonic() - began < 15
        within(20, lambda: not first.is_ready() and not second.is_ready())
    finally:
        postgres.start()
    within(20, lambda: first.is_ready() and second.is_ready())
    browser.get(entra_url(first.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    assert "wresult" in browser.page.response.text
