"""A person sees where they are signed in, and ends what they do not know."""
import pytest

from harness.wsfed import entra_url, sign_in_url, sign_out_url

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"


@pytest.fixture
def at(signet, another_browser):
    """A person's browser with a session of its own."""

    def sign_in(person, user_agent=None, url=None):
        browser = another_browser()
        if user_agent:
            browser.session.headers["User-Agent"] = user_agent
        browser.get(url or entra_url(signet.sign_in_url))
        browser.sign_in(person["upn"], person["password"])
        assert "wresult" in browser.page.response.text, browser.page.text
        return browser

    return sign_in


def address(signet) -> str:
    return f"{signet.url}/adfs/portal/sessions"


def others(page) -> dict[str, str]:
    """The other sessions on the page: what each says, by its id."""
    buttons = page.tree.xpath('//button[@name="End"]')
    return {one.get("value"): " ".join(one.xpath("ancestor::li")[0].text_content().split()) for one in buttons}


def is_signed_in(browser, signet) -> bool:
    return "wresult" in browser.get(entra_url(signet.sign_in_url)).response.text


def test_the_list_says_which_and_whence_and_how(signet, at, person):
    signet.run("rp", "add", "--name", "Sessions <wiki>", "--realm", "urn:tests:sessions", "--wsfed", "https://app.example.net/sessions")
    signet.wait_version()
    laptop = at(person, FIREFOX)
    laptop.get(sign_in_url(signet.sign_in_url, "urn:tests:sessions"))
    phone = at(person, IPHONE)
    page = phone.get(address(signet))
    own, other = (" ".join(one.text_content().split()) for one in page.tree.xpath('//ul[@id="sessions"]/li'))
    assert own.startswith("Safari on iPhone this browser") and "Microsoft" in own and "End this session" not in own
    assert other.startswith("Firefox on Windows") and "this browser" not in other and "127.0.0.1" in other
    assert "password" in other and "Sessions <wiki>" in other and " UTC" in other
    assert "Mozilla" not in page.response.text and "<wiki>" not in page.response.text
    # The help desk sees the same.
    shown = signet.run("account", "show", person["upn"])["sessions"]
    assert {(one["browser"], one["platform"], one["address"], *one["methods"]) for one in shown} == {
        ("Safari", "iPhone", "127.0.0.1", "password"), ("Firefox", "Windows", "127.0.0.1", "password"),
    }
    assert any("Sessions <wiki>" in one["applications"] for one in shown)
    text = signet.raw("account", "show", person["upn"]).stdout
    assert "LAST USED" in text and "Firefox" in text and "127.0.0.1" in text
    signet.run("account", "sign-out", person["upn"])
    assert signet.run("account", "show", person["upn"])["sessions"] == []
    assert not is_signed_in(laptop, signet) and not is_signed_in(phone, signet)


def test_another_session_is_ended_and_written_down(signet, at, person):
    laptop, phone = at(person, FIREFOX), at(person, IPHONE)
    page = phone.get(address(signet))
    ((session_id, _),) = others(page).items()
    form = page.form("End")
    page = phone.submit(form, End=session_id)
    assert "The session has ended." in page.text and "may stay open" in page.text and not others(page)
    assert is_signed_in(phone, signet) and not is_signed_in(laptop, signet)
    row = [event for event in signet.audit(50) if event["event"] == 1206][-1]
    assert row["account"] == person["guid"] and row["details"]["sessions"] == [session_id]
    assert row["details"]["why"] == "ended-by-person" and row["details"]["by_session"] != session_id
    assert row["details"]["IpAddress"] == "127.0.0.1"
    # Once more, as by a reload: nothing is left to end, and nothing breaks.
    assert "already" in phone.submit(form, End=session_id).text


def test_all_others_are_ended_at_once(signet, at, person):
    own, *rest = (at(person) for _ in range(4))
    page = own.get(address(signet))
    assert len(others(page)) == 3
    page = own.submit(page.form("EndOthers"), EndOthers="true")
    assert "Sessions ended: 3" in page.text and not others(page)
    assert is_signed_in(own, signet) and not any(is_signed_in(one, signet) for one in rest)
    row = [event for event in signet.audit(50) if event["event"] == 1206][-1]
    assert (row["details"]["count"], len(row["details"]["sessions"]), row["details"]["why"]) == (3, 3, "others-ended-by-person")


def test_ending_this_one_is_the_sign_out(signet, at, person):
    browser = at(person)
    at(person)
    page = browser.get(address(signet))
    way = page.tree.get_element_by_id("signOut").get("href")
    (own,) = set(one["id"] for one in signet.run("account", "show", person["upn"])["sessions"]) - set(others(page))
    page = browser.submit(page.form("End"), End=own)
    assert page.url.endswith(way) and "signed out" in page.text.lower() and "Microsoft" in page.text
    assert browser.get(address(signet)).has_form("UserName", "Password")


def test_sec_web_04_another_site_ends_no_session(signet, at, person):
    laptop, phone = at(person), at(person)
    page = phone.get(address(signet))
    (session_id,) = others(page)
    token = page.form("End").fields["Flow"]
    attempts = [
        ({"End": session_id}, {}),
        ({"End": session_id, "Flow": "x" * 40}, {}),
        ({"End": session_id, "Flow": token}, {"Origin": "https://evil.test"}),
        ({"EndOthers": "true", "Flow": token}, {"Sec-Fetch-Site": "cross-site"}),
        ({"EndOthers": "true"}, {}),
    ]
    for fields, headers in attempts:
        page = phone.post(address(signet), fields, headers=headers)
        assert "nothing was ended" in page.text and set(others(page)) == {session_id}, (fields, headers)
    # The token of one browser is none in another, whoever is signed in there.
    page = laptop.post(address(signet), {"EndOthers": "true", "Flow": token}, origin=signet.url)
    assert "nothing was ended" in page.text
    assert is_signed_in(laptop, signet) and is_signed_in(phone, signet)


def test_nobody_ends_a_session_of_another_account(signet, at, spares):
    alice, mallory = next(spares), next(spares)
    victim, thief, second = at(alice), at(mallory), at(mallory)
    (stolen,) = [one["id"] for one in signet.run("account", "show", alice["upn"])["sessions"]]
    page = thief.get(address(signet))
    assert stolen not in page.response.text and alice["upn"] not in page.text
    page = thief.submit(page.form("End"), End=stolen)
    assert "already" in page.text, "as if it were not there"
    for wrong in ("", "x", "00000000-0000-0000-0000-000000000000", stolen.upper() + "0"):
        page = thief.get(address(signet))
        thief.submit(page.form("End"), End=wrong)
    page = thief.get(address(signet))
    thief.submit(page.form("EndOthers"), EndOthers="true")
    assert is_signed_in(victim, signet) and not is_signed_in(second, signet)


def test_who_is_not_signed_in_signs_in_first(signet, another_browser, person):
    browser = another_browser()
    page = browser.get(f"{signet.url}/adfs/portal/")
    assert "Your account" in page.text and page.status == 200
    ways = page.tree.xpath("//main//li/a/@href")
    assert ways == ["/adfs/portal/sessions", "/adfs/portal/updatepassword/"], "no second factors are configured here"
    page = browser.get(address(signet))
    assert page.has_form("UserName", "Password")
    page = browser.sign_in(person["upn"], "Wr0ng-Passw0rd!")
    assert page.has_form("UserName", "Password") and "wrong" in page.text
    page = browser.sign_in(person["upn"], person["password"])
    assert "this browser" in page.text and person["upn"] in page.text and not others(page)
    assert is_signed_in(browser, signet), "it is a session like any other"
    browser.get(sign_out_url(signet.sign_in_url))
    assert browser.get(address(signet)).has_form("UserName", "Password")


def test_in_german_and_without_scripts(signet, at, person):
    at(person, IPHONE)
    browser = at(person, FIREFOX)
    browser.session.headers["Accept-Language"] = "de"
    page = browser.get(address(signet))
    assert "Wo Sie angemeldet sind" in page.text and "Safari auf iPhone" in page.text and "dieser Browser" in page.text
    assert not page.tree.xpath("//script") and page.tree.xpath("/html/@lang") == ["de"]
    names = page.tree.xpath('//button[@name="End"]/@aria-labelledby')
    assert all(page.tree.xpath(f'//*[@id="{one}"]') for name in names for one in name.split())


def test_in_chromium_on_a_phone_by_keyboard(signet, at, person, chromium):
    laptop = at(person, FIREFOX)
    browser = chromium(signet.tls_certificate, phone=True)
    browser.open(address(signet))
    browser.sign_in(person["upn"], person["password"])
    button = browser.wait_for("button[name=End]")
    assert button.accessible_name == "End this session Firefox on Windows"
    assert browser.driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out"
    button.send_keys("\ue007")
    assert browser.wait_for("#notice").text == "The session has ended."
    assert not browser.all("button[name=End]") and not is_signed_in(laptop, signet)
    browser.find("#signOut").send_keys("\ue007")
    browser.wait(lambda b: "signed out" in b.text)
    assert not browser.complaints()
