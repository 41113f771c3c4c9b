"""The people, services and groups of the lab, as data; `populate` writes them into the directory."""
import uuid
from dataclasses import dataclass, field

from lab.settings import DNS_DOMAIN, NON_ASCII_PASSWORD, SERVICE_HOST, USER_PASSWORD

DAY = 86_400
SMARTCARD_REQUIRED = 0x40000
NEVER_EXPIRES = 0x10000
NO_AUTH_DATA = 0x2000000
DISABLED = 0x2
NORMAL = 0x200


@dataclass
class Person:
    """One account. `upn` None leaves userPrincipalName out; times are seconds from now."""

    sam: str
    upn: str | None = ""
    display: str = ""
    ou: str = "Users"
    password: str = USER_PASSWORD
    flags: int = 0
    expires_in: int | None = None
    password_age: int | None = None
    must_change: bool = False
    attributes: dict = field(default_factory=dict)

    def __post_init__(self):
        self.display = self.display or self.sam
        if self.upn == "":
            self.upn = f"{self.sam}@{DNS_DOMAIN}"


def person(sam, suffix, display, **attributes):
    options = {k: attributes.pop(k) for k in ("password", "flags", "expires_in") if k in attributes}
    return Person(sam, f"{sam}@{suffix}", display, attributes=attributes, **options)


ALICE_ANCHOR = uuid.UUID("8d1a2b3c-4d5e-6f70-8192-a3b4c5d6e7f8")

PEOPLE = [
    person(
        "alice", "example.com", "Žofia Müller-Łukasz (山田)", givenName="Žofia", sn="Müller-Łukasz",
        mail="zofia.mueller@example.com", department="Finanční účtárna", employeeID="000123",
        telephoneNumber="+420 555 0100", preferredLanguage="cs-CZ",
        proxyAddresses=["SMTP:zofia.mueller@example.com", "smtp:alice@example.com"],
        **{"mS-DS-ConsistencyGuid": ALICE_ANCHOR.bytes_le},
    ),
    Person("bob", display="O'Brien, Bob", attributes=dict(givenName="Bob", sn="O'Brien", mail="bob@example.com")),
    person("carol", "example.com", "Carol Example", givenName="Carol", sn="Example", mail="carol@example.com"),
    person("dave", "contoso.test", "Dave Contoso", givenName="Dave", sn="Contoso", mail="dave@contoso.test"),
    person("erin", "eu.contoso.test", "Erin Contoso EU", givenName="Erin", mail="erin@eu.contoso.test"),
    person("frank", "unfederated.test", "Frank Unfederated", mail="frank@unfederated.test"),
    person("nora", "example.com", "Nora Nested", givenName="Nora", sn="Nested", mail="nora@example.com"),
    Person("zoe", "zoë@example.com", "Zoë Ångström", password=NON_ASCII_PASSWORD, attributes=dict(mail="zoe@example.com")),
    Person("jürgen", "juergen@example.com", "Jürgen Weiß"),
    Person("noupn", None, "No UPN"),
    person("nomail", "example.com", "No Mail"),
    person("dupmail1", "example.com", "Same Mail One", mail="shared@example.com"),
    person("dupmail2", "example.com", "Same Mail Two", mail="shared@example.com"),
    person("tricky", "example.com", "Tricky (star*) \\ back#slash"),
    person("markup", "example.com", "<b>Mark</b> & \"Up\" ]]> 'x'", mail="markup@example.com"),
    person("manygroups", "example.com", "Many Groups"),
    person("cardonly", "example.com", "Smartcard Required", flags=SMARTCARD_REQUIRED),
    person("cardholder", "example.com", "Carla Cardholder", mail="carla@example.com"),
    person("cardmapped", "example.com", "Max Mapped"),
    person("cardtwin1", "example.com", "Twin One"),
    person("cardtwin2", "example.com", "Twin Two"),
]

# One account for each state an account can be in.
STATES = [
    Person("st-disabled", flags=DISABLED),
    Person("st-expired", expires_in=-DAY),
    Person("st-expires-later", expires_in=365 * DAY),
    Person("st-pwexpired", password_age=10 * DAY),
    Person("st-mustchange", must_change=True),
    Person("st-hours", attributes={"logonHours": b"\x00" * 21}),
    Person("st-workstation", attributes={"userWorkstations": "NOSUCHPC"}),
    Person("st-locked"),
    Person("st-lockme"),
    Person("st-disabled-expired", flags=DISABLED, expires_in=-DAY),
    Person("st-nopwexp", flags=NEVER_EXPIRES),
]

# Accounts whose passwords are changed by the tests.
CHANGERS = [
    Person("pw-plain", display="Willow Changer"),
    Person("pw-mustchange", must_change=True),
    Person("pw-expired", password_age=10 * DAY),
    Person("pw-young"),
    Person("pw-strict"),
    Person("pw-lockme"),
    Person("web-mustchange", must_change=True),
    Person("web-expired", password_age=10 * DAY),
    Person("web-strict", must_change=True),
    Person("doc-strict", must_change=True),
    Person("web-plain"),
]

SERVICES = [
    Person(
        "svc-sts", display="STS service", ou="Services", flags=NEVER_EXPIRES,
        attributes={"servicePrincipalName": [f"HTTP/{SERVICE_HOST}", "HTTP/sts"], "msDS-SupportedEncryptionTypes": "24"},
    ),
    # Services with something the matter: keys that roll, RC4 only, tickets without PAC.
    Person(
        "svc-roll", display="Service whose key changes", ou="Services", flags=NEVER_EXPIRES,
        attributes={"servicePrincipalName": [f"HTTP/roll.{DNS_DOMAIN}"], "msDS-SupportedEncryptionTypes": "24"},
    ),
    Person(
        "svc-weak", display="Service with RC4 only", ou="Services", flags=NEVER_EXPIRES,
        attributes={"servicePrincipalName": [f"HTTP/weak.{DNS_DOMAIN}"], "msDS-SupportedEncryptionTypes": "4"},
    ),
    Person(
        "svc-nopac", display="Service whose tickets have no PAC", ou="Services", flags=NEVER_EXPIRES | NO_AUTH_DATA,
        attributes={"servicePrincipalName": [f"HTTP/nopac.{DNS_DOMAIN}"], "msDS-SupportedEncryptionTypes": "24"},
    ),
    Person("svc-ldap", display="Directory reader (no rights beyond any user's)", ou="Services", flags=NEVER_EXPIRES),
]

# Accounts for tests that use one up: lock it, disable it, move it. The directory is laid anew at every run.
SPARES = [
    person(f"person{i:03}", "example.com", f"Person {i:03}", givenName="Person", sn=f"Number {i:03}", mail=f"person{i:03}@example.com")
    for i in range(1, 161)
]

ALL = PEOPLE + SPARES + STATES + CHANGERS + SERVICES

GLOBAL, DOMAIN_LOCAL, UNIVERSAL, DISTRIBUTION = -2147483646, -2147483644, -2147483640, 8

# (name, type, members); a member is an account or an earlier group. G-Cycle-A and -B hold each other.
GROUPS = [
    ("G-Leaf", GLOBAL, ["nora", "alice"]),
    ("G-Mid", GLOBAL, ["G-Leaf"]),
    ("G-Top", UNIVERSAL, ["G-Mid"]),
    ("G-DomainLocal", DOMAIN_LOCAL, ["G-Top"]),
    ("G-Distribution", DISTRIBUTION, ["nora"]),
    ("G-Cycle-A", UNIVERSAL, ["nora"]),
    ("G-Cycle-B", UNIVERSAL, ["G-Cycle-A"]),
    ("Ünïcode Gruppe", UNIVERSAL, ["alice"]),
    ("G-Staff", GLOBAL, ["alice", "bob", "carol", "dave"]),
] + [(f"G-Many-{i:03}", GLOBAL, ["manygroups"]) for i in range(1, 201)]
LATE_MEMBERS = [("G-Cycle-A", "G-Cycle-B")]

# Fine-grained password policies: (name, precedence, applies to, {attribute: value}).
# Samba reads a maximum age of up to one day as "never", hence two days.
NEVER = "-9223372036854775808"
HALF_HOUR = "-18000000000"
ONE_DAY = "-864000000000"
POLICIES = [
    ("lab-expired-now", 10, ["st-pwexpired", "pw-expired", "web-expired"], {"msDS-MaximumPasswordAge": "-1728000000000"}),
    ("lab-lockout-3", 20, ["st-locked", "st-lockme", "pw-lockme"], {"msDS-LockoutThreshold": "3"}),
    ("lab-young", 30, ["pw-young"], {"msDS-MinimumPasswordAge": ONE_DAY}),
    ("lab-strict", 40, ["pw-strict", "web-strict", "doc-strict"], {"msDS-MinimumPasswordLength": "16", "msDS-PasswordHistoryLength": "3"}),
]
