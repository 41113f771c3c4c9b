"""Writes and reads SAML requests in both bindings, independently of any provider."""
import base64
import subprocess
import tempfile
import uuid
import zlib
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from harness import names
from harness.samples import stamp
from harness.xmlsec import parse, sign, signature_template


def new_id() -> str:
    return f"_{uuid.uuid4()}"


def authn_request(issuer: str, identifier: str, inner: str = "", signature: str = "", issued: datetime | None = None, **attributes: str) -> str:
    """An AuthnRequest; `attributes` are XML attributes (`ForceAuthn="true"`), `inner` elements after the issuer."""
    more = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    when = stamp(issued or datetime.now(timezone.utc))
    return (
        f'<samlp:AuthnRequest xmlns:samlp="{names.SAMLP}" ID="{identifier}" Version="2.0" IssueInstant="{when}"{more}>'
        f'<saml:Issuer xmlns:saml="{names.SAML20}">{escape(issuer)}</saml:Issuer>{signature}{inner}</samlp:AuthnRequest>'
    )


def name_id_policy(format_: str) -> str:
    return f'<samlp:NameIDPolicy Format="{format_}"/>'


def requested_context(*classes: str, comparison: str = "exact") -> str:
    refs = "".join(f'<saml:AuthnContextClassRef xmlns:saml="{names.SAML20}">{one}</saml:AuthnContextClassRef>' for one in classes)
    return f'<samlp:RequestedAuthnContext Comparison="{comparison}">{refs}</samlp:RequestedAuthnContext>'


def entra_request(identifier: str) -> str:
    """What Entra sends unsigned: no consumer address, no destination, no binding."""
    return authn_request(names.ENTRA, identifier, name_id_policy(names.PERSISTENT))


def enveloped(issuer: str, identifier: str, key: Path, certificate: Path, inner: str = "", algorithm: str = "sha256", **attributes: str) -> str:
    """A request with an enveloped signature by xmlsec1."""
    return sign(authn_request(issuer, identifier, inner, signature_template(identifier, algorithm), **attributes), key, certificate)


def post_fields(document: str, relay_state: str | None = None) -> dict[str, str]:
    fields = {"SAMLRequest": base64.b64encode(document.encode()).decode()}
    return fields if relay_state is None else fields | {"RelayState": relay_state}


def deflate(document: str) -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(packer.compress(document.encode()) + packer.flush()).decode()


def redirect_url(location: str, document: str, relay_state: str | None = None, key: Path | None = None, message: str = "SAMLRequest") -> str:
    """The address of a request by Redirect, signed with RSA-SHA256 when a key is given (saml-bindings-2.0-os 3.4.4.1)."""
    query = f"{message}={quote(deflate(document), safe='')}"
    if relay_state is not None:
        query += f"&RelayState={quote(relay_state, safe='')}"
    if key is not None:
        query += f"&SigAlg={quote(names.RSA_SHA256, safe='')}"
        query += f"&Signature={quote(base64.b64encode(_openssl_sign(query, key)).decode(), safe='')}"
    return f"{location}{'&' if '?' in location else '?'}{query}"


def _openssl_sign(query: str, key: Path) -> bytes:
    with tempfile.NamedTemporaryFile() as file:
        file.write(query.encode())
        file.flush()
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(key), file.name], capture_output=True, check=True).stdout


def read_redirect(url: str) -> tuple[etree._Element, str | None]:
    """The message and the RelayState in an address."""
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    (packed,) = query.get("SAMLRequest") or query["SAMLResponse"]
    document = zlib.decompress(base64.b64decode(packed, validate=True), -15)
    return parse(document), query.get("RelayState", [None])[0]


def read_post(fields: dict[str, str]) -> tuple[etree._Element, str | None]:
    return parse(base64.b64decode(fields["SAMLRequest"], validate=True)), fields.get("RelayState")
