"""What the README says is run, as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
def test_the_python_screen_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python")
    assert len(code.splitlines()) < 40, "one screen"
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    lines = capsys.readouterr().out.splitlines()
    assert all(0 <= float(line) <= 1 for line in lines[:3])
    assert "bytes went up; runs/readme has the rest" in lines[3]
    assert (tmp_path / "runs/readme/result.json").exists()


def test_the_commands_exist() -> None:
    from typer.main import get_command

    from counterpoint.cli.main import app

    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    said = [shlex.split(line, comments=True) for block in blocks("bash") for line in block.splitlines()]
    words = [line[1] for line in said if line and line[0] == "counterpoint"]
    assert len(words) >= 8
    assert set(words) <= commands
