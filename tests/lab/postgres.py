"""A private PostgreSQL of Debian's packages, on loopback, in a folder of its own."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from lab.ports import free_port


class Postgres:
    """Runs as the user `postgres`, which it insists on when root starts it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="signet-farm-"))
        self.binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.port = free_port()
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-D", self.data, "-U", "signet", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    @property
    def data(self) -> str:
        return f"{self.folder}/data"

    @property
    def url(self) -> str:
        return f"postgres://signet@127.0.0.1:{self.port}/postgres"

    def start(self):
        options = f"-F -c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories=''"
        self._run("pg_ctl", "-D", self.data, "-l", f"{self.folder}/log", "-w", "-t", "60", "-o", options, "start")

    def stop(self):
        """At once, as a machine that loses its power."""
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")

    def close(self):
        try:
            self.stop()
        except subprocess.CalledProcessError:
            pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, name: str, *arguments: str):
        user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        # pg_ctl leaves the server behind with the caller's output: a pipe would never end.
        subprocess.run([self.binaries / name, *arguments], check=True, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user)
