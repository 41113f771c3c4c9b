"""Sessions: fixed to nobody, dead when they end, and as good as the account behind them."""
import pytest

from harness import names
from harness.tokens import read_wsfed
from harness.wsfed import entra_url, sign_out_url
from lab import domain


def session_cookie(browser):
    return next((one for one in browser.session.cookies if "session" in one.name), None)


def sign_in(browser, signet, user, **parameters):
    browser.get(entra_url(signet.sign_in_url, **parameters))
    return browser.sign_in(user["upn"], user["password"])


def test_sec_ses_01_a_session_given_beforehand_is_not_taken(signet, lab, browser, another_browser):
    thief, alice = another_browser(), lab["users"]["alice"]
    sign_in(thief, signet, lab["users"]["carol"])
    planted = session_cookie(thief)
    browser.session.cookies.set(planted.name, planted.value, domain=signet.host, path="/", secure=True)
    browser.get(sign_out_url(signet.sign_in_url))
    browser.session.cookies.set(planted.name, planted.value, domain=signet.host, path="/", secure=True)
    sign_in(browser, signet, alice)
    assert session_cookie(browser).value != planted.value
    page = thief.get(entra_url(signet.sign_in_url))
    assert "wresult" not in page.response.text


def test_sec_ses_02_cookies_are_bound_to_this_host(signet, lab, browser):
    sign_in(browser, signet, lab["users"]["alice"])
    lines = [line for response in browser.history for line in response.raw.headers.getlist("Set-Cookie")]
    assert lines
    for line in lines:
        assert line.startswith("__Host-") and "; Secure" in line and "; HttpOnly" in line and "; Path=/" in line and "SameSite=" in line
        assert "domain=" not in line.lower()


def test_sec_ses_03_an_ambiguous_cookie_is_no_session(signet, lab, browser):
    sign_in(browser, signet, lab["users"]["alice"])
    cookie = session_cookie(browser)
    other = "A" * len(cookie.value)
    for header in (f"{cookie.name}={cookie.value}; {cookie.name}={other}", f"{cookie.name}={other}; {cookie.name}={cookie.value}", f"{cookie.name}={'x' * 20000}"):
        browser.session.cookies.clear()
        page = browser.get(entra_url(signet.sign_in_url), headers={"Cookie": header})
        assert "wresult" not in page.response.text and page.status in (200, 400, 431)


@pytest.mark.parametrize("change", ["disable", "delete", "expire"])
def test_sec_ses_06_an_account_that_may_not_sign_in_gets_no_token_from_its_session(new_signet, browser, person, change):
    node = new_signet()
    node.configuration["session"]["account_recheck_minutes"] = 0
    node.start()
    sign_in(browser, node, person)
    assert "wresult" in browser.page.response.text
    if change == "disable":
        domain.replace(person["dn"], userAccountControl="514")
    elif change == "expire":
        domain.replace(person["dn"], accountExpires="132000000000000000")
    else:
        domain.delete(person["dn"])
    page = browser.get(entra_url(node.sign_in_url))
    assert "wresult" not in page.response.text
    browser.get(entra_url(node.sign_in_url))
    assert "wresult" not in browser.page.response.text
    node.stop()


def test_sec_ses_06_a_password_set_anew_ends_older_sessions(new_signet, browser, person):
    node = new_signet()
    node.configuration["session"]["account_recheck_minutes"] = 0
    node.start()
    sign_in(browser, node, person)
    assert "wresult" in browser.page.response.text
    domain.set_password(person["dn"], "Another-Passw0rd!")
    page = browser.get(entra_url(node.sign_in_url))
    assert "wresult" not in page.response.text and page.has_form("Password")
    node.stop()


def test_sec_ses_07_two_people_in_two_tabs_do_not_mix(signet, lab, browser):
    alice, carol = lab["users"]["alice"], lab["users"]["carol"]
    first = browser.get(entra_url(signet.sign_in_url, wctx="tab-1")).form("UserName", "Password")
    second = browser.get(entra_url(signet.sign_in_url, wctx="tab-2")).form("UserName", "Password")
    answers = []
    for form, user in ((first, alice), (second, carol)):
        browser.submit(form, UserName=user["upn"], Password=user["password"])
        answers.append(read_wsfed(browser.answer().fields))
    assert [(one.wctx, one.token.one(names.CLAIM_UPN)) for one in answers] == [("tab-1", alice["upn"]), ("tab-2", carol["upn"])]
    browser.get(entra_url(signet.sign_in_url))
    assert read_wsfed(browser.answer().fields).token.one(names.CLAIM_UPN) == carol["upn"], "the last one to sign in is who is signed in"


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
])
def test_sec_ses_08_a_form_of_another_site_signs_nobody_in(signet, lab, browser, headers):
    alice = lab["users"]["alice"]
    form = browser.get(entra_url(signet.sign_in_url)).form("UserName", "Password")
    page = browser.post(form.action, form.fields | {"UserName": alice["upn"], "Password": alice["password"]}, headers=headers)
    assert "wresult" not in page.response.text and session_cookie(browser) is None


def test_sec_ses_08_a_form_needs_the_browser_it_was_shown_in(signet, lab, browser, another_browser):
    carol, attacker = lab["users"]["carol"], another_browser()
    form = attacker.get(entra_url(signet.sign_in_url)).form("UserName", "Password")
    page = browser.post(form.action, form.fields | {"UserName": carol["upn"], "Password": carol["password"]})
    assert "wresult" not in page.response.text and session_cookie(browser) is None


def test_sec_ses_09_sixty_started_sign_ins_need_no_more_room(signet, browser):
    for at in range(60):
        browser.get(entra_url(signet.sign_in_url, wctx=f"tab-{at}"))
    size = sum(len(one.name) + len(one.value) + 3 for one in browser.session.cookies)
    assert size < 4096 and browser.asks_for_password()


def test_sec_ses_04_sessions_survive_a_restart_and_their_end_does_too(new_signet, lab, browser, another_browser):
    node, leaver = new_signet().start(), another_browser()
    sign_in(browser, node, lab["users"]["alice"])
    sign_in(leaver, node, lab["users"]["carol"])
    cookies = leaver.session.cookies.copy()
    leaver.get(sign_out_url(node.sign_in_url))
    node.kill()
    node.start()
    leaver.session.cookies = cookies
    assert "wresult" in browser.get(entra_url(node.sign_in_url)).response.text
    assert "wresult" not in leaver.get(entra_url(node.sign_in_url)).response.text
    node.stop()


def test_a_loop_is_explained_and_ended(signet, lab, browser):
    sign_in(browser, signet, lab["users"]["carol"])
    for _ in range(8):
        page = browser.get(entra_url(signet.sign_in_url))
        if "wresult" not in page.response.text:
            break
    assert "wresult" not in page.response.text and not page.has_form("Password")
    assert page.title and page.status >= 400, page.text


def test_sec_wsf_09_signing_out_twice_or_by_a_picture_does_no_harm(signet, lab, browser):
    sign_in(browser, signet, lab["users"]["alice"])
    for _ in range(2):
        assert browser.get(sign_out_url(signet.sign_in_url)).status == 200
    page = browser.get(sign_out_url(signet.sign_in_url, wreply="https://evil.test/"), follow=False)
    assert "evil.test" not in page.headers.get("Location", "") and 'href="https://evil.test' not in page.response.text
