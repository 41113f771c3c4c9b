"""The HTTP server that certificates name: lists by GET, OCSP by POST and GET, loopback only, with its failures on demand.

`Revocation(folder)` serves the files that `cards` wrote. `lists` is "ok", "stale", "missing", "stall", "huge" or "redirect"; `responder`
is "ok", "try-later", "stall", "malformed", "stale", "unknown", "unauthorized" or "tampered". `requests` counts what was asked for.
"""
import base64
import datetime
import http.server
import json
import threading
import urllib.parse
from collections import Counter
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp

STALL = 30
REFUSALS = {
    "try-later": ocsp.OCSPResponseStatus.TRY_LATER,
    "malformed": ocsp.OCSPResponseStatus.MALFORMED_REQUEST,
    "unauthorized": ocsp.OCSPResponseStatus.UNAUTHORIZED,
}


class Revocation:
    """Both servers on one loopback port: `/pki/NAME.crl` and `/ocsp`. They start before the cards are made, which name their addresses."""

    def __init__(self, folder: Path, port: int = 0):
        self.folder = Path(folder)
        self.lists = self.responder = "ok"
        self.requests: Counter[str] = Counter()
        self._end = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def host(self) -> str:
        """As the server's list of hosts wants it."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def lists_url(self) -> str:
        return f"http://{self.host}/pki"

    @property
    def responder_url(self) -> str:
        return f"http://{self.host}/ocsp"

    def behave(self):
        self.lists = self.responder = "ok"

    def close(self):
        self._end.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self):
        served = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith("/ocsp/"):
                    return self._answer(base64.b64decode(urllib.parse.unquote(self.path[6:])))
                served.requests["lists"] += 1
                status, body = served.list(Path(self.path).name)
                self._send(status, "application/pkix-crl", body)

            def do_POST(self):
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def _answer(self, question: bytes):
                served.requests["responder"] += 1
                self._send(200, "application/ocsp-response", served.answer(question))

            def _send(self, status: int, kind: str, body: bytes):
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"{served.lists_url}/issuing.crl")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def list(self, file_name: str) -> tuple[int, bytes]:
        if self.lists == "stall":
            self._end.wait(STALL)
        if self.lists == "redirect":
            return 302, b""
        if self.lists == "huge":
            return 200, bytes(17 * 1024 * 1024)
        if self.lists == "stale" and file_name == "issuing.crl":
            file_name = "issuing-stale.crl"
        file = self.folder / file_name
        if self.lists == "missing" or file.suffix != ".crl" or not file.exists():
            return 404, b""
        return 200, file.read_bytes()

    def answer(self, question: bytes) -> bytes:
        if self.responder == "stall":
            self._end.wait(STALL)
        if self.responder in REFUSALS:
            return ocsp.OCSPResponseBuilder.build_unsuccessful(REFUSALS[self.responder]).public_bytes(Encoding.DER)
        request = ocsp.load_der_ocsp_request(question)
        status = json.loads((self.folder / "status.json").read_text()).get(str(request.serial_number))
        certificate = self._certificate(request.serial_number)
        if certificate is None:
            return ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED).public_bytes(Encoding.DER)
        if self.responder == "unknown":
            status = None
        return self._signed(request, certificate, status)

    def _certificate(self, serial: int):
        for file in self.folder.glob("*.p12"):
            certificate = x509.load_pem_x509_certificate(file.with_suffix(".crt").read_bytes())
            if certificate.serial_number == serial:
                return certificate
        return None

    def _signed(self, request, certificate, status) -> bytes:
        read = lambda name: x509.load_pem_x509_certificate((self.folder / name).read_bytes())
        signer, key = read("responder.crt"), load_pem_private_key((self.folder / "responder.key").read_bytes(), None)
        made = datetime.datetime.utcnow() - datetime.timedelta(days=3 if self.responder == "stale" else 0, minutes=1)
        revoked = status == "revoked"
        said = {"good": ocsp.OCSPCertStatus.GOOD, "revoked": ocsp.OCSPCertStatus.REVOKED}.get(status, ocsp.OCSPCertStatus.UNKNOWN)
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=certificate, issuer=read("issuing.crt"), algorithm=request.hash_algorithm, cert_status=said, this_update=made,
                next_update=made + datetime.timedelta(minutes=10), revocation_time=made if revoked else None,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer)
            .certificates([signer])
        )
        for extension in request.extensions:
            if isinstance(extension.value, x509.OCSPNonce):
                builder = builder.add_extension(extension.value, False)
        der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
        if self.responder == "tampered":
            # Inside the signed part: GeneralizedTime digits.
            at = der.index(b"\x18\x0f") + 8
            der = der[:at] + (b"0" if der[at : at + 1] != b"0" else b"1") + der[at + 1 :]
        return der
