"""WS-Federation requests as Entra and applications send them."""
import uuid
from urllib.parse import quote, urlencode

from harness import names

# Entra's state is long and opaque; it must come back as it was sent.
STATE = "LoginOptions=3&estsredirect=2&estsrequest=" + "rQQIARAAjZLPixtlAMYnyW66u7a1WA-ij0WpSCEz77zvOzPvBFrcZLObbLKZ2WQm" * 12


def sign_in_url(base: str, realm: str, **parameters: str) -> str:
    return f"{base}?{urlencode({'wa': 'wsignin1.0', 'wtrealm': realm} | parameters, quote_via=quote)}"


def entra_url(base: str, username: str | None = None, wctx: str = STATE, **parameters: str) -> str:
    """The order and the empty parameters are Entra's."""
    first = {"client-request-id": str(uuid.uuid4())}
    if username is not None:
        first["username"] = username
    query = first | {"wa": "wsignin1.0", "wtrealm": names.ENTRA, "wctx": wctx, "cbcxt": "", "mkt": "", "lc": ""} | parameters
    return f"{base}?{urlencode(query, quote_via=quote)}"


def sign_out_url(base: str, **parameters: str) -> str:
    return f"{base}?{urlencode({'wa': 'wsignout1.0'} | parameters, quote_via=quote)}"
