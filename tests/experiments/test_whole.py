"""A comparison takes the settings that it names, whoever carries it out."""

import json
from pathlib import Path

import pytest

from counterpoint.errors import UserError
from counterpoint.experiments import Comparison, Store, load
from counterpoint.experiments.whole import carry_out

VALUES = {
    "methods": ["fedprox", "fedprox[mu=0.5]", "local"],
    "data": [{"name": "mfeat", "partition": "dirichlet:0.5", "clients": 3}],
    "seeds": 1,
    "rounds": 1,
    "settings": {"evaluate.after": "false"},
}


def test_a_profile_reaches_every_run(tmp_path: Path) -> None:
    profile = tmp_path / "mfeat.toml"
    profile.write_text('[fedprox.settings]\nmu = 0.25\n"train.lr" = 0.02\n[fedprox.budget]\ntrials = 3\n', "utf-8")
    comparison = Comparison.of({**VALUES, "profile": str(tmp_path / "{data}.toml")})
    store = Store.create(tmp_path / "out", comparison)
    results = carry_out(comparison, store, jobs=1)
    assert not results.failures and not results.missing
    taken = {o.case.variant.label: o.case.config for o in results.outcomes}
    assert {label: config.options.get("mu") for label, config in taken.items()} == {
        "fedprox": 0.25,
        "fedprox[mu=0.5]": 0.5,
        "local": None,
    }
    assert [taken[label].train.lr for label in ("fedprox", "fedprox[mu=0.5]", "local")] == [0.02, 0.02, 0.1]
    told = {one["method"]: one["settings"] for one in json.loads(store.tuned.read_text("utf-8"))}
    assert told["fedprox"]["mu"] == 0.25 and "local" not in told
    assert {o.case.config.train.lr for o in load(store.path).outcomes} == {0.02, 0.1}, "and is found again"


def test_a_profile_that_says_nothing_of_any_method_is_no_profile(tmp_path: Path) -> None:
    (tmp_path / "mfeat.toml").write_text("[scaffold.settings]\nserver_lr = 0.5\n", "utf-8")
    comparison = Comparison.of({**VALUES, "profile": str(tmp_path / "{data}.toml")})
    with pytest.raises(UserError, match="settings"):
        carry_out(comparison, Store.create(tmp_path / "out", comparison), jobs=1)
