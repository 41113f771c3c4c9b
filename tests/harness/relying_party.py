"""An HTTPS endpoint that stands where relying parties' reply addresses are, and keeps what is sent there."""
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from urllib.parse import parse_qs, parse_qsl, urlsplit

from harness import hosts

PAGE = b"<!DOCTYPE html><html lang='en'><title>Received</title><p>Received.</p>"
LIMIT = 4 << 20


@dataclass
class Sent:
    """One request that arrived."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    fields: dict[str, str]
    headers: dict[str, str]

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.path}"


class RelyingParties:
    """Serves any number of host names with one certificate; `received` hands out what arrived, oldest first."""

    def __init__(self, authority, names: list[str]):
        self.queue: Queue[Sent] = Queue()
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.silent: set[str] = set()
        self.closing = threading.Event()
        self.certificate, key = authority.issue_server("relying-parties", names)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.daemon_threads = True
        self.address = self.server.server_address
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        for name in names:
            hosts.point(name, self.address)

    def serve(self, url: str, content_type: str, body: bytes):
        """Answers GETs of `url` with a document, e.g. metadata."""
        self.pages[url] = (content_type, body)

    def fall_silent(self, url: str):
        """Takes requests for `url` from now on and answers none, until `forget`."""
        self.silent.add(url)

    def received(self, path: str | None = None, within: float = 10.0) -> Sent:
        """The next request (for `path`, when given); browsers' wishes for icons are passed over."""
        while True:
            try:
                sent = self.queue.get(timeout=within)
            except Empty:
                raise AssertionError(f"nothing arrived at the relying party within {within} s") from None
            if path is None and sent.path == "/favicon.ico" or path is not None and sent.path != path:
                continue
            return sent

    def nothing_more(self) -> bool:
        return self.queue.empty()

    def forget(self):
        self.silent.clear()
        while not self.queue.empty():
            self.queue.get_nowait()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def _handler(self):
        parties = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 15

            def do_GET(self):
                self._answer({})

            def do_POST(self):
                length = min(int(self.headers.get("Content-Length", 0)), LIMIT)
                body = self.rfile.read(length).decode("utf-8")
                pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body))
                fields = dict(pairs)
                if len(fields) != len(pairs):
                    fields["__repeated__"] = "yes"
                self._answer(fields)

            def _answer(self, fields):
                parts = urlsplit(self.path)
                host = self.headers.get("Host", "")
                query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
                kind, body = parties.pages.get(f"https://{host}{parts.path}", ("text/html; charset=utf-8", PAGE))
                parties.queue.put(Sent(self.command, host, parts.path, query, fields, dict(self.headers)))
                while f"https://{host}{parts.path}" in parties.silent and not parties.closing.wait(0.1):
                    pass
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        return Handler
