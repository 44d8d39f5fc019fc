"""Looks at keys and certificates."""

import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from counterpoint.deploy.checks.finding import Level, Said
from counterpoint.deploy.checks.place import CONF, address_of
from counterpoint.errors import UserError

SITE = re.compile(r"site-(\d+)")
SOON = timedelta(days=30)
SERVER = "./keys.sh server"


def look_at_keys(folder: Path, site: int | None, sites: int) -> Said:
    """Whether those of this place are there, nobody else reads them, and no others are there."""
    keys = folder / "keys"
    private = sorted(path for path in keys.glob("*") if path.suffix == ".key" or SITE.fullmatch(path.name))
    for path in private:
        if (mode := path.stat().st_mode & 0o777) & 0o077:
            yield Level.ERROR, f"keys/{path.name} can be read by others (mode {mode:o}): chmod 600 keys/{path.name}"
    of_sites = sorted(int(found[1]) for path in private if (found := SITE.fullmatch(path.name)))
    if others := [number for number in of_sites if number != site]:
        which = ", ".join(f"keys/site-{number}" for number in others)
        yield (
            Level.WARNING,
            f"{which} should be at that site alone, unless all is on one machine to try it: move it there",
        )
    if site is None:
        if not (keys / "link.key").is_file():
            yield Level.ERROR, f"there is no keys/link.key: {SERVER} HOST"
        for number in range(sites):
            if not (keys / f"site-{number}.pub").is_file():
                yield (
                    Level.WARNING,
                    f"there is no keys/site-{number}.pub yet: site {number} makes it with ./keys.sh site {number} and"
                    " sends it",
                )
        yield Level.READY, f"link.key, and public keys of {sites} sites"
        return
    for name in ("ca.key", "link.key"):
        if (keys / name).exists():
            yield Level.WARNING, f"keys/{name} should be at the link alone, unless all is on one machine to try it"
    path = keys / f"site-{site}"
    if not path.is_file():
        yield Level.ERROR, f"there is no keys/site-{site}: ./keys.sh site {site}"
        return
    try:
        key = load_ssh_private_key(path.read_bytes(), None)
    except Exception as error:
        raise UserError(f"keys/site-{site} is no key that Flower reads ({error}): ./keys.sh site {site}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        yield Level.ERROR, f"keys/site-{site} is not of an elliptic curve, as Flower needs it: ./keys.sh site {site}"
    yield Level.READY, f"site-{site}"


def look_at_certificates(folder: Path, site: int | None) -> Said:
    """Whether they are valid, belong together and name the link."""
    keys = folder / "keys"
    found: dict[str, x509.Certificate] = {}
    for name in ("ca.crt",) if site is not None else ("ca.crt", "link.crt"):
        path = keys / name
        if not path.is_file():
            how = f"{SERVER} HOST" if site is None else "it comes from the link, in for-sites.tar.gz"
            yield Level.ERROR, f"there is no keys/{name}: {how}"
            continue
        try:
            found[name] = x509.load_pem_x509_certificate(path.read_bytes())
        except ValueError as error:
            raise UserError(f"keys/{name} is no certificate ({error}): delete it, then {SERVER} HOST") from error
    now = datetime.now(UTC)
    for name, one in found.items():
        old = "keys/ca.key and keys/link.crt" if name == "ca.crt" else "keys/link.crt"
        again = f"delete {old}, then {SERVER} HOST" if site is None else "get a new one from the link"
        until = one.not_valid_after_utc
        if until < now:
            yield Level.ERROR, f"keys/{name} has expired on {until:%Y-%m-%d}: {again}"
        elif until < now + SOON:
            yield Level.WARNING, f"keys/{name} expires on {until:%Y-%m-%d}: {again}"
        if one.not_valid_before_utc > now:
            yield Level.ERROR, f"keys/{name} is valid from {one.not_valid_before_utc:%Y-%m-%d} on: see the clock here"
    if site is None and len(found) == 2:
        yield from _belong_together(found["ca.crt"], found["link.crt"], keys)
        host, _ = address_of(folder)
        if not _names(found["link.crt"], host):
            yield (
                Level.ERROR,
                f"keys/link.crt is not for {host}, as LINK in {CONF} says: delete it, then {SERVER} {host}",
            )
    yield Level.READY, ", ".join(f"{n} until {c.not_valid_after_utc:%Y-%m-%d}" for n, c in found.items())


def _belong_together(authority: x509.Certificate, link: x509.Certificate, keys: Path) -> Said:
    """Whether the authority signed the link's certificate, and the link's key is that certificate's."""
    try:
        link.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        yield Level.ERROR, f"keys/link.crt is not signed by keys/ca.crt: delete it, then {SERVER} HOST"
    path = keys / "link.key"
    if not path.is_file():
        return
    try:
        public = load_pem_private_key(path.read_bytes(), None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UserError(f"keys/link.key is no key ({error}): delete it and link.crt, then {SERVER} HOST") from error
    form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if public.public_bytes(*form) != link.public_key().public_bytes(*form):
        yield Level.ERROR, f"keys/link.key is not the key of keys/link.crt: delete both, then {SERVER} HOST"


def _names(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate is for a host, a name or an address."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    try:
        return ip_address(host) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        return host.lower() in [name.lower() for name in names.get_values_for_type(x509.DNSName)]
