"""What is searched."""

from collections.abc import Mapping
from typing import Any

import pytest

from counterpoint.errors import UserError
from counterpoint.experiments import Condition, Variant
from counterpoint.experiments.tuning import Sweep
from counterpoint.experiments.tuning.space import Choices, Range, as_drawn, parse_over


def space(method: str, **options: Any) -> Mapping[str, Any]:
    return Sweep.of(Variant.parse(method), Condition("mfeat", {"partition": "iid"}), 3, **options).space


LR, DECAY = Range(1e-3, 1.0, log=True), Range(1e-5, 1e-2, log=True, zero=True)


def test_every_method_has_its_own() -> None:
    assert space("fedavg") == {"train.lr": LR, "train.weight_decay": DECAY}
    assert space("fedprox") == {"train.lr": LR, "train.weight_decay": DECAY, "mu": Range(1e-4, 1, log=True)}
    assert list(space("fedyogi")) == ["train.lr", "train.weight_decay", "server_lr", "tau"]


def test_what_a_method_refuses_is_not_searched() -> None:
    assert space("scaffold") == {"train.lr": LR}


def test_what_a_variant_says_is_not_searched() -> None:
    assert list(space("fedprox[mu=0.1,train.lr=0.3]")) == ["train.weight_decay"]
    with pytest.raises(UserError, match="nothing is left to search for scaffold"):
        space("scaffold[train.lr=0.1]")


def test_a_users_range_goes_before() -> None:
    found = space("fedprox", over={"mu": "0..2", "train.batch_size": "8..64:log", "model.encoder": "mlp,auto"})
    assert found["mu"] == Range(0, 2)
    assert found["train.batch_size"] == Range(8, 64, log=True, whole=True)
    assert found["model.encoder"] == Choices(("mlp", "auto"))
    assert found["train.lr"] == LR


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"mu": "1,2"}, "unknown setting for fedavg 'mu'"),
        ({"train.lr": "0.1"}, "--over train.lr=0.1: write train.lr=0.01,0.1 for values, or train.lr=0.01..0.1"),
        ({"train.lr": "1..0.1"}, "--over train.lr=1..0.1: write a range as train.lr=1e-4..1, or train.lr=1e-4..1:log"),
        ({"train.lr": "0.1..x"}, "write a range as"),
        ({"train.lr": "0.1..1:ln"}, "write a range as"),
        ({"train.lr": "0..1:log"}, "--over train.lr=0..1:log: a range by logarithms begins above 0"),
        ({"train.lr": "0..1"}, "'train.lr' = 0.0: input should be greater than 0"),
        ({"train.lr": "0.1,fast"}, "'train.lr' = 'fast'"),
        ({"train.epochs": "1.5..3"}, "--over train.epochs=1.5..3: train.epochs takes whole numbers"),
        ({"nothing.at": "1..3"}, "unknown setting for fedavg 'nothing.at'"),
    ],
)
def test_what_cannot_be_searched(over: dict[str, str], said: str) -> None:
    with pytest.raises(UserError) as error:
        space("fedavg", over=over)
    assert said in str(error.value)


def test_what_the_method_refuses_cannot_be_asked_for() -> None:
    with pytest.raises(UserError, match="scaffold needs plain SGD"):
        space("scaffold", over={"train.weight_decay": "1e-4..1e-2"})


def test_nor_what_is_set() -> None:
    with pytest.raises(UserError, match=r"--over mu=0\.\.1: mu is set to 0\.1: leave out one of them"):
        space("fedprox[mu=0.1]", over={"mu": "0..1"})


class Fixed:
    """A trial that draws what it was told, and notes what it was asked for."""

    def __init__(self, **told: Any) -> None:
        self.told, self.asked = told, []

    def suggest_float(self, key: str, low: float, high: float, log: bool = False) -> float:
        self.asked.append((key, low, high, log))
        return float(self.told[key])

    def suggest_int(self, key: str, low: int, high: int, log: bool = False) -> int:
        self.asked.append((key, low, high, log))
        return int(self.told[key])

    def suggest_categorical(self, key: str, choices: list[Any]) -> Any:
        assert self.told[key] in choices
        return self.told[key]


def test_numbers_have_three_digits_and_stay_in_bounds() -> None:
    trial = Fixed(lr=0.0123456)
    assert Range(1e-3, 1, log=True).draw(trial, "lr") == 0.0123  # type: ignore[arg-type]
    assert trial.asked == [("lr", 1e-3, 1, True)]
    assert Range(0.01234, 1).draw(Fixed(lr=0.01234), "lr") == 0.01234  # type: ignore[arg-type]
    assert Range(1, 9, whole=True).draw(Fixed(n=7), "n") == 7  # type: ignore[arg-type]


def test_zero_is_a_choice_of_its_own() -> None:
    decay = Range(1e-5, 1e-2, log=True, zero=True)
    assert decay.draw(Fixed(**{"wd is 0": True}), "wd") == 0.0  # type: ignore[arg-type]
    assert decay.draw(Fixed(**{"wd is 0": False, "wd": 2e-4}), "wd") == 2e-4  # type: ignore[arg-type]
    assert decay.drawn_as("wd", 0.0) == {"wd is 0": True}
    assert decay.drawn_as("wd", 1e-3) == {"wd is 0": False, "wd": 1e-3}
    assert decay.drawn_as("wd", 1.0) == {}
    assert decay.text == "0 or 1e-05..0.01:log"


def test_what_a_trial_would_have_drawn() -> None:
    dimensions = {"lr": Choices(("0.01", "1e-1")), "mu": Range(0, 1), "flag": Choices(("true", "false"))}
    assert as_drawn(dimensions, {"lr": 0.1, "mu": 0.5, "flag": False}) == {"lr": "1e-1", "mu": 0.5, "flag": "false"}
    assert as_drawn(dimensions, {"lr": 0.3, "mu": 5.0, "flag": True}) == {"flag": "true"}


def test_texts() -> None:
    assert parse_over("lr", "1e-4..1:log", whole=False) == Range(1e-4, 1, log=True)
    assert parse_over("lr", " 0.1, 0.2 ,", whole=False) == Choices(("0.1", "0.2"))
    assert [parse_over("lr", text, whole=False).text for text in ("0.1,0.2", "0.5..2", "1e-4..1:log")] == [
        "0.1,0.2",
        "0.5..2",
        "0.0001..1:log",
    ]
