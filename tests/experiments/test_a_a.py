"""A method differs from itself under other seeds by chance alone; one whose loss is broken differs for certain."""

import pytest

from counterpoint.experiments import Comparison, Results, Store, cases
from counterpoint.experiments.go import compare
from counterpoint.experiments.statistics import holm, paired

PAIRS = 5
BROKEN = """
from counterpoint import FedAvg

class Broken(FedAvg):
    def loss(self, params, batch, using):
        return -super().loss(params, batch, using).clamp(max=1.0)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Real runs on real data: twice as many seeds as pairs."""
    folder = tmp_path_factory.mktemp("a-a")
    (folder / "broken.py").write_text(BROKEN)
    comparison = Comparison.of(
        {
            "methods": ["fedavg", f"{folder}/broken.py"],
            "data": [{"name": "mfeat", "modalities": "fac,mor", "partition": "iid", "clients": 4}],
            "seeds": 2 * PAIRS,
            "rounds": 15,
            "settings": {"evaluate.every": 15, "evaluate.after": False},
        }
    )
    return compare(comparison, cases(comparison), Store.create(folder / "out", comparison), jobs=2)


@pytest.mark.slow
def test_a_method_against_itself_and_against_a_broken_one(results: Results) -> None:
    assert not results.failures
    (condition,) = results.comparison.conditions
    fedavg, broken = (results.scores(variant, condition) for variant in results.comparison.variants)
    first = {seed: fedavg[seed] for seed in range(PAIRS)}
    again = {seed: fedavg[seed + PAIRS] for seed in range(PAIRS)}
    wrong = {seed: broken[seed] for seed in range(PAIRS)}
    same, other = paired(again, first), paired(wrong, first)
    assert same is not None
    assert other is not None
    assert same.p is not None
    assert same.p > 0.05
    assert same.low is not None
    assert same.high is not None
    assert same.low < 0 < same.high
    adjusted = holm([same.p, other.p])
    assert adjusted[1] is not None
    assert adjusted[1] < 0.05
    assert other.mean < -0.3
