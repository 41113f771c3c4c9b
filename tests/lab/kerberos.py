"""Kerberos of the lab: key tables of its services, and people who have tickets.

A key table is exported from the first controller's own files, so this needs root; in real life `ktpass` or `msktutil` does it.
Tickets live in a folder of their own per person, and nothing of the machine's own Kerberos is touched.
"""
import json
import os
import subprocess
from pathlib import Path

from lab import domain, settings
from lab.samba import LabError, run
from lab.settings import LAB, REALM

KRB5_CONF = LAB / "krb5.conf"


def export_keytab(path: Path, principal: str) -> Path:
    """The current keys of a principal, in a fresh file that only its owner may read."""
    path = Path(path)
    path.unlink(missing_ok=True)
    run(["samba-tool", "domain", "exportkeytab", str(path), "-s", str(domain.FIRST.smb_conf), f"--principal={principal}"])
    path.chmod(0o600)
    return path


def new_key(sam: str, password: str):
    """A password reset of a service account, at the controller that tickets come from: its key gets the next version."""
    dn = domain.facts()["users"][sam]["dn"]
    with domain.administrator(domain.FIRST) as connection:
        connection.modify(dn, {"unicodePwd": [(domain.ldap3.MODIFY_REPLACE, [f'"{password}"'.encode("utf-16-le")])]})


def configuration(path: Path, *options: str) -> Path:
    """The lab's krb5.conf with other `[libdefaults]`, such as `client_aware_channel_bindings = true`."""
    lines = KRB5_CONF.read_text().splitlines()
    lines[1:1] = [f"  {option}" for option in options]
    Path(path).write_text("\n".join(lines) + "\n")
    return Path(path)


class Tickets:
    """Somebody with a ticket-granting ticket."""

    def __init__(self, folder: Path, principal: str, password: str | None = None, keytab: Path | None = None, krb5_conf: Path = KRB5_CONF,
                 enterprise: bool = False):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.cache = folder / f"krb5cc-{abs(hash(principal))}"
        # What a client program needs: curl, Chromium, python3-gssapi.
        self.environment = {**os.environ, "KRB5_CONFIG": str(krb5_conf), "KRB5CCNAME": f"FILE:{self.cache}", "PYTHONPATH": str(settings.TESTS)}
        principal = principal if "@" in principal else f"{principal}@{REALM}"
        self.principal = principal
        kind = ["-E"] if enterprise else []
        by = ["-k", "-t", str(keytab)] if keytab else []
        self._run(["kinit", *kind, *by, principal], password)

    def service_ticket(self, service: str):
        """Fetches the ticket of a service, `HTTP/sts.corp.example`."""
        self._run(["kvno", service])

    def speak_for(self, person: str):
        """S4U2Self: this service gets a ticket to itself in a person's name, and has only that from now on."""
        service, own = self.principal.partition("@")[0], self.cache
        self.cache = own.with_name(f"{own.name}-for-{person}")
        self._run(["kvno", "-I", person, "--out-cache", f"FILE:{self.cache}", service])
        self.environment["KRB5CCNAME"] = f"FILE:{self.cache}"

    def negotiate(self, host: str, count: int = 1, *, binding: bytes | None = None, bare: bool = False, delegate: bool = False,
                  clock: str | None = None) -> list[str]:
        """So many values of an `Authorization` header, each with an authenticator of its own.

        `host` may be a whole principal, `service@REALM`. `binding` is the application data of channel bindings; `bare` leaves SPNEGO away; `clock` sets the client's clock (`+6m`).
        """
        wish = {"host": host, "count": count, "binding": binding.hex() if binding is not None else None, "bare": bare, "delegate": delegate}
        command = ["/usr/bin/python3", "-m", "lab.negotiate", json.dumps(wish)]
        if clock:
            command = ["faketime", "-f", clock, *command]
        return self._run(command).split("\n")[:count]

    def _run(self, command: list[str], password: str | None = None) -> str:
        done = subprocess.run(
            command, env=self.environment, input=f"{password}\n" if password else "", capture_output=True, text=True, timeout=30, cwd="/"
        )
        if done.returncode:
            raise LabError(f"{command[0]}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
        return done.stdout
