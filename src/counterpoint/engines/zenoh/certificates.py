"""Certificates of peers, and of the authority that signs them."""

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from counterpoint.engines.zenoh.extras import needed
from counterpoint.errors import UserError
from counterpoint.storage import write_atomically

AUTHORITY = "ca"
AUTHORITY_DAYS, PEER_DAYS = 3650, 365
HERE = ("localhost", "127.0.0.1")


def make_authority(folder: Path) -> tuple[Path, Path]:
    """A new authority: `ca.crt`, which every peer gets, and `ca.key`, which stays with whoever signs.

    Args:
        folder: where they go; made if it is not there.

    Raises:
        UserError: one is there already, or the extra `peer` is not installed.
    """
    x509 = needed("cryptography.x509")
    key = _new_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "counterpoint authority")])
    builder = _builder(name, name, key, AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = builder.add_extension(usage, critical=True).sign(key, _sha256())
    return _write(folder, AUTHORITY, certificate, key)


def make_certificate(folder: Path, name: str, hosts: Sequence[str] = ()) -> tuple[Path, Path]:
    """A new certificate of a peer, `NAME.crt` and `NAME.key`, signed by the authority in the folder.

    Args:
        folder: with `ca.crt` and `ca.key`.
        name: of the peer, the certificate's common name.
        hosts: names and addresses at which it listens, beside those of this machine alone.

    Raises:
        UserError: there is no authority, or the certificate is there already.
    """
    x509 = needed("cryptography.x509")
    serialization = needed("cryptography.hazmat.primitives.serialization")
    try:
        authority = x509.load_pem_x509_certificate((folder / f"{AUTHORITY}.crt").read_bytes())
        signer = serialization.load_pem_private_key((folder / f"{AUTHORITY}.key").read_bytes(), None)
    except OSError as error:
        raise UserError(f"there is no authority in {folder} to sign certificates: {error.strerror}") from error
    key = _new_key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    usages = [x509.ExtendedKeyUsageOID.SERVER_AUTH, x509.ExtendedKeyUsageOID.CLIENT_AUTH]
    names = x509.SubjectAlternativeName([_host(host) for host in (*HERE, *hosts)])
    certificate = (
        _builder(subject, authority.subject, key, PEER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(names, critical=False)
        .sign(signer, _sha256())
    )
    return _write(folder, name, certificate, key)


def _new_key() -> Any:
    curves = needed("cryptography.hazmat.primitives.asymmetric.ec")
    return curves.generate_private_key(curves.SECP256R1())


def _sha256() -> Any:
    return needed("cryptography.hazmat.primitives.hashes").SHA256()


def _builder(subject: Any, issuer: Any, key: Any, days: int) -> Any:
    x509 = needed("cryptography.x509")
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _host(host: str) -> Any:
    x509 = needed("cryptography.x509")
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(folder: Path, name: str, certificate: Any, key: Any) -> tuple[Path, Path]:
    """Certificate and key, the key for its owner's eyes alone; nothing is overwritten."""
    serialization = needed("cryptography.hazmat.primitives.serialization")
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    for path in paths:
        if path.exists():
            raise UserError(f"{path} is there already: keep it, or move it away first")
    folder.mkdir(parents=True, exist_ok=True)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    before = os.umask(0o077)
    try:
        write_atomically(paths[1], secret)
    finally:
        os.umask(before)
    write_atomically(paths[0], certificate.public_bytes(serialization.Encoding.PEM))
    return paths
