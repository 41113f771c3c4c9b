"""Fill a freshly provisioned directory: `python3 -m lab.populate SMB_CONF FACTS_JSON`.

Writes straight into the database of a controller that is not running, in one transaction: a second
instead of minutes over LDAP. Needs python3-samba, which only Debian's own interpreter sees.
"""
import json
import sys
import time

import ldb
from samba import dsdb
from samba.auth import system_session
from samba.dcerpc import misc, security
from samba.ndr import ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

from lab import accounts
from lab.settings import BASE_DN, LAB_OU, LOCKOUT_THRESHOLD, SUFFIXES

UNITS = ["Users", "Groups", "Services", "Fresh"]


def filetime(unix: float) -> str:
    return str(int((unix + 11_644_473_600) * 10_000_000))


class Filler:
    def __init__(self, database: SamDB):
        self.db = database
        self.dn_of: dict[str, str] = {}

    def replace(self, dn, controls=(), **values):
        self._change(dn, ldb.FLAG_MOD_REPLACE, values, controls)

    def _change(self, dn, flag, values, controls=()):
        message = ldb.Message()
        message.dn = ldb.Dn(self.db, dn)
        for name, value in values.items():
            message[name] = ldb.MessageElement(value, flag, name)
        self.db.modify(message, controls=list(controls))

    def add_person(self, one: accounts.Person):
        dn = ldb.Dn(self.db, f"CN=x,OU={one.ou},{LAB_OU}")
        dn.set_component(0, "CN", one.display)
        record = {"dn": str(dn), "objectClass": "user", "sAMAccountName": one.sam, "displayName": one.display}
        if one.upn is not None:
            record["userPrincipalName"] = one.upn
        if one.expires_in is not None:
            record["accountExpires"] = filetime(time.time() + one.expires_in)
        self.db.add(record | one.attributes)
        self.db.setpassword(f"(sAMAccountName={one.sam})", one.password, force_change_at_next_login=False)
        self.replace(str(dn), userAccountControl=str(accounts.NORMAL | one.flags))
        if one.must_change:
            self.replace(str(dn), pwdLastSet="0")
        if one.password_age is not None:  # over LDAP pwdLastSet takes only 0 and -1
            bypass = f"local_oid:{dsdb.DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID}:0"
            self.replace(str(dn), [bypass], pwdLastSet=filetime(time.time() - one.password_age))
        self.dn_of[one.sam] = str(dn)

    def add_group(self, name, kind, members):
        dn = f"CN={name},OU=Groups,{LAB_OU}"
        self.db.add({"dn": dn, "objectClass": "group", "sAMAccountName": name, "groupType": str(kind)})
        self._change(dn, ldb.FLAG_MOD_ADD, {"member": [self.dn_of[m].encode() for m in members]})
        self.dn_of[name] = dn

    def let_read_policies(self, sam):
        """Fine-grained policies are for administrators' eyes, unless somebody is let in: before they are made, to be inherited."""
        found = self.db.search(self.dn_of[sam], scope=ldb.SCOPE_BASE, attrs=["objectSid"])
        sid = ndr_unpack(security.dom_sid, found[0]["objectSid"][0])
        container = f"CN=Password Settings Container,CN=System,{BASE_DN}"
        SDUtils(self.db).dacl_add_ace(container, f"(A;CI;LCRPLORC;;;{sid})")

    def add_policy(self, name, precedence, applies_to, values):
        self.db.add({
            "dn": f"CN={name},CN=Password Settings Container,CN=System,{BASE_DN}",
            "objectClass": "msDS-PasswordSettings",
            "msDS-PasswordSettingsPrecedence": str(precedence),
            "msDS-PasswordReversibleEncryptionEnabled": "FALSE",
            "msDS-PasswordHistoryLength": "0",
            "msDS-PasswordComplexityEnabled": "TRUE",
            "msDS-MinimumPasswordLength": "8",
            "msDS-MinimumPasswordAge": "0",
            "msDS-MaximumPasswordAge": accounts.NEVER,
            "msDS-LockoutThreshold": "0",
            "msDS-LockoutObservationWindow": accounts.HALF_HOUR,
            "msDS-LockoutDuration": accounts.HALF_HOUR,
            "msDS-PSOAppliesTo": [self.dn_of[one] for one in applies_to],
        } | values)

    def fill(self):
        self.db.add({"dn": LAB_OU, "objectClass": "organizationalUnit"})
        for unit in UNITS:
            self.db.add({"dn": f"OU={unit},{LAB_OU}", "objectClass": "organizationalUnit"})
        self.replace(f"CN=Partitions,CN=Configuration,{BASE_DN}", uPNSuffixes=SUFFIXES)
        for one in accounts.ALL:
            self.add_person(one)
        for group in accounts.GROUPS:
            self.add_group(*group)
        for group, member in accounts.LATE_MEMBERS:
            self._change(self.dn_of[group], ldb.FLAG_MOD_ADD, {"member": self.dn_of[member]})
        self.let_read_policies("svc-ldap")
        for policy in accounts.POLICIES:
            self.add_policy(*policy)
        self.replace(BASE_DN, minPwdAge="0", lockoutThreshold=str(LOCKOUT_THRESHOLD))

    def facts(self) -> dict:
        known = {one.sam: one for one in accounts.ALL}
        rows = self.db.search(
            base=LAB_OU, expression="(&(objectCategory=person)(objectClass=user))", attrs=["sAMAccountName", "objectSid", "objectGUID"]
        )
        found = {}
        for row in rows:
            one = known[str(row["sAMAccountName"])]
            found[one.sam] = {
                "dn": str(row.dn),
                "upn": one.upn,
                "display": one.display,
                "password": one.password,
                "sid": str(ndr_unpack(security.dom_sid, row["objectSid"][0])),
                "guid": str(ndr_unpack(misc.GUID, row["objectGUID"][0])),
            }
        return {"domain_sid": str(self.db.get_domain_sid()), "users": found}


def main(smb_conf: str, out: str):
    parameters = LoadParm()
    parameters.load(smb_conf)
    database = SamDB(url=parameters.private_path("sam.ldb"), session_info=system_session(parameters), lp=parameters)
    filler = Filler(database)
    database.transaction_start()
    try:
        filler.fill()
    except BaseException:
        database.transaction_cancel()
        raise
    database.transaction_commit()
    with open(out, "w", encoding="utf-8") as file:
        json.dump(filler.facts(), file, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
