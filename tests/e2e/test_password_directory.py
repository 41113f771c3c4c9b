"""Password changes and policies at a real directory, without the server between: what the rooms below it do and read."""
import json
import os
import subprocess

import pytest

from harness.server import BINARY
from lab import domain
from lab.settings import LOCKOUT_THRESHOLD, USER_PASSWORD

EXAMPLE = BINARY.parent / "examples" / "password"


@pytest.fixture
def ask(lab):
    """Runs steps of the example program at the first controller; the answer of the last."""
    first = lab["controllers"][0]
    environment = os.environ | {
        "PROBE_CONTROLLERS": f"{first['ldaps']}={first['host']}",
        "PROBE_CA": lab["root_certificate"],
        "PROBE_SERVICE_NAME": lab["service"]["name"],
        "PROBE_SERVICE_PASSWORD": lab["service"]["password"],
    }

    def run(*step):
        done = subprocess.run([EXAMPLE, *step], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_sec_ad_21_an_owner_changes_a_password_and_the_wrong_old_one_counts(ask, lab):
    dn = lab["users"]["pw-plain"]["dn"]
    assert ask("change", "pw-plain", "Wr0ng-Passw0rd!", "Brand-New-1") == {"verdict": "WrongOld"}
    assert domain.bad_password_count(dn) == 1
    assert ask("change", "pw-plain", USER_PASSWORD, "Brand-New-1 ☂") == {"verdict": "Changed"}
    assert ask("check", "pw-plain", "Brand-New-1 ☂") == {"verdict": "Accepted"}
    status = ask("status", "pw-plain")
    assert status["locked"] == "false"


@pytest.mark.parametrize("sam, before", [("pw-mustchange", "MustChange"), ("pw-expired", "PasswordExpired")])
def test_a_password_that_is_due_is_changed_over_the_service_connection(ask, sam, before):
    assert ask("check", sam, USER_PASSWORD) == {"verdict": before}
    assert ask("change", sam, USER_PASSWORD, f"Fresh-Start-{len(sam)}") == {"verdict": "Changed"}
    assert ask("check", sam, f"Fresh-Start-{len(sam)}") == {"verdict": "Accepted"}


def test_refusals_are_explained_by_the_policy_of_the_account(ask, lab):
    short = ask("change", "pw-strict", USER_PASSWORD, "Sh0rt-One!")
    assert short["verdict"] == "RefusedByPolicy" and short["broken"] == "[Length(16)]"
    plain = ask("change", "pw-strict", USER_PASSWORD, "onlysmalllettershere")
    assert plain["verdict"] == "RefusedByPolicy" and plain["broken"] == "[Complexity]"
    assert ask("change", "pw-strict", USER_PASSWORD, "Long-Enough-Passw0rd-1") == {"verdict": "Changed"}
    assert ask("change", "pw-strict", "Long-Enough-Passw0rd-1", "Long-Enough-Passw0rd-2") == {"verdict": "Changed"}
    again = ask("change", "pw-strict", "Long-Enough-Passw0rd-2", "Long-Enough-Passw0rd-1")
    assert again["verdict"] == "RefusedByPolicy" and again["broken"] == "[]" and again["perhaps"] == "[History(3)]"
    young = ask("change", "pw-young", USER_PASSWORD, "Another-Passw0rd-1")
    assert young["verdict"] == "RefusedByPolicy" and "MinAge" in young["broken"] and young["not_before"] == "true"
    for sam in ("pw-strict", "pw-young"):
        assert domain.bad_password_count(lab["users"][sam]["dn"]) == 0, "a refused new password is no wrong one"


def test_policies_are_read_from_the_domain_and_from_fine_grained_ones(ask):
    assert int(ask("domain")["lockout"]) == LOCKOUT_THRESHOLD
    strict = ask("policy", "pw-strict")
    assert "lab-strict" in strict["source"] and (strict["min_length"], strict["history"], strict["complexity"]) == ("16", "3", "true")
    assert ask("policy", "pw-young")["min_age"] == str(24 * 3600)
    assert ask("policy", "pw-lockme")["lockout"] == "3"
    assert ask("policy", "bob")["source"] == "Domain"


def test_a_locked_account_is_told_apart_below_the_page(ask):
    for _ in range(3):
        assert ask("change", "pw-lockme", "Wr0ng-Passw0rd!", "Brand-New-1") == {"verdict": "WrongOld"}
    assert ask("change", "pw-lockme", USER_PASSWORD, "Brand-New-1") == {"verdict": "LockedOut"}
    assert ask("status", "pw-lockme")["locked"] == "true"
