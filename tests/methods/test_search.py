"""Ranges that methods declare for searching."""

from typing import Annotated

from pydantic import Field

from counterpoint.methods import METHODS, FedAvg
from counterpoint.methods.search import Search, searched


def test_what_methods_declare() -> None:
    assert searched(METHODS["fedprox"]) == {"mu": Search(1e-4, 1, log=True)}
    assert list(searched(METHODS["fedadam"])) == ["server_lr", "tau"]
    assert searched(METHODS["fedavg"]) == {}


def test_a_range_changes_nothing_else() -> None:
    class Mine(FedAvg):
        """With an option of each sort."""

        strength: Annotated[float, Field(ge=0), Search(0.1, 10)] = 1.0
        steps: Annotated[int, Search(1, 8, log=True)] = 2
        other: float = 3.0

    assert searched(Mine) == {"strength": Search(0.1, 10), "steps": Search(1, 8, log=True)}
    assert Mine(strength="2").options == {"strength": 2.0, "steps": 2, "other": 3.0}
    assert Mine(strength="200").options["strength"] == 200.0, "it says where to look, not what is allowed"


def test_defaults_lie_in_the_range() -> None:
    for cls in METHODS.values():
        for name, search in searched(cls).items():
            assert search.low <= cls().options[name] <= search.high
