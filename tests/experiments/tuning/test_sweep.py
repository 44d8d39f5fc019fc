"""What a search is."""

import tomllib

import pytest

from counterpoint.errors import UserError
from counterpoint.experiments import Comparison, Condition, Variant
from counterpoint.experiments.comparison import GRID
from counterpoint.experiments.tuning import Sweep
from counterpoint.runs import configured


def test_a_trial_is_a_run_on_validation_rows() -> None:
    sweep = Sweep.of(Variant.parse("fedprox[mu=0.1]"), Condition("mfeat", {"partition": "iid", "rounds": 7}), 5, seed=4)
    config = sweep.config({"train.lr": 0.5})
    settings = {"mu": "0.1", "train.lr": 0.5, "evaluate.after": "false"}
    options = {"partition": "iid", "rounds": 7, "validation": 0.2, "seed": 4, "workers": 1}
    assert config == configured("fedprox", "mfeat", settings=settings, **options)
    assert sweep.before == {"train.lr": 0.1, "train.weight_decay": 0.0}
    assert str(sweep.objective.name) == "accuracy/global/server/global_validation/observed/before"


@pytest.mark.parametrize(
    ("method", "measure", "name", "direction"),
    [
        ("local", "macro_f1", "macro_f1/personal/clients:mean/global_validation/observed/after", "maximize"),
        ("fedavg", "loss", "loss/global/server/global_validation/observed/before", "minimize"),
    ],
)
def test_what_counts(method: str, measure: str, name: str, direction: str) -> None:
    sweep = Sweep.of(Variant.parse(method), Condition("mfeat", {}, measure), 5)
    assert (str(sweep.objective.name), sweep.objective.direction) == (name, direction)


def test_what_is_said_of_tests_is_left_out() -> None:
    condition = Condition("mfeat", {"partition": "iid", "missing_test": "client:fac:3,fac+fou:4"}, "accuracy", "mine")
    sweep = Sweep.of(Variant.parse("fedavg"), condition, 5)
    assert sweep.usual.data.missing_test is None
    assert sweep.usual.data.clients == 7, "as many as the types of the tests ask for"
    assert sweep.condition.label == "mine"
    natural = Condition("watch", {"missing_test": "sample:0.3", "clients": 3})
    assert Sweep.of(Variant.parse("fedavg"), natural, 5).usual.data.clients == 3


def test_what_a_user_says_of_evaluation_stays() -> None:
    condition = Condition("mfeat", {"settings": {"evaluate.after": "true", "evaluate.every": "2"}})
    sweep = Sweep.of(Variant.parse("fedavg"), condition, 5)
    assert sweep.usual.evaluate.after
    assert sweep.usual.evaluate.every == 2


def test_names_differ_where_searches_do_but_not_by_trials() -> None:
    made = [
        Sweep.of(Variant.parse(method), Condition("mfeat", {"partition": "iid", "rounds": rounds}), trials)
        for method, rounds, trials in (("fedavg", 3, 4), ("fedavg", 3, 40), ("fedavg", 5, 4), ("fedprox[mu=1]", 3, 4))
    ]
    names = [sweep.own_name for sweep in made]
    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert made[3].name == "sweep-fedprox-mfeat-iid-validation0.2-seed0-mu1"
    told = tomllib.loads(made[0].toml())
    assert told["space"] == {"train.lr": "0.001..1:log", "train.weight_decay": "0 or 1e-05..0.01:log"}
    assert told["run"]["data"]["validation"] == 0.2
    assert "trials" not in told


def test_no_comparison_is_on_validation_rows() -> None:
    assert "validation" not in GRID
    with pytest.raises(UserError, match=r"'data\.0\.validation'"):
        Comparison.of({"methods": ["fedavg"], "data": [{"name": "mfeat", "validation": 0.2}]})
