"""Each thing that `deploy check` tells, on an app that is otherwise well."""

import random
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterpoint.deploy.checks import Level, check, place
from counterpoint.deploy.files import write_app
from counterpoint.errors import UserError

HOST = "127.0.0.1"
PIN = next(
    text
    for text in tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]["flower"]
    if text.startswith("flwr")
)
Told = Callable[..., list[str]]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app of two sites, with all keys; not to be changed."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        port = one.getsockname()[1]
    folder = tmp_path_factory.mktemp("whole") / "app"
    write_app(folder, data="watch", method="fedavg", sites=2, link=f"{HOST}:{port}", rounds=3)
    for words in (["server", HOST, "localhost"], ["site", "0"], ["site", "1"]):
        subprocess.run(["./keys.sh", *words], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def app(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COUNTERPOINT_ENV", str(Path(sys.executable).parent.parent))
    monkeypatch.setattr(place.metadata, "requires", lambda _: [PIN])
    return Path(shutil.copytree(whole, tmp_path / "app"))


@pytest.fixture
def link(app: Path) -> Path:
    """At the link: no site's private key."""
    for name in ("site-0", "site-1"):
        (app / "keys" / name).unlink()
    return app


@pytest.fixture
def site(app: Path) -> Path:
    """At site 1: its key, and what came from the link."""
    for name in ("site-0", "ca.key", "link.key", "link.crt"):
        (app / "keys" / name).unlink()
    return app


def errors(folder: Path, site: int | None = None, data: str = "") -> list[str]:
    return [f"{f.topic}: {f.text}" for f in check(folder, site=site, data=data) if f.level == Level.ERROR]


def warnings(folder: Path, site: int | None = None) -> list[str]:
    return [f"{f.topic}: {f.text}" for f in check(folder, site=site) if f.level == Level.WARNING]


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def only(found: list[str], pattern: str) -> None:
    assert len(found) == 1, found
    assert re.search(pattern, found[0]), found
    assert "\n" not in found[0]


def set_to(app: Path, key: str, value: str) -> None:
    file = app / "pyproject.toml"
    text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", file.read_text())
    assert count == 1
    file.write_text(text)


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(p.relative_to(folder)): (p.stat().st_mode, p.read_bytes() if p.is_file() else b"")
        for p in folder.rglob("*")
    }


def test_all_is_well_at_the_link_and_nothing_is_changed(link: Path):
    before = snapshot(link)
    found = check(link)
    assert [f.text for f in found if f.level == Level.ERROR] == []
    topics = ["address", "agreement", "app", "certificates", "disk", "flower", "keys", "method", "programs"]
    assert sorted({f.topic for f in found}) == topics
    only([f.text for f in found if f.level == Level.WARNING], r"LINK in federation\.conf is 127\.0\.0\.1, which other")
    assert "fedavg, 3 rounds, 1,145 rows of a global test" in [f.text for f in found]
    assert snapshot(link) == before


def test_all_is_well_at_a_site_and_nothing_is_changed(site: Path):
    before = snapshot(site)
    found = check(site, site=1)
    assert [f.text for f in found if f.level == Level.ERROR] == []
    assert any(re.match(r"[\d,]+ rows to train on, [\d,]+ to test on, with acc, gyro", f.text) for f in found)
    assert len([f for f in found if f.level == Level.WARNING]) == 1
    assert snapshot(site) == before


def test_complaints_come_first(app: Path):
    (app / "keys" / "link.key").unlink()
    levels = [f.level for f in check(app)]
    assert levels == sorted(levels, key=[Level.ERROR, Level.WARNING, Level.READY].index)
    assert len(set(levels)) == 3


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, r"holds no app, cannot read .*pyproject\.toml: write one with counterpoint deploy init"),
        ("[tool", r"pyproject\.toml is not valid TOML"),
        ("[project]\n", r"has no \[tool\.flwr\.app\.config\]"),
        ("[tool.flwr.app.config]\nrounds = 0\n", r"\[tool\.flwr\.app\.config\]: 'rounds' = 0"),
    ],
)
def test_a_folder_that_holds_no_app(text: str | None, complaint: str, tmp_path: Path):
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UserError, match=complaint):
        check(tmp_path)


def test_flower_of_another_version(link: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(place.metadata, "version", lambda _: "1.12.0")
    only(errors(link), r"flower: Flower 1\.12\.0 is installed, and Counterpoint works with .*1\.41.*pip install")


def test_an_installation_that_does_not_say_which_flower(link: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(place.metadata, "requires", lambda _: ["torch>=2.6"])
    assert any(text.startswith("flower: this installation does not say whether Flower") for text in warnings(link))


def test_agreement_that_cannot_be_read(link: Path):
    (link / "app" / "agreement.toml").unlink()
    only(errors(link), r"agreement: cannot read .*agreement\.toml")


def test_agreement_that_is_not_named(link: Path):
    set_to(link, "sites", '""')
    only(errors(link), r'agreement: sites is empty in pyproject\.toml: .* sites = "agreement\.toml"')


def test_agreement_without_the_site(site: Path):
    subprocess.run(["./keys.sh", "site", "5"], cwd=site, check=True, capture_output=True)
    found = errors(site, site=5)
    only(found, r"agreement: agreement\.toml has no site 5: its sites are 0 to 1")


def test_more_sites_asked_for_than_there_are(link: Path):
    set_to(link, "min-clients", "3")
    only(errors(link), r"agreement: pyproject\.toml has min-clients = 3, and agreement\.toml has 2 sites")


def test_agreement_that_is_not_that_of_the_test(link: Path):
    edit(link / "app" / "agreement.toml", '"acc" = {kind = "sequence", shape = [3, 128]}', '"acc" = {kind = "table", shape = [4]}')  # fmt: skip # noqa: E501
    only(
        errors(link), r"method: watch: acc is a sequence of shape \(3, 128\), and agreed on is a table of shape \(4,\)"
    )


@pytest.mark.parametrize(
    ("method", "complaint"),
    [
        ("fedavgg", r"method: unknown method 'fedavgg'"),
        ("d-psgd", r"method: d-psgd has no server, and Flower is made of one"),
        ("mine.py:Mine", r"method: there is no method file .*app/mine\.py"),
    ],
)
def test_a_method_that_cannot_be(method: str, complaint: str, link: Path):
    set_to(link, "method", f'"{method}"')
    only(errors(link), complaint)


def test_a_method_that_lacks_rows(link: Path):
    set_to(link, "method", '"fedmekt"')
    found = errors(link)
    assert len(found) == 2
    assert "name them in pyproject.toml (proxy) and at each site (PROXY=FOLDER ./site.sh N)" in found[0]
    assert "name them in pyproject.toml (labelled)" in found[1]


def test_a_method_of_ones_own(link: Path):
    source = 'from counterpoint.methods import FedAvg\n\n\nclass Mine(FedAvg):\n    """Mine."""\n'
    (link / "app" / "mine.py").write_text(source)
    set_to(link, "method", '"mine.py:Mine"')
    assert errors(link) == []


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("settings", '"mu=0.1"', r"method: .*'mu'"),
        ("test", '"./nowhere"', r"method: .*nowhere"),
        ("device", '"tpu"', r"method: there is no device 'tpu' here"),
    ],
)
def test_settings_that_the_run_would_refuse(key: str, value: str, complaint: str, link: Path):
    set_to(link, key, value)
    only(errors(link), complaint)


def test_data_that_are_not_fetched_are_not_fetched_now(link: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("counterpoint.deploy.checks.app.sources.cached", lambda _: False)
    monkeypatch.setattr("counterpoint.data.sources.load", lambda _: pytest.fail("it was read"))
    assert errors(link) == []
    assert "method: test = watch in pyproject.toml is not fetched yet: counterpoint data get watch" in warnings(link)


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("app/client.py", "import nowhere_at_all", r"app: app/client\.py cannot be imported: ModuleNotFoundError"),
        ("app/server.py", "here = 1", r"app: app/server\.py has no app"),
        ("app/server.py", None, r"app: there is no app/server\.py"),
    ],
)
def test_modules_that_cannot_be_imported(file: str, text: str | None, complaint: str, link: Path):
    if text is None:
        (link / file).unlink()
    else:
        (link / file).write_text(text)
    only(errors(link), complaint)
    assert not any(name.partition(".")[0] == "app" for name in sys.modules)


def test_a_private_key_in_the_app(link: Path):
    shutil.copy(link / "keys" / "ca.key", link / "app" / "ca.key")
    only(errors(link), r"app: app/ca\.key holds a private key, and app/ goes to every site")


def test_a_private_key_that_is_packed(link: Path):
    edit(link / "pyproject.toml", '"app/**"', '"app/**", "notes.md"')
    (link / "notes.md").write_text((link / "keys" / "ca.key").read_text())
    only(errors(link), r"app: notes\.md holds a private key and is packed into the app")


def test_an_app_that_is_too_large(link: Path):
    (link / "app" / "table.json").write_bytes(random.Random(0).randbytes(11 * 2**20))
    only(errors(link), r"app: app/ is too large, \d+\.\d MiB, and Flower takes 10")


def test_an_app_that_flower_cannot_pack(link: Path):
    edit(link / "pyproject.toml", 'publisher = "counterpoint"', "")
    only(errors(link), r"app: Flower cannot pack the app, see pyproject\.toml: ")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("link.key", r"keys: there is no keys/link\.key: \./keys\.sh server HOST"),
        ("link.crt", r"certificates: there is no keys/link\.crt: \./keys\.sh server HOST"),
        ("ca.crt", r"certificates: there is no keys/ca\.crt: \./keys\.sh server HOST"),
    ],
)
def test_keys_that_the_link_lacks(name: str, complaint: str, link: Path):
    (link / "keys" / name).unlink()
    only(errors(link), complaint)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("site-1", r"keys: there is no keys/site-1: \./keys\.sh site 1"),
        ("ca.crt", r"certificates: there is no keys/ca\.crt: it comes from the link, in for-sites\.tar\.gz"),
    ],
)
def test_keys_that_a_site_lacks(name: str, complaint: str, site: Path):
    (site / "keys" / name).unlink()
    only(errors(site, site=1), complaint)


def test_a_site_that_has_not_sent_its_key(link: Path):
    (link / "keys" / "site-1.pub").unlink()
    assert any(re.search(r"keys: there is no keys/site-1\.pub yet", text) for text in warnings(link))
    assert errors(link) == []


@pytest.mark.parametrize("name", ["ca.key", "link.key"])
def test_keys_that_others_can_read(name: str, link: Path):
    (link / "keys" / name).chmod(0o644)
    only(errors(link), rf"keys: keys/{re.escape(name)} can be read by others \(mode 644\): chmod 600 keys/")


def test_a_key_of_a_site_that_others_can_read(site: Path):
    (site / "keys" / "site-1").chmod(0o640)
    only(errors(site, site=1), r"keys: keys/site-1 can be read by others \(mode 640\)")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nonsense", r"keys: keys/site-1 is no key that Flower reads"),
        (None, r"keys: keys/site-1 is not of an elliptic"),
    ],
)
def test_keys_that_flower_cannot_take(text: str | None, complaint: str, site: Path):
    path = site / "keys" / "site-1"
    if text is None:
        path.unlink()
        (site / "keys" / "site-1.pub").unlink()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    else:
        path.write_text(text)
    only(errors(site, site=1), complaint)


def test_private_keys_that_belong_elsewhere(app: Path):
    at_link = "keys: keys/site-0, keys/site-1 should be at that site alone, unless all is on one machine to try it"
    assert any(text.startswith(at_link) for text in warnings(app))
    found = warnings(app, site=1)
    for name in ("keys/site-0", "keys/ca.key", "keys/link.key"):
        assert any(text.startswith(f"keys: {name} should be at") for text in found)
    assert errors(app) == []


def certify(keys: Path, name: str, *, days: float = 365.0, since: float = -1.0, foreign: bool = False) -> None:
    """Make a certificate anew: of the authority by itself, of the link by the authority."""
    key = serialization.load_pem_private_key((keys / name).with_suffix(".key").read_bytes(), None)
    authority = ec.generate_private_key(ec.SECP256R1()) if foreign else None
    signer = authority or serialization.load_pem_private_key((keys / "ca.key").read_bytes(), None)
    old = x509.load_pem_x509_certificate((keys / name).read_bytes())
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=since))
        .not_valid_after(now + timedelta(days=days))
    )
    for extension in old.extensions:
        made = made.add_extension(extension.value, extension.critical)
    (keys / name).write_bytes(made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "again"), [("link.crt", r"keys/link\.crt"), ("ca.crt", r"keys/ca\.key and keys/link\.crt")]
)
def test_certificates_that_have_expired(name: str, again: str, link: Path):
    certify(link / "keys", name, since=-40, days=-2)
    day = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
    only(errors(link), rf"certificates: keys/{name} has expired on {day}: delete {again}, then \./keys\.sh server")


def test_a_certificate_that_expires_soon(link: Path):
    certify(link / "keys", "link.crt", days=20)
    assert any("certificates: keys/link.crt expires on" in text for text in warnings(link))
    assert errors(link) == []


def test_a_certificate_that_is_not_valid_yet(link: Path):
    certify(link / "keys", "link.crt", since=3)
    only(errors(link), r"certificates: keys/link\.crt is valid from .* on: see the clock here")


def test_a_certificate_of_another_authority(link: Path):
    certify(link / "keys", "link.crt", foreign=True)
    only(errors(link), r"certificates: keys/link\.crt is not signed by keys/ca\.crt")


def test_a_key_of_another_certificate(link: Path):
    shutil.copy(link / "keys" / "ca.key", link / "keys" / "link.key")
    only(errors(link), r"certificates: keys/link\.key is not the key of keys/link\.crt")


@pytest.mark.parametrize("name", ["link.crt", "link.key", "ca.crt"])
def test_files_that_are_no_certificate_and_no_key(name: str, link: Path):
    (link / "keys" / name).write_text("nonsense")
    only(errors(link), rf"certificates: keys/{re.escape(name)} is no (certificate|key)")


@pytest.mark.parametrize("host", ["192.0.2.9", "other.example.org", "[fd00::1]"])
def test_a_certificate_for_another_host(host: str, link: Path):
    (link / "federation.conf").write_text(f"LINK={host}:{free()}\n")
    only(errors(link), rf"certificates: keys/link\.crt is not for {re.escape(host.strip('[]'))}, as LINK in federation")


def free() -> int:
    with socket.socket() as one:
        one.bind(("0.0.0.0", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, r"cannot read .*federation\.conf"),
        ("# nothing\n", r"does not say where the link is: write LINK=HOST:PORT"),
        ("LINK=nowhere\n", r"'nowhere' is no address of a link"),
    ],
)
def test_an_address_that_is_none(text: str | None, complaint: str, site: Path):
    (site / "federation.conf").unlink()
    if text is not None:
        (site / "federation.conf").write_text(text)
    only(errors(site, site=1), rf"address: .*{complaint}")


def test_a_port_that_is_taken(link: Path):
    with socket.socket() as one:
        one.bind((HOST, 0))
        one.listen()
        port = one.getsockname()[1]
        (link / "federation.conf").write_text(f"LINK={HOST}:{port}\n")
        only(errors(link), rf"address: the link cannot listen at port {port} \(Address already in use\)")


def test_a_link_whose_name_nobody_knows(site: Path, monkeypatch: pytest.MonkeyPatch):
    def unknown(*_: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    (site / "federation.conf").write_text("LINK=fl.example.org:8443\n")
    monkeypatch.setattr(place.socket, "getaddrinfo", unknown)
    only(errors(site, site=1), r"address: the link's name fl\.example\.org is not known here \(Name or service")


def test_programs_that_are_not_found(site: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("COUNTERPOINT_ENV")
    monkeypatch.setenv("PATH", str(site))
    only(errors(site, site=1), r"programs: the scripts do not find flower-supernode: activate the environment")


@pytest.mark.parametrize(("number", "name"), [(None, "run"), (1, "site-1-state")])
def test_files_where_folders_should_be(number: int | None, name: str, app: Path):
    (app / name).write_text("")
    only(errors(app, site=number), rf"disk: .*/{name} is a file, and {name}/ is to be written there")


def test_a_disk_that_cannot_be_written(site: Path, monkeypatch: pytest.MonkeyPatch):
    (site / "site-1-state").mkdir()
    monkeypatch.setattr(place.os, "access", lambda path, _: Path(path).name != "site-1-state")
    only(errors(site, site=1), r"disk: site-1-state/ cannot be written in .*/site-1-state: let this user write there")


def test_data_of_a_site(site: Path, tmp_path: Path):
    only(errors(site, site=1, data=str(tmp_path / "nowhere")), r"data: there is no .*nowhere, where the data of site 1")
    rows = tmp_path / "rows"
    rows.mkdir()
    lines = ["label,unit,heart.rate", *(f"{'PEN' if n % 2 else 'ABD'},{n},{n}" for n in range(30))]
    (rows / "data.csv").write_text("\n".join(lines) + "\n")
    only(errors(site, site=1, data=str(rows)), r"data: .*none of the modalities that are agreed on: acc, gyro")


def test_data_with_other_modalities_than_agreed(site: Path):
    edit(site / "app" / "agreement.toml", '1 = {name = "site 1", modalities = ["acc", "gyro"]}', '1 = {name = "site 1", modalities = ["acc"]}')  # fmt: skip # noqa: E501
    only(errors(site, site=1), r"data: site 1 has acc, gyro, and agreed in agreement\.toml is acc")


def test_a_loader_that_fails(site: Path):
    (site / "site_data.py").write_text("def load(node):\n    raise OSError('no such table')\n")
    only(errors(site, site=1), r"data: load in .*site_data\.py failed: OSError: no such table")
