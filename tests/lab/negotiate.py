"""`python3 -m lab.negotiate JSON`: what a browser with a ticket sends, a header value a line. See `lab.kerberos.Tickets.negotiate`."""
import base64
import json
import sys

import gssapi
from gssapi.raw import ChannelBindings

KERBEROS = gssapi.OID.from_int_seq("1.2.840.113554.1.2.2")
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")


def main(wish: dict):
    if "@" in wish["host"]:
        service = gssapi.Name(wish["host"], gssapi.NameType.kerberos_principal)
    else:
        service = gssapi.Name(f"HTTP@{wish['host']}", gssapi.NameType.hostbased_service)
    mechanism = KERBEROS if wish["bare"] else SPNEGO
    flags = [gssapi.RequirementFlag.mutual_authentication]
    if wish["delegate"]:
        flags.append(gssapi.RequirementFlag.delegate_to_peer)
    bindings = ChannelBindings(application_data=bytes.fromhex(wish["binding"])) if wish["binding"] is not None else None
    for _ in range(wish["count"]):
        context = gssapi.SecurityContext(
            name=service, mech=mechanism, usage="initiate", flags=flags, channel_bindings=bindings
        )
        print("Negotiate", base64.b64encode(context.step()).decode())


main(json.loads(sys.argv[1]))
