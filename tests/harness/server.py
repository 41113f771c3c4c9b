"""The program under test: its configuration, its commands, its process."""
import json
import os
import re
import secrets
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import requests

from harness import hosts
from harness.certificates import write_pem
from lab.ports import free_port
from lab.settings import SERVICE_HOST, TESTS

BINARY = Path(os.environ.get("SIGNET_BIN", TESTS.parent / "target/release/signet"))
STARTS_WITHIN = 20.0
STOPS_WITHIN = 35.0


class CommandFailed(AssertionError):
    """A command of signet ended with another code than 0; the message is what it printed."""


def private_file(path: Path, content: bytes) -> Path:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    return path


class Signet:
    """One node. `configuration` may be changed (see `write`) before a start; everything lives in `folder`."""

    def __init__(self, folder: Path, authority, lab: dict, host: str = SERVICE_HOST):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.host, self.port, self.http_port = folder, host, free_port(), free_port()
        self.file, self.log_file = folder / "signet.toml", folder / "signet.log"
        # Copies of its own: the authority's files are those of the newest node with this host name.
        certificate, key = authority.issue_server(host, [host, "127.0.0.1"])
        self.tls_certificate = private_file(folder / "tls.crt", Path(certificate).read_bytes())
        tls_key = private_file(folder / "tls.key", Path(key).read_bytes())
        self.root_certificate = authority.certificate_file
        self.process: subprocess.Popen | None = None
        master = private_file(folder / "master.key", secrets.token_bytes(32))
        password = private_file(folder / "directory.password", lab["service"]["password"].encode())
        self.configuration = {
            "service": {"host": host, "organisation": "Example Works"},
            "listen": {"https": [f"127.0.0.1:{self.port}"], "http": [f"127.0.0.1:{self.http_port}"]},
            "tls": {"certificate": str(self.tls_certificate), "key": str(tls_key)},
            "store": {"url": f"sqlite://{folder}/signet.db", "master_key": str(master)},
            "metadata": {"allow_networks": ["127.0.0.0/8"], "ca": str(authority.certificate_file)},
            "network": {"inside": ["127.0.0.0/8"]},
            "session": {},
            "lockout": {},
            "directory": [{
                "domain": lab["dns_domain"],
                "netbios": lab["netbios"],
                "controllers": [one["host"] for one in lab["controllers"]],
                "addresses": {one["host"]: one["address"] for one in lab["controllers"]},
                "ca": lab["root_certificate"],
                "account": lab["service"]["name"],
                "password_file": str(password),
                "default": True,
            }],
        }

    # --- configuration and commands

    def write(self):
        self.file.write_text(toml(self.configuration))

    def raw(self, *arguments: str, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess:
        """A command as an admin types it."""
        if not self.file.exists():
            self.write()
        command = [BINARY, "--config", self.file, *arguments]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout, env=os.environ | environment)

    def run(self, *arguments: str) -> object:
        """A command with `--json`; what it printed."""
        done = self.raw("--json", *arguments)
        if done.returncode != 0:
            raise CommandFailed(f"signet {' '.join(arguments)} ended {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def set_property(self, party: str, name: str, value: str):
        """Sets a property of a relying party; `rp set` takes changes only, so a default is left alone."""
        if self.run("rp", "show", party)[name] != value:
            self.run("rp", "set", party, "--property", f"{name}={value}")
        self.wait_version()

    def signing_certificate(self) -> Path:
        """The current token-signing certificate, as a PEM file."""
        done = self.raw("cert", "export")
        assert done.returncode == 0, done.stderr
        text = "".join(line for line in done.stdout.splitlines() if not line.startswith("-----"))
        return write_pem(text, self.folder / "token-signing.crt")

    # --- process

    @property
    def url(self) -> str:
        return f"https://{self.host}"

    @property
    def sign_in_url(self) -> str:
        return f"{self.url}/adfs/ls/"

    def claim_name(self):
        """From now on the host name means this node; several nodes of one test run share it."""
        hosts.point(self.host, ("127.0.0.1", self.port))

    def start(self, wait: bool = True, **environment: str) -> "Signet":
        self.write()
        self.claim_name()
        log = self.log_file.open("ab")
        self.process = subprocess.Popen(
            [BINARY, "--config", self.file, "serve"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env=os.environ | {"SIGNET_LOG": "info"} | environment,
        )
        if wait:
            self.wait_ready()
        return self

    def is_ready(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.http_port}/adfs/probe", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def wait_ready(self):
        deadline = time.monotonic() + STARTS_WITHIN
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"signet does not serve (exit {self.process.poll()}):\n{self.log()[-3000:]}")
            time.sleep(0.02)

    def signal(self, number: signal.Signals):
        os.kill(self.process.pid, number)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process is None or self.process.poll() is not None:
            return 0
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        return self.process.wait(STOPS_WITHIN)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait(10)

    def restart(self):
        self.stop()
        self.start()

    def wait_version(self, within: float = 15):
        """Until the running node has taken up what commands changed in the trust configuration."""
        with sqlite3.connect(f"file:{self.folder}/signet.db?mode=ro", uri=True) as store:
            (version,) = store.execute("SELECT version FROM trust_state WHERE id = 1").fetchone()
        deadline = time.monotonic() + within
        while self._taken_up() < version:
            assert time.monotonic() < deadline, f"version {version} is not taken up after {within} s"
            time.sleep(0.05)

    def _taken_up(self) -> int:
        return max((record["version"] for record in self.log_records() if record.get("message") == "trust configuration taken up"), default=0)

    # --- what it says and uses

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def log_records(self) -> list[dict]:
        return [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]

    def audit(self, number: int = 1000, activity: str | None = None) -> list[dict]:
        """The newest audit events, oldest first."""
        more = ["--activity", activity] if activity else []
        return sorted(self.run("audit", "tail", "--number", str(number), *more), key=lambda event: event["number"])

    def memory_kib(self) -> int:
        """Resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))


def toml(table: dict, path: str = "") -> str:
    """TOML text of nested dicts, lists and scalars."""
    lines = [f"{key} = {_scalar(value)}" for key, value in table.items() if not _is_table(value)]
    for key, value in table.items():
        name = f"{path}{key}"
        if not _is_table(value):
            continue
        if isinstance(value, dict):
            lines += ["", f"[{name}]", toml(value, f"{name}.")]
        else:
            for one in value:
                lines += ["", f"[[{name}]]", toml(one, f"{name}.")]
    return "\n".join(lines)


def _is_table(value) -> bool:
    return isinstance(value, dict) and not _is_inline(value) or isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _is_inline(value: dict) -> bool:
    return bool(value) and all("." in key for key in value)


def _scalar(value) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_scalar(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
