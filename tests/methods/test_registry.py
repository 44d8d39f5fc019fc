from pathlib import Path

import pytest

from counterpoint.errors import UserError
from counterpoint.methods import FedAvg, find_method

TWO = """
from __future__ import annotations
from counterpoint.methods import FedAvg

class First(FedAvg):
    "One."
    mu: float = 0.25

class Second(First):
    "Two."
"""


def test_methods_by_name():
    assert find_method("fedavg") is FedAvg
    with pytest.raises(UserError, match="unknown method 'fedpox': did you mean 'fedprox'"):
        find_method("fedpox")
    with pytest.raises(UserError, match="unknown method 'fedopt'"):
        find_method("fedopt")  # the base of its members


def test_a_method_out_of_a_file(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(TWO)
    second = find_method(f"{path}:Second")
    assert (second.__name__, second.name, second(mu="0.5").options) == ("Second", "second", {"mu": 0.5})
    assert find_method(f"{path}:First")().options == {"mu": 0.25}
    with pytest.raises(UserError, match=r"defines 2: say .*mine\.py:NAME"):
        find_method(str(path))
    with pytest.raises(UserError, match=r"'Secnd': did you mean 'Second'"):
        find_method(f"{path}:Secnd")
    with pytest.raises(UserError, match="there are: First, Second"):
        find_method(f"{path}:FedAvg")  # imported, not defined there


def test_a_file_with_one_method_needs_no_name(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(TWO[: TWO.index("class Second")])
    assert find_method(str(path)).__name__ == "First"


def test_a_file_without_a_method_or_no_file(tmp_path: Path):
    with pytest.raises(UserError, match="there is no method file"):
        find_method(str(tmp_path / "none.py"))
    (tmp_path / "empty.py").write_text("x = 1\n")
    with pytest.raises(UserError, match="it defines 0"):
        find_method(str(tmp_path / "empty.py"))


@pytest.mark.parametrize("text", ["import nowhere_at_all", "def broken(:", "1 / 0"])
def test_a_file_that_cannot_be_loaded(tmp_path: Path, text: str):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UserError, match=r"mine\.py cannot be loaded: "):
        find_method(str(tmp_path / "mine.py"))
