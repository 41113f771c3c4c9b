"""Packets that nobody answers: a rule of nftables that drops what goes to one controller's LDAP ports.

The rule names the controller's own loopback address, so it touches nobody else on the machine; needs root.
"""
import contextlib
import subprocess

from lab.samba import Controller


@contextlib.contextmanager
def blackholed(controller: Controller):
    """While it lasts, nothing that is sent to the controller's LDAP ports arrives or is refused."""
    name = "signet_tests_" + controller.address.replace(".", "_")
    _nft(f"add table inet {name}\ndelete table inet {name}\n")  # what a run that was killed left behind
    _nft(f"""table inet {name} {{
  chain incoming {{
    type filter hook input priority filter; policy accept;
    ip daddr {controller.address} tcp dport {{ 389, 636 }} drop
  }}
}}
""")
    try:
        yield
    finally:
        _nft(f"delete table inet {name}\n")


def _nft(script: str):
    subprocess.run(["nft", "-f", "-"], input=script, text=True, check=True, capture_output=True)
