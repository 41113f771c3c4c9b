"""The example program `accept`: the room that accepts Kerberos tokens, without the server around it."""
import json
import subprocess
from pathlib import Path

from harness.server import BINARY


class Acceptor:
    """One process with a store; two with the same store are two nodes of a farm."""

    def __init__(self, lab: dict, store: Path, keytabs: list[Path], protection: str = "none", **settings):
        settings = {
            "keytabs": [str(one) for one in keytabs],
            "protection": protection,
            "store": f"sqlite://{store}",
            "dns_domain": lab["dns_domain"],
            "netbios_domain": lab["netbios"],
            "controllers": [[one["ldaps"], one["host"]] for one in lab["controllers"]],
            "ca": lab["root_certificate"],
            "service": [lab["service"]["name"], lab["service"]["password"]],
        } | settings
        self.process = subprocess.Popen(
            [BINARY.parent / "examples/accept", json.dumps(settings)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.setup = self._answer()

    def sign_in(self, header: str) -> dict:
        return self._ask(f"sign-in {header}")

    def bench(self, file: Path) -> dict:
        return self._ask(f"bench {file}")

    def check(self, keytab: Path, host: str) -> dict:
        return self._ask(f"check {keytab} {host}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)

    def _ask(self, line: str) -> dict:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        assert line, f"accept ended with {self.process.wait(timeout=10)}"
        return json.loads(line)
