"""Settings that a comparison grants its methods."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoint.errors import UserError
from counterpoint.experiments import Comparison, Store, cases
from counterpoint.experiments.tuning import save_profile, tuned_settings
from counterpoint.experiments.tuning.tuned import sweeps_of

DATA = [{"name": "mfeat", "partition": ["iid", "dirichlet:0.5"], "rounds": 2, "clients": 3}]
METHODS = ["fedavg", "fedprox[mu=0.1]", "local"]


def comparison_of(**more: Any) -> Comparison:
    return Comparison.of({"methods": METHODS, "data": DATA, "seeds": 2, **more})


def test_without_either_there_is_nothing(tmp_path: Path) -> None:
    comparison = comparison_of()
    assert tuned_settings(comparison, Store.create(tmp_path / "out", comparison), jobs=1) == {}
    assert not (tmp_path / "out" / "tuning").exists()


def test_every_method_is_granted_the_same() -> None:
    sweeps = sweeps_of(comparison_of(tune=5))
    assert list(sweeps) == [
        (m, c) for c in ("mfeat, iid, clients 3", "mfeat, dirichlet:0.5, clients 3") for m in METHODS
    ]
    first, *others = sweeps.values()
    for other in others:
        assert (other.trials, other.seed, other.batch, other.validation) == (5, 10_000, 4, 0.2)
        assert other.usual.rounds == first.usual.rounds == 2
        assert other.usual.data.model_dump(exclude={"partition"}) == first.usual.data.model_dump(exclude={"partition"})
    assert "mu" not in sweeps["fedprox[mu=0.1]", "mfeat, iid, clients 3"].space
    assert sweeps["fedprox[mu=0.1]", "mfeat, iid, clients 3"].usual.options == {"mu": 0.1}


def test_the_seed_is_none_of_those_that_are_compared() -> None:
    assert {sweep.seed for sweep in sweeps_of(comparison_of(tune=5, seeds=[10_000, 10_001, 3])).values()} == {10_002}


def test_one_of_the_two(tmp_path: Path) -> None:
    comparison = comparison_of(tune=5, profile="mine")
    with pytest.raises(UserError, match="tune=5 and profile='mine' both say settings: give one of them"):
        tuned_settings(comparison, Store.create(tmp_path / "out", comparison), jobs=1)


def test_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_profile("best/mfeat", "fedprox", {"train.lr": 0.5, "mu": 9.0}, {})
    comparison = comparison_of(profile="best/{data}")
    tuned = tuned_settings(comparison, Store.create(tmp_path / "out", comparison), jobs=1)
    cells = [("fedprox[mu=0.1]", c) for c in ("mfeat, iid, clients 3", "mfeat, dirichlet:0.5, clients 3")]
    assert tuned == {key: {"train.lr": 0.5, "mu": 9.0} for key in cells}
    configs = {case.variant.label: case.config for case in cases(comparison, tuned)}
    assert (configs["fedprox[mu=0.1]"].train.lr, configs["fedavg"].train.lr) == (0.5, 0.1)
    assert configs["fedprox[mu=0.1]"].options == {"mu": 0.1}, "what a variant says itself goes before all"
    strangers = Comparison.of({"methods": ["fedavg"], "data": DATA, "profile": "best/mfeat"})
    with pytest.raises(UserError, match="profile 'best/mfeat' has settings for none of the methods, but for fedprox"):
        tuned_settings(strangers, Store(tmp_path / "out"), jobs=1)


@pytest.mark.slow
def test_searches_beside_each_other(tmp_path: Path) -> None:
    """Real ones; one whose method fails finds nothing, and the others go on. Asked for again, they are there."""
    (tmp_path / "bad.py").write_text(
        "from counterpoint import FedAvg\n"
        "class Bad(FedAvg):\n"
        "    def round(self, fed):\n"
        "        raise ZeroDivisionError('no way')\n"
    )
    values = {
        "methods": ["fedavg", "scaffold", f"{tmp_path}/bad.py"],
        "data": [{"name": "mfeat", "partition": "iid", "rounds": 2, "clients": 3}],
        "seeds": 1,
        "tune": 3,
    }
    comparison = Comparison.of(values)
    store = Store.create(tmp_path / "out", comparison)
    tuned = tuned_settings(comparison, store, jobs=2)
    assert [method for method, _ in tuned] == ["fedavg", "scaffold"]
    assert tuned["scaffold", "mfeat, iid, clients 3"].keys() == {"train.lr"}
    before = {path: path.read_bytes() for path in store.tuning.rglob("*.parquet")}
    assert len(before) >= 6
    assert tuned_settings(comparison, store, jobs=1) == tuned
    assert before == {path: path.read_bytes() for path in store.tuning.rglob("*.parquet")}
    store.write_tuned(tuned)
    assert store.read_tuned() == tuned
    config = next(case.config for case in cases(comparison, tuned) if case.variant.method == "scaffold")
    assert config.train.lr == tuned["scaffold", "mfeat, iid, clients 3"]["train.lr"]
    assert config.data.validation == 0


@pytest.fixture
def forbid(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a package look as if it were not installed."""
    import sys

    def away(package: str) -> None:
        monkeypatch.setitem(sys.modules, package, None)

    return away


def test_without_optuna_it_is_said_what_to_install(tmp_path: Path, forbid: Callable[[str], None]) -> None:
    forbid("optuna")
    comparison = comparison_of(tune=5)
    with pytest.raises(UserError, match=r"a search for settings needs optuna: pip install 'counterpoint\[tune\]'"):
        tuned_settings(comparison, Store.create(tmp_path / "out", comparison), jobs=1)
