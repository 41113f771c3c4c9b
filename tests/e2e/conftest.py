"""What the end-to-end tests are given."""
import tempfile
from pathlib import Path

import pytest

from harness.chromium import Chromium
from harness.relying_party import RelyingParties
from harness.samples import Sample
from lab import domain
from lab.authority import Authority, self_signed

PARTNER_HOSTS = ["login.microsoftonline.com", "wiki.example.net", "app.example.net", "evil.test"]


@pytest.fixture(scope="session")
def lab():
    """The running directory; its facts."""
    facts = domain.up()
    yield facts
    domain.down()


@pytest.fixture(scope="session")
def workspace():
    """A folder for this run."""
    with tempfile.TemporaryDirectory(prefix="signet-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def authority(workspace):
    """The authority of every server certificate in the tests but the directory's."""
    return Authority(workspace / "pki", "Signet tests")


@pytest.fixture(scope="session")
def relying_parties(authority):
    """The HTTPS endpoint behind all partners' reply addresses."""
    parties = RelyingParties(authority, PARTNER_HOSTS)
    yield parties
    parties.close()


@pytest.fixture
def partners(relying_parties):
    """The same, with nothing received yet."""
    relying_parties.forget()
    return relying_parties


@pytest.fixture(scope="session")
def sample_signer(workspace):
    """A token-signing pair of nobody: (certificate, key)."""
    return self_signed(workspace / "samples", "signer", "ADFS Signing - samples")


@pytest.fixture
def sample(sample_signer):
    certificate, key = sample_signer
    return Sample(key, certificate)


@pytest.fixture
def chromium(relying_parties):
    """Starts headless browsers; all end with the test."""
    started = []

    def start(*certificates, **options) -> Chromium:
        browser = Chromium([relying_parties.certificate, *certificates], **options)
        started.append(browser)
        return browser

    yield start
    for browser in started:
        browser.quit()
