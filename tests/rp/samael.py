"""samael's service provider (its own crate in tests/samael, run as a command)."""
import json
import os
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "samael"


def binary() -> Path:
    target = os.environ.get("SIGNET_SAMAEL_TARGET", FOLDER / "target")
    return Path(target) / "release/signet-test-samael"


class Samael:
    """A service provider made of samael. `idp_metadata` is the document that it takes keys and addresses from."""

    def __init__(self, host: str, idp_metadata: str, certificate: Path | None = None, key: Path | None = None):
        self.entity_id, self.acs = f"https://{host}/samael", f"https://{host}/acs"
        self.input = {"entity_id": self.entity_id, "acs_url": self.acs, "slo_url": f"https://{host}/slo", "idp_metadata": idp_metadata}
        if certificate is not None:
            self.input |= {"certificate": Path(certificate).read_text(), "key": Path(key).read_text()}

    def _run(self, command: str, **values) -> dict:
        done = subprocess.run([binary(), command], input=json.dumps(self.input | values), capture_output=True, text=True, timeout=60)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"samael {command}: {done.stderr}")
        return json.loads(done.stdout)

    def metadata(self) -> str:
        without = {name: value for name, value in self.input.items() if name != "idp_metadata"}
        done = subprocess.run([binary(), "metadata"], input=json.dumps(without), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["metadata"]

    def redirect(self, relay_state: str = "", signed: bool = False, **values) -> dict:
        """`id` and `url` of a request."""
        return self._run("signed-redirect" if signed else "redirect", relay_state=relay_state, **values)

    def post(self, **values) -> dict:
        """`id`, `location` and `document` of a request."""
        return self._run("post", **values)

    def validate(self, response: str, *request_ids: str) -> dict:
        """What samael reads from a base64 response, or `refused`."""
        return self._run("validate", response=response, request_ids=list(request_ids))
