"""The whole domain: make it once, keep a tar of it, start it, say its facts."""
import base64
import contextlib
import datetime
import fcntl
import hashlib
import json
import shutil
import subprocess
import uuid
from pathlib import Path

import ldap3
from ldap3.core.exceptions import (
    LDAPEntryAlreadyExistsResult, LDAPNoSuchAttributeResult, LDAPNoSuchObjectResult, LDAPUnwillingToPerformResult,
)
from ldap3.protocol.formatters.formatters import format_sid

from lab import settings
from lab.accounts import ALICE_ANCHOR
from lab.authority import Authority
from lab.samba import CONTROLLERS, Controller, LabError, in_namespace, run
from lab.settings import ADMIN_PASSWORD, BASE_DN, DNS_DOMAIN, LAB, LAB_OU, NETBIOS, REALM, STATE, USER_PASSWORD

ROOT_CERTIFICATE = LAB / "pki/root.crt"
PEOPLE_FILE = LAB / "people.json"
KEYTAB = LAB / "sts.keytab"
MADE = LAB / "made"
FIRST, SECOND = CONTROLLERS


def up(anew: bool = False) -> dict:
    """The running domain, made or restored when there is none. Returns its facts.

    `anew` lays it as it was made, without what earlier tests did to it.
    """
    STATE.mkdir(parents=True, exist_ok=True)
    with open(STATE / "lab.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            _up(_key(), anew)
        except BaseException:
            down()
            raise
    return facts()


def _up(key: str, anew: bool):
    if anew or not (MADE.exists() and MADE.read_text() == key):
        down()
        shutil.rmtree(LAB, ignore_errors=True)
        LAB.mkdir(parents=True)
        if not _restore(key):
            _make()
            down()
            MADE.write_text(key)
            _save(key)
    _write_client_files()
    for controller in CONTROLLERS:
        controller.start()
    _lock_out("st-locked")


def replace(dn: str, **values):
    """Replaces attributes of an object at every controller, so that no test waits for replication."""
    changes = {name: [(ldap3.MODIFY_REPLACE, value if isinstance(value, list) else [value])] for name, value in values.items()}
    for controller in CONTROLLERS:
        with administrator(controller) as connection:
            connection.modify(dn, changes)


def add_contacts(unit: str, count: int) -> list[str]:
    """So many contacts, written into the first controller's database in one piece; their names."""
    names = [f"CN=Contact {number},{unit}" for number in range(count)]
    file = LAB / "contacts.ldif"
    file.write_text("\n".join(f"dn: {name}\nobjectClass: contact\n" for name in names))
    run(["ldbadd", "-H", str(FIRST.folder / "private/sam.ldb"), f"--configfile={FIRST.smb_conf}", str(file)])
    return names


def new_group(name: str, *members: str) -> tuple[str, str]:
    """A global security group with these members, known to both controllers: its name and SID."""
    dn = f"CN={name},OU=Groups,{LAB_OU}"
    add(dn, "group", {"sAMAccountName": name} | ({"member": list(members)} if members else {}))
    _replicate(SECOND, FIRST, BASE_DN)
    with administrator() as connection:
        connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=["objectSid"])
        return dn, format_sid(connection.response[0]["raw_attributes"]["objectSid"][0])


def remove_member(group: str, dn: str):
    """Takes somebody out of a group at every controller."""
    for controller in CONTROLLERS:
        with administrator(controller) as connection:
            # Replication may have been faster.
            with contextlib.suppress(LDAPNoSuchAttributeResult, LDAPUnwillingToPerformResult):
                connection.modify(group, {"member": [(ldap3.MODIFY_DELETE, [dn])]})


def add_member(group: str, dn: str):
    """Puts somebody into a group at every controller."""
    for controller in CONTROLLERS:
        with administrator(controller) as connection, contextlib.suppress(LDAPEntryAlreadyExistsResult):
            connection.modify(group, {"member": [(ldap3.MODIFY_ADD, [dn])]})


def move(dn: str, unit: str) -> str:
    """Moves an object to another unit at every controller; its new name."""
    name = dn.partition(",")[0]
    for controller in CONTROLLERS:
        with administrator(controller) as connection, contextlib.suppress(LDAPNoSuchObjectResult):
            connection.modify_dn(dn, name, new_superior=unit)
    return f"{name},{unit}"


def deny_reading(dn: str, attribute_guid: str, sid: str):
    """Takes an account's right to read one attribute of an object away, at every controller."""
    ace = f"(OD;;RP;{attribute_guid};;{sid})"
    for controller in CONTROLLERS:
        run(["samba-tool", "dsacl", "set", "-s", str(controller.smb_conf), "--objectdn", dn, "--sddl", ace, "--action=deny"])


def add(dn: str, object_class: str, attributes: dict):
    """Adds an object at the first controller; `share_configuration` brings those of the configuration to the second.

    Added at both it would be two objects, one of them renamed as soon as they replicate.
    """
    with administrator(FIRST) as connection, contextlib.suppress(LDAPEntryAlreadyExistsResult):
        connection.add(dn, object_class, attributes)


def share_configuration():
    """Replicates the configuration of the forest from the first controller to the second."""
    _replicate(SECOND, FIRST, f"CN=Configuration,{BASE_DN}")


def delete(dn: str):
    """Deletes an object at every controller."""
    for controller in CONTROLLERS:
        with administrator(controller) as connection, contextlib.suppress(LDAPNoSuchObjectResult):
            connection.delete(dn)


def set_password(dn: str, password: str):
    """An admin's reset, at every controller."""
    replace(dn, unicodePwd=f'"{password}"'.encode("utf-16-le"))


def bad_password_count(dn: str) -> int:
    """Wrong passwords counted for an account, all controllers together: the counter is each controller's own."""
    return sum(_number(controller, dn, "badPwdCount") for controller in CONTROLLERS if controller.pid())


def is_locked_out(dn: str) -> bool:
    """Whether any controller has locked an account."""
    return any(_number(controller, dn, "lockoutTime") for controller in CONTROLLERS if controller.pid())


def _number(controller: Controller, dn: str, attribute: str) -> int:
    with administrator(controller) as connection:
        connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=[attribute])
        values = connection.response[0]["raw_attributes"].get(attribute)
        return int(values[0]) if values else 0


def down():
    """Ends both controllers; the state stays."""
    for controller in reversed(CONTROLLERS):
        controller.stop()


def facts() -> dict:
    """All that a test needs to know, JSON-ready."""
    people = json.loads(PEOPLE_FILE.read_text())
    for sam, user in people["users"].items():
        user["object_guid_base64"] = base64.b64encode(uuid.UUID(user["guid"]).bytes_le).decode()
        user["immutable_id"] = user["object_guid_base64"]
        if sam == "alice":
            user["immutable_id"] = base64.b64encode(ALICE_ANCHOR.bytes_le).decode()
    return {
        "dns_domain": DNS_DOMAIN,
        "netbios": NETBIOS,
        "realm": REALM,
        "base_dn": BASE_DN,
        "fresh_ou": f"OU=Fresh,{LAB_OU}",
        "suffixes": settings.SUFFIXES,
        "root_certificate": str(ROOT_CERTIFICATE),
        "dns_server": f"{FIRST.address}:53",
        "keytab": str(KEYTAB),
        "krb5_conf": str(LAB / "krb5.conf"),
        "service": {"name": f"svc-ldap@{DNS_DOMAIN}", "password": USER_PASSWORD},
        "administrator": {"name": f"Administrator@{DNS_DOMAIN}", "password": ADMIN_PASSWORD},
        "controllers": [
            {"label": c.label, "host": c.host, "address": c.address, "ldaps": f"{c.address}:636", "ldap": f"{c.address}:389", "pid": c.pid()}
            for c in CONTROLLERS
        ],
        **people,
    }


def administrator(controller: Controller = FIRST) -> ldap3.Connection:
    """A bound LDAPS connection with all rights."""
    server = ldap3.Server(controller.ldaps_url, connect_timeout=5, get_info=ldap3.NONE)
    return ldap3.Connection(
        server, f"Administrator@{DNS_DOMAIN}", ADMIN_PASSWORD, auto_bind=True, receive_timeout=10, raise_exceptions=True
    )


def _key() -> str:
    """Changes with the scripts, the packages' version and the week: passwords and certificates of the tar must not grow old."""
    digest = hashlib.sha256()
    for script in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(script.read_bytes())
    digest.update(subprocess.run(["samba", "--version"], capture_output=True).stdout)
    digest.update("{0}-{1}".format(*datetime.date.today().isocalendar()).encode())
    digest.update(str(LAB).encode())
    return digest.hexdigest()[:20]


def _tar(key: str) -> Path:
    return STATE / f"lab-{key}.tar"


def _save(key: str):
    for old in STATE.glob("lab-*.tar"):
        old.unlink()
    partial = STATE / "lab.partial"
    subprocess.run(["tar", "--warning=no-file-ignored", "-cSf", partial, "-C", LAB, "."], check=True)
    partial.rename(_tar(key))


def _restore(key: str) -> bool:
    if not _tar(key).exists():
        return False
    subprocess.run(["tar", "-xSpf", _tar(key), "-C", LAB], check=True)
    return True


def _make():
    authority = Authority(LAB / "pki", "Lab Root CA")
    _write_client_files()
    for controller in CONTROLLERS:
        names = [controller.host, DNS_DOMAIN, controller.address]
        certificate, key = authority.issue_server(controller.label, names)
        controller.write_configuration(certificate, key, authority.certificate_file)
    run([
        "samba-tool", "domain", "provision", "-s", str(FIRST.smb_conf), f"--realm={REALM}", f"--domain={NETBIOS}", "--server-role=dc",
        "--dns-backend=SAMBA_INTERNAL", f"--host-name={FIRST.label}", f"--host-ip={FIRST.address}", f"--adminpass={ADMIN_PASSWORD}",
    ])
    run(["/usr/bin/env", f"PYTHONPATH={settings.TESTS}", "/usr/bin/python3", "-m", "lab.populate", str(FIRST.smb_conf), str(PEOPLE_FILE)])
    run(["samba-tool", "domain", "exportkeytab", str(KEYTAB), "-s", str(FIRST.smb_conf), f"--principal=HTTP/{settings.SERVICE_HOST}"])
    FIRST.start()
    _join()


def _join():
    administrator_ = ["-U", f"{NETBIOS}\\Administrator", f"--password={ADMIN_PASSWORD}"]
    run(in_namespace([
        "samba-tool", "domain", "join", DNS_DOMAIN, "DC", "-s", str(SECOND.smb_conf), f"--server={FIRST.host}", *administrator_,
        "--dns-backend=SAMBA_INTERNAL",
    ]))
    SECOND.start()
    # Loopback addresses are left out of the automatic DNS registration.
    run(in_namespace([
        "samba_dnsupdate", "-s", str(SECOND.smb_conf), "--use-samba-tool", f"--current-ip={SECOND.address}",
        f"--rpc-server-ip={FIRST.address}", "--all-names",
    ]))
    for partition in (BASE_DN, f"DC=DomainDnsZones,{BASE_DN}", f"DC=ForestDnsZones,{BASE_DN}", f"CN=Configuration,{BASE_DN}"):
        for target, source in ((SECOND, FIRST), (FIRST, SECOND)):
            _replicate(target, source, partition)


def _replicate(target: Controller, source: Controller, partition: str):
    run(in_namespace([
        "samba-tool", "drs", "replicate", target.host, source.host, partition, "-s", str(FIRST.smb_conf),
        "-U", f"{NETBIOS}\\Administrator", f"--password={ADMIN_PASSWORD}",
    ]))


def _write_client_files():
    lines = [f"127.0.0.1 localhost {settings.SERVICE_HOST} certauth.{settings.SERVICE_HOST}"]
    lines += [f"{c.address} {c.host} {c.label}" for c in CONTROLLERS]
    (LAB / "hosts").write_text("\n".join(lines) + "\n")
    servers = "".join(f"nameserver {c.address}\n" for c in CONTROLLERS)
    (LAB / "resolv.conf").write_text(f"search {DNS_DOMAIN}\n{servers}options timeout:1 attempts:1\n")
    centres = "".join(f"    kdc = {c.address}:88\n" for c in CONTROLLERS)
    # A PAC exceeds UDP; names here are resolved by nobody but the lab.
    (LAB / "krb5.conf").write_text(f"""[libdefaults]
  default_realm = {REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
  default_ccache_name = FILE:{LAB}/krb5cc
[realms]
  {REALM} = {{
{centres}    kpasswd_server = {FIRST.address}:464
  }}
[domain_realm]
  .{DNS_DOMAIN} = {REALM}
  {DNS_DOMAIN} = {REALM}
""")


def _lock_out(sam: str):
    """Three wrong passwords at every controller: a lockout lasts half an hour and counts are a controller's own."""
    for controller in CONTROLLERS:
        server = ldap3.Server(controller.ldaps_url, connect_timeout=5, get_info=ldap3.NONE)
        for attempt in range(3):
            connection = ldap3.Connection(server, f"{sam}@{DNS_DOMAIN}", f"wrong-{attempt}", receive_timeout=10)
            if connection.bind():
                raise LabError(f"a wrong password of {sam} was accepted")
            connection.unbind()
