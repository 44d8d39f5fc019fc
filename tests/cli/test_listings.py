"""`methods` and `data`."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoint.data import sources
from counterpoint.methods import METHODS, find_method
from counterpoint.methods.options import options_model
from counterpoint.runs.config import SECTIONS

OWN = '''
from typing import Annotated
from pydantic import Field
from counterpoint.methods import FedAvg

class Mine(FedAvg):
    """Mine, with w [rows, 2] and [/b].

      m <- 2 m

    Last.
    """

    flag: bool = True
    how: Annotated[str, Field(description="in which [bold]way")] = "so"
'''


def test_methods_lists_all(call: Callable[..., Any]) -> None:
    status, out, _ = call("methods")
    assert status == 0
    first = {line.split()[0] for line in out.splitlines() if line.split()}
    assert METHODS.keys() <= first
    assert "mu=0.01" in out


@pytest.mark.parametrize("name", METHODS)
def test_a_method_shows_its_settings(call: Callable[..., Any], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    status, out, _ = call("methods", name)
    assert status == 0
    told = out.partition("--set KEY=VALUE")[2]
    rows = {cells[0]: cells for line in told.splitlines() if (cells := re.split(r"\s{2,}", line.strip()))}
    for key, field in options_model(find_method(name)).model_fields.items():
        said = ",".join(field.default) or "none" if isinstance(field.default, tuple) else str(field.default)
        assert rows[key][2] == said.replace("True", "true").replace("False", "false")
    words = told.split()
    for section, keys in SECTIONS.items():
        assert {f"{section}.{key}" for key in keys} <= set(words)


def test_defaults_of_training_are_those_of_a_run(call: Callable[..., Any]) -> None:
    words = call("methods", "fedavg").out.split()
    assert words[words.index("train.epochs") :][:3] == ["train.epochs", "int", "2"]


def test_bounds_and_texts(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out = call("methods", "fedprox").out
    assert ">= 0" in out and "weight of the proximal term" in out
    assert "sgd | adam | adamw" in out and "float32 | float16 | bfloat16 | int8" in out


def test_a_method_of_ones_own_is_shown_as_it_is_written(call: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    status, out, _ = call("methods", "mine.py:Mine")
    assert status == 0
    assert "Mine, with w [rows, 2] and [/b]." in out
    assert "  m <- 2 m" in out
    assert "in which [bold]way" in out
    assert "flag" in out and "true" in out


def test_data_list(call: Callable[..., Any]) -> None:
    sources.get("watch")
    status, out, _ = call("data", "list")
    assert status == 0
    assert "watch" in out and "3,605" in out and "acc, gyro" in out and "yes" in out and "BSD" in out


def test_data_list_and_show_need_no_download(
    call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path / "cache"))
    listed = call("data", "list")
    assert listed.status == 0 and " no " in listed.out
    shown = call("data", "show", "watch")
    assert shown.status == 0 and "acc: sequence, 3 x 128, g" in shown.out
    assert not list(tmp_path.iterdir())


def test_data_show(call: Callable[..., Any]) -> None:
    sources.get("watch")
    status, out, _ = call("data", "show", "watch")
    assert status == 0
    card, words = sources.card("watch"), " ".join(out.split())
    assert card.checksum in words
    assert "acc: sequence, 3 x 128, g" in words
    assert "PEN, ABD" in words
    assert max(map(len, out.splitlines())) <= 80


def test_data_get_prints_where_it_is(call: Callable[..., Any]) -> None:
    status, out, err = call("data", "get", "watch")
    assert (status, err) == (0, "")
    assert out == f"{sources.get('watch')}\n"
    assert Path(out.strip()).is_file()
