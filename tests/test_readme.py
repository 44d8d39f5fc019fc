"""What the README says is run, as it stands there."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
def test_the_python_screen_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = blocks("python")[0]
    assert len(code.splitlines()) < 40, "one screen"
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    lines = capsys.readouterr().out.splitlines()
    assert all(0 <= float(line) <= 1 for line in lines[:3])
    assert "bytes went up; runs/readme has the rest" in lines[3]
    assert (tmp_path / "runs/readme/result.json").exists()


class StandIn:
    """What is used of a `datasets.Dataset`; the package is no dependency."""

    features: ClassVar[dict[str, object]] = {}

    def __init__(self, columns: dict[str, list[object]]) -> None:
        self.columns, self.column_names = columns, list(columns)

    @classmethod
    def from_dict(cls, columns: dict[str, list[object]]) -> "StandIn":
        return cls(columns)

    def __iter__(self) -> Iterator[dict[str, object]]:
        for row in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, row, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("code", blocks("python")[1:], ids=["arrays", "folder", "huggingface", "torch"])
def test_data_of_ones_own(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(Dataset=StandIn))
    assert len(code.splitlines()) <= 15
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert 0 <= float(capsys.readouterr().out) <= 1


def test_the_commands_exist() -> None:
    from typer.main import get_command

    from counterpoint.cli.main import app

    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    said = [shlex.split(line, comments=True) for block in blocks("bash") for line in block.splitlines()]
    words = [line[1] for line in said if line and line[0] == "counterpoint"]
    assert len(words) >= 8
    assert set(words) <= commands


def test_the_comparison_out_of_a_file_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from counterpoint.experiments import Comparison, cases

    monkeypatch.chdir(tmp_path)
    imports, _, rest = blocks("python")[0].partition("result = ")
    (tmp_path / "anchored.py").write_text(imports)
    assert rest
    (text,) = blocks("toml")
    (tmp_path / "paper.toml").write_text(text)
    found = Comparison.read(tmp_path / "paper.toml")
    assert [variant.label for variant in found.variants] == ["fedavg", "fedprox[mu=0.1]", "anchored[strength=0.05]"]
    assert [condition.label for condition in found.conditions] == ["watch", "watch, missing client:0.4", "support2"]
    assert len(cases(found)) == 3 * 3 * 5
    assert found.tune == 20
