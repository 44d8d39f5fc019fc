"""Each example is run as its first lines say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_every_example_is_tested_here() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {"anchored.py", "own_data.py", "own_model.py"}


@pytest.mark.slow
def test_a_method_in_a_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "counterpoint", "run", str(EXAMPLES / "anchored.py"), "--data", "watch"]
    short = ["--set", "strength=0.05", "--clients", "2", "--rounds", "1", "--epochs", "1", "--no-report", "--json"]
    done = subprocess.run([*command, *short], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1])["out"] == "runs/anchored-watch-seed0"
    config = (tmp_path / "runs/anchored-watch-seed0/config.toml").read_text()
    assert "strength = 0.05" in config
    assert f'method = "{(EXAMPLES / "anchored.py").resolve()}"' in config, "it can be resumed from any folder"


@pytest.mark.slow
def test_a_model_of_ones_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "own_model.py")], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    scores = {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines()}
    assert set(scores) == {"motion+pulse", "motion", "pulse"}
    assert scores["motion+pulse"] > 0.6


@pytest.mark.slow
def test_data_of_ones_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "own_data.py")], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:4]] == ["shop 1", "shop 2", "shop 3", "shop 4"]
    scores = {line.split()[0]: float(line.split()[1]) for line in lines[4:]}
    assert set(scores) == {"measured+note+photo", "measured", "note", "photo"}
    assert scores["measured+note+photo"] > 0.7
    assert (tmp_path / "shapes/photos/0.png").exists()
