"""xmlsec1, the C implementation: signs samples, verifies and decrypts what Signet made."""
import subprocess
import tempfile
from pathlib import Path

from lxml import etree

from harness.names import DSIG, ENVELOPED, EXC_C14N, METADATA, RSA_SHA1, RSA_SHA256, SAML11, SAML20, SAMLP, SHA1, SHA256, q

ID_ATTRIBUTES = [
    ("AssertionID", SAML11, "Assertion"),
    ("ID", SAML20, "Assertion"),
    ("ID", SAMLP, "Response"),
    ("ID", SAMLP, "AuthnRequest"),
    ("ID", SAMLP, "LogoutRequest"),
    ("ID", SAMLP, "LogoutResponse"),
    ("ID", METADATA, "EntityDescriptor"),
]
ALGORITHMS = {"sha256": (RSA_SHA256, SHA256), "sha1": (RSA_SHA1, SHA1)}


class SignatureRefused(AssertionError):
    """xmlsec1 does not accept the signature."""


def _id_options() -> list[str]:
    return [part for name, uri, local in ID_ATTRIBUTES for part in (f"--id-attr:{name}", f"{uri}:{local}")]


def parse(document: str | bytes) -> etree._Element:
    """The root element; no DTD, no entities, no network."""
    octets = document.encode() if isinstance(document, str) else document
    if b"<!DOCTYPE" in octets:
        raise AssertionError("the document has a DTD")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(octets, parser)


def id_of(element: etree._Element) -> str:
    for name, uri, local in ID_ATTRIBUTES:
        if element.tag == q(uri, local):
            return element.get(name)
    raise AssertionError(f"{element.tag} has no identifier that may be signed")


def verify(document: str | bytes, signed: etree._Element, certificate: str | Path) -> str:
    """Asks xmlsec1 whether the signature directly in `signed` (an element of `document`) is by `certificate`'s key and covers
    just `signed`, in the narrow profile everybody accepts. Keys inside the document are not looked at. Returns the algorithm."""
    octets = document.encode() if isinstance(document, str) else document
    signature = only(signed, q(DSIG, "Signature"))
    algorithm = _narrow_profile(signature, id_of(signed))
    where = f"{_path(signed)}/*[local-name()='Signature' and namespace-uri()='{DSIG}']"
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(octets)
        file.flush()
        done = subprocess.run(
            ["xmlsec1", "--verify", "--enabled-reference-uris", "same-doc", "--enabled-key-data", "raw-x509-cert",
             "--pubkey-cert-pem", str(certificate), *_id_options(), "--node-xpath", where, file.name],
            capture_output=True, text=True,
        )
    if done.returncode != 0:
        raise SignatureRefused(done.stderr.strip()[-600:] or done.stdout)
    return algorithm


def _narrow_profile(signature: etree._Element, identifier: str) -> str:
    info = only(signature, q(DSIG, "SignedInfo"))
    reference = only(info, q(DSIG, "Reference"))
    transforms = [one.get("Algorithm") for one in only(reference, q(DSIG, "Transforms"))]
    method = only(info, q(DSIG, "SignatureMethod")).get("Algorithm")
    digest = only(reference, q(DSIG, "DigestMethod")).get("Algorithm")
    assert reference.get("URI") == f"#{identifier}", f"the signature refers to {reference.get('URI')!r}, its parent is {identifier!r}"
    assert transforms == [ENVELOPED, EXC_C14N], transforms
    assert only(info, q(DSIG, "CanonicalizationMethod")).get("Algorithm") == EXC_C14N
    assert (method, digest) in ALGORITHMS.values(), (method, digest)
    return method


def _path(element: etree._Element) -> str:
    """An XPath without prefixes to `element`, counted from the root."""
    steps = []
    while element is not None:
        parent = element.getparent()
        same = [one for one in parent if isinstance(one.tag, str)] if parent is not None else [element]
        steps.append(f"/*[{same.index(element) + 1}]")
        element = parent
    return "".join(reversed(steps))


def only(parent: etree._Element, tag: str) -> etree._Element:
    found = parent.findall(tag)
    assert len(found) == 1, f"{len(found)} of {tag} in {parent.tag}"
    return found[0]


def signature_template(identifier: str, algorithm: str = "sha256") -> str:
    """An empty enveloped signature for xmlsec1 to fill."""
    method, digest = ALGORITHMS[algorithm]
    return (
        f'<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
        f'<ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="#{identifier}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXC_C14N}"/></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>'
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>"
    )


def sign(document: str, key: str | Path, certificate: str | Path) -> str:
    """Fills the signature template in `document`."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before.xml"), Path(folder, "after.xml")
        before.write_text(document, encoding="utf-8")
        done = subprocess.run(
            ["xmlsec1", "--sign", "--privkey-pem", f"{key},{certificate}", *_id_options(), "--output", after, before],
            capture_output=True, text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        text = after.read_text(encoding="utf-8")
    return text.removeprefix('<?xml version="1.0"?>\n').removeprefix('<?xml version="1.0" encoding="UTF-8"?>\n').rstrip("\n")


def decrypt(document: str, key: str | Path) -> str:
    """The document with its EncryptedData replaced by what it holds."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before.xml"), Path(folder, "after.xml")
        before.write_text(document, encoding="utf-8")
        done = subprocess.run(["xmlsec1", "--decrypt", "--privkey-pem", str(key), "--output", after, before], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"xmlsec1 cannot decrypt: {done.stderr.strip()[-600:]}")
        return after.read_text(encoding="utf-8")
