"""Codes of an authenticator app (RFC 6238), independently of any library."""
import base64
import hashlib
import hmac
import struct
import time


def code(secret: str, steps: int = 0, at: float | None = None) -> str:
    """The six digits of `secret` (base32, blanks allowed), `steps` half minutes from now."""
    bare = secret.replace(" ", "").upper()
    key = base64.b32decode(bare + "=" * (-len(bare) % 8))
    step = int((time.time() if at is None else at) // 30) + steps
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[offset:offset + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"
