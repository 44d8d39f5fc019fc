"""The numbers of a comparison, out of results that are made up."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from counterpoint.experiments import Comparison, Outcome, Results, cases, score_name
from counterpoint.experiments.case import Case, Tuned
from counterpoint.experiments.numbers import numbers

Score = Callable[[Case], float | None]


def summary(kind: str, measure: str, held_out: float | None, **more: Any) -> dict[str, Any]:
    """What a run says of itself: own tests lie 0.1 above the global one, the worst client 0.2 below, `acc` 0.3."""
    metrics = {}
    for where, pattern, plus in (
        ("held-out", "observed", 0.0),
        ("own", "observed", 0.1),
        ("worst", "observed", -0.2),
        ("held-out", "acc", -0.3),
        ("held-out", "acc+gyro", 0.05),
    ):
        for one in {measure, "accuracy"}:
            name = str(score_name(kind, where, one, pattern))  # type: ignore[arg-type]
            metrics[name] = None if held_out is None else held_out + plus
    return {"metrics": metrics, "bytes_up": 100, "bytes_down": 300, "seconds": 2.5, **more}


def results(of: Mapping[str, Any], score: Score, tuned: Tuned | None = None, **more: Any) -> Results:
    comparison = Comparison.of(of)
    outcomes = [
        Outcome(case, Path("runs") / case.name, summary(case.variant.kind, case.condition.measure, score(case), **more))
        for case in cases(comparison, tuned)
        if score(case) != -1
    ]
    return Results(comparison, outcomes)


def by_seed(**scores: list[float]) -> Score:
    """Scores by method; -1 where the run is missing."""
    return lambda case: scores[case.variant.method][case.seed]


def cell(found: Mapping[str, Any], method: str, data: str = "watch") -> dict[str, Any]:
    (one,) = [c for c in found["cells"] if (c["method"], c["data"]) == (method, data)]
    return dict(one)


TWO = {"methods": ["fedavg", "local"], "data": "watch", "title": "Two"}
GLOBAL = "accuracy/global/server/global_test/observed/before"
PERSONAL = "accuracy/personal/clients:mean/global_test/observed/after"


def test_each_score_says_what_it_is() -> None:
    found = numbers(results(TWO, by_seed(fedavg=[0.5, 0.6, 0.7], local=[0.4, 0.4, 0.4])))
    ours, others = cell(found, "fedavg")["scores"], cell(found, "local")["scores"]
    assert [ours[where]["metric"] for where in ("held-out", "own", "worst")] == [
        GLOBAL,
        "accuracy/global/clients:mean/test/observed/before",
        "accuracy/global/clients:worst/test/observed/before",
    ]
    assert [others[where]["metric"] for where in ("held-out", "own", "worst")] == [
        PERSONAL,
        "accuracy/personal/clients:mean/test/observed/after",
        "accuracy/personal/clients:worst/test/observed/after",
    ]
    assert (ours["held-out"]["mean"], ours["own"]["mean"], ours["worst"]["mean"]) == pytest.approx((0.6, 0.7, 0.4))
    assert ours["held-out"]["std"] == pytest.approx(0.1)
    assert ours["held-out"]["values"] == {"0": 0.5, "1": 0.6, "2": 0.7}
    low, high = stats.t.interval(0.95, 2, loc=0.6, scale=0.1 / 3**0.5)
    assert (ours["held-out"]["low"], ours["held-out"]["high"]) == pytest.approx((low, high))


def test_scores_by_pattern() -> None:
    found = numbers(results(TWO, by_seed(fedavg=[0.5, 0.6, 0.7], local=[0.4, 0.4, 0.4])))
    told = cell(found, "local")["patterns"]
    assert list(told) == found["columns"][0]["patterns"] == ["acc+gyro", "acc"]
    assert told["acc"]["metric"] == "accuracy/personal/clients:mean/global_test/acc/after"
    assert (told["acc"]["mean"], told["acc+gyro"]["mean"]) == pytest.approx((0.1, 0.45))


def test_balance_names_the_weakest_modality() -> None:
    made = results(TWO, by_seed(fedavg=[0.5, 0.6, 0.7], local=[0.4, 0.4, 0.4]))
    for outcome in made.outcomes:
        metrics, seed = outcome.summary["metrics"], outcome.case.seed
        kind = outcome.case.variant.kind
        for measure, pattern, value in (
            ("accuracy", "gyro", 0.3 if seed else 0.0),  # 0.2 over seeds; acc has 0.3
            ("fusion_gap", "acc+gyro", -0.1),
            ("class_std", "observed", 0.2 + seed / 10),
        ):
            metrics[str(score_name(kind, "held-out", measure, pattern))] = value
    ours, others = (cell(numbers(made), method)["balance"] for method in ("fedavg", "local"))
    assert ours["weakest"]["modality"] == "gyro"
    assert ours["weakest"]["metric"] == "accuracy/global/server/global_test/gyro/before"
    assert ours["weakest"]["values"] == {"0": 0.0, "1": 0.3, "2": 0.3}
    assert others["weakest"]["modality"] == "acc", "0.1 against 0.2"
    assert others["fusion_gap"]["metric"] == "fusion_gap/personal/clients:mean/global_test/acc+gyro/after"
    assert others["fusion_gap"]["mean"] == pytest.approx(-0.1)
    assert (ours["class_std"]["mean"], ours["class_std"]["std"]) == pytest.approx((0.3, 0.1))


def test_balance_of_runs_that_did_not_record_it() -> None:
    told = cell(numbers(results(TWO, by_seed(fedavg=[0.5, 0.6, 0.7], local=[-1, -1, -1]))), "fedavg")["balance"]
    assert (told["weakest"]["modality"], told["weakest"]["n"]) == ("acc", 3)
    assert (told["fusion_gap"]["n"], told["class_std"]["n"]) == (0, 0)
    none = cell(numbers(results(TWO, by_seed(fedavg=[0.5, 0.6, 0.7], local=[-1, -1, -1]))), "local")["balance"]
    assert (none["weakest"]["modality"], none["weakest"]["metric"], none["weakest"]["n"]) == (None, None, 0)


def test_what_the_comparison_was() -> None:
    found = numbers(results({**TWO, "seeds": [4], "rounds": 3}, lambda case: 0.5))
    assert (found["title"], found["seeds"], found["reference"]) == ("Two", [4], "fedavg")
    assert found["rows"] == [
        {"label": "fedavg", "method": "fedavg", "settings": {}, "kind": "global"},
        {"label": "local", "method": "local", "settings": {}, "kind": "personal"},
    ]
    (column,) = found["columns"]
    assert (column["label"], column["data"], column["options"]) == ("watch", "watch", {"rounds": 3})
    assert (column["measure"], column["better"], column["best"]) == ("accuracy", "higher", ["fedavg", "local"])


def test_costs_are_means_over_seeds() -> None:
    joules = "joules/-/clients:sum/-/-/-"
    made = results(TWO, by_seed(fedavg=[0.5, 0.6, 0.7], local=[0.4, 0.4, 0.4]))
    for number, outcome in enumerate(made.outcomes):
        outcome.summary["metrics"][joules] = float(number)  # fedavg has 0, 2, 4
    told = cell(numbers(made), "fedavg")["costs"]
    assert {name: cost["mean"] for name, cost in told.items()} == {
        "bytes": 400.0,
        "bytes_up": 100.0,
        "bytes_down": 300.0,
        "seconds": 2.5,
        joules: 2.0,
    }
    assert told[joules]["values"] == {"0": 0.0, "1": 2.0, "2": 4.0}


THREE = {"methods": ["fedavg", "fedprox", "centralized"], "data": "watch", "seeds": 5}
SCORES = {
    "fedavg": [0.60, 0.62, 0.61, 0.63, 0.64],
    "fedprox": [0.61, 0.61, 0.62, 0.63, 0.64],
    "centralized": [0.80, 0.81, 0.83, 0.82, 0.84],
}


def test_differences_to_the_first_row() -> None:
    found = numbers(results(THREE, by_seed(**SCORES)))
    assert cell(found, "fedavg")["difference"] is None
    close, far = (cell(found, method)["difference"] for method in ("fedprox", "centralized"))
    assert far["to"] == "fedavg"
    assert (far["metric"], far["reference_metric"], far["n"]) == (GLOBAL, GLOBAL, 5)
    assert far["mean"] == pytest.approx(0.2)
    assert far["p"] == pytest.approx(stats.ttest_rel(SCORES["centralized"], SCORES["fedavg"]).pvalue)
    assert far["p_holm"] == pytest.approx(2 * far["p"])
    assert close["p_holm"] == pytest.approx(close["p"]), "the largest stays"
    assert (close["verdict"], far["verdict"]) == ("", "better")
    assert found["columns"][0]["best"] == ["centralized"]
    assert found["enough_seeds"] is True


def test_holm_makes_significant_what_one_test_called_so_alone_not() -> None:
    """p of 0.03 each is nothing among three tests."""
    base = [0.5, 0.5, 0.5, 0.5, 0.5]
    other = [0.53, 0.51, 0.52, 0.50, 0.525]
    of = {**THREE, "methods": ["fedavg", *(f"fedprox[mu={mu}]" for mu in (0.1, 0.2, 0.3))]}
    found = numbers(results(of, by_seed(fedavg=base, fedprox=other)))
    told = cell(found, "fedprox[mu=0.2]")["difference"]
    assert 0.02 < told["p"] < 0.05 < told["p_holm"]
    assert told["verdict"] == ""


def test_of_a_loss_less_is_better() -> None:
    found = numbers(results({**THREE, "measure": "loss"}, by_seed(**SCORES)))
    assert cell(found, "centralized")["difference"]["mean"] == pytest.approx(0.2)
    assert cell(found, "centralized")["difference"]["verdict"] == "worse"
    assert cell(found, "centralized")["scores"]["held-out"]["metric"].startswith("loss/")
    assert (found["columns"][0]["better"], found["columns"][0]["best"]) == ("lower", ["fedavg"])


def test_few_seeds_are_not_enough() -> None:
    found = numbers(results(TWO, by_seed(fedavg=[0.5, 0.6, 0.7], local=[0.4, 0.4, 0.4])))
    assert found["enough_seeds"] is False


def test_a_run_that_is_missing_takes_its_seed_out_of_the_difference() -> None:
    found = numbers(results(TWO, by_seed(fedavg=[0.5, -1, 0.7], local=[0.4, 0.9, 0.4])))
    ours, others = cell(found, "fedavg"), cell(found, "local")
    assert (ours["n"], ours["seeds"], others["n"]) == (2, [0, 2], 3)
    assert others["difference"]["n"] == 2
    assert others["difference"]["mean"] == pytest.approx(-0.2)
    assert others["scores"]["held-out"]["mean"] == pytest.approx(1.7 / 3)
    assert found["columns"][0]["best"] == ["local"], "only rows with most runs can be best"


def test_a_cell_without_runs() -> None:
    found = numbers(results(TWO, by_seed(fedavg=[-1, -1, -1], local=[0.4, 0.9, 0.4])))
    empty = cell(found, "fedavg")
    assert (empty["n"], empty["seeds"], empty["costs"]) == (0, [], {})
    assert empty["scores"]["held-out"] == {
        "metric": GLOBAL,
        "of": "global test",
        "n": 0,
        "values": {},
        **dict.fromkeys(("mean", "std", "low", "high")),
    }
    assert cell(found, "local")["difference"] is None


def test_nothing_has_run_yet() -> None:
    found = numbers(results(TWO, lambda case: -1))
    assert found["columns"][0]["best"] == []
    assert found["ranks"] is None


def test_a_score_that_is_not_finite_is_no_score() -> None:
    found = numbers(results(TWO, lambda case: None if case.seed == 1 and case.variant.method == "local" else 0.5))
    assert (cell(found, "local")["n"], cell(found, "local")["scores"]["held-out"]["n"]) == (3, 2)


def test_settings_that_were_found() -> None:
    of = {"methods": ["fedprox", "fedavg"], "data": ["watch", "mfeat"], "seeds": 1, "tune": 4}
    tuned = {("fedprox", "watch"): {"train.lr": 0.03, "mu": 0.2}, ("fedavg", "watch"): {"train.lr": 0.1}}
    found = numbers(results(of, lambda case: 0.5, tuned))
    assert cell(found, "fedprox")["settings"] == {"mu": 0.2, "train.lr": 0.03}
    assert cell(found, "fedavg")["settings"] == {}, "0.1 is what it is anyway"
    assert cell(found, "fedprox", "mfeat")["settings"] == {}


def test_what_failed_and_what_is_missing() -> None:
    made = results(TWO, lambda case: 0.5)
    told = numbers(
        Results(made.comparison, made.outcomes[:2], {"local-watch-seed1-0": "why"}, ["fedavg-watch-seed2-0"])
    )
    assert (told["failed"], told["missing"]) == ({"local-watch-seed1-0": "why"}, ["fedavg-watch-seed2-0"])


GRID = {"methods": ["fedavg", "fedprox", "centralized"], "data": ["watch", "mfeat"], "seeds": 2}


def test_ranks_over_data() -> None:
    found = numbers(results(GRID, by_seed(fedavg=[0.5, 0.5], fedprox=[0.6, 0.6], centralized=[0.7, 0.7])))
    told = found["ranks"]
    assert told["mean_rank"] == {"centralized": 1.0, "fedprox": 2.0, "fedavg": 3.0}
    assert (told["blocks"], told["data_sets"], told["left_out"]) == (["watch", "mfeat"], 2, [])
    assert told["critical_difference"] == pytest.approx(2.343, abs=1e-3), "q sqrt(3 * 4 / 12)"
    assert found["no_ranks"] == ""


def test_ranks_are_over_the_seeds_that_all_have() -> None:
    """Without its failed seed 1, fedavg looks best; on seed 0, where all are, it is last."""
    made = results(GRID, by_seed(fedavg=[0.65, -1], fedprox=[0.7, 0.1], centralized=[0.8, 0.2]))
    told = numbers(made)["ranks"]
    assert told["mean_rank"] == {"centralized": 1.0, "fedprox": 2.0, "fedavg": 3.0}
    assert told["seeds"] == {"watch": [0], "mfeat": [0]}


def test_the_same_data_dealt_out_in_two_ways_is_one_data_set() -> None:
    of = {**GRID, "data": {"name": "watch", "missing": ["none", "client:0.4"]}}
    told = numbers(results(of, by_seed(fedavg=[0.5, 0.5], fedprox=[0.6, 0.6], centralized=[0.7, 0.7])))["ranks"]
    assert (len(told["blocks"]), told["data_sets"]) == (2, 1)


def test_a_method_without_a_score_on_some_data_has_no_rank() -> None:
    of = {**GRID, "methods": ["fedavg", "fedprox", "centralized", "local"]}
    made = results(of, lambda case: -1 if (case.variant.method, case.condition.data) == ("local", "mfeat") else 0.5)
    assert numbers(made)["ranks"]["left_out"] == ["local"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"data": "watch"}, "ranks need scores on 2 data sets or more, and there are 1"),
        ({"methods": ["fedavg", "local"]}, "ranks need 3 methods or more with scores on all data, and there are 2"),
    ],
)
def test_why_there_are_no_ranks(more: dict[str, Any], why: str) -> None:
    found = numbers(results({**GRID, **more}, lambda case: 0.5))
    assert (found["ranks"], found["no_ranks"]) == (None, why)


def test_all_of_it_can_be_said_in_json() -> None:
    of = {
        **GRID,
        "data": [{"name": "watch", "missing": ["none", "client:0.4"], "modalities": "acc"}, {"name": "mfeat"}],
    }
    found = numbers(results(of, by_seed(fedavg=[0.5, 0.51], fedprox=[0.6, 0.6], centralized=[0.7, -1])))
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_balance_where_no_sample_has_all_modalities() -> None:
    """Clients of one modality each: the tests of the two are others, and no pattern has both."""
    made = results(TWO, by_seed(fedavg=[0.5, 0.6, 0.7], local=[0.4, 0.4, 0.4]))
    for outcome in made.outcomes:
        metrics, kind = outcome.summary["metrics"], outcome.case.variant.kind
        metrics.pop(str(score_name(kind, "held-out", "accuracy", "acc+gyro")))
        metrics[str(score_name(kind, "held-out", "accuracy", "gyro"))] = 0.05
    told = cell(numbers(made), "fedavg")["balance"]
    assert (told["weakest"]["modality"], told["weakest"]["mean"]) == ("gyro", pytest.approx(0.05))
    assert told["fusion_gap"]["n"] == 0
