"""The app that `deploy init` writes: whole, readable back, and its scripts run."""

import io
import stat
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from flwr.cli.build import build_fab_from_disk

from counterpoint.data import prepared
from counterpoint.deploy import share
from counterpoint.deploy.agreement import Agreement
from counterpoint.deploy.files import write_app
from counterpoint.deploy.loader import at_site
from counterpoint.deploy.settings import AppSettings
from counterpoint.errors import UserError

SCRIPTS = ("keys.sh", "link.sh", "pack.sh", "register.sh", "site.sh", "start.sh")
NO_KEYS_OF_SITES = {
    "clients", "partition", "missing", "missing-test", "modalities", "features", "labels", "proxy-share",
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "clinics"
    write_app(folder, data="watch", method="fedcmi", sites=4, link="fl.example.org:9443", rounds=7)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "rows"
    folder.mkdir()
    lines = [f"{'no' if n % 2 else 'yes'},{n},{n / 7:.3f},{n % 5}.5,{'' if n % 3 else n}" for n in range(40)]
    (folder / "data.csv").write_text("\n".join(["label,unit,heart.rate,heart.rhythm,blood.salt", *lines]) + "\n")
    return folder


def told(folder: Path) -> dict[str, object]:
    found = tomllib.loads((folder / "pyproject.toml").read_text())
    settings: dict[str, object] = found["tool"]["flwr"]["app"]["config"]
    return settings


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([f"./{words[0]}", *words[1:]], cwd=folder, capture_output=True, text=True, check=False)


def test_settings_are_as_asked_for(written: Path):
    settings = AppSettings.of(told(written))
    assert (settings.method, settings.data, settings.rounds) == ("fedcmi", "watch", 7)
    assert (settings.sites, settings.test, settings.out) == ("agreement.toml", "watch", "run")
    assert "LINK=fl.example.org:9443 " in (written / "federation.conf").read_text()


def test_every_setting_that_means_something_can_be_changed_for_one_run(written: Path):
    """Flower takes keys alone that are there already."""
    every = {name.replace("_", "-") for name in AppSettings.model_fields}
    assert set(told(written)) == every - NO_KEYS_OF_SITES


def test_the_agreement_is_that_of_the_data(written: Path):
    agreement = Agreement.read(written / "app" / "agreement.toml")
    data = prepared("watch")
    assert agreement.classes == data.task.classes
    assert {n: (m.kind, m.shape) for n, m in agreement.modalities.items()} == {
        n: (m.kind, m.shape) for n, m in data.modalities.items()
    }
    assert agreement.roster() == dict.fromkeys(range(4), ("acc", "gyro"))


def test_nothing_is_left_to_fill_in(written: Path):
    for path in written.rglob("*"):
        if path.is_file():
            assert "@" not in path.read_text().replace('"$@"', ""), path
            assert not path.name.endswith(".in")
    assert "./keys.sh server fl.example.org\n" in (written / "README.md").read_text()


def test_scripts_can_be_run(written: Path):
    for name in SCRIPTS:
        assert subprocess.run(["bash", "-n", name], cwd=written, check=False).returncode == 0
        assert stat.S_IMODE((written / name).stat().st_mode) == 0o755
    assert stat.S_IMODE((written / "README.md").stat().st_mode) == 0o644


def test_a_site_without_data_has_a_share(written: Path):
    found = at_site({"site": 2, "loader": str(written / "site_data.py")})
    assert not isinstance(found, str | Path)
    assert found.samples.label.tolist() == share("watch", 2, of=4).samples.label.tolist()


def test_a_site_with_data_has_those(written: Path, own: Path):
    assert at_site({"site": 2, "loader": str(written / "site_data.py"), "data": str(own)}) == own


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, r"there is no .*mine\.py, which loads the data of this site"),
        ("load = 3", r"mine\.py has no function load\(node\)"),
        ("import nowhere_at_all", r"mine\.py cannot be loaded: ModuleNotFoundError"),
        ("def load(node):\n    return 1 / 0", r"load in .*mine\.py failed: ZeroDivisionError"),
        ("def load(node):\n    return 7", r"load in .*mine\.py gives a int"),
    ],
)
def test_what_is_wrong_with_a_loader_is_told(text: str | None, complaint: str, tmp_path: Path):
    file = tmp_path / "mine.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UserError, match=complaint):
        at_site({"site": 0, "loader": str(file)})


def test_a_node_without_a_loader_says_so():
    with pytest.raises(UserError, match=r"does not say what loads its data: start it with \./site\.sh N"):
        at_site({"site": 0})


def test_a_folder_of_ones_own_says_what_is_agreed_on_and_stays_out(own: Path, tmp_path: Path):
    folder = tmp_path / "app"
    write_app(folder, data=str(own), method="fedavg", sites=2)
    agreement = Agreement.read(folder / "app" / "agreement.toml")
    assert set(agreement.classes) == {"no", "yes"}
    assert {n: m.kind for n, m in agreement.modalities.items()} == {"blood": "table", "heart": "table"}
    assert agreement.roster() == {0: ("blood", "heart"), 1: ("blood", "heart")}
    settings = AppSettings.of(told(folder))
    assert (settings.data, settings.test) == (prepared(str(own)).name, "")
    with pytest.raises(UserError, match=r"this site has no data: start it with its folder"):
        at_site({"site": 0, "loader": str(folder / "site_data.py")})
    assert not any(str(own) in path.read_text() for path in folder.rglob("*") if path.is_file())


def test_a_method_of_ones_own_goes_into_the_app(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(
        'from counterpoint.methods import FedAvg\n\n\nclass Mine(FedAvg):\n    """Mine."""\n\n    name = "mine"\n'
    )
    write_app(tmp_path / "app", data="watch", method=f"{file}:Mine")
    assert told(tmp_path / "app")["method"] == "mine.py:Mine"
    assert (tmp_path / "app" / "app" / "mine.py").read_text() == file.read_text()


def test_an_empty_folder_will_do(tmp_path: Path):
    (tmp_path / "app").mkdir()
    write_app(tmp_path / "app", data="watch", method="fedavg")
    assert (tmp_path / "app" / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"method": "d-psgd"}, r"^d-psgd has no server, and Flower is made of one"),
        ({"method": "fedavgg"}, r"unknown method 'fedavgg'"),
        ({"method": "nowhere.py"}, r"there is no method file nowhere\.py"),
        ({"data": "watc"}, r"watc"),
        ({"sites": 0}, r"0 sites are too few"),
        ({"rounds": 0}, r"0 rounds are too few"),
        ({"link": "fl.example.org"}, r"'fl\.example\.org' is no address of a link: write HOST:PORT"),
        ({"link": "a:99999"}, r"is no address of a link"),
        ({"link": "$(id):1"}, r"is no address of a link"),
        ({"sites": 10_000}, r"watch has nothing for site"),
    ],
)
def test_of_a_mistake_nothing_is_left(change: dict[str, object], complaint: str, tmp_path: Path):
    options: dict[str, object] = {"data": "watch", "method": "fedavg"} | change
    with pytest.raises(UserError, match=complaint):
        write_app(tmp_path / "new" / "app", **options)  # type: ignore[arg-type]
    assert not list(tmp_path.rglob("*.toml"))
    assert not (tmp_path / "new").exists() or not list((tmp_path / "new").iterdir())


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="is not an empty folder: choose another one"):
        write_app(tmp_path, data="watch", method="fedavg")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_files_of_the_app_are_not_written_over(tmp_path: Path):
    file = tmp_path / "server.py"
    file.write_text('from counterpoint.methods import FedAvg\n\n\nclass Mine(FedAvg):\n    """Mine."""\n')
    with pytest.raises(UserError, match="has the name of a file of the app"):
        write_app(tmp_path / "app", data="watch", method=str(file))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    write_app(tmp_path / "app", data="watch", method="fedavg", sites=2)
    return tmp_path / "app"


def names_in(certificate: Path) -> str:
    asked = ["openssl", "x509", "-in", str(certificate), "-noout", "-ext", "subjectAltName"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


def test_keys_are_made_once_and_for_their_owner_alone(app: Path):
    done = run(app, "keys.sh", "server", "fl.example.org", "192.0.2.7", "fd00::7", "node-3")
    assert done.returncode == 0, done.stderr
    found = names_in(app / "keys" / "link.crt")
    for name in ("DNS:fl.example.org", "IP Address:192.0.2.7", "IP Address:FD00:0:0:0:0:0:0:7", "DNS:node-3"):
        assert name in found
    for name in ("ca.key", "link.key"):
        assert stat.S_IMODE((app / "keys" / name).stat().st_mode) == 0o600
    trusted = ["openssl", "verify", "-CAfile", "keys/ca.crt", "keys/link.crt"]
    assert subprocess.run(trusted, cwd=app, capture_output=True, check=False).returncode == 0
    before = {path.name: path.read_bytes() for path in (app / "keys").iterdir()}
    assert run(app, "keys.sh", "server", "other.example.org").returncode == 0
    assert {path.name: path.read_bytes() for path in (app / "keys").iterdir()} == before


def test_a_site_makes_its_pair(app: Path):
    assert run(app, "keys.sh", "site", "1").returncode == 0
    assert sorted(path.name for path in (app / "keys").iterdir()) == ["site-1", "site-1.pub"]
    assert (app / "keys" / "site-1.pub").read_text().startswith("ecdsa-sha2-nistp384 ")
    assert stat.S_IMODE((app / "keys" / "site-1").stat().st_mode) == 0o600


def test_what_goes_to_sites_has_no_key_in_it(app: Path):
    assert run(app, "pack.sh").returncode == 2
    assert run(app, "keys.sh", "server", "localhost").returncode == 0
    assert run(app, "keys.sh", "site", "0").returncode == 0
    (app / "run").mkdir()
    (app / "rows.csv").write_text("label,unit\n")
    done = run(app, "pack.sh")
    assert done.returncode == 0, done.stderr
    with tarfile.open(app / "for-sites.tar.gz") as packed:
        names = {name.rstrip("/") for name in packed.getnames()}
    assert {n for n in names if n.startswith("keys/")} == {"keys/ca.crt"}
    assert {"pyproject.toml", "federation.conf", "site_data.py", "site.sh", "app/agreement.toml"} <= names
    assert not {"run", "rows.csv", "link.sh"} & names


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("keys.sh", "server"), "error: name the hosts"),
        (("keys.sh", "site"), "error: which site? ./keys.sh site 0"),
        (("keys.sh",), "./keys.sh server HOST..."),
        (("site.sh",), "error: which site? ./site.sh N [DATA]"),
        (("site.sh", "0"), "error: there is no keys/site-0: run ./keys.sh site 0 first"),
        (("link.sh",), "error: there is no keys/link.crt: run ./keys.sh server HOST first"),
        (("register.sh",), "error: name public keys of sites"),
        (("register.sh", "keys/site-9.pub"), "error: there is no keys/site-9.pub"),
    ],
)
def test_scripts_say_what_is_missing(words: tuple[str, ...], complaint: str, app: Path):
    done = run(app, *words)
    assert done.returncode == 2
    assert complaint in done.stderr


def test_flower_packs_the_app_alone(app: Path):
    assert run(app, "keys.sh", "server", "localhost").returncode == 0
    for name in ("keys/note.json", "run/config.toml", "rows.jsonl", "site-0-state/x.json"):
        (app / name).parent.mkdir(exist_ok=True)
        (app / name).write_text("")
    with zipfile.ZipFile(io.BytesIO(build_fab_from_disk(app))) as packed:
        names = {name for name in packed.namelist() if not name.startswith(".info/")}
    app_files = {"app/__init__.py", "app/server.py", "app/client.py", "app/agreement.toml"}
    assert names == {"pyproject.toml"} | app_files
