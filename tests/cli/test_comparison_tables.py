"""The tables that a comparison ends with say what each number is, and fit into the terminal."""

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from counterpoint.cli.comparison import print_results
from counterpoint.cli.fitting import Cell, Grid, broken, fitted
from counterpoint.cli.scores import number
from counterpoint.experiments import Comparison, Outcome, Results, cases, score_name
from counterpoint.experiments.case import Case, Tuned

Score = Callable[[Case], float]
PLUS = {"fedavg": 0.0, "local": -0.2, "centralized": 0.1, "fedprox": 0.05}
WOBBLE = (0.00, 0.03, -0.01, 0.02, -0.04)


def usual(case: Case) -> float:
    """0.6 for fedavg, with the same ups and downs for all methods, and smaller ones for each."""
    own = 0.001 * ((case.seed * (len(case.variant.label) % 7)) % 5)
    return 0.6 + PLUS[case.variant.method] + WOBBLE[case.seed] + own


def results(of: Mapping[str, Any], score: Score = usual, tuned: Tuned | None = None, **more: Any) -> Results:
    comparison = Comparison.of({"methods": ["fedavg", "local", "centralized"], "data": "watch", **of})
    outcomes = []
    for case in cases(comparison, tuned):
        value = score(case)
        metrics = {}
        for where, plus in (("held-out", 0.0), ("own", 0.05), ("worst", -0.3)):
            for measure in ("accuracy", case.condition.measure):
                metrics[str(score_name(case.variant.kind, where, measure))] = value + plus  # type: ignore[arg-type]
        for pattern, plus in (("acc+gyro", 0.01), ("acc", -0.1), ("gyro", -0.2)):
            metrics[str(score_name(case.variant.kind, "held-out", "accuracy", pattern))] = value + plus
        summary = {"metrics": metrics, "bytes_up": 1_000_000, "bytes_down": 2_000_000, "seconds": 75.0}
        outcomes.append(Outcome(case, Path("runs") / case.name, summary))
    return Results(comparison, outcomes, **more)


def printed(made: Results, width: int = 80, *, details: bool = False, terminal: bool = False) -> str:
    file = io.StringIO()
    print_results(
        Console(file=file, width=width, force_terminal=terminal, markup=False, highlight=False, emoji=False),
        made,
        details=details,
    )
    return file.getvalue()


def lines(made: Results, width: int = 80, *, details: bool = False) -> list[str]:
    return [" ".join(line.split()) for line in printed(made, width, details=details).splitlines()]


def one_text(made: Results, width: int = 80, *, details: bool = False) -> str:
    """Without line breaks and the spaces beside them."""
    return " ".join(lines(made, width, details=details))


def test_the_main_table() -> None:
    found = lines(results({"seeds": 5}))
    assert found[0] == "3 methods on watch"
    assert [line for line in found if "±" in line][:3] == [
        "fedavg 60.2 ± 2.7",
        "local 40.0 ± 2.7 ▼",
        "centralized *70.2* ± 2.8 ▲",
    ]


def test_what_the_scores_are() -> None:
    found = one_text(results({"seeds": 5}))
    assert (
        "scores accuracy in % on the global test, mean ± standard deviation over 5 seeds (0 to 4); "
        "*between asterisks*: the best mean of its column"
    ) in found
    assert "local: the mean over the clients' own models, each on the samples that it can read" in found
    assert "▲ ▼ better, worse than fedavg: t test paired by seed, p < 0.05 after Holm over the methods" in found
    assert "note" not in found, "5 seeds are enough"


@pytest.mark.parametrize(("seeds", "told"), [(2, "here are 2"), (1, "here is one"), ([3, 7, 8], "here are 3")])
def test_few_seeds_are_called_few(seeds: Any, told: str) -> None:
    found = one_text(results({"seeds": seeds}, lambda case: 0.5 + 0.01 * case.seed))
    assert f'note fewer than 5 seeds do not support "better than", with or without marks; {told}' in found


def test_seeds_are_named() -> None:
    assert "over 3 seeds (3, 7, 8)" in one_text(results({"seeds": [3, 7, 8]}, lambda case: 0.5))
    assert "on the global test, of one seed (4)" in one_text(results({"seeds": [4]}))


def test_a_seed_alone_has_no_spread_and_no_test() -> None:
    found = printed(results({"seeds": 1}))
    assert "±" not in found and "t test" not in found and "*70.0*" in found


def test_no_mark_where_nothing_is_significant() -> None:
    """An A/A check: one method against itself, with noise."""
    noise = {"fedavg": (1, -2, 0, 2, -1), "local": (0, 1, -2, 1, 0), "centralized": (-2, 0, 1, 1, 2)}
    found = one_text(results({"seeds": 5}, lambda case: 0.5 + 0.01 * noise[case.variant.method][case.seed]))
    assert "no difference to fedavg is significant: t test paired by seed" in found
    assert "▲" not in found and "▼" not in found


def test_bold_is_for_terminals() -> None:
    made = results({"seeds": 5})
    shown = printed(made, terminal=True)
    assert re.search(r"\x1b\[1m70\.2 ± 2\.8 ▲\x1b\[0m", shown)
    assert "*" not in shown and "bold: the best mean of its column" in " ".join(shown.split())


def test_one_method_is_no_best_one() -> None:
    found = printed(results({"methods": ["fedavg"], "seeds": 5, "title": "Alone"}))
    assert found.startswith(" Alone\n")
    assert "*" not in found and "best" not in found and "t test" not in found


def test_a_loss_is_no_share() -> None:
    found = one_text(results({"seeds": 5, "measure": "loss"}))
    assert "loss on the global test, mean" in found
    assert "local *0.400* ± 0.027 ▲" in found and "centralized 0.702 ± 0.028 ▼" in found


def test_columns_of_several_measures_name_them() -> None:
    found = lines(results({"data": ["watch", {"name": "mfeat", "measure": "loss"}], "seeds": 5}))
    assert "method watch (accuracy) mfeat (loss)" in found
    assert "accuracy in %, loss on the global test" in " ".join(found)


def test_runs_that_are_not_there() -> None:
    made = results({"seeds": 5})
    fewer = [o for o in made.outcomes if (o.case.variant.method, o.case.seed) != ("centralized", 2)]
    found = one_text(Results(made.comparison, fewer, {"centralized-2": "out of memory: try less"}, ["local-9"]))
    assert "centralized 70.4 ± 3.2 (4) ▲" in found
    assert "fedavg *60.2*" in found
    assert "(n) so many seeds have a score; other runs failed, are not done, or gave none that is finite" in found
    assert "with or without marks; some differences have 4" in found
    assert "failed centralized-2: out of memory: try less" in found
    assert "missing 1 run not finished: give the same command again" in found


def test_long_reasons_and_paths_stay_whole_and_only_some_are_named() -> None:
    long = "/somewhere/" + "x" * 200
    found = lines(results({"seeds": 5}, failures={f"run-{n}": long for n in range(12)}))
    assert f"failed run-9: {long}" in found
    assert found[-1] == "and 2 runs more: each has a file in the folder's failed/"
    assert not any("run-10" in line for line in found)


def test_nothing_is_finished() -> None:
    made = results({"seeds": 2})
    found = lines(Results(made.comparison, [], {}, ["a", "b"]), details=True)
    assert [line for line in found if line.endswith("–")] == ["fedavg –", "local –", "centralized –"]
    assert found[-1] == "missing 2 runs not finished: give the same command again"


MANY = {
    "methods": ["fedavg", "local", "centralized", "fedprox[mu=0.1,train.lr=0.03]"],
    "data": [
        {"name": "watch", "missing": ["none", "client:0.4", "sample:0.3"]},
        {"name": "mfeat", "partition": ["dirichlet:0.5", "iid"]},
        "emoji",
    ],
    "seeds": 5,
}


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("details", [False, True])
def test_nothing_is_wider_than_the_terminal_and_nothing_is_cut_off(width: int, details: bool) -> None:
    found = printed(results(MANY), width, details=details)
    assert max(map(len, found.splitlines())) <= width
    assert "…" not in found
    shown = re.findall(r"\d\d\.\d\*? {1,2}?± \d\.\d", found)
    assert len(shown) == 4 * 6 * (1 + 2 + 3 + 1 if details else 1)


def test_wide_tables_are_turned() -> None:
    """Seven columns do not fit into 80 characters, two do."""
    found = lines(results({**MANY, "methods": ["fedavg", "local"]}))
    assert "data fedavg local" in found
    assert "watch, missing client:0.4 *60.2* ± 2.7 40.0 ± 2.7 ▼" in found


def test_ranks_are_shown_where_they_can_tell() -> None:
    few = one_text(results({"data": ["watch", "mfeat"], "seeds": 5}))
    assert "rank" not in few, "of two columns no two ranks are far enough apart"
    found = lines(results(MANY), 120)
    assert "mean rank 3.00 4.00 1.00 2.00" in found
    assert (
        "ranks over 6 columns of 3 data sets (those of one are not independent); Friedman p < 0.001; "
        "closer than 1.91 (Nemenyi) is not told apart"
    ) in " ".join(found)


def test_details() -> None:
    found = lines(results({"seeds": 5}), details=True)
    assert "watch: accuracy in % by test, and mean costs of a run" in found
    assert "local 40.0 ± 2.7 45.0 ± 2.7 10.0 ± 2.7 3 MB 1 min 15 s" in found
    assert "watch: accuracy in % on the global test, by modalities shown" in found
    assert "fedavg 61.2 ± 2.7 50.2 ± 2.7 40.2 ± 2.7" in found
    assert "watch: accuracy in % on the global test, difference to fedavg, paired by seed" in found
    assert "local -20.2 -20.4 to -20.0 < 0.001 < 0.001 5" in found
    assert "ranks none: ranks need scores on 2 data sets or more, and there are 1" in found
    assert "worst client: the worst score among them" in " ".join(found)


def test_details_on_balance_where_it_was_recorded() -> None:
    made = results({"methods": ["fedavg"], "seeds": 1})
    assert "deviation of recalls" not in one_text(made, details=True)
    metrics: Any = made.outcomes[0].summary["metrics"]
    metrics["class_std/global/server/global_test/observed/before"] = 0.123
    metrics["fusion_gap/global/server/global_test/acc+gyro/before"] = -0.04
    found = lines(made, details=True)
    assert "method which weakest alone all - best alone class std" in found
    assert "fedavg gyro 40.0 -4.0 12.3" in found


def test_details_name_what_was_tuned_and_what_it_costs_beside_bytes() -> None:
    made = results({"methods": ["fedavg"], "seeds": 1, "tune": 3}, tuned={("fedavg", "watch"): {"train.lr": 0.03}})
    made.outcomes[0].summary["metrics"]["joules/-/clients:sum/-/-/-"] = 1234.0  # type: ignore[index]
    found = lines(made, 120, details=True)
    assert "tuned fedavg: train.lr=0.03" in found
    assert "fedavg 60.0 65.0 30.0 3 MB 1 min 15 s 1,234" in found


@pytest.mark.parametrize(
    ("value", "measure", "told"),
    [(-0.0004, "accuracy", "+0.0"), (-0.0006, "auc", "-0.1"), (-0.0004, "loss", "+0.000"), (0.0123, "loss", "+0.012")],
)
def test_nothing_is_not_less_than_nothing(value: float, measure: str, told: str) -> None:
    assert number(value, measure, "+") == told


def test_names_are_broken_where_a_reader_would() -> None:
    assert broken("fedprox[mu=0.1,train.lr=0.03]", 18) == "fedprox[mu=0.1,\ntrain.lr=0.03]"
    assert broken("watch, missing client:0.4", 14) == "watch, missing\nclient:0.4"
    assert broken("acc+gyro", None) == "acc+gyro"


def test_a_grid_is_cut_evenly() -> None:
    columns = [f"column {n}" for n in range(7)]
    cells = {(row, column): Cell(("0" * 10,)) for row in "abcdefgh" for column in columns}
    parts = fitted(Grid("row", "column", list("abcdefgh"), columns, cells), 70)
    assert [len(part.columns) for part in parts] == [4, 3]


def test_measures_of_retrieval() -> None:
    two = [{"name": "emoji", "measure": "recall@1"}, {"name": "emoji", "label": "ranks", "measure": "median_rank"}]
    found = printed(results({"methods": ["clip-fedavg", "fedaid"], "data": two}, lambda case: 0.25))
    assert "emoji (recall@1)" in found and "ranks (median rank)" in found
    assert "25.0" in found and "0.250" in found
    assert "recall@1 in %, median rank" in found
