"""passport-wsfed-saml2 on node: a WS-Federation relying party."""
import json
import subprocess
from pathlib import Path

from harness import hosts
from harness.certificates import base64_der

FOLDER = Path(__file__).parent / "node"


class Passport:
    """A running relying party at `https://HOST/`. Its tokens must be for `realm` and signed by `certificate`."""

    def __init__(self, authority, folder: Path, host: str, sign_in_url: str, certificate: Path):
        if not (FOLDER / "node_modules").exists():
            raise RuntimeError("tests/run installs the node packages: npm ci --ignore-scripts in tests/rp/node")
        self.host, self.realm, self.reply = host, f"urn:tests:{host}", f"https://{host}/callback"
        self.certificate, key = authority.issue_server(host, [host])
        configuration = folder / f"{host}.json"
        configuration.write_text(json.dumps({
            "realm": self.realm, "wreply": self.reply, "identityProviderUrl": sign_in_url, "cert": base64_der(certificate),
            "tlsCert": str(self.certificate), "tlsKey": str(key),
        }))
        self.process = subprocess.Popen(["node", FOLDER / "server.js", configuration], stdout=subprocess.PIPE, text=True)
        port = self.process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"node ended with {self.process.wait()}")
        hosts.point(host, ("127.0.0.1", int(port)))

    def login_url(self, state: str = "") -> str:
        return f"https://{self.host}/login?state={state}"

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
