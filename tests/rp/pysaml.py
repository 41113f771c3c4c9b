"""pysaml2's service provider behind an HTTPS listener."""
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT

from harness import hosts
from harness.names import RSA_SHA1, RSA_SHA256, SHA1, SHA256
from lab.authority import self_signed

LIMIT = 4 << 20


class Pysaml:
    """A service provider at `https://HOST/`: GET /login?binding=redirect|post&state=…, POST /acs answers JSON."""

    def __init__(self, authority, folder: Path, host: str, idp_metadata: Path, sign_requests: bool = False, encrypted: bool = False):
        self.host, self.entity_id, self.acs = host, f"https://{host}/sp", f"https://{host}/acs"
        self.signing_certificate, key = self_signed(folder / host, "sp", f"pysaml2 {host}")
        self.waiting: dict[str, str] = {}
        keys = {"encryption_keypairs": [{"key_file": str(key), "cert_file": str(self.signing_certificate)}]} if encrypted else {}
        configuration = SPConfig()
        configuration.load({
            "entityid": self.entity_id,
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "key_file": str(key),
            "cert_file": str(self.signing_certificate),
            "metadata": {"local": [str(idp_metadata)]},
            "accepted_time_diff": 5,
            "allow_unknown_attributes": True,
            "service": {"sp": {
                "endpoints": {"assertion_consumer_service": [(self.acs, BINDING_HTTP_POST)]},
                "authn_requests_signed": sign_requests,
                "want_assertions_signed": True,
                "want_response_signed": False,
                "allow_unsolicited": False,
                "name_id_format": [NAMEID_FORMAT_PERSISTENT],
                "name_id_policy_format": NAMEID_FORMAT_PERSISTENT,
            }},
            **keys,
        })
        self.client = Saml2Client(configuration)
        self.metadata = str(entity_descriptor(configuration))
        self.certificate, tls_key = authority.issue_server(host, [host])
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, tls_key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        hosts.point(host, self.server.server_address)

    def login_url(self, binding: str = "redirect", state: str = "", force: bool = False, sha1: bool = False) -> str:
        return f"https://{self.host}/login?binding={binding}&state={state}&force={int(force)}&sha1={int(sha1)}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _begin(self, query: dict) -> tuple[int, dict, bytes]:
        binding = BINDING_HTTP_POST if query.get("binding") == "post" else BINDING_HTTP_REDIRECT
        more = {"force_authn": "true"} if query.get("force") == "1" else {}
        # Left alone, this pysaml2 signs with SHA-1.
        more["sigalg"], more["digest_alg"] = (RSA_SHA1, SHA1) if query.get("sha1") == "1" else (RSA_SHA256, SHA256)
        (idp,) = self.client.metadata.with_descriptor("idpsso")
        request_id, http = self.client.prepare_for_authenticate(idp, relay_state=query.get("state", ""), binding=binding, **more)
        self.waiting[request_id] = "/"
        if binding == BINDING_HTTP_REDIRECT:
            return 303, {"Location": dict(http["headers"])["Location"]}, b""
        return 200, {"Content-Type": "text/html; charset=utf-8"}, http["data"].encode()

    def _consume(self, fields: dict) -> tuple[int, dict, bytes]:
        try:
            response = self.client.parse_authn_request_response(fields["SAMLResponse"], BINDING_HTTP_POST, self.waiting)
            answer = {
                "name_id": response.name_id.text, "name_id_format": response.name_id.format, "issuer": response.issuer(),
                "attributes": response.ava, "relay_state": fields.get("RelayState"), "session_index": response.session_info()["session_index"],
            }
            status = 200
        except Exception as problem:  # whatever pysaml2 raises is its refusal
            answer, status = {"refused": f"{type(problem).__name__}: {problem}"}, 403
        return status, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def _handler(self):
        provider = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 15

            def do_GET(self):
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self._send(*(provider._begin(query) if parts.path == "/login" else (404, {}, b"")))

            def do_POST(self):
                body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LIMIT)).decode()
                self._send(*provider._consume({name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}))

            def _send(self, status, headers, body):
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        return Handler
