"""The program as a process of its own."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = (sys.executable, "-m", "counterpoint")
BROKEN = '''
from counterpoint.methods import FedAvg

class Broken(FedAvg):
    """Fails."""

    def round(self, fed):
        raise ZeroDivisionError("oh")
'''


def program(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


def test_from_run_to_json(quick: tuple[str, ...], tmp_path: Path) -> None:
    done = program("run", "fedavg", *quick, "--json", cwd=tmp_path)
    assert done.returncode == 0
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["out"] == str(Path("runs/fedavg-watch-seed0"))
    assert (tmp_path / summary["out"] / "checkpoint.safetensors").is_file()


def test_a_mistake(tmp_path: Path) -> None:
    done = program("run", "fedavg", "--data", "watch", "--rounds", "0", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


def test_a_fault_keeps_its_traceback(quick: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    done = program("run", "broken.py:Broken", *quick, cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "ZeroDivisionError: oh" in done.stderr


@pytest.mark.parametrize("command", ["methods", "--help"])
def test_nobody_reads_on(tmp_path: Path, command: str) -> None:
    with subprocess.Popen([*PROGRAM, command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("lacking", ["matplotlib", "jinja2"])
def test_report_without_its_extra(finished: Path, lacking: str) -> None:
    code = f"import sys; sys.modules[{lacking!r}] = None; from counterpoint.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "report", str(finished)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert lacking in done.stderr and "pip install 'counterpoint[report]'" in done.stderr


@pytest.mark.slow
def test_stopped_and_resumed(quick: tuple[str, ...], tmp_path: Path) -> None:
    command = [*PROGRAM, "run", "fedavg", *quick, "--rounds", "1000", "--set", "evaluate.every=1000", "--out", "o"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        until = time.monotonic() + 120
        while "round 1 of" not in _text(tmp_path / "o" / "log.txt") and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "")
    assert err.endswith("go on with: counterpoint resume o\n")
    assert "Traceback" not in err
    config = tmp_path / "o" / "config.toml"
    rounds = int(err.split("stopped after round ")[1].split()[0]) + 1
    config.write_text(config.read_text().replace("rounds = 1000", f"rounds = {rounds}"))
    done = program("resume", "o", "--json", "--no-report", cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["rounds"] == rounds


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
