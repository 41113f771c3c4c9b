"""What the end-to-end tests are given."""
import itertools
import tempfile
from pathlib import Path

import pytest

from harness.browser import PlainBrowser
from harness.chromium import Chromium
from harness.entra import Tenant
from harness.relying_party import RelyingParties
from harness.samples import Sample
from harness.server import Signet
from lab import domain
from lab.authority import Authority, self_signed
from lab.cards import Cards
from lab.revocation import Revocation

FEDERATED = ["example.com", "contoso.test"]
PARTNER_HOSTS = ["login.microsoftonline.com", "wiki.example.net", "app.example.net", "evil.test"]


@pytest.fixture(scope="session")
def lab():
    """The running directory; its facts."""
    facts = domain.up(anew=True)
    yield facts
    domain.down()


@pytest.fixture(scope="session")
def revocation(workspace):
    """What certificates of people name: lists and a responder, both well-behaved at first. Only made for who asks."""
    served = Revocation(workspace / "cards")
    yield served
    served.close()


@pytest.fixture(scope="session")
def cards(workspace, lab, revocation):
    """Cards of every kind, their authorities published in the directory."""
    made = Cards(workspace / "cards", lab["users"], revocation.lists_url, revocation.responder_url)
    made.publish(domain.add, domain.replace)
    domain.share_configuration()
    return made


@pytest.fixture(scope="session")
def spares(lab):
    """Accounts that nobody has used."""
    return (lab["users"][sam] for sam in sorted(lab["users"]) if sam.startswith("person"))


@pytest.fixture
def person(spares):
    """An account of this test alone: `upn`, `password`, `dn`, `guid`, `immutable_id`."""
    return next(spares)


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


@pytest.fixture(scope="session")
def new_signet(workspace, authority, lab):
    """Makes nodes with a store of their own, with Entra registered and two domains federated; all end with the run."""
    numbers, made = itertools.count(), []

    def make(prepare: bool = True, preset: str = "entra") -> Signet:
        node = Signet(workspace / f"node-{next(numbers)}", authority, lab)
        made.append(node)
        if prepare:
            node.run("cert", "generate")
            node.run("rp", "add", "--preset", preset)
            for name in FEDERATED:
                node.run("domain", "add", name)
        return node

    yield make
    for node in made:
        node.stop()


@pytest.fixture(scope="session")
def common_signet(new_signet):
    """The node that most tests share."""
    node = new_signet()
    node.configuration["session"]["keep_me_signed_in"] = True
    yield node.start()
    # Attack case LOG-02 and KEY-07 hold of everything that all tests did to this node.
    node.stop()
    node.run("audit", "verify")


@pytest.fixture
def signet(common_signet):
    """The shared node, up and known by its host name."""
    common_signet.claim_name()
    assert common_signet.process.poll() is None, f"signet ended:\n{common_signet.log()[-3000:]}"
    return common_signet


@pytest.fixture(scope="session")
def common_saml_signet(new_signet):
    """A node whose Entra speaks SAML 2.0: a tenant's domain speaks one of the two."""
    node = new_signet(preset="entra-saml").start()
    yield node
    node.stop()
    node.run("audit", "verify")


@pytest.fixture
def browser(authority):
    """A browser without JavaScript, with no cookies."""
    return PlainBrowser(authority.certificate_file)


@pytest.fixture
def another_browser(authority):
    """Starts further browsers of other people."""
    return lambda **options: PlainBrowser(authority.certificate_file, **options)


@pytest.fixture
def tenant(signet, lab):
    """Entra: the two federated domains as `signet domain show` says, and the synchronised people of their suffixes."""
    return Tenant.federated_with(signet, FEDERATED, lab["users"].values())
