"""A browser with a card in its reader, and what it says to the host that asks for certificates."""
import json
import os
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path

from requests.adapters import HTTPAdapter

from harness.browser import PlainBrowser
from harness.server import BINARY
from lab.cards import P12_PASSWORD

POLICIES = Path("/etc/chromium/policies/managed")
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class _Reader(HTTPAdapter):
    def __init__(self, root: Path, card: Path | None, version: str):
        self.context = ssl.create_default_context(cafile=str(root))
        self.context.minimum_version = self.context.maximum_version = VERSIONS[version]
        if card is not None:
            self.context.load_cert_chain(card, card.with_suffix(".key"))
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, **options | {"ssl_context": self.context})


class CardBrowser(PlainBrowser):
    """`card` is a file of `lab.cards`, None an empty reader. `host` is the one that asks for certificates."""

    def __init__(self, root: Path, host: str, card: Path | None, version: str = "1.3", **options):
        super().__init__(root, **options)
        self.session.mount(f"https://{host}", _Reader(root, card, version))

    def certificate_form(self):
        """The form that leads to the certificate host."""
        found = [one for one in self.page.forms() if one.fields.get("AuthMethod") == "CertificateAuthentication"]
        assert len(found) == 1, f"no certificate is offered at {self.page.url} ({self.page.status}): {self.page.text[:400]}"
        return found[0]

    def choose_certificate(self):
        """Presses the button; follows where it leads."""
        return self.submit(self.certificate_form())

    def offers_certificate(self) -> bool:
        return any(one.fields.get("AuthMethod") == "CertificateAuthentication" for one in self.page.forms())

    def refusal(self) -> str:
        """The code on the error page."""
        return self.page.tree.xpath("//dl/dd[1]")[0].text

    def activity(self) -> str:
        return self.page.tree.get_element_by_id("activity").text

    def way_back(self) -> str:
        return self.page.tree.get_element_by_id("back").get("href")


def borrowed(address: tuple[str, int], host: str, root: Path, card: Path, key: Path, version: str) -> str:
    """What becomes of a handshake that shows one certificate and signs with another's key."""
    program = BINARY.parent / "examples/borrowed_card"
    done = subprocess.run(
        [program, f"{address[0]}:{address[1]}", host, root, card, key, version], capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class ChromiumCards:
    """A home whose certificate store holds cards, and the policy that lets Chromium choose one without asking."""

    def __init__(self, host: str, cards: list[Path]):
        self.home = Path(tempfile.mkdtemp(prefix="signet-home-"))
        store = self.home / ".pki/nssdb"
        store.mkdir(parents=True)
        database = f"sql:{store}"
        subprocess.run(["certutil", "-N", "-d", database, "--empty-password"], check=True, capture_output=True)
        for card in cards:
            subprocess.run(
                ["pk12util", "-i", card.with_suffix(".p12"), "-d", database, "-W", P12_PASSWORD.decode(), "-K", ""],
                check=True, capture_output=True,
            )
        POLICIES.mkdir(parents=True, exist_ok=True)
        self.policy = POLICIES / f"signet-tests-certificates-{os.getpid()}.json"
        wish = json.dumps({"pattern": f"https://{host}", "filter": {}})
        self.policy.write_text(json.dumps({"AutoSelectCertificateForUrls": [wish]}))

    def close(self):
        self.policy.unlink(missing_ok=True)
        shutil.rmtree(self.home, ignore_errors=True)
