"""What is compared: rows, columns, seeds, out of plain values and out of a file."""

from pathlib import Path

import pytest

from counterpoint.errors import UserError
from counterpoint.experiments import Comparison, Variant, cases

METHOD = """
from counterpoint import FedAvg

class Mine(FedAvg):
    strength: float = 1.0
"""


def test_a_variant_is_a_method_with_settings() -> None:
    found = Variant.parse(" fedprox[mu=0.1, train.lr=0.5] ")
    assert (found.label, found.method) == ("fedprox[mu=0.1,train.lr=0.5]", "fedprox")
    assert found.settings == {"mu": "0.1", "train.lr": "0.5"}
    assert Variant.parse(found.text) == found
    assert (found.kind, Variant.parse("local").kind) == ("global", "personal")


def test_a_method_of_ones_own_is_called_by_its_class(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(METHOD)
    assert Variant.parse(f"{file}:Mine[strength=2]").label == "Mine[strength=2]"
    assert Variant.parse(str(file)).label == "own"


@pytest.mark.parametrize("text", ["fedprox[mu=0.1", "fedprox[mu]", "fedprox[]", "fedprox[=1]", "fedprox[mu=0.1]x"])
def test_a_variant_that_cannot_be_read(text: str) -> None:
    with pytest.raises(UserError, match=r"METHOD\[KEY=VALUE,...\]"):
        Variant.parse(text)


def test_lists_make_a_column_for_each_combination() -> None:
    found = Comparison.of(
        {
            "methods": ["fedavg", "local"],
            "data": [{"name": "watch", "missing": ["none", "client:0.4"], "modalities": ["all", "acc"]}, "mfeat"],
            "seeds": 2,
        }
    )
    assert [condition.label for condition in found.conditions] == [
        "watch",
        "watch, missing client:0.4",
        "watch, acc",
        "watch, acc, missing client:0.4",
        "mfeat",
    ]
    assert found.seeds == (0, 1)
    assert len(cases(found)) == 2 * 5 * 2


def test_what_is_said_of_some_data_goes_before_what_is_said_of_all() -> None:
    found = Comparison.of(
        {
            "methods": "fedavg[train.lr=0.3]",
            "rounds": 7,
            "lr": 0.2,
            "settings": {"train.momentum": 0.5, "train.weight_decay": 0.1},
            "data": ["watch", {"name": "mfeat", "rounds": 3, "settings": {"train.momentum": 0.9}, "measure": "loss"}],
            "seeds": [4],
        }
    )
    watch, mfeat = cases(found)
    assert (watch.config.rounds, mfeat.config.rounds) == (7, 3)
    assert (watch.config.train.momentum, mfeat.config.train.momentum) == (0.5, 0.9)
    assert (watch.config.train.weight_decay, mfeat.config.train.weight_decay) == (0.1, 0.1)
    assert watch.config.train.lr == 0.3
    assert (watch.condition.measure, mfeat.condition.measure) == ("accuracy", "loss")
    assert watch.config.workers == 1


def test_what_was_found_goes_before_what_is_said_and_a_variants_own_settings_before_that() -> None:
    found = Comparison.of({"methods": ["fedavg", "fedavg[train.lr=0.3]"], "data": "watch", "lr": 0.2, "seeds": 1})
    tuned = {("fedavg", "watch"): {"train.lr": 0.7}, ("fedavg[train.lr=0.3]", "watch"): {"train.lr": 0.7}}
    assert [case.config.train.lr for case in cases(found, tuned)] == [0.7, 0.3]


def test_a_file_says_the_same_as_what_is_written_of_it(tmp_path: Path) -> None:
    given = Comparison.of(
        {
            "title": "Two",
            "methods": ["fedavg", "fedprox[mu=0.1]"],
            "data": [{"name": "watch", "modalities": ["acc,gyro", "acc"], "missing": "sample:0.3"}],
            "seeds": [3, 5],
            "rounds": 4,
            "tune": 6,
            "settings": {"train.momentum": 0.5},
        }
    )
    file = tmp_path / "two.toml"
    file.write_text(given.toml())
    read = Comparison.read(file)
    assert read == given
    assert [case.name for case in cases(read)] == [case.name for case in cases(given)]


def test_every_case_has_a_folder_of_its_own_that_its_configuration_decides() -> None:
    values = {"methods": ["fedavg", "fedprox[mu=0.1]", "fedprox[mu=1]"], "data": ["watch", "mfeat"], "seeds": 2}
    names = [case.name for case in cases(Comparison.of(values))]
    assert len(set(names)) == len(names) == 12
    assert names == [case.name for case in cases(Comparison.of(values))]
    assert not set(names) & {case.name for case in cases(Comparison.of({**values, "rounds": 3}))}
    assert names[0].startswith("fedavg-watch-seed0-")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"data": "watch"}, "'methods'"),
        ({"methods": ["fedavg"]}, "'data'"),
        ({"methods": [], "data": "watch"}, "'methods' = []"),
        ({"methods": ["fedavgg"], "data": "watch"}, "unknown method 'fedavgg'"),
        ({"methods": ["fedavg"], "data": "watch", "round": 3}, "'round' = 3"),
        ({"methods": ["fedavg"], "data": [{"name": "watch", "missin": "x"}]}, "'data.0.missin'"),
        ({"methods": ["fedavg"], "data": "watch", "seeds": 0}, "'seeds' = []"),
        ({"methods": ["fedavg"], "data": "watch", "seeds": [1, 1]}, "seed 1 is compared with itself"),
        ({"methods": ["fedavg", "fedavg"], "data": "watch"}, "method fedavg is compared with itself"),
        ({"methods": ["fedavg"], "data": ["watch", "watch"]}, "data watch is compared with itself"),
        ({"methods": ["fedavg"], "data": "watch", "measure": "luck"}, "'measure' = 'luck'"),
        (
            {"methods": ["fedavg"], "data": [{"name": "watch", "label": "W", "missing": ["none", "client:0.4"]}]},
            "one label 'W' for 2 columns",
        ),
    ],
)
def test_mistakes_are_one_sentence(values: dict[str, object], said: str) -> None:
    with pytest.raises(UserError) as caught:
        Comparison.of(values, where="f.toml: ")
    assert said in str(caught.value)
    assert str(caught.value).startswith("f.toml: ")


def test_a_setting_that_a_method_does_not_have_is_told_before_anything_runs() -> None:
    with pytest.raises(UserError, match="unknown setting for fedavg 'mu'"):
        cases(Comparison.of({"methods": ["fedprox", "fedavg"], "data": "watch", "settings": {"mu": 0.1}}))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        Comparison.read(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("methods = [")
    with pytest.raises(UserError, match="is not valid TOML"):
        Comparison.read(tmp_path / "bad.toml")
