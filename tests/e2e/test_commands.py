"""What an admin types, and what the answers lead to, on a node whose directory nobody needs."""
import subprocess

import pytest

from harness.clock import Clock
from harness.server import BINARY, Signet

NOBODY = {"dns_domain": "corp.example", "netbios": "CORP", "controllers": [], "service": {"name": "svc@corp.example", "password": "unused"}}
DAY = 24 * 60 * 60


@pytest.fixture
def node(tmp_path, authority):
    """A node that was only just installed: its store is empty, and no domain controller can be found."""
    made = Signet(tmp_path / "node", authority, NOBODY | {"root_certificate": str(authority.certificate_file)})
    made.configuration["directory"][0] |= {"resolver": "127.0.0.1:9", "addresses": {}}
    made.write()
    return made


def refusal(node, *arguments: str, **environment: str) -> str:
    """What a command says that does nothing."""
    done = node.raw(*arguments, **environment)
    assert done.returncode != 0, done.stdout
    assert "panicked" not in done.stderr
    return done.stderr


# --- domains


@pytest.mark.parametrize("preset, protocol", [("entra", "wsFed"), ("entra-saml", "saml")])
def test_entra_is_told_the_protocol_that_it_is_answered_by(node, preset, protocol):
    node.run("cert", "generate")
    node.run("domain", "add", "contoso.com")
    assert "signet rp add --preset entra" in node.raw("domain", "show", "contoso.com").stdout
    assert "signet rp add --preset entra" in refusal(node, "domain", "show", "contoso.com", "--script")
    assert "signet rp add --preset entra" in node.raw("check").stdout
    node.run("rp", "add", "--preset", preset)
    assert node.run("domain", "show", "contoso.com")["preferredAuthenticationProtocol"] == protocol
    script = node.raw("domain", "show", "contoso.com", "--script").stdout
    assert f"'preferredAuthenticationProtocol' = '{protocol}'" in script
    assert node.run("domain", "show", "contoso.com", "--script") == {"script": script}
    for said in (node.raw("domain", "show", "contoso.com").stdout, node.raw("check").stdout):
        assert "rp add --preset" not in said


def test_a_domain_that_is_there_is_changed_only_on_request(node):
    node.run("domain", "add", "contoso.com")
    assert "nothing was changed" in node.raw("domain", "add", "Contoso.com.").stdout
    for change in (["--issuer", "urn:other"], ["--without-subdomains"]):
        said = refusal(node, "domain", "add", "contoso.com", *change)
        assert "http://contoso.com/adfs/services/trust/" in said and "--replace" in said
    assert [one["issuer_uri"] for one in node.run("domain", "list")] == ["http://contoso.com/adfs/services/trust/"]
    node.run("domain", "add", "contoso.com", "--issuer", "urn:other", "--replace")
    assert [one["issuer_uri"] for one in node.run("domain", "list")] == ["urn:other"]


def test_a_domain_has_one_spelling(node):
    assert node.run("domain", "add", "münchen.de")["name"] == "xn--mnchen-3ya.de"
    assert "nothing was changed" in node.raw("domain", "add", "xn--mnchen-3ya.de").stdout
    assert "write it http://xn--mnchen-3ya.de/" in refusal(node, "domain", "add", "contoso.com", "--issuer", "http://münchen.de/")
    assert node.run("domain", "remove", "MÜNCHEN.de") == {"removed": "xn--mnchen-3ya.de"}


# --- keys


def test_a_key_that_expired_before_it_was_promoted_is_not_promoted(node, tmp_path):
    clock = Clock(tmp_path / "clock")
    for days in ("0", "100000", "x"):
        assert "--days" in refusal(node, "cert", "generate", "--days", days)
    node.run("cert", "generate")
    following = node.run("cert", "generate", "--days", "10")["thumbprint"]
    clock.set(11 * DAY)
    said = refusal(node, "cert", "promote", **clock.environment)
    assert following in said and "expired" in said and f"signet cert remove {following}" in said
    clock.set(-DAY)
    assert "valid only from" in refusal(node, "cert", "promote", **clock.environment)
    assert [key["role"] for key in node.run("cert", "list") if key["thumbprint"] == following] == ["next"]
    assert "Warning: it has 9 days left" in node.raw("cert", "promote").stdout
    assert [key["role"] for key in node.run("cert", "list") if key["thumbprint"] == following] == ["current"]


def test_json_is_json_where_the_text_is_a_certificate(node):
    node.run("cert", "generate", "--bits", "3072")
    (key,) = node.run("cert", "list")
    assert key["key_bits"] == 3072 and key["not_before"] < key["not_after"]
    exported = node.run("cert", "export")
    assert exported["thumbprint"] == key["thumbprint"] and exported["pem"] + "\n" == node.raw("cert", "export").stdout
    text = "".join(line for line in exported["pem"].splitlines() if not line.startswith("-----"))
    assert text == key["certificate"]


@pytest.mark.parametrize("bits", [1024, 1536])
def test_a_weak_key_is_refused_with_its_length(node, bits):
    both = node.folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", f"rsa:{bits}", "-nodes", "-keyout", both, "-out", node.folder / "weak.crt", "-subj", "/CN=weak", "-days", "9"]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(both.read_text() + (node.folder / "weak.crt").read_text())
    assert f"the RSA key has {bits} bits; 2048 is the least" in refusal(node, "cert", "import", str(both))


# --- what is wrong, and what to do


def test_check_says_which_name_was_asked_of_whom_when_no_controller_is_found(node):
    node.run("cert", "generate")
    said = node.raw("check").stdout
    (line,) = [line for line in said.splitlines() if "no domain controller" in line]
    for part in ("PROBLEM", "127.0.0.1:9 (resolver)", "_ldap._tcp.dc._msdcs.corp.example", "[[directory]] controllers"):
        assert part in line, said
    assert "Nothing is wrong with your password" not in said and "Query {" not in said and "lockout" not in said


@pytest.mark.parametrize("address, setting", [("https://10.0.0.1/metadata", True), ("https://[::1]/", True), ("https://169.254.169.254/latest", False)])
def test_an_address_that_is_not_fetched_from_comes_with_a_way_on(node, address, setting):
    node.configuration["metadata"] = {}
    node.write()
    said = refusal(node, "rp", "add", "--metadata", address)
    assert "--metadata FILE" in said and ("[metadata] allow_networks" in said) == setting


@pytest.mark.parametrize("section, change, said", [
    ("session", {"loop_tokens": 0}, "[session] loop_tokens"),
    ("session", {"keep_me_signed_in": True, "keep_me_signed_in_minutes": 0}, "[session] keep_me_signed_in_minutes"),
    ("limits", {"connections": 0}, "[limits] connections"),
    ("limits", {"connections_per_address": 0}, "connections_per_address"),
    ("service", {"entity_id": "not a uri"}, "[service] entity_id"),
    ("listen", {"https": ["0.0.0.0:8443"], "http": ["127.0.0.1:8443"]}, "[listen] http = 127.0.0.1:8443"),
    ("listen", {"https": ["0.0.0.0"]}, "an IP address and a port"),
])
def test_a_value_that_locks_everybody_out_is_refused_by_name(node, section, change, said):
    node.configuration[section] = node.configuration.get(section, {}) | change
    node.write()
    for command in (["serve"], ["check"]):
        done = node.raw(*command)
        assert done.returncode == 1 and "signet.toml" in done.stdout + done.stderr and said in done.stdout + done.stderr, done


def test_the_audit_says_in_its_text_what_was_changed(node):
    node.run("domain", "add", "contoso.com")
    node.run("rp", "add", "--preset", "entra")
    head, *rows = node.raw("audit", "tail").stdout.splitlines()
    assert head.split() == ["ROW", "TIME", "EVENT", "OUTCOME", "REASON", "WHO", "RELYING", "PARTY", "ACTIVITY", "DETAIL"]
    assert rows[0].endswith("domain contoso.com added") and rows[1].endswith("relying-party Microsoft Office 365 Identity Platform added")


def test_an_answer_that_nobody_reads_to_its_end_is_no_accident(node):
    node.run("cert", "generate")
    command = [BINARY, "--config", node.file, "cert", "export"]
    closed = subprocess.run(["bash", "-c", '"$@" | true; exit "${PIPESTATUS[0]}"', "-", *command], capture_output=True, text=True)
    assert closed.returncode == 0 and closed.stderr == ""
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "cannot be written" in done.stderr and "panicked" not in done.stderr
