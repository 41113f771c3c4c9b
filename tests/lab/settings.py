"""Names, addresses and passwords of the lab. All of it is throw-away."""
import os
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
STATE = Path(os.environ.get("SIGNET_TEST_STATE", TESTS / ".state")).resolve()
LAB = STATE / "lab"

DNS_DOMAIN = "corp.example"
REALM = DNS_DOMAIN.upper()
NETBIOS = "CORP"
BASE_DN = ",".join(f"DC={part}" for part in DNS_DOMAIN.split("."))
LAB_OU = f"OU=Lab,{BASE_DN}"

# What a person's name may end in. The first two are federated in the tests, with an issuer each;
# `eu.contoso.test` is below a federated one, and the last is known to the directory but never federated.
SUFFIXES = ["example.com", "contoso.test", "eu.contoso.test", "unfederated.test"]

USER_PASSWORD = "User-Passw0rd!"
NON_ASCII_PASSWORD = "Pässwörd-Жя-1!"
ADMIN_PASSWORD = "Adm1n-Passw0rd!"
SERVICE_HOST = f"sts.{DNS_DOMAIN}"
LOCKOUT_THRESHOLD = 10


@dataclass(frozen=True)
class ControllerName:
    """A domain controller: host label and the loopback address that all of its listeners use."""

    label: str
    address: str

    @property
    def host(self) -> str:
        return f"{self.label}.{DNS_DOMAIN}"


# Another run on the same machine may hold the usual addresses: SIGNET_TEST_CONTROLLERS names two others.
_ADDRESSES = os.environ.get("SIGNET_TEST_CONTROLLERS", "127.0.0.10,127.0.0.11").split(",")
CONTROLLERS = [ControllerName(f"dc{number}", address) for number, address in enumerate(_ADDRESSES, 1)]
