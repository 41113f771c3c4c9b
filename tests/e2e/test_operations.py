"""Configuration, keys, logs and the process: what an operator relies on when something is wrong."""
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import pytest
import requests

from harness import names, xmlsec
from harness.server import BINARY, CommandFailed, private_file, toml
from harness.tokens import read_wsfed
from harness.wsfed import entra_url
from lab.authority import now, self_signed


def serve_refuses(node, *said: str) -> str:
    node.write()
    done = node.raw("serve", timeout=20)
    text = done.stdout + done.stderr
    assert done.returncode == 1, f"it served: {text}"
    for one in said:
        assert one in text, text
    return text


# --- configuration (CFG-06, F-24)


@pytest.mark.parametrize("change, said", [
    ("colour = 1\n", ["signet.toml, line", "colour"]),
    ("[listen]\nhttps = 7\n", ["signet.toml, line"]),
    ("[service\n", ["signet.toml, line"]),
    ("\ufeff[service", ["signet.toml, line"]),
])
def test_sec_cfg_06_a_wrong_file_is_refused_with_its_line(new_signet, change, said):
    node = new_signet(prepare=False)
    node.file.write_text(toml(node.configuration) + "\n" + change)
    for command in (["serve"], ["check"], ["rp", "list"]):
        done = node.raw(*command)
        text = done.stdout + done.stderr
        assert done.returncode == 1 and all(one in text for one in said), text
        assert "panicked" not in text


@pytest.mark.parametrize("section, key, said", [
    ("tls", "key", "missing.key"), ("tls", "certificate", "missing.key"), ("store", "master_key", "missing.key"),
])
def test_sec_cfg_06_sec_f_22_a_missing_file_is_named(new_signet, section, key, said):
    node = new_signet()
    node.configuration[section][key] = str(node.folder / "missing.key")
    serve_refuses(node, said)


def test_sec_cfg_06_sec_f_22_a_secret_that_others_can_read_is_refused(new_signet):
    for name in ("master.key", "directory.password"):
        node = new_signet()
        (node.folder / name).chmod(0o644)
        serve_refuses(node, name)


def test_sec_f_22_a_master_key_of_another_store_opens_nothing(new_signet):
    node = new_signet()
    (node.folder / "master.key").write_bytes(b"k" * 32)
    serve_refuses(node)
    (node.folder / "master.key").write_bytes(b"short")
    serve_refuses(node, "master.key")


def test_sec_f_22_a_running_node_keeps_its_keys(new_signet, lab, browser):
    node, alice = new_signet().start(), lab["users"]["alice"]
    (node.folder / "master.key").unlink()
    browser.get(entra_url(node.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    assert read_wsfed(browser.answer().fields).token.name_id == alice["immutable_id"]
    node.stop()


def test_sec_f_32_tls_files_are_read_again_and_a_bad_pair_is_not_taken(new_signet, authority):
    node = new_signet().start()
    good = (node.tls_certificate.read_bytes(), node.tls_certificate.with_suffix(".key").read_bytes())
    try:
        node.tls_certificate.write_bytes(self_signed(node.folder, "other", node.host)[0].read_bytes())
        node.signal(signal.SIGHUP)
        time.sleep(0.5)
        assert requests.get(node.url + "/adfs/probe", verify=str(authority.certificate_file), timeout=5).status_code == 200
        assert any("TLS" in str(record) and record.get("level") == "ERROR" for record in node.log_records())
    finally:
        node.tls_certificate.write_bytes(good[0])
        node.tls_certificate.with_suffix(".key").write_bytes(good[1])
    node.stop()


def test_check_finds_nothing_wrong_and_names_what_is(new_signet, lab):
    node = new_signet()
    node.write()
    done = node.raw("check")
    assert done.returncode == 0, done.stdout + done.stderr
    node.configuration["directory"][0]["account"] = "nobody@corp.example"
    node.write()
    done = node.raw("check")
    assert done.returncode == 1 and "account refused" in done.stdout + done.stderr
    node.configuration["directory"][0]["ca"] = str(node.root_certificate)
    node.write()
    done = node.raw("check")
    assert done.returncode == 1 and "certificate" in (done.stdout + done.stderr).lower()


def test_sec_cfg_17_a_fresh_installation_trusts_nobody(new_signet):
    node = new_signet(prepare=False)
    assert node.run("rp", "list") == [] and node.run("domain", "list") == [] and node.run("cert", "list") == []
    serve_refuses(node, "cert generate")


def test_sec_cfg_05_a_name_is_given_once(new_signet):
    node = new_signet(prepare=False)
    node.run("rp", "add", "--name", "Wiki", "--realm", "urn:wiki", "--wsfed", "https://wiki.example.net/")
    for name, realm in (("wiki", "urn:other"), ("Other", "urn:wiki")):
        with pytest.raises(CommandFailed):
            node.run("rp", "add", "--name", name, "--realm", realm, "--wsfed", "https://wiki.example.net/")
    assert len(node.run("rp", "list")) == 1


@pytest.mark.parametrize("address", [
    "http://127.0.0.1/metadata", "https://10.0.0.1/metadata", "https://169.254.169.254/latest", "https://[::1]/", "file:///etc/passwd",
    "https://[::ffff:10.0.0.1]/", "gopher://127.0.0.1/", "https://user@127.0.0.1/", "https://0.0.0.0/",
])
def test_sec_cfg_01_metadata_is_fetched_from_nowhere_inside(new_signet, address):
    node = new_signet(prepare=False)
    node.configuration["metadata"] = {}
    node.write()
    begun = time.monotonic()
    done = node.raw("rp", "add", "--metadata", address, timeout=60)
    assert done.returncode == 1 and node.run("rp", "list") == [] and time.monotonic() - begun < 15
    assert "panicked" not in done.stderr


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "http://wiki.example.net/", "https://wiki.example.net/#x", "not a url", ""])
def test_sec_saml_05_a_reply_address_that_is_none_is_refused(new_signet, address):
    node = new_signet(prepare=False)
    assert node.raw("rp", "add", "--name", "x", "--realm", "urn:x", "--wsfed", address).returncode != 0
    assert node.run("rp", "list") == []


# --- keys (KEY-03, -04, -06, -10)


def test_sec_key_04_the_store_without_its_master_key_gives_nothing(new_signet):
    node = new_signet()
    with sqlite3.connect(node.folder / "signet.db") as store:
        dump = "\n".join(store.iterdump())
    assert "PRIVATE KEY" not in dump
    octets = b"".join(file.read_bytes() for file in node.folder.glob("signet.db*"))
    # A PKCS#8 or PKCS#1 RSA key begins so; wrapped, it cannot.
    for beginning in (bytes.fromhex("300d06092a864886f70d01010105000482"), b"-----BEGIN"):
        assert beginning not in octets


def test_sec_key_03_no_command_prints_a_private_key(new_signet):
    node = new_signet()
    help_ = subprocess.run([BINARY, "cert", "--help"], capture_output=True, text=True).stdout
    for command in (["cert", "list"], ["cert", "export"], ["rp", "list"], ["domain", "show", "example.com"], ["check"], ["audit", "tail"]):
        done = node.raw("--json", *command)
        assert "PRIVATE" not in done.stdout + done.stderr, command
    assert "private" not in help_.lower() or "public part" in help_.lower()


@pytest.mark.parametrize("fault", ["weak", "expired", "mismatched"])
def test_sec_key_10_a_key_that_must_not_sign_is_refused(new_signet, fault):
    node = new_signet(prepare=False)
    start = now().replace(year=now().year - 2) if fault == "expired" else None
    certificate, key = self_signed(node.folder, fault, "ADFS Signing", bits=1024 if fault == "weak" else 2048, days=365, start=start)
    if fault == "mismatched":
        key = self_signed(node.folder, "another", "ADFS Signing")[1]
    both = node.folder / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    both.chmod(0o600)
    with pytest.raises(CommandFailed):
        node.run("cert", "import", str(both))
    assert node.run("cert", "list") == []


@pytest.mark.parametrize("form", ["pem", "pfx"])
def test_an_imported_key_signs(new_signet, lab, browser, form):
    node, alice = new_signet(prepare=False), lab["users"]["alice"]
    certificate, key = self_signed(node.folder, "imported", "ADFS Signing - sts.corp.example")
    if form == "pem":
        file, more = node.folder / "both.pem", []
        file.write_bytes(key.read_bytes() + certificate.read_bytes())
    else:
        file, password = node.folder / "key.pfx", node.folder / "pfx.password"
        password.write_text("pfx-passw0rd")
        password.chmod(0o600)
        subprocess.run(["openssl", "pkcs12", "-export", "-inkey", key, "-in", certificate, "-out", file, "-passout", f"file:{password}"], check=True)
        more = ["--password-file", str(password)]
    file.chmod(0o600)
    node.run("cert", "import", str(file), *more)
    node.run("rp", "add", "--preset", "entra")
    node.run("domain", "add", "example.com")
    node.start()
    browser.get(entra_url(node.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    answer = read_wsfed(browser.answer().fields)
    assert xmlsec.verify(answer.wresult, answer.assertion, certificate) == names.RSA_SHA256
    node.stop()


# --- audit and logs (KEY-07, LOG-*)


def test_sec_log_03_each_outcome_is_one_event(signet, lab, browser, person):
    def newest(count):
        return [(event["event"], event["outcome"]) for event in signet.audit(count)]

    browser.get(entra_url(signet.sign_in_url))
    browser.sign_in(person["upn"], "Wr0ng-Passw0rd!")
    assert newest(1) == [(1203, "failure")]
    browser.sign_in(person["upn"], person["password"])
    token = read_wsfed(browser.answer().fields).token
    assert newest(2) == [(1202, "success"), (1200, "success")]
    event = signet.audit(1)[0]
    assert event["token_id"] == token.id and event["account"] == person["guid"] and event["relying_party"] and event["activity"]
    browser.get(signet.sign_in_url + "?wa=wsignout1.0")
    assert newest(1) == [(1206, "success")]


def test_sec_key_07_as_many_events_as_tokens(signet, lab, browser):
    alice, seen = lab["users"]["alice"], set()
    for _ in range(4):
        browser.get(entra_url(signet.sign_in_url))
        if browser.asks_for_password():
            browser.sign_in(alice["upn"], alice["password"])
        seen.add(read_wsfed(browser.answer().fields).token.id)
    events = [event["token_id"] for event in signet.audit(100) if event["event"] == 1200]
    assert len(seen) == 4 and all(events.count(one) == 1 for one in seen)


def test_sec_log_01_a_name_cannot_write_lines(signet, browser):
    name = "x\r\n{\"level\":\"ERROR\",\"message\":\"forged-7731\"}\x1b[31m\u202e"
    browser.get(entra_url(signet.sign_in_url))
    browser.session.headers["User-Agent"] = "agent\\u0007-7732"
    browser.sign_in(name, "x")
    assert not any(record.get("message") == "forged-7731" for record in signet.log_records())
    assert "\x1b[31m" not in signet.log()


def test_sec_log_05_a_changed_row_breaks_the_chain_where_it_is(new_signet, lab, browser):
    node, alice = new_signet().start(), lab["users"]["alice"]
    for _ in range(3):
        browser.session.cookies.clear()
        browser.get(entra_url(node.sign_in_url))
        browser.sign_in(alice["upn"], alice["password"])
    node.stop()
    assert node.run("audit", "verify")["rows"] >= 6
    with sqlite3.connect(node.folder / "signet.db") as store:
        (table,) = store.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%audit%' ORDER BY length(name) LIMIT 1").fetchone()
        (row,) = store.execute(f"SELECT seq FROM {table} ORDER BY seq DESC LIMIT 1 OFFSET 2").fetchone()
        store.execute(f"UPDATE {table} SET outcome = CASE outcome WHEN 'success' THEN 'failure' ELSE 'success' END WHERE seq = ?", (row,))
    done = node.raw("audit", "verify")
    assert done.returncode == 1 and str(row) in done.stdout + done.stderr


def test_sec_log_02_secrets_are_written_nowhere(signet, lab, browser, another_browser):
    """Passwords, cookies, tokens and state of a sign-in, at the log's most talkative, are in no log, audit or store."""
    zoe, carol = lab["users"]["zoe"], lab["users"]["carol"]
    browser.get(entra_url(signet.sign_in_url, wctx="Canary-State-7731"))
    browser.sign_in(zoe["upn"], zoe["password"])
    token = read_wsfed(browser.answer().fields)
    signature = re.search(r"<ds:SignatureValue>([^<]{60})", token.wresult).group(1)
    guesser = another_browser()
    guesser.get(entra_url(signet.sign_in_url))
    guesser.sign_in(carol["upn"], "Guessed-Passw0rd-7731")
    secrets = [zoe["password"], "Guessed-Passw0rd-7731", "Canary-State-7731", signature, lab["service"]["password"]]
    secrets += [cookie.value for cookie in browser.session.cookies]
    log, audit = signet.log(), str(signet.audit(100))
    store = b"".join(file.read_bytes() for file in signet.folder.glob("signet.db*"))
    for secret in secrets:
        assert secret not in log and secret not in audit and secret.encode() not in store, secret
    command = open(f"/proc/{signet.process.pid}/cmdline", "rb").read() + open(f"/proc/{signet.process.pid}/environ", "rb").read()
    assert lab["service"]["password"].encode() not in command


# --- the process (F-14, F-24, F-28)


def test_sec_f_28_a_stop_finishes_what_runs(new_signet, lab, another_browser):
    """Under load, SIGTERM: the probe says no first, every request that was taken is answered, exit code 0."""
    node, alice = new_signet().start(), lab["users"]["alice"]
    stop, answers = threading.Event(), []

    def load():
        browser = another_browser()
        while not stop.is_set():
            try:
                page = browser.get(entra_url(node.sign_in_url))
                if page.has_form("Password"):
                    page = browser.sign_in(alice["upn"], alice["password"])
                    browser.session.cookies.clear()
                answers.append(page.status)
            except requests.ConnectionError:
                # Refused before it was taken: a load balancer sends it elsewhere.
                return

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun = time.monotonic()
    while len(answers) <= 10:
        assert time.monotonic() - begun < 30, f"{len(answers)} answers in 30 s\n{node.log()[-2000:]}"
        time.sleep(0.05)
    begun = time.monotonic()
    assert node.stop() == 0 and time.monotonic() - begun < 30
    stop.set()
    for thread in threads:
        thread.join(20)
    assert set(answers) == {200}, set(answers)
    assert any(record.get("message") == "stopped" for record in node.log_records())


@pytest.fixture
def starting(new_signet, authority):
    """A node that listens and does not serve yet: its start waits three seconds for a directory that takes connections and never answers."""
    node, silent = new_signet(), "127.0.0.99"
    directory = node.configuration["directory"][0]
    directory["addresses"] = {host: silent for host in directory["controllers"]}
    asking = f"certauth.{node.host}"
    for into, file in zip((node.tls_certificate, node.tls_certificate.with_suffix(".key")), authority.issue_server(asking, [node.host, asking])):
        private_file(into, file.read_bytes())
    node.configuration["certificate"] = {"revocation_hosts": []}
    with socket.create_server((silent, 636), backlog=64):
        try:
            node.start(wait=False)
            deadline = time.monotonic() + 20
            while not accepts(node.port):
                assert node.process.poll() is None and time.monotonic() < deadline, node.log()
                time.sleep(0.01)
            yield node
        finally:
            node.stop()


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return False
    return True


def test_sighup_during_the_start_is_heeded_when_it_serves(starting):
    starting.signal(signal.SIGHUP)
    starting.wait_ready()
    deadline = time.monotonic() + 10
    while not any(record.get("message") == "TLS files read again" for record in starting.log_records()):
        assert starting.process.poll() is None and time.monotonic() < deadline, starting.log()
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_during_the_start_is_a_stop(starting, number):
    starting.signal(number)
    assert starting.process.wait(15) == 0
    assert any(record.get("message") == "stopped" for record in starting.log_records())


def test_a_stop_while_the_store_is_opened_is_a_stop(new_signet):
    """Before anything listens: the store is a server that takes connections and never answers."""
    node = new_signet()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        node.configuration["store"]["url"] = f"postgres://signet@127.0.0.1:{silent.getsockname()[1]}/signet"
        node.start(wait=False)
        connection, _ = silent.accept()
        node.signal(signal.SIGTERM)
        with connection:
            assert node.process.wait(10) == 0, node.log()
    assert [record["message"] for record in node.log_records()] == ["stopped before it served"]


def test_sec_f_14_killed_at_any_instant_everything_answered_is_kept(new_signet, spares, another_browser):
    """SIGKILL under load, again and again: it comes back within two seconds, and every token that was answered is in the audit."""
    node, kills, threads_wanted, people_each = new_signet().start(), 8, 3, 4
    tokens, stop, at = [], threading.Event(), 0

    def load(people):
        browser = another_browser()
        while not stop.is_set():
            # A kill leaves the try that it interrupts counted (it was counted before it was made), so nobody is hit five times.
            who = people[at % len(people)]
            try:
                page = browser.get(entra_url(node.sign_in_url))
                if page.has_form("Password"):
                    page = browser.sign_in(who["upn"], who["password"])
                if "wresult" in page.response.text:
                    tokens.append(read_wsfed(browser.answer().fields).token.id)
                else:
                    browser.session.cookies.clear()
            except requests.RequestException:
                time.sleep(0.02)
                browser = another_browser()

    threads = [threading.Thread(target=load, args=([next(spares) for _ in range(people_each)],)) for _ in range(threads_wanted)]
    for thread in threads:
        thread.start()
    try:
        while at < kills:
            answered, deadline = len(tokens), time.monotonic() + 30
            while len(tokens) < answered + 3:
                assert time.monotonic() < deadline, f"no three tokens within 30 s of start {at}\n{node.log()[-2000:]}"
                time.sleep(0.005)
            time.sleep(0.07 * at)
            node.kill()
            begun = time.monotonic()
            node.start()
            assert time.monotonic() - begun < 2
            at += 1
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    node.stop()
    node.run("audit", "verify")
    issued = [event["token_id"] for event in node.audit(100_000) if event["event"] == 1200]
    assert len(set(tokens)) == len(tokens)
    assert len(set(issued)) == len(issued) and set(tokens) <= set(issued)


def test_sec_f_24_a_broken_file_changes_nothing_of_a_running_node(new_signet, lab, browser):
    node, alice = new_signet().start(), lab["users"]["alice"]
    good = node.file.read_text()
    for text in ("[service\n", good + "nonsense = 1\n", good[: len(good) // 2], ""):
        node.file.write_text(text)
        node.signal(signal.SIGHUP)
    node.file.unlink()
    node.signal(signal.SIGHUP)
    time.sleep(0.5)
    browser.get(entra_url(node.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    assert "wresult" in browser.answer().fields and node.process.poll() is None
    node.file.write_text(good)
    node.stop()


def test_it_starts_quickly_and_stays_small(new_signet):
    node = new_signet()
    node.write()
    begun = time.monotonic()
    node.start()
    assert time.monotonic() - begun < 2
    assert node.memory_kib() < 40 * 1024
    node.stop()
