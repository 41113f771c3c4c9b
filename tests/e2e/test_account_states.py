"""Each state of an account gives its page; what a guesser may not learn, he does not."""
import pytest

from harness.tokens import read_wsfed
from harness.wsfed import entra_url, sign_in_url
from lab import domain

WRONG = "the user name or password is wrong"
SHOWN = {
    "st-disabled": "disabled",
    "st-disabled-expired": "disabled",
    "st-expired": "has expired. ask your help desk to extend it",
    "st-pwexpired": "your password has expired. choose a new one",
    "st-mustchange": "you must change your password. choose a new one",
    "st-hours": "at this time",
    "st-workstation": "certain computers",
    # What leaks that an account exists, or that its password was right, reads as a wrong password.
    "st-locked": WRONG,
    "cardonly": WRONG,
    "svc-sts$": WRONG,
    "ghost": WRONG,
    "krbtgt": WRONG,
    "DC1$": WRONG,
}


@pytest.mark.parametrize("sam", SHOWN)
def test_sec_ad_11_each_state_has_its_page(signet, lab, browser, sam):
    browser.get(entra_url(signet.sign_in_url))
    page = browser.sign_in(f"CORP\\{sam}", "User-Passw0rd!")
    assert SHOWN[sam] in page.text.lower(), page.text
    secret = "OldPassword" if "choose a new one" in SHOWN[sam] else "Password"
    assert page.form("UserName", secret).fields["UserName"] == f"CORP\\{sam}", "the name is kept"
    assert not page.form("UserName", secret).fields[secret]
    assert not any("session" in cookie.name for cookie in browser.session.cookies)


@pytest.mark.parametrize("sam", [one for one in SHOWN if one.startswith("st-") and one != "st-locked"])
def test_a_wrong_password_tells_nothing_of_the_state(signet, browser, sam):
    browser.get(entra_url(signet.sign_in_url))
    assert WRONG in browser.sign_in(f"{sam}@corp.example", "Wr0ng-Passw0rd!").text.lower()


@pytest.mark.parametrize("sam", ["st-expires-later", "st-nopwexp"])
def test_states_that_may_sign_in(signet, browser, lab, sam):
    """These two have no federated suffix, so they sign in to an application."""
    name = f"App {sam}"
    signet.run("rp", "add", "--name", name, "--realm", f"urn:tests:{sam}", "--wsfed", "https://app.example.net/callback")
    signet.wait_version()
    browser.get(sign_in_url(signet.sign_in_url, f"urn:tests:{sam}"))
    browser.sign_in(f"CORP\\{sam}", lab["users"][sam]["password"])
    assert read_wsfed(browser.answer().fields).token.audiences == [f"urn:tests:{sam}"]


def test_an_empty_password_is_refused_before_the_directory(signet, browser, person):
    browser.get(entra_url(signet.sign_in_url))
    page = browser.sign_in(person["upn"], "")
    assert "type your password" in page.text.lower() and domain.bad_password_count(person["dn"]) == 0


def test_sec_ad_07_two_accounts_of_one_name_are_nobody(signet, browser, lab):
    """A bare mail address is no sign-in name, and two people share it."""
    browser.get(entra_url(signet.sign_in_url))
    page = browser.sign_in("shared@example.com", lab["users"]["dupmail1"]["password"])
    assert WRONG in page.text.lower()


def test_sec_ad_05_filter_characters_find_nobody(signet, browser, lab):
    for name in ("*", "al*", "*)(objectClass=*", "alice)(|(a=b", "\\2a", "alice\\00", "alice\\"):
        browser.get(entra_url(signet.sign_in_url))
        page = browser.sign_in(name, lab["users"]["alice"]["password"])
        assert page.has_form("UserName", "Password") and "wresult" not in page.response.text, name
