"""Slow, large and many: bounded in time and memory, and good sign-ins go on meanwhile."""
import asyncio
import base64
import contextlib
import signal
import socket
import sqlite3
import ssl
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness.saml_requests import entra_request, new_id, redirect_url
from harness.tokens import read_saml
from harness.wsfed import entra_url
from lab.samba import CONTROLLERS

CONNECTIONS = 300  # below the limit for one address


@pytest.fixture
def node(new_signet):
    node = new_signet()
    node.configuration["limits"] = {"connections": 1024, "connections_per_address": 512}
    node.start()
    yield node
    node.stop()


def tls(node):
    context = ssl.create_default_context(cafile=str(node.root_certificate))
    context.set_alpn_protocols(["http/1.1"])
    return context


def dial(node) -> socket.socket:
    return socket.create_connection(("127.0.0.1", node.port), 5)


def talk(node) -> ssl.SSLSocket:
    return tls(node).wrap_socket(dial(node), server_hostname=node.host)


def closed_within(connection, seconds: float, drip: bytes = b"") -> bool:
    """Whether the server closes within so many seconds; meanwhile one octet of `drip` is sent every half second."""
    deadline = time.monotonic() + seconds
    connection.settimeout(0.5)
    at = 0
    while time.monotonic() < deadline:
        try:
            if drip:
                connection.send(drip[at : at + 1] or b"x")
                at += 1
            if connection.recv(4096) == b"":
                return True
        except (TimeoutError, ssl.SSLWantReadError):
            continue
        except OSError:
            return True
    return False


def test_sec_dos_01_a_header_that_never_ends(node):
    connection = talk(node)
    connection.send(b"GET /adfs/ls/ HTTP/1.1\r\nHost: " + node.host.encode() + b"\r\nX-Slow: ")
    assert closed_within(connection, 12, drip=b"a" * 40)


def test_sec_dos_02_a_handshake_that_never_ends(node):
    connection = dial(node)
    connection.send(b"\x16\x03\x01")
    assert closed_within(connection, 12)
    assert closed_within(dial(node), 12), "and one that never begins"


def test_sec_dos_03_a_body_that_drips_or_lies(node):
    connection = talk(node)
    connection.send(f"POST /adfs/ls/ HTTP/1.1\r\nHost: {node.host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n".encode())
    assert closed_within(connection, 35, drip=b"a" * 200)


def test_sec_dos_03_a_body_that_is_too_large(node, browser):
    before = node.memory_kib()
    # The answer may come, and the connection end, before the whole body was sent.
    with contextlib.suppress(requests.ConnectionError):
        page = browser.post(node.sign_in_url, {"UserName": "a" * 3_000_000, "Password": "b"})
        assert page.status in (400, 413)
    page = browser.session.post(node.sign_in_url, data="&".join(f"f{at}=1" for at in range(20_000)), headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert page.status_code in (400, 413)

    def chunks():
        for _ in range(2048):
            yield b"x" * 65536

    with contextlib.suppress(OSError):
        page = browser.session.post(node.sign_in_url, data=chunks(), headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert page.status_code == 413
    assert node.memory_kib() - before < 16 * 1024


def test_sec_saml_25_a_bomb_in_a_redirect(node, browser):
    before = node.memory_kib()
    for size in (8, 64):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = base64.b64encode(packer.compress(b"\0" * (size << 20)) + packer.flush()).decode()
        begun = time.monotonic()
        page = browser.post(node.sign_in_url, {"SAMLRequest": bomb}) if size > 8 else browser.get(node.sign_in_url, params={"SAMLRequest": bomb})
        assert page.status in (400, 413, 414, 431) and time.monotonic() - begun < 1
    assert node.memory_kib() - before < 16 * 1024


def test_sec_dos_04_idle_connections_leave_room_for_a_good_one(node, browser, lab):
    alice = lab["users"]["alice"]
    idle = [dial(node) for _ in range(CONNECTIONS)]
    begun = time.monotonic()
    browser.get(entra_url(node.sign_in_url))
    browser.sign_in(alice["upn"], alice["password"])
    browser.answer()
    assert time.monotonic() - begun < 2
    for connection in idle:
        connection.close()


def test_sec_dos_04_one_address_has_a_limit(new_signet):
    node = new_signet()
    node.configuration["limits"] = {"connections": 1024, "connections_per_address": 20}
    node.start()
    held = [talk(node) for _ in range(20)]
    with pytest.raises(OSError):
        refused = talk(node)
        refused.send(f"GET /adfs/probe HTTP/1.1\r\nHost: {node.host}\r\n\r\n".encode())
        assert refused.recv(10) == b"", "a connection above the limit was answered"
        raise ConnectionResetError
    for connection in held:
        connection.close()
    node.stop()


def test_sec_dos_06_sec_dos_07_a_started_sign_in_costs_no_row_and_no_signature(node, browser):
    def rows():
        with sqlite3.connect(f"file:{node.folder}/signet.db?mode=ro", uri=True) as store:
            # The search words of the audit are filled in the background, from rows that are there already.
            tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'audit_search%'")]
            return {name: store.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}

    before = rows()
    for at in range(200):
        browser.session.cookies.clear()
        assert browser.get(entra_url(node.sign_in_url, wctx=f"flow-{at}")).status == 200
    assert rows() == before


def test_sec_dos_08_the_door_stays_open_while_the_directory_hangs(node, another_browser, lab, person):
    """Sign-ins wait for a hanging directory; metadata, the probe, sign-out and sessions do not."""
    held, alice = another_browser(), lab["users"]["alice"]
    held.get(entra_url(node.sign_in_url))
    held.sign_in(alice["upn"], alice["password"])
    browsers = [another_browser() for _ in range(40)]
    forms = [one.get(entra_url(node.sign_in_url)).form("UserName", "Password") for one in browsers]
    for controller in CONTROLLERS:
        controller.signal_group(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(40) as pool:
            waiting = [pool.submit(who.submit, form, UserName=person["upn"], Password="Wr0ng-1") for who, form in zip(browsers, forms)]
            time.sleep(0.3)
            for path in ("/adfs/probe", "/FederationMetadata/2007-06/FederationMetadata.xml"):
                begun = time.monotonic()
                assert another_browser().get(node.url + path).status == 200
                assert time.monotonic() - begun < 0.5, path
            begun = time.monotonic()
            assert "wresult" in held.get(entra_url(node.sign_in_url)).response.text
            assert time.monotonic() - begun < 0.5
            begun = time.monotonic()
            pages = [one.result() for one in waiting]
        assert time.monotonic() - begun < 8 and all(page.status in (200, 429, 503) for page in pages)
    finally:
        for controller in CONTROLLERS:
            controller.signal_group(signal.SIGCONT)


def test_sec_xml_17_ten_thousand_malformed_messages(node):
    """Over four kept-alive connections: each a 400, the process the same, its memory bounded."""
    bodies = [
        b"<a", b"<!DOCTYPE a><a/>", b"<a><b></a>", b"\xff\xfe", b"<a xmlns:x='u' x:ID='1' x:ID='1'/>", b"<samlp:AuthnRequest/>",
        b"<a " + b" ".join(b"a%d=''" % at for at in range(500)) + b"/>", b"<a>" * 500,
    ]
    pid, before = node.process.pid, node.memory_kib()

    async def one(count: int) -> set[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port, ssl=tls(node), server_hostname=node.host)
        seen = set()
        for at in range(count):
            form = b"SAMLRequest=" + base64.b64encode(bodies[at % len(bodies)]).replace(b"+", b"%2B").replace(b"=", b"%3D").replace(b"/", b"%2F")
            writer.write(
                b"POST /adfs/ls/ HTTP/1.1\r\nHost: " + node.host.encode() + b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
                + str(len(form)).encode() + b"\r\n\r\n" + form
            )
            head = await reader.readuntil(b"\r\n\r\n")
            seen.add(head.split(b" ", 2)[1])
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()
        return seen

    async def all_() -> set[bytes]:
        return set().union(*await asyncio.gather(*(one(2500) for _ in range(4))))

    assert asyncio.run(all_()) == {b"400"}
    assert node.process.poll() is None and node.process.pid == pid
    assert node.memory_kib() - before < 24 * 1024


def test_sec_saml_26_many_people_at_once_get_their_own_answers(new_signet, another_browser, lab):
    node = new_signet(preset="entra-saml").start()
    people = [user for sam, user in lab["users"].items() if sam.startswith("person") or sam in ("alice", "dave", "carol")][-24:]

    def sign_in(user):
        browser, found = another_browser(), []
        for at in range(12):
            identifier, state = new_id(), f"{user['guid']}-{at}"
            page = browser.get(redirect_url(node.sign_in_url, entra_request(identifier), state))
            if page.has_form("Password"):
                browser.sign_in(user["upn"], user["password"])
            if "SAMLResponse" not in browser.page.response.text:
                found.append(("no answer", browser.page.status))
                break
            fields = browser.answer().fields
            answer = read_saml(fields)
            right = (answer.token.one("IDPEmail"), answer.response.get("InResponseTo"), fields["RelayState"]) == (user["upn"], identifier, state)
            found.append((right, answer.token.name_id == user["immutable_id"]))
            if at % 3 == 2:
                browser.session.cookies.clear()
        return found

    with ThreadPoolExecutor(24) as pool:
        results = list(pool.map(sign_in, people))
    assert all(one == (True, True) for found in results for one in found), results
    assert sum(map(len, results)) == 24 * 12
    node.stop()
