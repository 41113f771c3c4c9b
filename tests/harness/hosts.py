"""Which host name is served where, for this process only: the tests never touch /etc/hosts and never leave the machine."""
import urllib3.util.connection as connection

_TABLE: dict[tuple[str, int], tuple[str, int]] = {}
_create = connection.create_connection


def point(host: str, to: tuple[str, int], port: int = 443):
    """Connections to `host:port` go to the address `to`."""
    _TABLE[(host.lower(), port)] = to


def table() -> dict[tuple[str, int], tuple[str, int]]:
    return dict(_TABLE)


def _connect(address, *arguments, **options):
    host, port = address
    target = _TABLE.get((host.lower(), port))
    if target is None and host != "localhost" and not host.startswith("127."):
        raise OSError(f"the tests know no host {host}:{port}")
    return _create(target or address, *arguments, **options)


connection.create_connection = _connect
