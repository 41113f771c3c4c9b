"""Sign-out that applications start: what ends, what goes on, and what the application is told."""
import uuid
from datetime import datetime, timezone

import pytest

from harness import names
from harness.saml_requests import authn_request, new_id, read_redirect, redirect_url
from harness.samples import stamp
from harness.tokens import read_saml
from harness.wsfed import entra_url
from lab.authority import self_signed

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
PARTIAL = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
UNKNOWN = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal"


class Provider:
    """A service provider that signs its messages and has a logout address."""

    def __init__(self, signet, folder, host: str | None = None, binding: str = "HTTP-Redirect"):
        self.name = f"leaver-{uuid.uuid4().hex[:8]}"
        host = host or f"{self.name}.example.net"
        self.entity_id, self.signet = f"https://{self.name}.example.net/saml", signet
        self.acs, self.slo = f"https://{host}/acs", f"https://{host}/slo"
        self.certificate, self.key = self_signed(folder, self.name, self.name)
        body = "".join(line for line in self.certificate.read_text().splitlines() if "CERTIFICATE" not in line)
        file = folder / f"{self.name}.xml"
        file.write_text(
            f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self.entity_id}">'
            f'<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" AuthnRequestsSigned="true">'
            f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>{body}'
            f"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            f'<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:{binding}" Location="{self.slo}"/>'
            f'<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{self.acs}" index="0"/>'
            f"</md:SPSSODescriptor></md:EntityDescriptor>"
        )
        signet.run("rp", "add", "--metadata", str(file), "--name", self.name)
        signet.wait_version()

    def sign_in_url(self, **attributes: str) -> str:
        request = authn_request(self.entity_id, new_id(), Destination=self.signet.sign_in_url, **attributes)
        return redirect_url(self.signet.sign_in_url, request, key=self.key)

    def sign_out_url(self, name_id: str, *indexes: str) -> str:
        inner = f'<saml:NameID xmlns:saml="{names.SAML20}" Format="{names.PERSISTENT}">{name_id}</saml:NameID>'
        inner += "".join(f"<samlp:SessionIndex>{index}</samlp:SessionIndex>" for index in indexes)
        document = (
            f'<samlp:LogoutRequest xmlns:samlp="{names.SAMLP}" ID="{new_id()}" Version="2.0" IssueInstant="{stamp(datetime.now(timezone.utc))}" Destination="{self.signet.sign_in_url}">'
            f'<saml:Issuer xmlns:saml="{names.SAML20}">{self.entity_id}</saml:Issuer>{inner}</samlp:LogoutRequest>'
        )
        return redirect_url(self.signet.sign_in_url, document, "state", key=self.key)

    def told(self, page) -> list[str]:
        """The status codes of the answer that the browser is sent back with."""
        return self.told_by(page.response.headers["Location"])

    def told_by(self, location: str) -> list[str]:
        """The same, in the address itself."""
        assert location.startswith(self.slo), location
        answer, state = read_redirect(location)
        assert state == "state"
        return [code.get("Value") for code in answer.iter(f"{{{names.SAMLP}}}StatusCode")]


@pytest.fixture
def provider(signet, tmp_path):
    return Provider(signet, tmp_path)


def token(browser):
    return read_saml(browser.answer().fields).token


def test_any_session_index_of_the_session_names_it(signet, lab, browser, provider):
    alice = lab["users"]["alice"]
    browser.get(provider.sign_in_url())
    browser.sign_in(alice["upn"], alice["password"])
    first = token(browser)
    browser.get(provider.sign_in_url())
    second = token(browser)
    # Credentials given again are the same session to the application.
    browser.get(provider.sign_in_url(ForceAuthn="true"))
    browser.sign_in(alice["upn"], alice["password"])
    third = token(browser)
    assert first.session_index == second.session_index == third.session_index
    page = browser.get(provider.sign_out_url(first.name_id, first.session_index), follow=False)
    assert provider.told(page) == [SUCCESS]
    browser.get(entra_url(signet.sign_in_url))
    assert browser.asks_for_password()


def test_sec_saml_21_a_session_that_is_not_named_goes_on_and_the_application_is_told_so(signet, lab, browser, provider, tmp_path):
    alice = lab["users"]["alice"]
    browser.get(provider.sign_in_url())
    browser.sign_in(alice["upn"], alice["password"])
    mine = token(browser)
    other = Provider(signet, tmp_path)
    browser.get(other.sign_in_url())
    theirs = token(browser)
    assert theirs.session_index != mine.session_index, "two applications must not be able to compare sessions"
    for address in (
        provider.sign_out_url(mine.name_id, theirs.session_index),
        provider.sign_out_url(mine.name_id, "_0123"),
        provider.sign_out_url("somebody else", mine.session_index),
    ):
        assert UNKNOWN in provider.told(browser.get(address, follow=False))
        assert "wresult" in browser.get(entra_url(signet.sign_in_url)).response.text
    # Without a session there is nothing left to do.
    browser.session.cookies.clear()
    assert provider.told(browser.get(provider.sign_out_url(mine.name_id, mine.session_index), follow=False)) == [SUCCESS]


CLEAN_UP = names.ENTRA_REPLY + "?wa=wsignoutcleanup1.0"


def sign_in_to_both(signet, alice, browser, provider):
    """To the provider and to Entra, in one session; the provider's token."""
    browser.get(provider.sign_in_url())
    browser.sign_in(alice["upn"], alice["password"])
    mine = token(browser)
    assert "wresult" in browser.get(entra_url(signet.sign_in_url)).response.text
    return mine


def sign_in_to_both_by_chromium(signet, alice, browser, provider, partners):
    """The same in a real browser, which posts each token to its partner."""
    browser.open(provider.sign_in_url())
    browser.sign_in(alice["upn"], alice["password"])
    mine = read_saml(partners.received("/acs").fields).token
    browser.open(entra_url(signet.sign_in_url))
    partners.received("/login.srf")
    return mine


def test_a_saml_sign_out_tells_the_ws_federation_partners_and_then_goes_back(signet, lab, browser, provider):
    mine = sign_in_to_both(signet, lab["users"]["alice"], browser, provider)
    page = browser.get(provider.sign_out_url(mine.name_id, mine.session_index), follow=False)
    assert page.status == 200 and [one.get("src") for one in page.tree.iter("iframe")] == [CLEAN_UP]
    link = page.tree.get_element_by_id("continue")
    # Whether Entra did sign out is not known here, so the answer does not say that everybody did.
    assert PARTIAL in provider.told_by(link.get("href"))
    browser.get(entra_url(signet.sign_in_url))
    assert browser.asks_for_password()


def test_a_provider_that_is_answered_by_post_is_too(signet, lab, browser, tmp_path):
    provider = Provider(signet, tmp_path, binding="HTTP-POST")
    mine = sign_in_to_both(signet, lab["users"]["alice"], browser, provider)
    page = browser.get(provider.sign_out_url(mine.name_id, mine.session_index), follow=False)
    assert [one.get("src") for one in page.tree.iter("iframe")] == [CLEAN_UP]
    form = page.form("SAMLResponse")
    assert form.action == provider.slo and form.fields["RelayState"] == "state"
    assert "form-action 'self' https:;" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("binding", ["HTTP-Redirect", "HTTP-POST"])
def test_in_chromium_the_partners_are_told_and_the_application_is_back(signet, lab, chromium, partners, tmp_path, binding):
    provider, alice = Provider(signet, tmp_path, "app.example.net", binding), lab["users"]["alice"]
    browser = chromium(signet.tls_certificate)
    mine = sign_in_to_both_by_chromium(signet, alice, browser, provider, partners)
    browser.open(provider.sign_out_url(mine.name_id, mine.session_index))
    assert partners.received("/login.srf").query == {"wa": "wsignoutcleanup1.0"}
    sent = partners.received("/slo")
    assert "SAMLResponse" in (sent.fields if binding == "HTTP-POST" else sent.query)
    assert not browser.complaints()


@pytest.mark.parametrize("how", ["hangs", "loops back"])
def test_sec_saml_23_a_partner_that_does_not_play_along_holds_nobody_up(signet, lab, chromium, partners, tmp_path, how):
    provider, alice = Provider(signet, tmp_path, "app.example.net"), lab["users"]["alice"]
    browser = chromium(signet.tls_certificate)
    mine = sign_in_to_both_by_chromium(signet, alice, browser, provider, partners)
    if how == "hangs":
        partners.fall_silent(names.ENTRA_REPLY)
    else:
        back = f"{signet.sign_in_url}?wa=wsignout1.0"
        partners.serve(names.ENTRA_REPLY, "text/html", f'<!DOCTYPE html><meta http-equiv="refresh" content="0; url={back}">'.encode())
    sign_outs = lambda: [row for row in signet.audit(100_000) if row["event"] == 1206]  # noqa: E731
    before = len(sign_outs())
    try:
        browser.open(provider.sign_out_url(mine.name_id, mine.session_index))
        partners.received("/login.srf")
        assert "SAMLResponse" in partners.received("/slo").query
        assert len(sign_outs()) == before + 1
    finally:
        partners.pages.pop(names.ENTRA_REPLY, None)
        partners.forget()


def test_a_refused_sign_out_is_audited_as_one(signet, lab, browser, provider):
    alice = lab["users"]["alice"]
    browser.get(provider.sign_in_url())
    browser.sign_in(alice["upn"], alice["password"])
    mine = token(browser)
    address = provider.sign_out_url(mine.name_id, mine.session_index)
    page = browser.get(address.split("&Signature=")[0].split("&SigAlg=")[0])
    assert page.status == 400
    row = signet.audit(1)[-1]
    assert (row["event"], row["reason"]) == (1207, "SIG-SAML-UNSIGNED"), row
    browser.get(provider.sign_out_url(mine.name_id, "_another"), follow=False)
    row = signet.audit(1)[-1]
    assert (row["event"], row["reason"]) == (1207, "SIG-SIGN-OUT-OTHER"), row


def test_a_sign_out_posted_from_another_site_ends_the_session(signet, lab, chromium, partners):
    alice = lab["users"]["alice"]
    browser = chromium(signet.tls_certificate)
    browser.open(entra_url(signet.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    partners.received("/login.srf")
    partners.serve("https://app.example.net/leave", "text/html", (
        f'<!DOCTYPE html><form method="post" action="{signet.sign_in_url}"><input name="wa" value="wsignout1.0"><button>Leave</button></form>'
    ).encode())
    browser.open("https://app.example.net/leave")
    browser.find("button").click()
    browser.wait(lambda b: "signed out" in b.text)
    browser.open(entra_url(signet.sign_in_url))
    browser.wait_for("input[name=Password]")


def test_a_large_request_may_be_reloaded(signet, browser, lab):
    """Too large for an address: it is kept in the store, and people reload pages."""
    alice, state = lab["users"]["alice"], "s" * 7000
    browser.post(signet.sign_in_url, {"wa": "wsignin1.0", "wtrealm": names.ENTRA, "wctx": state}, origin="https://app.example.net")
    assert "flow=p." in browser.page.url, browser.page.url
    assert browser.asks_for_password()
    browser.get(browser.page.url)
    browser.sign_in(alice["upn"], alice["password"])
    assert browser.answer().fields["wctx"] == state
