"""`signet rp` as an admin types it, without a directory: what is refused, what is told, and the page that shows it."""
import json
import re
import subprocess
from pathlib import Path

import pytest

from harness import names
from harness.documents import shown
from harness.server import BINARY

REPLY = "https://payroll.contoso.com/signin"


class Admin:
    """The commands over a store of their own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.succeed("init", "--host", "sts.contoso.com", "--domain", "corp.contoso.com")

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [BINARY, "--config", "signet.toml", *arguments]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, cwd=self.folder)

    def succeed(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 1 and "panicked" not in done.stderr, done.stdout + done.stderr
        return done.stderr

    def party(self, name: str) -> dict:
        return json.loads(self.succeed("--json", "rp", "show", name))


@pytest.fixture
def admin(tmp_path):
    return Admin(tmp_path)


@pytest.fixture
def payroll(admin):
    admin.succeed("rp", "add", "--name", "Payroll", "--realm", "urn:contoso:payroll", "--wsfed", REPLY)
    return admin


@pytest.mark.parametrize("page", ["register-a-wsfed-application.md"])
def test_the_output_on_the_page_is_what_the_commands_print(admin, page):
    for one in shown(page):
        done = admin.run(*one.arguments)
        missing = one.missing(done.stdout)
        assert missing is None, f"{one.command}\nthe page has: {missing}\nthe command printed:\n{done.stdout}{done.stderr}"


WRONG = [
    ("wsfed_endpoints", '["javascript:alert(1)"]'),
    ("wsfed_endpoints", '["http://payroll.contoso.com/"]'),
    ("assertion_consumers", '[{"binding": "x", "index": 0, "location": "https://payroll.contoso.com/acs"}]'),
    ("encryption_certificate", "notacert"),
    ("request_signing_certificates", '["notacert"]'),
    ("not_before_skew_minutes", "100"),
    ("token_lifetime_minutes", "4294967295"),
    ("allowed_authentication_classes", '["foo"]'),
    ("issuance_transform_rules", "=> perhaps;"),
]


@pytest.mark.parametrize("name, value", WRONG)
def test_a_property_that_cannot_work_is_refused_with_its_name_and_nothing_changes(payroll, name, value):
    before = payroll.party("Payroll")
    said = payroll.refused("rp", "set", "Payroll", "--property", f"{name}={value}")
    assert name in said and "Payroll" in said
    assert payroll.party("Payroll") == before


def test_a_doubtful_property_is_saved_and_check_lists_it(payroll):
    said = payroll.succeed("rp", "set", "Payroll", "--property", "token_lifetime_minutes=120")
    assert "Warning: token_lifetime_minutes" in said
    assert re.search(r"^warning +relying party +Payroll: token_lifetime_minutes", payroll.run("check").stdout, re.M)


def test_rules_from_windows_powershell_are_read(payroll):
    rules = '@RuleName = "Hand"\r\nc:[Type == "urn:ä"] => issue(claim = c);\r\n'
    file = payroll.folder / "rules.txt"
    for encoding in ("utf-16", "utf-8-sig", "utf-8"):
        payroll.succeed("rp", "set", "Payroll", "--send", "mail", "--replace-rules")
        file.write_bytes(rules.encode(encoding))
        payroll.succeed("rp", "set", "Payroll", "--issuance-rules", "rules.txt")
        assert payroll.party("Payroll")["issuance_transform_rules"] == rules
    file.write_bytes(rules.encode("cp1252"))
    said = payroll.refused("rp", "set", "Payroll", "--issuance-rules", "rules.txt")
    assert "rules.txt" in said and "Out-File -Encoding utf8" in said


def test_rules_that_somebody_wrote_are_not_dropped_without_a_word(payroll):
    (payroll.folder / "rules.txt").write_text('@RuleName = "Hand"\nc:[Type == "urn:a"]=>issue(claim=c);\n')
    payroll.succeed("rp", "set", "Payroll", "--issuance-rules", "rules.txt")
    said = payroll.refused("rp", "set", "Payroll", "--send", "mail")
    assert 'rule 1 "Hand"' in said and "--replace-rules" in said
    payroll.succeed("rp", "set", "Payroll", "--send", "mail", "--replace-rules")
    assert "Hand" not in payroll.party("Payroll")["issuance_transform_rules"]


ENTITY = "https://wiki.contoso.com/saml"


def metadata(*locations: str, entity: str = ENTITY) -> str:
    consumers = "".join(f'<AssertionConsumerService index="{i}" Binding="{names.POST}" Location="{one}"/>' for i, one in enumerate(locations))
    asked = '<RequestedAttribute Name="urn:oid:2.5.4.42" FriendlyName="givenName" isRequired="true"/>'
    return (
        f'<EntityDescriptor xmlns="{names.METADATA}" entityID="{entity}"><SPSSODescriptor protocolSupportEnumeration="{names.SAMLP}">{consumers}'
        f'<AttributeConsumingService index="0"><ServiceName xml:lang="en">Wiki</ServiceName>{asked}</AttributeConsumingService></SPSSODescriptor></EntityDescriptor>'
    )


def test_sec_cfg_03_sec_cfg_04_metadata_read_again_is_told_and_what_is_dangerous_waits(admin):
    acs = "https://wiki.contoso.com/acs"
    file = admin.folder / "wiki.xml"

    def publish(*locations: str, **options):
        file.write_text(metadata(*locations, **options))

    def consumers() -> list[str]:
        return [one["location"] for one in admin.party("Wiki")["assertion_consumers"]]

    publish(acs)
    added = admin.succeed("rp", "add", "--metadata", "wiki.xml")
    assert "is not sent: urn:oid:2.5.4.42 (givenName), required" in added and '--send' in added
    again = ("rp", "set", "Wiki", "--metadata", "wiki.xml")
    assert "as you want it already" in admin.succeed(*again)
    publish(acs, "https://wiki.contoso.com/two")
    assert "new endpoint https://wiki.contoso.com/two" in admin.succeed(*again)
    publish(acs, "https://evil.test/acs")
    assert "! a new origin (scheme, host and port) would be answered: https://evil.test/acs" in admin.refused(*again)
    assert consumers() == [acs, "https://wiki.contoso.com/two"]
    admin.succeed(*again, "--approve")
    assert consumers() == [acs, "https://evil.test/acs"]
    publish(acs, entity="https://other.contoso.com/saml")
    assert "another partner" in admin.refused(*again, "--approve")
    assert consumers() == [acs, "https://evil.test/acs"]
