"""Our metadata, as a partner reads it, and partners' metadata, as an admin gives it."""
import subprocess

import pytest

from harness import metadata, names, xmlsec
from harness.browser import PlainBrowser
from harness.certificates import base64_der, write_pem
from harness.entra import Tenant
from harness.metadata import SECURITY_TOKEN_SERVICE
from harness.saml_requests import authn_request, new_id, redirect_url
from harness.tokens import read_wsfed
from harness.wsfed import STATE, entra_url

PATH = "/FederationMetadata/2007-06/FederationMetadata.xml"


def fetch(signet, authority) -> bytes:
    page = PlainBrowser(authority.certificate_file).get(signet.url + PATH)
    assert page.status == 200 and page.headers["Content-Type"] == "text/xml; charset=utf-8"
    return page.response.content


@pytest.fixture
def document(signet, authority):
    return fetch(signet, authority)


def test_xmlsec1_verifies_it_and_every_type_resolves(signet, document):
    found = metadata.read(document, signet.signing_certificate())
    assert found.entity_id == f"http://{signet.host}/adfs/services/trust"
    types = [type_ for _, type_ in metadata.resolve_types(found.root)]
    assert types == [SECURITY_TOKEN_SERVICE], "no role is there that is not served"
    metadata.canonical_types_survive(found.root)


def test_it_says_what_each_kind_of_partner_looks_for(signet, document):
    found, certificate = metadata.read(document), base64_der(signet.signing_certificate())
    service = found.role("RoleDescriptor", type_=SECURITY_TOKEN_SERVICE)
    assert ("PassiveRequestorEndpoint", None, signet.sign_in_url) in service.endpoints and certificate in service.signing
    saml = found.role("IDPSSODescriptor", names.SAMLP)
    for binding in (names.REDIRECT, names.POST):
        assert ("SingleSignOnService", binding, signet.sign_in_url) in saml.endpoints
    shibboleth = found.role("IDPSSODescriptor", names.SECEXT)
    assert ("SingleSignOnService", names.SECEXT, signet.sign_in_url) in shibboleth.endpoints
    assert certificate in saml.signing and certificate in shibboleth.signing


def test_every_address_in_it_is_served(signet, document, browser):
    for role in metadata.read(document).roles:
        for _, _, address in role.endpoints:
            assert browser.get(address).status != 404, address


def test_the_schema_of_saml_metadata_accepts_its_roles(document, tmp_path):
    """Well-formed and free of a document type by an independent parser, in UTF-8 without a byte order mark."""
    file = tmp_path / "metadata.xml"
    file.write_bytes(document)
    assert subprocess.run(["xmllint", "--noout", "--nonet", file], capture_output=True).returncode == 0
    assert not document.startswith(b"\xef\xbb\xbf") and b"<!DOCTYPE" not in document


def test_a_rollover_publishes_both_keys_and_entra_follows(new_signet, authority, lab, browser):
    node = new_signet().start()
    alice, first = lab["users"]["alice"], node.signing_certificate().read_text()
    node.run("cert", "generate")
    node.wait_version()
    found = metadata.read(fetch(node, authority), node.signing_certificate())
    signing = found.role("RoleDescriptor", type_=SECURITY_TOKEN_SERVICE).signing
    assert len(signing) == 2 and signing[0] == base64_der(node.signing_certificate()), "the current key comes first"
    tenant = Tenant.federated_with(node, ["example.com"], lab["users"].values())
    assert [len(one.certificates) for one in tenant.domains] == [2], "the next certificate is among Entra's settings"
    browser.get(entra_url(node.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    assert tenant.sign_in(browser.answer().fields, state=STATE).user == alice["upn"]
    node.run("cert", "promote")
    node.wait_version()
    assert node.signing_certificate().read_text() != first
    browser.get(entra_url(node.sign_in_url))
    assert tenant.sign_in(browser.answer().fields, state=STATE).user == alice["upn"], "the session and Entra's settings stay good"
    answer = read_wsfed(browser.answer().fields)
    xmlsec.verify(answer.wresult, answer.assertion, write_pem(signing[1], node.folder / "second.crt"))
    signing = metadata.read(fetch(node, authority), node.signing_certificate()).role("RoleDescriptor", type_=SECURITY_TOKEN_SERVICE).signing
    assert len(signing) == 2, "the retired certificate stays published"
    node.stop()


def test_a_partner_is_registered_from_a_url(signet, authority, partners, browser, tmp_path):
    entity = "https://wiki.example.net/from-url"
    document = (
        f'<EntityDescriptor xmlns="{names.METADATA}" entityID="{entity}"><SPSSODescriptor protocolSupportEnumeration="{names.SAMLP}">'
        f'<AssertionConsumerService index="0" Binding="{names.POST}" Location="https://wiki.example.net/acs"/></SPSSODescriptor></EntityDescriptor>'
    )
    partners.serve("https://wiki.example.net/metadata", "application/samlmetadata+xml", document.encode())
    host, port = partners.address
    # The name is not in any DNS; the address is loopback, which only the configuration's allow list lets in.
    done = signet.raw("--json", "rp", "add", "--metadata", f"https://127.0.0.1:{port}/metadata")
    assert done.returncode == 1, "the certificate is for another name"
    file = tmp_path / "sp.xml"
    file.write_text(document)
    signet.run("rp", "add", "--metadata", str(file))
    signet.wait_version()
    page = browser.get(redirect_url(signet.sign_in_url, authn_request(entity, new_id())))
    assert browser.asks_for_password() and page.status == 200
