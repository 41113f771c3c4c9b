"""Rights that are taken away in the directory, an account that is moved, a group that grows: claims are left out or refused, never empty."""
import pytest

from harness import invariants, names
from harness.tokens import read_wsfed
from harness.wsfed import entra_url, sign_in_url
from lab import domain

REALM, REPLY = "urn:tests:rights", "https://app.example.net/rights"
MAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
NAME_ID = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"
# schemaIDGUID, from the published schema of Active Directory.
MAIL_GUID = "bf967961-0de6-11d0-a285-00aa003049e2"
UPN_GUID = "28630ebb-41d5-11d1-a9c1-0000f80367c1"
ACCOUNT_NAME = "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname"
# The mail address as a claim and as the subject, as the templates of AD FS write it.
RULES = f"""
c:[Type == "{ACCOUNT_NAME}", Issuer == "AD AUTHORITY"]
 => issue(store = "Active Directory", types = ("{MAIL}", "urn:tests/department"), query = ";mail,department;{{0}}", param = c.Value);
"""
SUBJECT = f"""
c:[Type == "{MAIL}"] => issue(Type = "{NAME_ID}", Value = c.Value);
"""


@pytest.fixture(scope="module")
def node(new_signet, tmp_path_factory):
    node = new_signet()
    node.configuration["session"] |= {"account_recheck_minutes": 0, "loop_tokens": 100}
    rules = tmp_path_factory.mktemp("rules") / "rules"
    for name, text in (("claims", RULES), ("subject", RULES + SUBJECT), ("members", RULES)):
        rules.write_text(text)
        node.run("rp", "add", "--name", name, "--realm", f"{REALM}:{name}", "--wsfed", f"{REPLY}/{name}")
        node.run("rp", "set", name, "--issuance-rules", str(rules))
    yield node.start()
    node.stop()
    node.run("audit", "verify")


def sign_in(node, browser, person, name="claims"):
    node.claim_name()
    browser.session.cookies.clear()
    browser.get(sign_in_url(node.sign_in_url, f"{REALM}:{name}"))
    return browser.sign_in(person["upn"], person["password"])


def token(browser):
    return read_wsfed(browser.answer().fields).token


def test_sec_f_34_an_attribute_that_may_not_be_read_is_left_out(node, browser, person, lab):
    sign_in(node, browser, person)
    assert token(browser).one(MAIL) == person["upn"]
    sign_in(node, browser, person, "subject")
    assert token(browser).name_id == person["upn"]
    domain.deny_reading(person["dn"], MAIL_GUID, lab["users"]["svc-ldap"]["sid"])
    sign_in(node, browser, person)
    left = token(browser)
    assert MAIL not in left.claims and all(value for values in left.claims.values() for value in values), left.claims
    # Where the subject would have come from it, no subject is made up.
    page = sign_in(node, browser, person, "subject")
    if "wresult" in page.response.text:
        assert token(browser).name_id is None, token(browser).name_id
    else:
        assert page.status >= 400


def test_sec_f_34_entra_gets_no_token_without_the_name_it_knows(node, browser, person, lab):
    node.claim_name()
    browser.get(entra_url(node.sign_in_url))
    browser.sign_in(person["upn"], person["password"])
    invariants.check_wsfed(read_wsfed(browser.answer().fields), node.signing_certificate(), names.ENTRA)
    domain.deny_reading(person["dn"], UPN_GUID, lab["users"]["svc-ldap"]["sid"])
    page = browser.get(entra_url(node.sign_in_url))
    assert "wresult" not in page.response.text and (page.status >= 400 or browser.asks_for_password()), page.text
    # By the name that can still be read the person is known, and Entra still gets nothing.
    browser.session.cookies.clear()
    browser.get(entra_url(node.sign_in_url))
    page = browser.sign_in("CORP\\" + person["upn"].partition("@")[0], person["password"])
    assert "wresult" not in page.response.text and page.status >= 400, page.text


def test_sec_f_34_an_account_that_is_moved_is_the_same_person(node, browser, another_browser, person, lab):
    node.claim_name()
    browser.get(entra_url(node.sign_in_url))
    browser.sign_in(person["upn"], person["password"])
    before = invariants.check_wsfed(read_wsfed(browser.answer().fields), node.signing_certificate(), names.ENTRA)
    domain.move(person["dn"], lab["fresh_ou"])
    # In the session that there is, and in a new one.
    other = another_browser()
    other.get(entra_url(node.sign_in_url))
    other.sign_in(person["upn"], person["password"])
    browser.get(entra_url(node.sign_in_url))
    for one in (browser, other):
        after = invariants.check_wsfed(read_wsfed(one.answer().fields), node.signing_certificate(), names.ENTRA)
        for claim in (names.CLAIM_UPN, names.CLAIM_IMMUTABLE_ID):
            assert after.one(claim) == before.one(claim) != ""


def test_sec_f_34_a_huge_group_is_one_group(node, browser, spares, lab):
    """More members than a controller gives at once (MaxValRange, 1,500), and a rule that asks for the group: its own people get in, others do not."""
    insider, outsider = next(spares), next(spares)
    others = domain.add_contacts(lab["fresh_ou"], 1600)
    _, sid = domain.new_group("G-Huge-of-tests", *others, insider["dn"])
    node.run("rp", "set", "members", "--permit-group", sid)
    node.wait_version()
    page = sign_in(node, browser, insider, "members")
    assert "wresult" in page.response.text, page.text
    page = sign_in(node, browser, outsider, "members")
    assert "wresult" not in page.response.text and "SIG-ISS-DENIED" in page.text, page.text
