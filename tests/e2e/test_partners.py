"""Real relying parties sign people in: samael, mod_auth_mellon, pysaml2 and passport-wsfed-saml2 decide, not we."""
import itertools

import pytest

from harness import invariants, names, xmlsec
from harness.browser import PlainBrowser
from harness.saml_requests import post_fields
from harness.tokens import read_saml, read_wsfed
from harness.wsfed import sign_in_url
from lab.authority import self_signed
from rp.mellon import Mellon
from rp.passport import Passport
from rp.pysaml import Pysaml
from rp.samael import Samael

NUMBERS = itertools.count()
METADATA_PATH = "/FederationMetadata/2007-06/FederationMetadata.xml"
MAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"


@pytest.fixture
def own_metadata(signet, authority, tmp_path):
    """Our metadata as partners fetch it."""
    document = PlainBrowser(authority.certificate_file).get(signet.url + METADATA_PATH).response.content
    file = tmp_path / "signet.xml"
    file.write_bytes(document)
    return file


def register(signet, metadata: str, folder, *more: str) -> dict:
    """Registers a service provider from its metadata, as an admin does; waits until the node knows it."""
    file = folder / f"sp-{next(NUMBERS)}.xml"
    file.write_text(metadata)
    added = signet.run("rp", "add", "--metadata", str(file), *more)
    signet.wait_version()
    return added


@pytest.fixture
def pysaml(signet, authority, own_metadata, tmp_path):
    made = []

    def make(**options) -> Pysaml:
        provider = Pysaml(authority, tmp_path, f"pysaml-{next(NUMBERS)}.example.net", own_metadata, **options)
        made.append(provider)
        return provider

    yield make
    for provider in made:
        provider.close()


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("signed", [False, True])
def test_pysaml2_signs_a_person_in(signet, lab, browser, pysaml, tmp_path, binding, signed):
    provider, alice = pysaml(sign_requests=signed), lab["users"]["alice"]
    register(signet, provider.metadata, tmp_path, "--name", provider.host)
    page = browser.get(provider.login_url(binding, "deep-link"))
    if binding == "post":
        page = browser.submit(page.form("SAMLRequest"))
    assert browser.asks_for_password(), page.text
    assert provider.host in page.text, "the page says where the person is going"
    browser.sign_in(alice["upn"], alice["password"])
    form = browser.answer()
    answer = read_saml(form.fields)
    invariants.check_saml(answer, signet.signing_certificate(), provider.entity_id, provider.acs, answer.response.get("InResponseTo"))
    said = browser.submit(form).response.json()
    assert said.get("relay_state") == "deep-link" and said["name_id_format"] == names.PERSISTENT, said
    # Silent the second time, and the same person to this application.
    page = browser.get(provider.login_url("redirect"))
    assert browser.submit(browser.answer()).response.json()["name_id"] == said["name_id"]


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_sec_sig_10_a_request_signed_with_sha1_is_refused_until_an_admin_allows_it(signet, browser, pysaml, tmp_path, binding):
    provider = pysaml(sign_requests=True)
    register(signet, provider.metadata, tmp_path, "--name", provider.host)
    page = browser.get(provider.login_url(binding, sha1=True))
    page = browser.submit(page.form("SAMLRequest")) if binding == "post" else page
    assert page.status == 400 and not page.forms()
    signet.set_property(provider.host, "signature_algorithm", "rsa-sha1")
    page = browser.get(provider.login_url(binding, sha1=True))
    page = browser.submit(page.form("SAMLRequest")) if binding == "post" else page
    assert browser.asks_for_password(), page.text


def test_pysaml2_forces_a_fresh_sign_in(signet, lab, browser, pysaml, tmp_path):
    provider, alice = pysaml(), lab["users"]["alice"]
    register(signet, provider.metadata, tmp_path)
    browser.get(provider.login_url())
    browser.sign_in(alice["upn"], alice["password"])
    assert browser.submit(browser.answer()).status == 200
    browser.get(provider.login_url(force=True))
    assert browser.asks_for_password()
    browser.sign_in(alice["upn"], alice["password"])
    assert browser.submit(browser.answer()).status == 200


@pytest.mark.parametrize("algorithm", ["aes256-gcm", "aes256-cbc", "aes128-cbc"])
def test_pysaml2_decrypts_what_was_encrypted_to_it(signet, lab, browser, pysaml, tmp_path, algorithm):
    provider, alice = pysaml(encrypted=True), lab["users"]["alice"]
    register(signet, provider.metadata, tmp_path, "--name", provider.host)
    signet.set_property(provider.host, "encryption_algorithm", algorithm)
    browser.get(provider.login_url())
    browser.sign_in(alice["upn"], alice["password"])
    form = browser.answer()
    answer = read_saml(form.fields)
    assert answer.succeeded and answer.assertion is None and "alice" not in answer.document
    said = browser.submit(form).response.json()
    assert said.get("name_id"), said


def test_pysaml2_gets_the_attributes_an_admin_sends(signet, lab, browser, pysaml, tmp_path):
    provider, alice = pysaml(), lab["users"]["alice"]
    register(signet, provider.metadata, tmp_path, "--send", "mail,givenName,sn,department=urn:tests:department")
    browser.get(provider.login_url())
    browser.sign_in(alice["upn"], alice["password"])
    form = browser.answer()
    token = read_saml(form.fields).token
    assert token.claims[MAIL] == ["zofia.mueller@example.com"] and token.claims["urn:tests:department"] == ["Finanční účtárna"]
    said = browser.submit(form).response.json()
    assert said["attributes"]["urn:tests:department"] == ["Finanční účtárna"], said


def test_sec_saml_13_markup_in_the_directory_stays_text(signet, lab, browser, pysaml, tmp_path):
    provider, markup = pysaml(), lab["users"]["markup"]
    register(signet, provider.metadata, tmp_path, "--send", "displayName=urn:tests:name")
    browser.get(provider.login_url())
    browser.sign_in(markup["upn"], markup["password"])
    form = browser.answer()
    token = invariants.check_saml(
        read_saml(form.fields), signet.signing_certificate(), provider.entity_id, provider.acs, read_saml(form.fields).response.get("InResponseTo")
    )
    assert token.claims["urn:tests:name"] == [markup["display"]]
    assert browser.submit(form).response.json()["attributes"]["urn:tests:name"] == [markup["display"]]


@pytest.mark.parametrize("signature, signed", [
    ("AssertionOnly", ("assertion",)), ("MessageOnly", ("response",)), ("MessageAndAssertion", ("assertion", "response")),
])
def test_xmlsec1_verifies_every_shape_of_saml_answer(signet, lab, browser, tmp_path, own_metadata, signature, signed):
    host = f"shape-{next(NUMBERS)}.example.net"
    provider, alice = Samael(host, own_metadata.read_text()), lab["users"]["alice"]
    register(signet, provider.metadata(), tmp_path, "--name", host)
    signet.set_property(host, "saml_response_signature", signature)
    begun = provider.redirect("state")
    browser.get(begun["url"])
    browser.sign_in(alice["upn"], alice["password"])
    answer = read_saml(browser.answer().fields)
    invariants.check_saml(answer, signet.signing_certificate(), provider.entity_id, provider.acs, begun["id"], signed)
    said = provider.validate(browser.answer().fields["SAMLResponse"], begun["id"])
    assert said.get("name_id") == answer.token.name_id, said


@pytest.mark.parametrize("way", ["redirect", "signed-redirect", "post"])
def test_samael_signs_a_person_in(signet, lab, browser, tmp_path, own_metadata, way):
    host = f"samael-{next(NUMBERS)}.example.net"
    certificate, key = self_signed(tmp_path, "samael", "samael")
    provider, alice = Samael(host, own_metadata.read_text(), certificate, key), lab["users"]["alice"]
    register(signet, provider.metadata(), tmp_path, "--send", "mail,displayName=urn:tests:name")
    if way == "post":
        begun = provider.post()
        browser.post(begun["location"], post_fields(begun["document"], "state"), origin=f"https://{host}")
    else:
        begun = provider.redirect("state", signed=way == "signed-redirect")
        browser.get(begun["url"])
    browser.sign_in(alice["upn"], alice["password"])
    form = browser.answer()
    assert (form.action, form.fields["RelayState"]) == (provider.acs, "state")
    said = provider.validate(form.fields["SAMLResponse"], begun["id"])
    assert said.get("attributes", {}).get("urn:tests:name") == [alice["display"]], said
    assert "refused" in provider.validate(form.fields["SAMLResponse"], "_another")


def test_mellon_signs_a_person_in(signet, lab, browser, authority, workspace, own_metadata, tmp_path):
    apache, alice = Mellon(authority, workspace, f"mellon-{next(NUMBERS)}.example.net", 8942), lab["users"]["alice"]
    register(signet, apache.metadata, tmp_path, "--send", "mail=IDPEmail")
    apache.start(own_metadata)
    try:
        browser.get(apache.page)
        browser.sign_in(alice["upn"], alice["password"])
        page = browser.submit(browser.answer())
        assert (page.status, page.title) == (200, "Private"), apache.log()
        assert page.headers["X-Name-Id"] and page.headers["X-Email"] == "zofia.mueller@example.com", dict(page.headers)
        assert browser.get(apache.page).title == "Private"
    finally:
        apache.close()


def test_passport_signs_a_person_in(signet, lab, browser, authority, workspace):
    party = Passport(authority, workspace, f"passport-{next(NUMBERS)}.example.net", signet.sign_in_url, signet.signing_certificate())
    alice = lab["users"]["alice"]
    signet.run("rp", "add", "--name", party.host, "--realm", party.realm, "--wsfed", party.reply, "--send", "mail,displayName=urn:tests/name")
    signet.wait_version()
    try:
        browser.get(party.login_url("a=b&c"))
        browser.sign_in(alice["upn"], alice["password"])
        form = browser.answer()
        invariants.check_wsfed(read_wsfed(form.fields), signet.signing_certificate(), party.realm)
        page = browser.submit(form)
        said = page.response.json()
        assert page.status == 200 and said["user"][MAIL] == "zofia.mueller@example.com" and said["user"]["urn:tests/name"] == alice["display"], said
    finally:
        party.close()


@pytest.mark.parametrize("token, version", [("saml11", "1.1"), ("saml20", "2.0")])
def test_xmlsec1_verifies_every_shape_of_wsfed_answer(signet, lab, browser, authority, workspace, token, version):
    party = Passport(authority, workspace, f"shape-{next(NUMBERS)}.example.net", signet.sign_in_url, signet.signing_certificate())
    alice = lab["users"]["alice"]
    try:
        signet.run("rp", "add", "--name", party.host, "--realm", party.realm, "--wsfed", party.reply, "--send", "mail")
        signet.set_property(party.host, "wsfed_token", token)
        browser.get(party.login_url())
        browser.sign_in(alice["upn"], alice["password"])
        form = browser.answer()
        answer = read_wsfed(form.fields)
        assert invariants.check_wsfed(answer, signet.signing_certificate(), party.realm).version == version
        assert browser.submit(form).status == 200
    finally:
        party.close()


@pytest.mark.parametrize("token, version", [("saml11", "1.1"), ("saml20", "2.0")])
@pytest.mark.parametrize("algorithm", ["aes256-gcm", "aes256-cbc"])
def test_xmlsec1_decrypts_the_token_of_a_wsfed_answer(signet, lab, browser, tmp_path, token, version, algorithm):
    host, alice = f"sealed-{next(NUMBERS)}.example.net", lab["users"]["alice"]
    realm, reply = f"https://{host}/", f"https://{host}/signin-wsfed"
    certificate, key = self_signed(tmp_path, host, host)
    body = "".join(line for line in certificate.read_text().splitlines() if "CERTIFICATE" not in line)
    signet.run("rp", "add", "--name", host, "--realm", realm, "--wsfed", reply, "--send", "mail")
    for name, value in (("wsfed_token", token), ("encryption_algorithm", algorithm), ("encryption_certificate", body)):
        signet.set_property(host, name, value)
    browser.get(sign_in_url(signet.sign_in_url, realm))
    browser.sign_in(alice["upn"], alice["password"])
    fields = browser.answer().fields
    assert alice["upn"] not in fields["wresult"] and "zofia.mueller" not in fields["wresult"] and "EncryptedData" in fields["wresult"]
    opened = fields | {"wresult": xmlsec.decrypt(fields["wresult"], key).split("?>\n", 1)[-1].rstrip("\n")}
    said = invariants.check_wsfed(read_wsfed(opened), signet.signing_certificate(), realm)
    assert said.version == version and said.claims[MAIL] == ["zofia.mueller@example.com"]
    assert signet.audit(1)[-1]["details"]["encrypted"] is True


def test_a_party_for_certificates_takes_no_password(signet, lab, browser):
    """AllowedAuthenticationClassReferences: this node performs passwords only, so nobody is even asked for one."""
    host, alice = f"safe-{next(NUMBERS)}.example.net", lab["users"]["alice"]
    realm = f"https://{host}/"
    signet.run("rp", "add", "--name", host, "--realm", realm, "--wsfed", f"https://{host}/in", "--send", "mail")
    signet.wait_version()
    browser.get(sign_in_url(signet.sign_in_url, realm))
    browser.sign_in(alice["upn"], alice["password"])
    assert "wresult" in browser.answer().fields
    signet.run("rp", "set", host, "--property", f'allowed_authentication_classes=["{names.X509}"]')
    signet.wait_version()
    page = browser.get(sign_in_url(signet.sign_in_url, realm))
    assert page.status == 400 and not page.forms() and "wresult" not in page.response.text
    row = signet.audit(1)[-1]
    assert row["event"] == 1201 and names.X509 in row["details"]["detail"], row


def test_sha1_is_written_only_where_an_admin_set_it(signet, lab, browser, own_metadata, tmp_path):
    host = f"old-{next(NUMBERS)}.example.net"
    provider, alice = Samael(host, own_metadata.read_text()), lab["users"]["alice"]
    register(signet, provider.metadata(), tmp_path, "--name", host)
    signet.set_property(host, "signature_algorithm", "rsa-sha1")
    begun = provider.redirect()
    browser.get(begun["url"])
    browser.sign_in(alice["upn"], alice["password"])
    answer = read_saml(browser.answer().fields)
    assert xmlsec.verify(answer.document, answer.assertion, signet.signing_certificate()) == names.RSA_SHA1
    assert "refused" in provider.validate(browser.answer().fields["SAMLResponse"], begun["id"])


def test_persistent_names_differ_between_applications(signet, lab, browser, own_metadata, tmp_path):
    alice, found = lab["users"]["alice"], []
    for _ in range(2):
        host = f"pairwise-{next(NUMBERS)}.example.net"
        provider = Samael(host, own_metadata.read_text())
        metadata = provider.metadata().replace("<md:AssertionConsumerService", f"<md:NameIDFormat>{names.PERSISTENT}</md:NameIDFormat><md:AssertionConsumerService", 1)
        register(signet, metadata, tmp_path)
        browser.session.cookies.clear()
        browser.get(provider.redirect(name_id_format=names.PERSISTENT)["url"])
        browser.sign_in(alice["upn"], alice["password"])
        token = read_saml(browser.answer().fields).token
        assert token.name_id_format == names.PERSISTENT
        found.append(token.name_id)
    assert found[0] != found[1] and all(alice["upn"] not in one for one in found)
