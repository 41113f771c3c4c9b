"""One Samba domain controller: its smb.conf, its process group, its health."""
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import ldap3
from ldap3.core.exceptions import LDAPException

from lab import settings
from lab.settings import DNS_DOMAIN, LAB, NETBIOS, REALM, ControllerName

# Samba writes to /var for every directory that its configuration does not name.
SMB_CONF = """[global]
  netbios name = {label}
  realm = {realm}
  workgroup = {netbios}
  server role = active directory domain controller
  interfaces = {address}/8
  bind interfaces only = yes
  server services = rpc, ldap, cldap, kdc, drepl, kcc, dns, dnsupdate
  private dir = {folder}/private
  state directory = {folder}/state
  cache directory = {folder}/cache
  lock directory = {folder}/lock
  pid directory = {folder}/run
  binddns dir = {folder}/bind-dns
  ncalrpc dir = {folder}/run/ncalrpc
  winbindd socket directory = {folder}/run/winbindd
  ntp signd socket directory = {folder}/run/ntp_signd
  log file = {folder}/log/samba.log
  dns forwarder =
  dns update command = /bin/true
  prefork children = 1
  ldb:nosync = true
  tls enabled = yes
  tls keyfile = {folder}/private/tls/dc.key
  tls certfile = {folder}/private/tls/dc.crt
  tls cafile = {folder}/private/tls/root.crt
[sysvol]
  path = {folder}/sysvol
  read only = no
[netlogon]
  path = {folder}/sysvol/{dns}/scripts
  read only = no
"""
FOLDERS = ["etc", "private/tls", "state", "cache", "run", "lock", "log", "bind-dns", f"sysvol/{DNS_DOMAIN}/scripts"]

# Two `single` controllers dead-lock each other as soon as they replicate.
PROCESS_MODEL = "prefork"
READY_WITHIN = 30.0


class LabError(RuntimeError):
    """A lab command failed; the message holds the end of its output."""


def in_namespace(command: list[str]) -> list[str]:
    """`command` with the lab's hosts, resolv.conf and krb5.conf, in a mount namespace of its own."""
    script = (
        'mount --bind "$0/hosts" /etc/hosts && mount --bind "$0/resolv.conf" /etc/resolv.conf'
        ' && export KRB5_CONFIG="$0/krb5.conf" && exec "$@"'
    )
    return ["unshare", "-m", "bash", "-c", script, str(LAB), *command]


def run(command: list[str], timeout: float = 120) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout)
    if done.returncode != 0:
        raise LabError(f"{' '.join(command[:4])} … ended {done.returncode}:\n{done.stdout[-2000:]}")
    return done.stdout


class Controller:
    """A controller of the lab. Its processes are a process group of their own."""

    def __init__(self, name: ControllerName):
        self.label, self.address, self.host = name.label, name.address, name.host
        self.folder = LAB / name.label
        self.smb_conf = self.folder / "etc/smb.conf"
        self.pid_file = LAB / f"{name.label}.pid"

    @property
    def ldaps_url(self) -> str:
        return f"ldaps://{self.address}:636"

    def write_configuration(self, certificate: Path, key: Path, root: Path):
        for folder in FOLDERS:
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        text = SMB_CONF.format(
            label=self.label.upper(), realm=REALM, netbios=NETBIOS, address=self.address, folder=self.folder, dns=DNS_DOMAIN
        )
        self.smb_conf.write_text(text)
        tls = self.folder / "private/tls"
        (tls / "dc.crt").write_bytes(certificate.read_bytes())
        (tls / "root.crt").write_bytes(root.read_bytes())
        (tls / "dc.key").unlink(missing_ok=True)
        (tls / "dc.key").touch(mode=0o600)
        (tls / "dc.key").write_bytes(key.read_bytes())

    def pid(self) -> int | None:
        """The leader of the running process group."""
        try:
            pid, born = map(int, self.pid_file.read_text().split())
        except (FileNotFoundError, ValueError):
            return None
        return pid if _born(pid) == born else None

    def start(self):
        """Start it unless it runs, and wait until LDAPS, DNS and the KDC answer."""
        if self.pid() is None:
            with open(self.folder / "log/out", "wb") as log:
                started = subprocess.Popen(
                    in_namespace(["samba", "-i", "-M", PROCESS_MODEL, "-s", str(self.smb_conf), "--debug-stdout", "-d", "1"]),
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                )
            self.pid_file.write_text(f"{started.pid} {_born(started.pid)}")
            self._popen = started
        self.wait_ready()

    def wait_ready(self, within: float = READY_WITHIN):
        deadline = time.monotonic() + within
        while not self.answers():
            if time.monotonic() > deadline:
                tail = (self.folder / "log/out").read_text(errors="replace")[-2000:]
                raise LabError(f"{self.label} does not answer:\n{tail}")
            time.sleep(0.05)

    def answers(self) -> bool:
        return self._knows_its_name() and self._resolves() and self._listens(88)

    def _knows_its_name(self) -> bool:
        server = ldap3.Server(self.ldaps_url, connect_timeout=1, get_info=ldap3.NONE)
        try:
            with ldap3.Connection(server, receive_timeout=2) as connection:
                connection.search("", "(objectClass=*)", ldap3.BASE, attributes=["dnsHostName"])
                found = connection.entries
                return bool(found) and str(found[0].dnsHostName).lower() == self.host
        except (LDAPException, OSError):
            return False

    def _resolves(self) -> bool:
        query = ["dig", "+time=1", "+tries=1", "+short", f"@{self.address}", "SRV", f"_ldap._tcp.dc._msdcs.{DNS_DOMAIN}"]
        return bool(subprocess.run(query, capture_output=True, text=True).stdout.strip())

    def _listens(self, port: int) -> bool:
        try:
            socket.create_connection((self.address, port), 1).close()
        except OSError:
            return False
        return True

    def signal_group(self, number: signal.Signals):
        """Signals every process of the controller: SIGKILL is a crash, SIGSTOP a hang, SIGCONT its end."""
        pid = self.pid()
        if pid is None:
            raise LabError(f"{self.label} does not run")
        os.killpg(pid, number)

    def kill(self):
        self.signal_group(signal.SIGKILL)
        self._forget()

    def stop(self):
        """A clean end; harmless when it does not run."""
        pid = self.pid()
        if pid is not None:
            os.killpg(pid, signal.SIGCONT)
            os.killpg(pid, signal.SIGTERM)
            deadline = time.monotonic() + 10
            while _group_lives(pid) and time.monotonic() < deadline:
                self._reap()
                time.sleep(0.05)
            if _group_lives(pid):
                os.killpg(pid, signal.SIGKILL)
        self._forget()

    def _forget(self):
        deadline = time.monotonic() + 10
        while self.pid() is not None and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.02)
        self._reap()
        self.pid_file.unlink(missing_ok=True)

    def _reap(self):
        started = getattr(self, "_popen", None)
        if started is not None:
            started.poll()


def _born(pid: int) -> int | None:
    """The start time of a live process, in clock ticks since boot: a recycled pid has another one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


CONTROLLERS = [Controller(name) for name in settings.CONTROLLERS]
