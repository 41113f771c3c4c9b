"""Reads federation metadata with a namespace-aware reader: what a partner finds in it."""
import base64
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from harness import xmlsec
from harness.names import ADDRESSING, DSIG, METADATA, SECEXT, WSFED, XSI, q
from harness.xmlsec import only


@dataclass
class Role:
    """One role descriptor: local name, resolved xsi:type, protocols, signing certificates (base64 DER), endpoints by element."""

    kind: str
    type: tuple[str, str] | None
    protocols: list[str]
    signing: list[str]
    endpoints: list[tuple[str, str | None, str]] = field(default_factory=list)


@dataclass
class Metadata:
    entity_id: str
    root: etree._Element
    roles: list[Role]

    def role(self, kind: str, protocol: str | None = None, type_: tuple[str, str] | None = None) -> Role:
        found = [r for r in self.roles if r.kind == kind and (protocol is None or protocol in r.protocols) and (type_ is None or r.type == type_)]
        assert len(found) == 1, f"{len(found)} roles {kind} {protocol or ''} {type_ or ''}"
        return found[0]


def resolve_types(root: etree._Element) -> list[tuple[etree._Element, tuple[str, str]]]:
    """Every xsi:type of a document with the (namespace, local name) it means where it stands; an undeclared prefix fails."""
    return [(element, type_) for element in root.iter(etree.Element) if (type_ := _type(element)) is not None]


def canonical_types_survive(root: etree._Element):
    """A verifier that hands on the canonical form of what was signed must still resolve every xsi:type in it."""
    prefixes = []
    for inclusive in root.iter("{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces"):
        prefixes += inclusive.get("PrefixList", "").split()
    octets = etree.tostring(root, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes)
    again = xmlsec.parse(octets)
    assert [t for _, t in resolve_types(again)] == [t for _, t in resolve_types(root)]


def read(document: bytes, certificate: Path | None = None) -> Metadata:
    """Reads it; with a certificate its signature is checked by xmlsec1 first."""
    assert not document.startswith(b"\xef\xbb\xbf"), "a byte order mark"
    root = xmlsec.parse(document)
    assert root.tag == q(METADATA, "EntityDescriptor"), root.tag
    if certificate is not None:
        xmlsec.verify(document, root, certificate)
    roles = [_role(one) for one in root if one.tag.startswith(q(METADATA, "")) and one.get("protocolSupportEnumeration")]
    return Metadata(root.get("entityID"), root, roles)


def _type(element: etree._Element) -> tuple[str, str] | None:
    """The (namespace, local name) that the element's own xsi:type means."""
    text = element.get(q(XSI, "type"))
    if text is None:
        return None
    prefix, _, local = text.strip().rpartition(":")
    namespace = element.nsmap.get(prefix or None)
    assert namespace or not prefix, f"xsi:type={text!r}: the prefix is not declared there"
    return namespace or "", local


def _role(element: etree._Element) -> Role:
    signing = []
    for key in element.findall(q(METADATA, "KeyDescriptor")):
        if key.get("use") in (None, "signing"):
            for certificate in key.iter(q(DSIG, "X509Certificate")):
                signing.append("".join(certificate.text.split()))
                base64.b64decode(signing[-1], validate=True)
    role = Role(etree.QName(element).localname, _type(element), element.get("protocolSupportEnumeration").split(), signing)
    for endpoint in element:
        if endpoint.get("Location"):
            role.endpoints.append((etree.QName(endpoint).localname, endpoint.get("Binding"), endpoint.get("Location")))
    for name in ("PassiveRequestorEndpoint", "SecurityTokenServiceEndpoint"):
        for endpoint in element.findall(q(WSFED, name)):
            address = only(only(endpoint, q(ADDRESSING, "EndpointReference")), q(ADDRESSING, "Address"))
            role.endpoints.append((name, None, address.text))
    return role


SECURITY_TOKEN_SERVICE = (WSFED, "SecurityTokenServiceType")
SHIBBOLETH_WSFED = SECEXT
