"""Keys and certificates."""

import stat
from pathlib import Path

import pytest

from counterpoint.engines.zenoh.certificates import make_authority, make_certificate
from counterpoint.errors import UserError

x509 = pytest.importorskip("cryptography.x509")


def test_an_authority_signs_certificates_of_peers(tmp_path: Path):
    crt, _ = make_authority(tmp_path / "keys")
    own, key = make_certificate(tmp_path / "keys", "peer-3", ["10.0.0.3", "ward.example"])
    authority, peer = (x509.load_pem_x509_certificate(path.read_bytes()) for path in (crt, own))
    peer.verify_directly_issued_by(authority)
    assert peer.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == "peer-3"
    names = peer.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "ward.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "10.0.0.3"]
    assert not peer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert 363 < (peer.not_valid_after_utc - peer.not_valid_before_utc).days < 367
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_nothing_is_overwritten(tmp_path: Path):
    make_authority(tmp_path)
    before = (tmp_path / "ca.key").read_bytes()
    with pytest.raises(UserError, match=r"ca\.crt is there already: keep it, or move it away first"):
        make_authority(tmp_path)
    make_certificate(tmp_path, "peer-0")
    with pytest.raises(UserError, match=r"peer-0\.crt is there already"):
        make_certificate(tmp_path, "peer-0")
    assert (tmp_path / "ca.key").read_bytes() == before


def test_without_an_authority_nothing_is_signed(tmp_path: Path):
    with pytest.raises(UserError, match=r"there is no authority in .* to sign certificates"):
        make_certificate(tmp_path, "peer-0")
    assert not list(tmp_path.iterdir())
