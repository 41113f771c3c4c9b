"""A certificate authority for tests: one root, leaves for servers, PEM files in a folder."""
import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def now() -> datetime.datetime:
    return datetime.datetime.utcnow().replace(microsecond=0)


def write_private(path: Path, key):
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)


def common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """The root in `folder/root.crt`; made when the folder has none."""

    def __init__(self, folder: Path, name: str = "Signet test root"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate_file = self.folder / "root.crt"
        key_file = self.folder / "root.key"
        if self.certificate_file.exists():
            self.certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
            self.key = load_pem_private_key(key_file.read_bytes(), None)
            return
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(
            common_name(name), self.key.public_key(), 3650, [(x509.BasicConstraints(True, 0), True), (_usage(ca=True), True)], issuer=common_name(name)
        )
        write_private(key_file, self.key)
        self.certificate_file.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def _sign(self, subject, public_key, days, extensions, issuer=None, start=None):
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

    def issue_server(self, file_name: str, names: list[str], days: int = 365, start=None) -> tuple[Path, Path]:
        """A server certificate for DNS names and addresses: (chain file, key file)."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(
            common_name(names[0]), key.public_key(), days,
            [
                (x509.BasicConstraints(False, None), True),
                (_usage(), True),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
                (x509.SubjectAlternativeName([_general_name(name) for name in names]), False),
            ],
            start=start,
        )
        chain, key_file = self.folder / f"{file_name}.crt", self.folder / f"{file_name}.key"
        chain.write_bytes(certificate.public_bytes(Encoding.PEM))
        write_private(key_file, key)
        return chain, key_file


def _usage(ca: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)


def _general_name(name: str):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def self_signed(folder: Path, file_name: str, subject: str, bits: int = 2048, days: int = 365, start=None, hash_=None) -> tuple[Path, Path]:
    """A self-signed RSA certificate, as service providers and token signers use: (certificate file, key file)."""
    folder.mkdir(parents=True, exist_ok=True)
    key = rsa.generate_private_key(65537, bits)
    start = start or now() - DAY
    certificate = (
        x509.CertificateBuilder()
        .subject_name(common_name(subject))
        .issuer_name(common_name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + days * DAY)
        .sign(key, hash_ or hashes.SHA256())
    )
    certificate_file, key_file = folder / f"{file_name}.crt", folder / f"{file_name}.key"
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    write_private(key_file, key)
    return certificate_file, key_file
