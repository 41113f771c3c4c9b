"""A FreeRADIUS of Debian's package on loopback, on a port and with a configuration of its own.

`Radius(codes)` knows people by sAMAccountName and the codes that they are asked for, one after the other: more than one is an
Access-Challenge for each further one. It takes signed questions only; with `signs=False` it does not sign its answers.
"""
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from lab.ports import free_port

SECRET = "a shared secret of the tests"
NAS = "signet-tests"
STARTS_WITHIN = 30

CONFIGURATION = """
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = "{folder}"
logdir = "{folder}"
run_dir = "{folder}"
pidfile = "{folder}/radiusd.pid"
correct_escapes = true
max_request_time = 5
cleanup_delay = 2
hostname_lookups = no
log {{
    destination = stdout
}}
security {{
    allow_core_dumps = no
    max_attributes = 200
    reject_delay = 0
    status_server = no
}}
thread pool {{
    start_servers = 1
    max_servers = 4
    min_spare_servers = 1
    max_spare_servers = 2
    max_requests_per_server = 0
}}
client tests {{
    ipaddr = 127.0.0.1
    secret = "{secret}"
    require_message_authenticator = yes
}}
modules {{
    always reject {{
        rcode = reject
    }}
    always handled {{
        rcode = handled
    }}
}}
server default {{
    listen {{
        type = auth
        ipaddr = 127.0.0.1
        port = {port}
    }}
    authorize {{
        if (&NAS-Identifier != "{nas}") {{
            reject
        }}
{people}
        else {{
            update control {{ &Auth-Type := Reject }}
        }}
    }}
    authenticate {{
    }}
    post-auth {{
        {sign}
        Post-Auth-Type REJECT {{
            {sign}
        }}
        Post-Auth-Type Challenge {{
            {sign}
        }}
    }}
}}
"""

CHALLENGED = """
        elsif (&User-Name == "{name}" && &User-Password == "{code}" && {state}) {{
            update reply {{
                &Reply-Message := "Now code {following} of your token"
                &State := 0x{next_state}
            }}
            update control {{ &Response-Packet-Type := Access-Challenge }}
            {sign}
            handled
        }}"""

ACCEPTED = """
        elsif (&User-Name == "{name}" && &User-Password == "{code}" && {state}) {{
            update control {{ &Auth-Type := Accept }}
        }}"""


class Radius:
    """The running server: `address`, `secret`, and what it `said`."""

    secret = SECRET
    nas = NAS

    def __init__(self, codes: dict[str, list[str]], signs: bool = True):
        self.codes, self.signs = codes, signs
        self.folder = Path(tempfile.mkdtemp(prefix="signet-radius-"))
        self.port = free_port(socket.SOCK_DGRAM)
        self.said: list[str] = []
        self.process: subprocess.Popen | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self):
        sign = "update reply { &Message-Authenticator := 0x00 }" if self.signs else ""
        people = "".join(self._person(name, codes, sign) for name, codes in self.codes.items())
        text = CONFIGURATION.format(folder=self.folder, secret=SECRET, port=self.port, nas=NAS, people=people, sign=sign)
        file = self.folder / "radiusd.conf"
        file.write_text(text)
        os.chmod(file, 0o600)
        self.process = subprocess.Popen(
            ["/usr/sbin/freeradius", "-f", "-x", "-l", "stdout", "-n", "radiusd", "-d", self.folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )
        ready, before = threading.Event(), len(self.said)
        threading.Thread(target=self._listen, args=(self.process, ready), daemon=True).start()
        if not ready.wait(STARTS_WITHIN) or not any("Ready to process requests" in line for line in self.said[before:]):
            raise AssertionError("FreeRADIUS did not start:\n" + "".join(self.said[-40:]))

    def _listen(self, process, ready):
        # It stops when nobody reads what it says.
        for line in process.stdout:
            self.said.append(line)
            if "Ready to process requests" in line:
                ready.set()
        # It ended: whoever waits for it is told.
        ready.set()

    def stop(self):
        """At once, as a machine that loses its power."""
        self.process.kill()
        self.process.wait(10)

    def close(self):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _person(name: str, codes: list[str], sign: str) -> str:
        written = ""
        for at, code in enumerate(codes):
            state = "!&State" if at == 0 else f"&State == 0x{_state(at)}"
            form = ACCEPTED if at + 1 == len(codes) else CHALLENGED
            written += form.format(name=name, code=code, state=state, following=at + 2, next_state=_state(at + 1), sign=sign)
        return written


def _state(round_: int) -> str:
    return f"round {round_}".encode().hex()
