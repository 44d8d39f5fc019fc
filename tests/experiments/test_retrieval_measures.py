"""Comparing methods that align modalities by what finds what."""

from pathlib import Path

import pytest

from counterpoint.experiments import Comparison, Outcome, Results, cases, score_name
from counterpoint.experiments.numbers import numbers
from counterpoint.experiments.outcome import better

RANKS = {"fedaid": (4.0, 6.0), "clip-fedavg": (10.0, 8.0)}


def results(measure: str) -> Results:
    """Two methods, two seeds; the first finds more."""
    comparison = Comparison.of(
        {"methods": ["fedaid", "clip-fedavg"], "data": "emoji", "seeds": 2, "measure": measure, "rounds": 2}
    )
    outcomes = []
    for case in cases(comparison):
        rank = RANKS[case.variant.method][case.seed]
        metrics = {}
        for pattern, plus in (("observed", 0.0), ("image>text", 1.0), ("text>image", -1.0)):
            parts = f"global/server/global_test/{pattern}/before"
            metrics |= {f"median_rank/{parts}": rank + plus, f"recall@1/{parts}": (20 - rank - plus) / 20}
        for pattern in ("observed", "image+text", "image", "text"):
            metrics[f"accuracy/global/server/global_test/{pattern}/before"] = 0.5
        metrics["contrastive/global/server/global_test/observed/before"] = rank / 4
        for how, plus in (("mean", 0.0), ("worst", 1.0)):
            metrics[f"contrastive/global/clients:{how}/test/observed/before"] = rank / 4 + plus
        summary = {"metrics": metrics, "bytes_up": 1, "bytes_down": 1, "seconds": 1.0}
        outcomes.append(Outcome(case, Path("runs") / case.name, summary))
    return Results(comparison, outcomes)


@pytest.mark.parametrize(("measure", "which"), [("median_rank", "lower"), ("contrastive", "lower")])
def test_less_is_better(measure: str, which: str) -> None:
    found = numbers(results(measure))
    assert better(measure) == which == found["columns"][0]["better"]
    assert found["columns"][0]["best"] == ["fedaid"]


@pytest.mark.parametrize("measure", ["recall@1", "recall@5", "recall@10", "batch_recall@1"])
def test_more_is_better(measure: str) -> None:
    assert better(measure) == "higher"


def test_retrieval_is_scored_on_the_global_test_alone_and_by_direction() -> None:
    found = numbers(results("median_rank"))
    cell = found["cells"][0]
    assert cell["scores"]["held-out"]["metric"] == "median_rank/global/server/global_test/observed/before"
    assert cell["scores"]["held-out"]["mean"] == 5
    assert cell["scores"]["own"]["mean"] is None and cell["scores"]["worst"]["mean"] is None
    assert found["columns"][0]["patterns"] == ["image>text", "text>image"]
    assert {name: score["mean"] for name, score in cell["patterns"].items()} == {"image>text": 6, "text>image": 4}
    assert cell["balance"]["weakest"]["n"] == 2, "balance of modalities is that of accuracy whatever is compared"
    assert found["cells"][1]["difference"]["mean"] == 4


def test_a_loss_of_batches_is_scored_on_all_tests() -> None:
    cell = numbers(results("contrastive"))["cells"][0]
    assert [cell["scores"][where]["mean"] for where in ("held-out", "own", "worst")] == [1.25, 1.25, 2.25]
    assert cell["patterns"] == {}
    assert str(score_name("personal", "worst", "batch_recall@1")) == (
        "batch_recall@1/personal/clients:worst/test/observed/after"
    )
