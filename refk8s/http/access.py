"""What lets a client in: a certificate of our own, and the kubeconfig that names the server."""

from __future__ import annotations

import base64
import ipaddress
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import yaml

from ..core.errors import Refk8sError

NAME = "refk8s"


@attrs.frozen
class Certificate:
    """A certificate and its key, both as PEM."""

    certificate: bytes
    key: bytes


def self_signed(host: str) -> Certificate:
    """A self-signed EC certificate for this machine's loopback and `host`, valid for a year."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ImportError:
        raise Refk8sError("--tls needs the package cryptography; install refk8s[serve]") from None
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.fromtimestamp(time.time(), UTC)
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.DNSName("kubernetes.default.svc")]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
    try:
        address = ipaddress.ip_address(host)
        if address not in (name.value for name in names if isinstance(name, x509.IPAddress)):
            names.append(x509.IPAddress(address))
    except ValueError:
        names.append(x509.DNSName(host))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return Certificate(made.public_bytes(pem), key.private_bytes(pem, form, serialization.NoEncryption()))


def write_kubeconfig(path: Path, url: str, certificate: Certificate | None, token: str) -> None:
    """A kubeconfig with one context, readable by its owner only. Raises Refk8sError."""
    cluster = {"server": url}
    if certificate is not None:
        cluster["certificate-authority-data"] = base64.b64encode(certificate.certificate).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": NAME, "user": {"token": token} if token else {}}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
        "current-context": NAME,
    }
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            yaml.safe_dump(config, file, sort_keys=False)
    except OSError as error:
        raise Refk8sError(f"{path}: the kubeconfig cannot be written: {error.strerror}") from None
