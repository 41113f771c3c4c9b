"""People's certificates: a hierarchy as Active Directory's, a card for every case, revoked ones, lists.

`Cards(folder, users, urls)` makes it when the folder has none; `publish` writes the authorities into the directory's
stores and the explicit mappings into the accounts. Everything but one card is elliptic-curve, so it takes well under a second.
Each card is `NAME.crt`, `NAME.key` and `NAME.p12` (password `test`).
"""
import datetime
import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PublicFormat, load_pem_private_key, pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from lab.authority import DAY, now, write_private
from lab.settings import BASE_DN, DNS_DOMAIN

UPN = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
SMARTCARD_LOGON = ObjectIdentifier("1.3.6.1.4.1.311.20.2.2")
NTDS_CA_SECURITY = ObjectIdentifier("1.3.6.1.4.1.311.25.2")
NO_CHECK = ObjectIdentifier("1.3.6.1.5.5.7.48.1.5")
P12_PASSWORD = b"test"
SERVICES = f"CN=Public Key Services,CN=Services,CN=Configuration,{BASE_DN}"
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


def tlv(tag: int, value: bytes) -> bytes:
    length = len(value)
    head = bytes([length]) if length < 128 else bytes([0x81, length]) if length < 256 else bytes([0x82, length >> 8, length & 255])
    return bytes([tag]) + head + value


def sid_extension(sid: str) -> x509.UnrecognizedExtension:
    """MS-WCCE 2.2.2.7.7.4: an otherName of type 1.3.6.1.4.1.311.25.2.1 that holds the SID as text."""
    kind = bytes.fromhex("060a2b060104018237190201")
    return x509.UnrecognizedExtension(NTDS_CA_SECURITY, tlv(0x30, tlv(0xA0, kind + tlv(0xA0, tlv(4, sid.encode())))))


def name(common_name: str, unit: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.DOMAIN_COMPONENT, part) for part in reversed(DNS_DOMAIN.split("."))]
    if unit:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Issuer:
    """An authority that issues cards and lists."""

    def __init__(self, folder: Path, file_name: str, common_name: str, parent: "Issuer | None" = None, url: str = ""):
        self.folder, self.file_name, self.url = folder, file_name, url
        certificate_file, key_file = folder / f"{file_name}.crt", folder / f"{file_name}.key"
        if certificate_file.exists():
            self.certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
            self.key = load_pem_private_key(key_file.read_bytes(), None)
            return
        self.key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        extensions = [(x509.BasicConstraints(True, 0 if parent else None), True), (usage, True)]
        subject = name(common_name)
        if parent:
            extensions.append((distribution_point(f"{parent.url}/{parent.file_name}.crl"), False))
            self.certificate = parent.sign(subject, self.key.public_key(), extensions, days=3650)
        else:
            self.certificate = None
            self.certificate = self.sign(subject, self.key.public_key(), extensions, days=3650, issuer=subject)
        save(folder, file_name, self.certificate, self.key)
        (folder / f"{file_name}.der").write_bytes(self.der)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def sign(self, subject, public_key, extensions, days=365, start=None, issuer=None) -> x509.Certificate:
        start = start or now() - DAY
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + days * DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def write_list(self, file_name: str, revoked=(), made: datetime.datetime | None = None, days: float = 30):
        made = made or now() - datetime.timedelta(minutes=1)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(made)
            .next_update(made + days * DAY)
            .add_extension(x509.CRLNumber(int(made.timestamp())), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
        )
        for serial in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(made)
            builder = builder.add_revoked_certificate(entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), False).build())
        # Whole at once: the server may be reading.
        partial = self.folder / f"{file_name}.partial"
        partial.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER))
        partial.rename(self.folder / f"{file_name}.crl")


def distribution_point(url: str) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)])


def save(folder: Path, file_name: str, certificate: x509.Certificate, key, chain=()):
    (folder / f"{file_name}.crt").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in (certificate, *chain)))
    write_private(folder / f"{file_name}.key", key)


class Cards:
    """The hierarchy and all cards. `lists` and `responder` are the base URLs that certificates name."""

    def __init__(self, folder: Path, users: dict, lists: str, responder: str):
        self.folder, self.users, self.lists, self.responder = Path(folder), users, lists, responder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.root = Issuer(self.folder, "root", "Lab Card Root", url=lists)
        self.issuing = Issuer(self.folder, "issuing", "Lab Issuing CA", self.root, lists)
        self.outside = Issuer(self.folder, "outside", "Lab CA outside of NTAuth", self.root, lists)
        # The issuing authority's name, a key of its own, and nobody's trust.
        self.rogue = Issuer(self.folder, "rogue", "Lab Issuing CA", url=lists)
        self._issue_all()

    def _issue_all(self):
        start = now()
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        self._responder(usage)
        card = self.card
        card("good", "cardholder", email="carla@example.com")
        card("alice", "alice")
        card("cardonly", "cardonly")
        card("rsa", "cardholder", rsa_key=True)
        card("mapped", "cardmapped", upn=None, sid=None)
        card("weak", "cardholder", sid=None)
        card("sid-mismatch", "cardholder", sid=self.users["bob"]["sid"])
        card("nobody", "cardholder", upn="ghost@example.com", sid=None)
        card("no-purpose", "cardholder", purposes=[ExtendedKeyUsageOID.EMAIL_PROTECTION])
        card("client-only", "cardholder", purposes=[CLIENT])
        card("expired", "cardholder", start=start - 400 * DAY, days=399)
        card("future", "cardholder", start=start + 30 * DAY, days=30)
        card("disabled", "st-disabled")
        card("account-expired", "st-expired")
        card("locked", "st-locked")
        card("two-accounts", "cardtwin1", upn=None, sid=None)
        card("no-revocation", "cardholder", lists=None, responder=None)
        card("crl-only", "cardholder", responder=None)
        card("ocsp-only", "cardholder", lists=None)
        card("revoked", "cardholder")
        card("revoked-crl-only", "cardholder", responder=None)
        card("rogue-issuer", "cardholder", issuer=self.rogue)
        card("not-in-ntauth", "cardholder", issuer=self.outside, responder=None)
        if not (self.folder / "issuing.crl").exists():
            self.write_lists()

    def _responder(self, usage):
        if (self.folder / "responder.crt").exists():
            return
        key = ec.generate_private_key(ec.SECP256R1())
        extensions = [
            (x509.BasicConstraints(False, None), True), (usage, True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False), (x509.UnrecognizedExtension(NO_CHECK, b"\x05\x00"), False),
        ]
        save(self.folder, "responder", self.issuing.sign(name("Lab OCSP responder"), key.public_key(), extensions), key)

    def write_lists(self):
        """Fresh lists of every authority, and a stale one of the issuing authority's to be served in its place."""
        revoked = [self.certificate(one).serial_number for one in ("revoked", "revoked-crl-only")]
        self.root.write_list("root")
        self.outside.write_list("outside")
        self.rogue.write_list("rogue")
        self.issuing.write_list("issuing", revoked)
        self.issuing.write_list("issuing-stale", [], now() - 10 * DAY, 1)
        known = {}
        for file in self.folder.glob("*.p12"):
            certificate = self.certificate(file.stem)
            if certificate.issuer == self.issuing.certificate.subject and file.stem != "rogue-issuer":
                known[str(certificate.serial_number)] = "revoked" if certificate.serial_number in revoked else "good"
        (self.folder / "status.json").write_text(json.dumps(known))

    def card(
        self, file_name, sam, issuer=None, upn="", sid="", purposes=None, email=None, start=None, days=365, lists="", responder="", rsa_key=False,
    ) -> Path:
        """A card of `sam`; an empty text stands for what its owner's would say, None leaves it out."""
        path = self.folder / f"{file_name}.crt"
        if path.exists():
            return path
        issuer, owner = issuer or self.issuing, self.users[sam]
        key = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
        names = []
        upn = owner["upn"] if upn == "" else upn
        if upn:
            names.append(x509.OtherName(UPN, tlv(0x0C, upn.encode())))
        if email:
            names.append(x509.RFC822Name(email))
        extensions = [
            (x509.BasicConstraints(False, None), True),
            (x509.KeyUsage(True, False, False, False, False, False, False, False, False), True),
            (x509.ExtendedKeyUsage(purposes or [CLIENT, SMARTCARD_LOGON]), False),
        ]
        if names:
            extensions.append((x509.SubjectAlternativeName(names), False))
        sid = owner["sid"] if sid == "" else sid
        if sid:
            extensions.append((sid_extension(sid), False))
        if lists is not None:
            extensions.append((distribution_point(f"{self.lists}/{issuer.file_name}.crl"), False))
        if responder is not None:
            place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(self.responder))
            extensions.append((x509.AuthorityInformationAccess([place]), False))
        certificate = issuer.sign(name(sam, "Users"), key.public_key(), extensions, days, start)
        save(self.folder, file_name, certificate, key, [issuer.certificate])
        (self.folder / f"{file_name}.p12").write_bytes(
            pkcs12.serialize_key_and_certificates(file_name.encode(), key, certificate, [issuer.certificate], BestAvailableEncryption(P12_PASSWORD))
        )
        return path

    def certificate(self, file_name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.folder / f"{file_name}.crt").read_bytes())

    def identities(self, file_name: str) -> dict[str, str]:
        """The values of `altSecurityIdentities` that name the card, made without any code of the server's."""
        certificate = self.certificate(file_name)
        serial = certificate.serial_number.to_bytes((certificate.serial_number.bit_length() + 7) // 8, "little").hex()
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        digest = hashes.Hash(hashes.SHA1())
        digest.update(key)
        issuer, subject = rdns(certificate.issuer), rdns(certificate.subject)
        return {
            "issuer-serial": f"X509:<I>{issuer}<SR>{serial}",
            "ski": "X509:<SKI>" + certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex(),
            "sha1-certificate": f"X509:<SHA1-PUKEY>{certificate.fingerprint(hashes.SHA1()).hex()}",
            "sha1-key": f"X509:<SHA1-PUKEY>{digest.finalize().hex()}",
            "issuer-subject": f"X509:<I>{issuer}<S>{subject}",
            "subject": f"X509:<S>{subject}",
        }

    def publish(self, add, replace):
        """Writes the authorities and the explicit mappings into the directory: `add(dn, class, attributes)`, `replace(dn, **values)`."""
        mandatory = {"authorityRevocationList": b"\x00", "certificateRevocationList": b"\x00"}
        for place, authority in (
            ("CN=NTAuthCertificates", self.issuing), ("CN=Lab Card Root,CN=Certification Authorities", self.root),
            ("CN=Lab Issuing CA,CN=AIA", self.issuing), ("CN=Lab CA outside of NTAuth,CN=AIA", self.outside),
        ):
            add(f"{place},{SERVICES}", "certificationAuthority", mandatory | {"cACertificate": authority.der})
        replace(self.users["cardmapped"]["dn"], altSecurityIdentities=self.identities("mapped")["issuer-serial"])
        for sam, form in (("cardtwin1", "issuer-serial"), ("cardtwin2", "ski")):
            replace(self.users[sam]["dn"], altSecurityIdentities=self.identities("two-accounts")[form])


def rdns(subject: x509.Name) -> str:
    keywords = {NameOID.DOMAIN_COMPONENT: "DC", NameOID.COMMON_NAME: "CN", NameOID.ORGANIZATIONAL_UNIT_NAME: "OU"}
    return ",".join(f"{keywords[one.oid]}={one.value}" for one in subject)
