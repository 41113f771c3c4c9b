"""`signet account`: the help desk sees what holds somebody back, and lets them in again."""
from harness.wsfed import entra_url
from lab import domain
from lab.settings import LOCKOUT_THRESHOLD

WRONG = "Wr0ng-Passw0rd!"


def guess(browser, signet, name, password=WRONG):
    browser.session.cookies.clear()
    browser.get(entra_url(signet.sign_in_url))
    return browser.sign_in(name, password)


def shown(signet, *arguments):
    return signet.run("account", *arguments)


def test_sec_pwd_10_a_braked_person_is_seen_and_let_in_again(signet, browser, person):
    for _ in range(LOCKOUT_THRESHOLD):
        page = guess(browser, signet, person["upn"])
    assert "too many" in page.text.lower()
    before = shown(signet, "show", person["upn"])
    assert before["account"] == person["guid"] and before["directory_threshold"] == LOCKOUT_THRESHOLD
    assert any(counter["refuses"] for counter in before["counters"].values())
    assert before["directory_lockout"]["bad_passwords"] == domain.bad_password_count(person["dn"]) > 0
    assert not before["directory_lockout"]["locked"]
    after = shown(signet, "unlock", "CORP\\" + person["upn"].split("@")[0])
    assert after["account"] == before["account"], "the name is looked up in the directory"
    assert not any(counter["failures"] for counter in after["counters"].values())
    assert "wresult" in guess(browser, signet, person["upn"], person["password"]).response.text
    assert any(event["event"] == 307 and "attempt-counters" in str(event["details"]) for event in signet.audit(50))
