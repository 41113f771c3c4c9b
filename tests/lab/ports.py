"""Ports for servers of the tests."""
import itertools
import random
import socket

# Below those that connections are given for themselves: nothing takes one between this look and the server's start.
_CANDIDATES = itertools.cycle(range(12_000, 31_000))
for _ in range(random.SystemRandom().randrange(19_000)):
    next(_CANDIDATES)


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nothing listens on; no two calls give the same."""
    for port in itertools.islice(_CANDIDATES, 19_000):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
