"""Which host name is served where, for this process only: the tests never touch /etc/hosts and never leave the machine."""
import contextlib
import threading

import urllib3.util.connection as connection

_TABLE: dict[tuple[str, int], tuple[str, int]] = {}
_HERE = threading.local()
_create = connection.create_connection


def point(host: str, to: tuple[str, int], port: int = 443):
    """Connections to `host:port` go to the address `to`."""
    _TABLE[(host.lower(), port)] = to


@contextlib.contextmanager
def pointing(host: str, to: tuple[str, int], port: int = 443):
    """The same for connections that this thread opens, while other threads go elsewhere."""
    _HERE.table = {(host.lower(), port): to}
    try:
        yield
    finally:
        _HERE.table = {}


def table() -> dict[tuple[str, int], tuple[str, int]]:
    return dict(_TABLE)


def _connect(address, *arguments, **options):
    host, port = address
    key = (host.lower(), port)
    target = getattr(_HERE, "table", {}).get(key) or _TABLE.get(key)
    if target is None and host != "localhost" and not host.startswith("127."):
        raise OSError(f"the tests know no host {host}:{port}")
    return _create(target or address, *arguments, **options)


connection.create_connection = _connect
