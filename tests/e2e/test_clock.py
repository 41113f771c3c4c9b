"""The clock of a node is set while it runs, and it differs from the directory's: alarms, honest tokens, no brake opened or stuck."""
import datetime
import time

import pytest

from harness import invariants, names
from harness.clock import Clock
from harness.tokens import read_wsfed
from harness.wsfed import entra_url
from lab import domain, kerberos
from lab.settings import LOCKOUT_THRESHOLD, SERVICE_HOST, USER_PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
JUMPED, DIFFERS = "SIG-CLOCK-JUMPED", "SIG-DIRECTORY-CLOCK"
WRONG = "Wr0ng-Passw0rd!"
AWAY = 30  # how far a time may be from where it should be on a busy machine


def within(seconds: float, condition, what: str):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return found


def alarms(node, code: str) -> list[dict]:
    return [event for event in node.audit() if event["event"] == 1290 and event["reason"] == code]


def jump(node, clock: Clock, seconds: int):
    """Sets the clock and waits until the node has seen it; the alarm says by how much."""
    before, by = len(alarms(node, JUMPED)), seconds - clock.seconds
    clock.set(seconds)
    within(20, lambda: len(alarms(node, JUMPED)) > before, f"an alarm that the clock jumped by {by} s")
    told = alarms(node, JUMPED)[-1]["details"]
    assert abs(told["seconds"] - by) < AWAY and "jumped by" in told["detail"], told


def ask(browser, node, user, password=None):
    browser.session.cookies.clear()
    browser.get(entra_url(node.sign_in_url))
    return browser.sign_in(user["upn"], password or user["password"])


def check_times(browser, clock: Clock):
    """The token on the page says what the clock says, and neither more nor longer."""
    token = read_wsfed(browser.answer().fields).token
    said = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=clock.seconds)
    away = datetime.timedelta(seconds=AWAY)
    assert abs(token.issue_instant - said) < away, (token.issue_instant, said)
    assert datetime.timedelta(0) <= token.issue_instant - token.not_before <= datetime.timedelta(minutes=5)
    assert datetime.timedelta(0) < token.not_on_or_after - token.issue_instant <= datetime.timedelta(hours=1)
    assert token.authenticated_at <= token.issue_instant + away, "signed in after the token was made"
    return token


def test_sec_f_09_a_clock_that_jumps_is_told_and_nothing_opens_or_sticks(new_signet, tmp_path, another_browser, spares):
    person, braked, later = next(spares), next(spares), next(spares)
    node, clock = new_signet(), Clock(tmp_path / "clock")
    node.configuration["session"] |= {"account_recheck_minutes": 1, "loop_tokens": 50}
    # Everything in and out is UTC, wherever the machine thinks it is.
    node.start(TZ="Pacific/Apia", **clock.environment)
    owner, guesser = another_browser(), another_browser()
    ask(owner, node, person)
    invariants.check_wsfed(read_wsfed(owner.answer().fields), node.signing_certificate(), names.ENTRA)
    honest = owner.session.cookies.copy()
    for _ in range(LOCKOUT_THRESHOLD):
        ask(guesser, node, braked, WRONG)
    reached = domain.bad_password_count(braked["dn"])
    assert "too many" in guesser.page.text.lower() and 0 < reached < LOCKOUT_THRESHOLD

    for seconds in (600, -600, 3600, -3600):
        jump(node, clock, seconds)
        assert node.is_ready(), "it goes on serving: it cannot know which time was right"
        ask(guesser, node, person)
        check_times(guesser, clock)
        # An hour forward ends no window of half an hour, and an hour back opens none.
        page = ask(guesser, node, braked, WRONG)
        assert "too many" in page.text.lower(), (seconds, page.text)
        # A session from before is used, or asked anew when it would have begun in the future; no token lies about it.
        owner.session.cookies = honest.copy()
        owner.get(entra_url(node.sign_in_url))
        if seconds > 0:
            check_times(owner, clock)
        else:
            assert owner.asks_for_password(), owner.page.text
        if seconds == 3600:
            # Guesses, and a session, of a time that was never.
            for _ in range(LOCKOUT_THRESHOLD):
                ask(guesser, node, later, WRONG)
            assert "too many" in guesser.page.text.lower()
            future = another_browser()
            ask(future, node, person)
            check_times(future, clock)
    assert domain.bad_password_count(braked["dn"]) == reached, "guesses got through to the directory"

    jump(node, clock, 0)
    # What was begun in that time is not believed now; what was honest is, unless it was asked anew meanwhile.
    future.get(entra_url(node.sign_in_url))
    assert future.asks_for_password(), future.page.text
    owner.session.cookies = honest.copy()
    owner.get(entra_url(node.sign_in_url))
    check_times(owner, clock)
    # Nobody is locked out for longer than the window: a process with an honest clock says when it ends.
    for one in (braked, later):
        counters = node.run("account", "show", one["upn"])["counters"]
        ends = [datetime.datetime.fromisoformat(each["until"]) for each in counters.values() if each["until"]]
        assert ends and max(ends) < datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=31), counters
    node.stop()
    node.run("audit", "verify")


def test_sec_f_10_clocks_that_differ_cost_kerberos_alone_and_are_told(new_signet, tmp_path, another_browser, lab):
    node, clock = new_signet(), Clock(tmp_path / "clock", 400)
    keytab = kerberos.export_keytab(tmp_path / "sts.keytab", f"HTTP/{SERVICE_HOST}")
    node.configuration["kerberos"] = {"keytabs": [str(keytab)]}
    carol = lab["users"]["carol"]
    tickets = kerberos.Tickets(tmp_path / "carol", "carol", USER_PASSWORD)
    node.start(**clock.environment)
    browser = another_browser()
    browser.session.headers["User-Agent"] = FIREFOX
    page = browser.get(entra_url(node.sign_in_url))
    assert page.headers.get("WWW-Authenticate") == "Negotiate"
    page = browser.get(entra_url(node.sign_in_url), headers={"Authorization": tickets.negotiate(SERVICE_HOST)[0]})
    # The form, at once, with a word why; no second offer.
    assert page.status == 200 and page.has_form("UserName", "Password") and "WWW-Authenticate" not in page.headers
    notice = page.tree.xpath("//*[@role='alert']")[0].text_content()
    assert "clock" in notice and "SIG-KRB-CLOCK" in notice
    refused = [event for event in node.audit() if event["reason"] == "SIG-KRB-CLOCK"][-1]
    assert "300 s" in refused["details"]["detail"], refused
    browser.sign_in(carol["upn"], carol["password"])
    check_times(browser, clock)
    # Whose clock: the node compared itself with each controller.
    told = within(20, lambda: {one["details"]["controller"]: one["details"] for one in alarms(node, DIFFERS)}, "an alarm")
    within(20, lambda: len(alarms(node, DIFFERS)) == len(lab["controllers"]), "an alarm for each controller")
    assert all(abs(one["seconds"] - 400) < AWAY and "ahead of" in one["detail"] for one in told.values()), told
    checked = node.raw("check", **clock.environment)
    assert checked.returncode != 0 and "PROBLEM  clock" in checked.stdout and "ahead of" in checked.stdout, checked.stdout
    # Set right, it is a jump; the controllers confirm it, and tickets are taken again.
    jump(node, clock, 0)
    within(20, lambda: "the domain controllers say that the clock is right" in node.log(), "the controllers' word")
    browser.session.cookies.clear()
    browser.get(entra_url(node.sign_in_url), headers={"Authorization": tickets.negotiate(SERVICE_HOST)[0]})
    invariants.check_wsfed(read_wsfed(browser.answer().fields), node.signing_certificate(), names.ENTRA)
    node.stop()
    node.run("audit", "verify")
