"""`deploy init` and `deploy check`."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERPOINT_ENV", str(Path(sys.executable).parent.parent))


def keys(folder: Path, *words: str) -> None:
    subprocess.run(["./keys.sh", *words], cwd=folder, check=True, capture_output=True)


def test_from_init_to_ready(call: Call, tmp_path: Path):
    status, out, err = call(
        "deploy", "init", "clinics", "--data", "watch", "--method", "fedcmi", "--link", "[::1]:29443"
    )
    assert (status, err) == (0, "")
    assert out == "clinics/README.md tells what to do next\n"
    status, out, err = call("deploy", "check", "clinics")
    assert (status, err) == (2, "")
    words = " ".join(out.split())
    assert "error keys there is no keys/link.key: ./keys.sh server HOST" in words
    assert "warning address" in words
    assert "ready method fedcmi, 10 rounds" in words
    keys(tmp_path / "clinics", "server", "::1")
    for number in range(3):
        keys(tmp_path / "clinics", "site", str(number))
    status, out, err = call("deploy", "check", "clinics")
    assert (status, err) == (0, ""), out
    assert "error" not in out
    status, out, err = call("deploy", "check", "clinics", "--site", "2")
    assert (status, err) == (0, ""), out
    assert "rows to train on" in out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ("init", "app", "--data", "watch", "--method", "d-psgd"),
            "error: d-psgd has no server, and Flower is made of",
        ),
        (("init", "app"), "error: missing option '--data'"),
        (("init", "app", "--data", "watch", "--link", "here"), "error: 'here' is no address of a link"),
        (("init",), "error: missing argument 'DIR'"),
        (("check", "nowhere"), "error: nowhere holds no app, cannot read nowhere/pyproject.toml"),
        (("check", ".", "--data", "."), "error: --data is of a site: say which one, --site N"),
        (("chek",), "error: unknown command 'counterpoint deploy chek': did you mean 'counterpoint deploy check'?"),
    ],
)
def test_a_mistake_is_one_sentence(words: tuple[str, ...], complaint: str, call: Call, tmp_path: Path):
    status, out, err = call("deploy", *words)
    assert (status, out) == (2, "")
    assert err.startswith(complaint)
    assert err.count("\n") == 1
    assert not (tmp_path / "app").exists()


def without_flower(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; sys.modules['flwr'] = None; from counterpoint.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", program, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_without_flower_check_says_what_to_install_and_init_works(tmp_path: Path):
    done = without_flower(tmp_path, "deploy", "init", "app", "--data", "watch")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "app" / "pyproject.toml").is_file()
    done = without_flower(tmp_path, "deploy", "check", "app")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: Flower apps need flwr")
    assert done.stderr.endswith(": pip install 'counterpoint[flower]'\n")


def test_a_folder_and_a_method_of_ones_own(call: Call, tmp_path: Path):
    (tmp_path / "rows").mkdir()
    lines = ["label,unit,heart.rate", *(f"{'well' if n % 2 else 'ill'},{n},{60 + n}" for n in range(40))]
    (tmp_path / "rows" / "data.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "mine.py").write_text(
        'from counterpoint.methods import FedAvg\n\n\nclass Mine(FedAvg):\n    """Mine."""\n'
    )
    found = call("deploy", "init", "app", "--data", "./rows", "--method", "mine.py:Mine", "--sites", "2")
    assert (found.status, found.err) == (0, "")
    app = tmp_path / "app"
    keys(app, "server", "127.0.0.1")
    keys(app, "site", "0")
    status, out, _ = call("deploy", "check", "app", "--site", "0", "--data", "rows")
    assert status == 0, out
    assert "with heart" in " ".join(out.split())
    status, out, _ = call("deploy", "check", "app", "--site", "0")
    assert status == 2
    assert "this site has no data: start it with its folder, ./site.sh N FOLDER" in " ".join(out.split())
    words = " ".join(call("deploy", "check", "app").out.split())
    assert "ready method mine.py:Mine, 10 rounds, no global test" in words


def test_help_names_the_commands(call: Call):
    out = call("deploy").out
    assert "init" in out
    assert "check" in out
