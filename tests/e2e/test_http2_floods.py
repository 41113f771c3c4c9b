"""HTTP/2 frames that no browser sends: the connection ends or the requests are refused, memory stays where it was, and others are served."""
import socket
import ssl
import time

import pytest
import requests
from hpack import Encoder
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STREAMS = 32
GROWTH_KIB = 16 * 1024


@pytest.fixture(scope="module")
def serving(new_signet):
    node = new_signet()
    yield node.start()
    node.stop()


@pytest.fixture
def node(serving):
    """Still there, and well, after each of these."""
    requests.get(f"http://127.0.0.1:{serving.http_port}/adfs/probe", timeout=5)
    before = serving.memory_kib()
    yield serving
    assert serving.process.poll() is None and serving.is_ready()
    assert serving.memory_kib() - before < GROWTH_KIB, "memory that a flood took stays"
    assert "panicked" not in serving.log()


class Speaker:
    """A client of HTTP/2 that sends what it likes."""

    def __init__(self, node):
        context = ssl.create_default_context(cafile=str(node.root_certificate))
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("127.0.0.1", node.port), 5)
        self.connection = context.wrap_socket(plain, server_hostname=node.host)
        assert self.connection.selected_alpn_protocol() == "h2"
        self.host, self.encoder, self.kept = node.host, Encoder(), b""
        self.connection.sendall(PREFACE + SettingsFrame(0).serialize())

    def head(self, method: str = "POST", path: str = "/adfs/ls/", more=()) -> bytes:
        fields = [(":method", method), (":scheme", "https"), (":authority", self.host), (":path", path)]
        return self.encoder.encode([*fields, ("content-type", "application/x-www-form-urlencoded"), *more])

    def headers(self, stream: int, block: bytes, end: bool = False) -> bytes:
        frame = HeadersFrame(stream, block)
        frame.flags.add("END_HEADERS")
        if end:
            frame.flags.add("END_STREAM")
        return frame.serialize()

    def send(self, octets: bytes) -> bool:
        try:
            self.connection.sendall(octets)
            return True
        except OSError:
            return False

    def frames(self, seconds: float):
        """What comes, until the server closes or the time is over."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            while len(self.kept) >= 9:
                frame, length = Frame.parse_frame_header(memoryview(self.kept[:9]))
                if len(self.kept) < 9 + length:
                    break
                frame.parse_body(memoryview(self.kept[9 : 9 + length]))
                self.kept = self.kept[9 + length :]
                yield frame
            self.connection.settimeout(left)
            try:
                more = self.connection.recv(65536)
            except (TimeoutError, ssl.SSLError):
                return
            except OSError:
                return
            if not more:
                return
            self.kept += more

    def is_sent_away(self, seconds: float = 15) -> bool:
        """Whether the server ends the connection."""
        return any(isinstance(frame, GoAwayFrame) for frame in self.frames(seconds)) or not self.send(PingFrame(0, opaque_data=bytes(8)).serialize())

    def answers(self, count: int, seconds: float = 20) -> int:
        """How many streams were answered or reset."""
        done = set()
        for frame in self.frames(seconds):
            if isinstance(frame, (HeadersFrame, RstStreamFrame)):
                done.add(frame.stream_id)
            if isinstance(frame, GoAwayFrame) or len(done) == count:
                break
        return len(done)


def test_sec_dos_05_thousands_of_one_octet_fields(node):
    """An entry of the table, named again by one octet each time: a few kilobytes that unpack to thousands of fields."""
    speaker = Speaker(node)
    plain = speaker.head(more=[("x", "y")])
    again = speaker.encoder.encode([("x", "y")])
    assert len(again) == 1, "an entry of the table"
    before = node.memory_kib()
    for number in range(STREAMS):
        block = (plain if number == 0 else speaker.head(more=[("x", "y")])) + again * 3000
        assert speaker.send(speaker.headers(2 * number + 1, block))
    assert speaker.answers(STREAMS) == STREAMS, "refused at once, though their bodies never end"
    assert node.memory_kib() - before < GROWTH_KIB


def test_sec_dos_05_rapid_reset(node):
    """CVE-2023-44487."""
    speaker = Speaker(node)
    sent, stream = True, 1
    for _ in range(200):
        burst = b""
        for _ in range(20):
            burst += speaker.headers(stream, speaker.head("GET", "/adfs/probe"), end=True)
            burst += RstStreamFrame(stream, error_code=8).serialize()
            stream += 2
        if not (sent := speaker.send(burst)):
            break
    assert not sent or speaker.is_sent_away()


def test_sec_dos_05_headers_that_never_end(node):
    """CONTINUATION flood."""
    speaker = Speaker(node)
    frame = HeadersFrame(1, speaker.head())
    alive = speaker.send(frame.serialize())
    for number in range(400):
        if not alive:
            break
        block = speaker.encoder.encode([(f"x-{number}", "y" * 4000)], huffman=False)
        alive = speaker.send(ContinuationFrame(1, block).serialize())
    assert not alive or speaker.is_sent_away() or speaker.answers(1) == 1


@pytest.mark.parametrize("frame", [SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 65535}), PingFrame(0, opaque_data=b"12345678")])
def test_sec_dos_05_floods_of_settings_and_pings_nobody_reads(node, frame):
    """Each asks for an answer, and none is read."""
    speaker = Speaker(node)
    burst, before = frame.serialize() * 200, node.memory_kib()
    speaker.connection.settimeout(5)
    for _ in range(500):
        if not speaker.send(burst):
            break
    assert node.memory_kib() - before < GROWTH_KIB


def test_sec_dos_05_empty_data(node):
    """Frames that carry nothing, for a body that never ends."""
    speaker = Speaker(node)
    assert speaker.send(speaker.headers(1, speaker.head()))
    burst, before = DataFrame(1, b"").serialize() * 500, node.memory_kib()
    begun = time.monotonic()
    for _ in range(400):
        if not speaker.send(burst) or time.monotonic() - begun > 10:
            break
    assert node.memory_kib() - before < GROWTH_KIB


def test_sec_dos_05_a_window_that_overflows(node):
    """The peer's window beyond 2^31-1 ends the stream or the connection."""
    speaker = Speaker(node)
    grow = bytes.fromhex("000004080000000000") + (0x7FFFFFFF).to_bytes(4, "big")
    speaker.send(grow + grow)
    assert speaker.is_sent_away()
