"""A real nginx in front of the certificate host, set up as docs/smartcards.md says."""
import os
import re
import socket
import subprocess
import time
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/smartcards.md"
AROUND = """daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{}}
http {{
access_log off;
client_body_temp_path {folder}/body;
proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi;
scgi_temp_path {folder}/scgi;
{server}
}}
"""


def of_the_docs(changes: dict[str, str]) -> str:
    """The example, with other names and places; each has to occur in it."""
    found = re.findall(r"^```nginx\n(.*?)^```", PAGE.read_text(), re.S | re.M)
    assert len(found) == 1, f"{PAGE.name} has one example for nginx"
    server = found[0]
    for old, new in changes.items():
        assert old in server, f"the example has no {old!r}"
        server = server.replace(old, new)
    return server


class Nginx:
    """Runs with the example's server on 127.0.0.1:`port`."""

    def __init__(self, folder: Path, port: int, changes: dict[str, str]):
        folder.mkdir()
        self.folder, self.port = folder, port
        server = of_the_docs({"listen 443 ssl": f"listen 127.0.0.1:{port} ssl"} | changes)
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, server=server))
        self.process = None

    def __enter__(self):
        environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
        command = ["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]
        self.process = subprocess.Popen(command, env=environment)
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            assert self.process.poll() is None, (self.folder / "error.log").read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("nginx does not listen")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        print((self.folder / "error.log").read_text()[-4000:])
