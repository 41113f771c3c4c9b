"""Controllers found by DNS, and a DNS that fails."""
import socket
import threading

import pytest

from harness.wsfed import entra_url


class NameServer:
    """Passes DNS questions on to a controller over UDP, or answers as told: `silent`, `nothing` (NXDOMAIN)."""

    def __init__(self, behind: str):
        self.behind, self.mode, self.asked = behind, "pass", 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self.socket.getsockname())
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                question, sender = self.socket.recvfrom(4096)
            except OSError:
                return
            self.asked += 1
            if self.mode == "nothing":
                self.socket.sendto(question[:2] + b"\x81\x83" + question[4:6] + b"\0" * 6 + question[12:], sender)
            elif self.mode == "pass":
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
                    upstream.settimeout(3)
                    upstream.sendto(question, (self.behind, 53))
                    self.socket.sendto(upstream.recv(4096), sender)

    def close(self):
        self.socket.close()


@pytest.fixture
def discovering(new_signet, lab):
    """A node that knows its controllers by DNS only."""
    names = NameServer(lab["controllers"][0]["address"])
    node = new_signet()
    directory = node.configuration["directory"][0]
    directory["controllers"], directory["addresses"], directory["resolver"] = [], {}, names.address
    node.start()
    yield node, names
    node.stop()
    names.close()


def test_sec_f_08_controllers_are_found_and_kept_when_dns_goes(discovering, browser, person):
    node, names = discovering
    for mode in ("pass", "silent", "nothing", "pass"):
        names.mode = mode
        for _ in range(3):
            browser.session.cookies.clear()
            browser.get(entra_url(node.sign_in_url))
            browser.sign_in(person["upn"], person["password"])
            assert "wresult" in browser.page.response.text, (mode, browser.page.text)
    assert names.asked > 0
