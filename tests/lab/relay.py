"""A relay in front of a controller's LDAPS: another certificate, a slow line, a refusal, while the server runs."""
import asyncio
import contextlib
import ssl
import threading
from pathlib import Path

from lab.samba import Controller

PIECE = 64 * 1024


class Relay:
    """Listens on a loopback port. With a certificate it ends TLS and speaks TLS to the controller itself; without one it passes the
    octets on. `delay` makes every answer come so many seconds later; `open` False refuses."""

    def __init__(self, controller: Controller, root: Path | None = None):
        self.controller, self.delay, self.open = controller, 0.0, True
        self.connections = self.handshakes = 0
        self._certificate: ssl.SSLContext | None = None
        self._onwards = ssl.create_default_context(cafile=str(root)) if root else None
        self._alive: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = None

    def start(self) -> "Relay":
        self._server = self._call(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def show(self, certificate: Path, key: Path):
        """New connections are shown this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._certificate = context

    def drop(self):
        """Cuts every connection."""
        self._call(self._drop())

    def close(self):
        self._server.close()
        self.drop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self):
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _drop(self):
        for writer in list(self._alive):
            _cut(writer)

    async def _serve(self, reader, writer):
        if not self.open:
            _cut(writer)
            return
        self.connections += 1
        self._alive.add(writer)
        # Where the peer goes away in the middle of a handshake, Python 3.11 finds no transport any more.
        with contextlib.suppress(OSError, ssl.SSLError, AttributeError):
            if self._certificate is not None:
                await writer.start_tls(self._certificate)
                self.handshakes += 1
            name = self.controller.host if self._onwards else None
            to_reader, to_writer = await asyncio.open_connection(
                self.controller.address, 636, ssl=self._onwards, server_hostname=name
            )
            self._alive.add(to_writer)
            both = [asyncio.create_task(self._pass(reader, to_writer, False)), asyncio.create_task(self._pass(to_reader, writer, True))]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for one in both:
                one.cancel()
            _cut(to_writer)
            self._alive.discard(to_writer)
        self._alive.discard(writer)
        _cut(writer)

    async def _pass(self, reader, writer, answers: bool):
        """Each piece arrives so much later than it came: a long line, not a narrow one."""
        under_way: asyncio.Queue = asyncio.Queue(1000)
        arrival = asyncio.create_task(self._arrive(under_way, writer))
        try:
            with contextlib.suppress(OSError, ssl.SSLError):
                while piece := await reader.read(PIECE):
                    await under_way.put((self._loop.time() + (self.delay if answers else 0), piece))
                await under_way.put((0, None))
                await arrival
        finally:
            arrival.cancel()

    async def _arrive(self, under_way, writer):
        while True:
            due, piece = await under_way.get()
            if piece is None:
                return
            await asyncio.sleep(due - self._loop.time())
            writer.write(piece)
            await writer.drain()


def _cut(writer: asyncio.StreamWriter):
    # In the middle of a handshake there is none.
    if writer.transport is not None:
        writer.transport.abort()
