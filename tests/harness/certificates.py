"""Certificates as partners' settings want them."""
import base64
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def base64_der(certificate: Path) -> str:
    """A PEM file's certificate, as metadata and Entra's settings write it."""
    return base64.b64encode(x509.load_pem_x509_certificate(Path(certificate).read_bytes()).public_bytes(Encoding.DER)).decode()


def write_pem(text: str, path: Path) -> Path:
    """The PEM file of a base64 certificate."""
    certificate = x509.load_der_x509_certificate(base64.b64decode(text))
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return path
