"""Tickets of a real domain, accepted by the room below the server: what proves who is there, and what must not."""
import base64
import hashlib
import os
import re

import pytest

from harness.acceptor import Acceptor
from lab import domain, kerberos
from lab.settings import SERVICE_HOST, USER_PASSWORD

HOST = SERVICE_HOST
END_POINT = b"tls-server-end-point:"


@pytest.fixture(scope="module")
def folder(workspace):
    made = workspace / "kerberos"
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def keytab(lab, folder):
    return kerberos.export_keytab(folder / "sts.keytab", f"HTTP/{HOST}")


@pytest.fixture
def accept(lab, tmp_path):
    """Starts acceptors; all end with the test."""
    started = []

    def start(*keytabs, store=tmp_path / "store.db", **settings) -> Acceptor:
        started.append(Acceptor(lab, store, list(keytabs), **settings))
        assert started[-1].setup == {"setup": "ok"}
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture(scope="module")
def alice(lab, folder):
    return kerberos.Tickets(folder, "alice", USER_PASSWORD)


@pytest.fixture(scope="module")
def certificate(authority, folder):
    """What TLS shows: (DER file, the right channel bindings for it)."""
    pem, _ = authority.issue_server("kerberos", [HOST])
    der = base64.b64decode("".join(re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END", pem.read_text(), re.S)[1].split()))
    (folder / "server.der").write_bytes(der)
    return folder / "server.der", END_POINT + hashlib.sha256(der).digest()


def test_a_ticket_is_the_account_of_its_sid(lab, accept, keytab, alice):
    signed_in = accept(keytab).sign_in(alice.negotiate(HOST)[0])
    assert signed_in["sid"] == lab["users"]["alice"]["sid"], signed_in
    assert signed_in["account"] == "alice" and signed_in["principal"] == "alice@CORP.EXAMPLE"
    assert signed_in["groups"] >= 4 and 0 < signed_in["ticket_seconds"] <= 36_000
    # Our proof to the client, accept-completed, in SPNEGO's form.
    assert base64.b64decode(signed_in["reply"].removeprefix("Negotiate "))[0] == 0xA1


def test_a_bare_token_is_accepted_as_well(accept, keytab, alice):
    assert accept(keytab).sign_in(alice.negotiate(HOST, bare=True)[0])["account"] == "alice"


def test_a_name_with_another_suffix_is_known_by_its_sid(lab, accept, keytab, folder):
    enterprise = kerberos.Tickets(folder / "enterprise", "alice@example.com", USER_PASSWORD, enterprise=True)
    signed_in = accept(keytab).sign_in(enterprise.negotiate(HOST)[0])
    assert signed_in["sid"] == lab["users"]["alice"]["sid"], signed_in


def test_two_hundred_groups_make_a_large_ticket(lab, accept, keytab, folder):
    header = kerberos.Tickets(folder, "manygroups", USER_PASSWORD).negotiate(HOST)[0]
    assert len(header) > 3_500
    signed_in = accept(keytab).sign_in(header)
    assert signed_in["sid"] == lab["users"]["manygroups"]["sid"] and signed_in["groups"] >= 200, signed_in


def test_sec_krb_01_another_service_s_ticket_is_refused_and_the_log_says_which_keys_are_there(accept, keytab, alice):
    refused = accept(keytab).sign_in(alice.negotiate("roll.corp.example")[0])
    # The key of another account does not decrypt; the log names the service that was asked for and what is there.
    assert refused["refused"] == "SIG-KRB-NO-KEY", refused
    assert "HTTP/roll.corp.example@CORP.EXAMPLE" in refused["detail"] and f"HTTP/{HOST} version" in refused["detail"]
    assert "corp" not in (refused["public"] + refused["hint"]).lower()


def test_sec_krb_01_a_realm_that_no_directory_serves_is_refused(lab, accept, keytab, alice):
    refused = accept(keytab, dns_domain="other.example", netbios_domain="OTHER").sign_in(alice.negotiate(HOST)[0])
    assert refused["refused"] == "SIG-KRB-REALM" and "CORP.EXAMPLE" in refused["detail"], refused


def test_sec_krb_01_a_new_key_counts_once_it_is_in_the_keytab_and_the_old_one_stays(accept, folder):
    before = kerberos.Tickets(folder / "before", "bob", USER_PASSWORD)
    rolling = kerberos.export_keytab(folder / "roll.keytab", "HTTP/roll.corp.example")
    old = before.negotiate("roll.corp.example", 3)
    acceptor = accept(rolling)
    assert acceptor.sign_in(old[0])["account"] == "bob"

    kerberos.new_key("svc-roll", "Another-Passw0rd!")
    new = kerberos.Tickets(folder / "after", "bob", USER_PASSWORD).negotiate("roll.corp.example", 3)
    refused = acceptor.sign_in(new[0])
    assert refused["refused"] == "SIG-KRB-NO-KEY", refused
    versions = [int(one) for one in re.findall(r"version (\d+)", refused["detail"])]
    assert versions[0] == versions[1] + 1, refused["detail"]

    # What an administrator does: the new keys are put before the old ones, and the file takes the other's place.
    fresh = kerberos.export_keytab(folder / "roll-new.keytab", "HTTP/roll.corp.example")
    fresh.write_bytes(fresh.read_bytes() + rolling.read_bytes()[2:])
    os.replace(fresh, rolling)
    assert acceptor.sign_in(new[1])["account"] == "bob"
    assert acceptor.sign_in(old[1])["account"] == "bob"


def test_several_keytabs_serve_their_services(accept, keytab, alice, folder):
    other = kerberos.export_keytab(folder / "nopac.keytab", "HTTP/nopac.corp.example")
    acceptor = accept(other, keytab)
    assert acceptor.sign_in(alice.negotiate(HOST)[0])["account"] == "alice"
    # The second name of the same account: the keytab lists only the first, the key is the same.
    assert acceptor.sign_in(alice.negotiate("sts")[0])["account"] == "alice"


def test_sec_krb_02_a_token_works_once_on_all_nodes_of_a_store(accept, keytab, alice, tmp_path):
    first, second, elsewhere = accept(keytab), accept(keytab), accept(keytab, store=tmp_path / "other.db")
    header, another = alice.negotiate(HOST, 2)
    assert first.sign_in(header)["account"] == "alice"
    assert first.sign_in(header)["refused"] == "SIG-KRB-REPLAY"
    assert second.sign_in(header)["refused"] == "SIG-KRB-REPLAY"
    assert second.sign_in(another)["account"] == "alice"
    # Neither the library nor the process remembers here: it is the shared store that refuses.
    assert elsewhere.sign_in(header)["account"] == "alice"


def test_sec_krb_02_the_library_s_own_cache_refuses_as_well(accept, keytab, alice, tmp_path):
    cache = tmp_path / "replay"
    first, elsewhere = accept(keytab, replay_cache=str(cache)), accept(keytab, store=tmp_path / "other.db", replay_cache=str(cache))
    header = alice.negotiate(HOST)[0]
    assert first.sign_in(header)["account"] == "alice"
    refused = elsewhere.sign_in(header)
    assert refused["refused"] == "SIG-KRB-REPLAY" and "library" in refused["detail"], refused


def test_sec_krb_03_a_clock_six_minutes_off_is_told_with_figures(accept, keytab, folder):
    bob = kerberos.Tickets(folder / "clock", "bob", USER_PASSWORD)
    bob.service_ticket(f"HTTP/{HOST}")
    refused = accept(keytab).sign_in(bob.negotiate(HOST, clock="+6m")[0])
    assert refused["refused"] == "SIG-KRB-CLOCK", refused
    assert "300 s" in refused["detail"] and re.search(r"here it is \d{4}-", refused["detail"])
    assert "clock" in refused["public"] and "password" in refused["hint"]


def test_sec_krb_04_ntlm_and_what_is_no_token_ends_in_the_form(accept, keytab):
    acceptor = accept(keytab)
    type_one = b"NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2" + bytes(24)
    type_three = b"NTLMSSP\0\x03\0\0\0" + bytes(80)
    headers = [f"Negotiate {base64.b64encode(one).decode()}" for one in (type_one, type_three, b"garbage")]
    for header in [*headers, "Negotiate", "Basic YTpi", "Negotiate %%%%"]:
        refused = acceptor.sign_in(header)
        assert refused["refused"] == "SIG-KRB-NOT-OFFERED" and refused["everyday"], refused


def test_sec_krb_05_bindings_wrong_absent_and_right(accept, keytab, alice, certificate):
    der, right = certificate
    wrong = END_POINT + hashlib.sha256(b"another certificate").digest()
    seen = {}
    for protection in ("none", "allow", "require"):
        acceptor = accept(keytab, protection=protection, certificate=str(der))
        for name, binding in (("right", right), ("absent", None), ("wrong", wrong)):
            answer = acceptor.sign_in(alice.negotiate(HOST, binding=binding)[0])
            seen[protection, name] = answer.get("refused") or (answer["account"], answer["channel_bound"])
    assert seen == {
        ("none", "right"): ("alice", False), ("none", "absent"): ("alice", False), ("none", "wrong"): ("alice", False),
        ("allow", "right"): ("alice", True), ("allow", "absent"): ("alice", False), ("allow", "wrong"): "SIG-KRB-BINDING",
        ("require", "right"): ("alice", True), ("require", "absent"): "SIG-KRB-BINDING-MISSING", ("require", "wrong"): "SIG-KRB-BINDING",
    }


def test_sec_krb_05_a_client_that_knows_bindings_and_gives_none_is_refused(accept, keytab, folder, certificate):
    aware = kerberos.configuration(folder / "aware.conf", "client_aware_channel_bindings = true")
    carol = kerberos.Tickets(folder / "aware", "carol", USER_PASSWORD, krb5_conf=aware)
    acceptor = accept(keytab, protection="allow", certificate=str(certificate[0]))
    assert acceptor.sign_in(carol.negotiate(HOST)[0])["refused"] == "SIG-KRB-BINDING"
    assert acceptor.sign_in(carol.negotiate(HOST, binding=certificate[1])[0])["channel_bound"]


def test_sec_krb_05_protection_without_a_certificate_to_compare_refuses(accept, keytab, alice):
    refused = accept(keytab, protection="allow").sign_in(alice.negotiate(HOST)[0])
    assert refused["refused"] == "SIG-KRB-BINDING-UNKNOWN", refused


def test_sec_krb_07_an_rc4_ticket_is_refused_though_the_key_is_there(accept, keytab, alice, folder):
    weak = kerberos.export_keytab(folder / "weak.keytab", "HTTP/weak.corp.example")
    acceptor = accept(keytab, weak)
    refused = acceptor.sign_in(alice.negotiate("weak.corp.example")[0])
    assert refused["refused"] == "SIG-KRB-WEAK-ENCRYPTION", refused
    assert "rc4-hmac" in refused["detail"] and "msDS-SupportedEncryptionTypes" in refused["detail"]
    report = acceptor.check(weak, "weak.corp.example")
    assert len(report["warnings"]) == 1 and "rc4-hmac" in report["warnings"][0], report


def test_sec_krb_08_a_ticket_without_pac_is_refused_unless_allowed(lab, accept, alice, folder):
    nopac = kerberos.export_keytab(folder / "nopac.keytab", "HTTP/nopac.corp.example")
    refused = accept(nopac).sign_in(alice.negotiate("nopac.corp.example")[0])
    assert refused["refused"] == "SIG-KRB-NO-PAC", refused
    allowed = accept(nopac, require_pac=False)
    assert allowed.sign_in(alice.negotiate("nopac.corp.example")[0])["sid"] == lab["users"]["alice"]["sid"]
    # A name that looks like a mail address is never taken as one.
    enterprise = kerberos.Tickets(folder / "enterprise-nopac", "alice@example.com", USER_PASSWORD, enterprise=True)
    assert allowed.sign_in(enterprise.negotiate("nopac.corp.example")[0])["refused"] == "SIG-KRB-NO-PAC"


def test_sec_krb_09_a_computer_and_a_service_are_no_people(lab, accept, keytab, folder):
    acceptor = accept(keytab)
    machine = kerberos.export_keytab(folder / "machine.keytab", "DC2$")
    computer = kerberos.Tickets(folder / "machine", "DC2$", keytab=machine)
    assert acceptor.sign_in(computer.negotiate(HOST)[0])["refused"] == "SIG-KRB-NOT-A-PERSON"


def test_sec_krb_12_a_service_that_speaks_for_somebody_is_no_sign_in(accept, keytab, folder):
    service = kerberos.Tickets(folder / "service", "svc-sts", USER_PASSWORD)
    service.speak_for("alice")
    refused = accept(keytab).sign_in(service.negotiate("svc-sts@CORP.EXAMPLE")[0])
    assert refused["refused"] == "SIG-KRB-DELEGATED", refused


def test_sec_krb_13_a_forwarded_ticket_is_dropped(accept, keytab, folder, tmp_path):
    forwardable = kerberos.configuration(folder / "forwardable.conf", "forwardable = true")
    bob = kerberos.Tickets(folder / "forwardable", "bob", USER_PASSWORD, krb5_conf=forwardable)
    with_ticket, without = bob.negotiate(HOST, delegate=True)[0], bob.negotiate(HOST)[0]
    assert len(with_ticket) > len(without) + 1_000
    assert accept(keytab).sign_in(with_ticket)["account"] == "bob"
    stored = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert b"krbtgt" not in stored


def test_sec_krb_14_an_account_disabled_after_its_ticket_does_not_sign_in(accept, keytab, folder, person):
    sam = person["upn"].split("@")[0]
    ticket = kerberos.Tickets(folder, sam, person["password"])
    headers = ticket.negotiate(HOST, 2)
    acceptor = accept(keytab)
    assert acceptor.sign_in(headers[0])["account"] == sam
    domain.replace(person["dn"], userAccountControl="514")
    refused = acceptor.sign_in(headers[1])
    assert refused["refused"] == "SIG-KRB-ACCOUNT" and "disabled" in refused["public"], refused


def test_sec_krb_10_a_deleted_account_s_ticket_is_nobody(accept, keytab, folder, person):
    sam = person["upn"].split("@")[0]
    header = kerberos.Tickets(folder, sam, person["password"]).negotiate(HOST)[0]
    domain.delete(person["dn"])
    assert accept(keytab).sign_in(header)["refused"] == "SIG-KRB-UNKNOWN-ACCOUNT"


def test_sec_krb_20_an_unreadable_empty_or_open_keytab_is_named(lab, accept, keytab, tmp_path):
    opened = tmp_path / "open.keytab"
    opened.write_bytes(keytab.read_bytes())
    opened.chmod(0o640)
    empty, broken = tmp_path / "empty.keytab", tmp_path / "broken.keytab"
    empty.write_bytes(b"\x05\x02")
    broken.write_bytes(keytab.read_bytes()[:-5])
    for one in (empty, broken):
        one.chmod(0o600)
    for path, code in ((opened, "OPEN"), (empty, "EMPTY"), (broken, "MALFORMED"), (tmp_path / "absent.keytab", "UNREADABLE")):
        refused = Acceptor(lab, tmp_path / "store.db", [path])
        assert refused.setup["setup"] == f"SIG-KRB-KEYTAB-{code}" and path.name in refused.setup["detail"], refused.setup
        refused.process.wait(timeout=10)
    # A file that becomes unusable while the program runs leaves the keys that were read; `check` says what is wrong.
    report = accept(keytab).check(opened, HOST)
    assert report["fault"] == "SIG-KRB-KEYTAB-OPEN" and "chmod 600" in report["detail"]
    assert accept(keytab).check(keytab, "sso.corp.example")["warnings"][0].startswith("no key for HTTP/sso.corp.example")


def test_a_sign_in_costs_at_most_five_signatures(accept, keytab, alice, tmp_path):
    headers = tmp_path / "headers"
    headers.write_text("\n".join(alice.negotiate(HOST, 500)))
    figures = accept(keytab, replay_cache=str(tmp_path / "replay")).bench(headers)
    print(figures)
    assert figures["sign_ins"] == 500 and figures["ratio"] <= 5, figures
