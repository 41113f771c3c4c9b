"""Passwords that must be changed, in the middle of a sign-in and at their own address, against the real directory."""
import pytest

from harness.tokens import read_wsfed
from harness.wsfed import sign_in_url
from lab import domain
from lab.settings import USER_PASSWORD

REALM, REPLY = "urn:tests:changers", "https://app.example.net/changers"


@pytest.fixture(scope="module")
def node(new_signet):
    node = new_signet()
    node.run("rp", "add", "--name", "Changers", "--realm", REALM, "--wsfed", REPLY)
    yield node.start()
    node.stop()


def change(browser, old, new, confirmation=None):
    form = browser.page.form("OldPassword", "NewPassword")
    return browser.submit(form, OldPassword=old, NewPassword=new, ConfirmNewPassword=confirmation or new)


def begin(node, browser, sam, password=USER_PASSWORD):
    node.claim_name()
    browser.get(sign_in_url(node.sign_in_url, REALM, wctx="kept"))
    return browser.sign_in(f"CORP\\{sam}", password)


@pytest.mark.parametrize("sam, said", [("web-mustchange", "you must change"), ("web-expired", "has expired")])
def test_a_password_that_is_due_is_changed_and_the_sign_in_goes_on(node, browser, sam, said):
    page = begin(node, browser, sam)
    assert said in page.text.lower() and "Changers" in page.text
    fields = page.form("OldPassword", "NewPassword").fields
    assert fields["UserName"] == f"CORP\\{sam}" and not fields["OldPassword"], "no password is written into a page"
    assert "two new passwords" in change(browser, USER_PASSWORD, "Brand-New-1", "Brand-New-2").text.lower()
    change(browser, USER_PASSWORD, "Brand-New-Pass-1")
    answer = read_wsfed(browser.answer().fields)
    assert answer.wctx == "kept" and answer.token.audiences == [REALM]
    events = [(event["event"], event["outcome"]) for event in node.audit(6)]
    assert (1204, "success") in events and events[-1] == (1200, "success"), events


def test_a_refusal_says_which_rule_and_locks_nobody(node, browser, lab):
    page = begin(node, browser, "web-strict")
    assert "at least 16" in page.text, page.text
    page = change(browser, USER_PASSWORD, "Short-Pass-1")
    assert "at least 16" in page.element_text("broken") and browser.page.status == 200
    page = change(browser, USER_PASSWORD, USER_PASSWORD)
    assert "the new password is the old one" in page.text.lower()
    assert domain.bad_password_count(lab["users"]["web-strict"]["dn"]) == 0
    change(browser, USER_PASSWORD, "Long-Enough-Password-1")
    assert read_wsfed(browser.answer().fields).token.audiences == [REALM]


def test_sec_pwd_11_a_wrong_old_password_counts_like_any_other(node, browser, lab):
    person = lab["users"]["web-plain"]
    node.claim_name()
    browser.get(f"{node.url}/adfs/portal/updatepassword/")
    for _ in range(14):
        form = browser.page.form("OldPassword", "NewPassword")
        page = browser.submit(form, UserName="CORP\\web-plain", OldPassword="Wr0ng", NewPassword="Brand-New-1", ConfirmNewPassword="Brand-New-1")
    assert page.status == 429 and "too many" in page.text.lower()
    from lab.settings import LOCKOUT_THRESHOLD

    assert 0 < domain.bad_password_count(person["dn"]) < LOCKOUT_THRESHOLD
    page = begin(node, browser, "web-plain")
    assert page.status == 429, "the sign-in form has the same counter"
    assert node.run("account", "unlock", "CORP\\web-plain")
    browser.get(f"{node.url}/adfs/portal/updatepassword/")
    form = browser.page.form("OldPassword", "NewPassword")
    page = browser.submit(form, UserName="CORP\\web-plain", OldPassword=USER_PASSWORD, NewPassword="Brand-New-Pass-1", ConfirmNewPassword="Brand-New-Pass-1")
    assert "changed" in page.text.lower() and page.status == 200, page.text
    begin(node, browser, "web-plain", "Brand-New-Pass-1")
    assert "wresult" in browser.page.response.text


def test_sec_web_04_another_site_cannot_change_a_password(node, browser):
    node.claim_name()
    fields = {"UserName": "CORP\\web-plain", "OldPassword": "x", "NewPassword": "y", "ConfirmNewPassword": "y"}
    for headers in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
        page = browser.post(f"{node.url}/adfs/portal/updatepassword/", fields, headers=headers)
        assert "open for too long" in page.text.lower()


def test_the_page_says_nothing_of_an_account(node, browser):
    node.claim_name()
    page = browser.get(f"{node.url}/adfs/portal/updatepassword/")
    assert page.status == 200 and page.has_form("UserName", "OldPassword", "NewPassword", "ConfirmNewPassword")
    texts = set()
    for name in ("nobody@corp.example", "CORP\\web-expired", "CORP\\st-disabled"):
        form = browser.page.form("OldPassword", "NewPassword")
        page = browser.submit(form, UserName=name, OldPassword="Wr0ng-Passw0rd!", NewPassword="Brand-New-1", ConfirmNewPassword="Brand-New-1")
        texts.add(page.element_text("notice"))
    assert len(texts) == 1, texts
