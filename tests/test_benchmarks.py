"""The page on performance is made of a record; how fast anything was is never asserted."""

import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    monkeypatch.syspath_prepend(str(ROOT))
    return import_module


def made_up() -> dict[str, Any]:
    """Two repeats of a few cases; our rounds take 1 and 2 s, the others' 4 and 16."""
    size = {"model": "mlp", "rounds": 3, "warm": 1, "epochs": 1, "batch": 20, "rows": 600, "middle": 60}
    size |= {"fewest": 60, "most": 60, "pairs": 10}
    cases = [
        {**size, "key": "mlp/1", "clients": 10, "contestants": ["stacked", "stacked-2", "pfl", "fused", "written"]},
        {**size, "key": "scale/10", "clients": 10, "contestants": ["stacked", "bare"]},
        {**size, "key": "scale/30", "clients": 30, "contestants": ["stacked", "bare"]},
    ]
    for case in cases:
        case["section"], case["variant"] = case["key"].split("/")
    runs = []
    for repeat in range(2):
        ours, theirs = 1.0 + repeat, 4.0 * 4**repeat
        kept = {"peak": [100.0, 150.0, 160.0, 160.0], "profile": [{"compute": 0.6, "data": 0.2}] * 3}
        for case in cases:
            told = {"case": case["key"], "repeat": repeat}
            runs.append({**told, "contestant": "stacked", "seconds": [9.0, ours, ours], "accuracy": 0.5, **kept})
            runs.append({**told, "contestant": "bare", "seconds": [], "peak": [90.0]})
        told = {"case": "mlp/1", "repeat": repeat}
        runs.append({**told, "contestant": "pfl", "seconds": [9.0, theirs, theirs], "accuracy": 0.5})
        runs.append({**told, "contestant": "fused", "seconds": [1.0, 1.0, 1.0]})
        runs.append({**told, "contestant": "written", "seconds": [1.0, 1.0, 1.0], "gflops": 100.0})
    runs.append({"case": "mlp/1", "repeat": 0, "contestant": "stacked-2", "failed": "no workers"})
    machine = {"processor": "made up"}
    return {"machine": machine, "repeats": 2, "quick": False, "rivals": {"pfl": "0.6.0"}, "cases": cases, "runs": runs}


def test_ratios_are_taken_within_a_repeat(load: Callable[[str], ModuleType]) -> None:
    figures = load("benchmarks.speed.figures")
    asked = figures.Figures(made_up())
    assert asked.ratio(("mlp/1", "pfl"), ("mlp/1", "stacked")) == figures.Spread(6.0, 4.0, 8.0)
    assert asked.a_round("mlp/1", "stacked") == figures.Spread(1.5, 1.0, 2.0)
    assert asked.memory("scale/10", -1).middle == 70.0
    assert asked.ratio(("mlp/1", "fluke"), ("mlp/1", "stacked")) is None


def test_the_page_is_made_of_the_record(load: Callable[[str], ModuleType], tmp_path: Path) -> None:
    render = load("benchmarks.speed.render")
    render.save(made_up(), tmp_path)
    page = render.render(tmp_path).read_text(encoding="utf-8")
    assert "| MLP, one local epoch, against pfl: at least 8 times as fast | 6× (4 to 8) | **no** |" in page
    assert "not measured: no workers" in page and "| 30 | 1.5 (1 to 2) |" in page
    assert "one of two sensors: less time than if all own both | – | not measured |" in page
    drawn = {path.stem for path in (tmp_path / "performance").glob("*.svg")}
    assert drawn == {"mlp-1", "scale-time", "scale-memory", "profile"}
    assert all(f"performance/{name}.svg" in page for name in drawn)
    assert max(map(len, (line for line in page.splitlines() if line[:1] not in {"|", "*"}))) <= 120


def test_explanations_come_from_words_by_hand(load: Callable[[str], ModuleType]) -> None:
    page, words = load("benchmarks.speed.page").page, load("benchmarks.speed.write").sections
    text = page(made_up(), words("not shown\n\n## mlp-pfl\n\nBecause.\n\n## scale\n\nIt grows.\n"), [])
    assert "as fast: Because." in text and "It grows." in text and "not shown" not in text


def test_every_workload_has_words_and_every_contestant_a_script(load: Callable[[str], ModuleType]) -> None:
    cases, said = load("benchmarks.speed.workloads").cases(), load("benchmarks.speed.sayings").SAID
    assert {case.section for case in cases} == set(said)
    scripts = {one.script for case in cases for one in case.contestants}
    assert all((ROOT / "benchmarks" / "contestants" / f"{name}.py").exists() for name in scripts)


def test_a_job_and_its_answer_travel_as_text(load: Callable[[str], ModuleType]) -> None:
    job = load("benchmarks.contestants.job")
    asked = job.Job("rows.npz", "mlp", 3, engine="stacked", workers=2)
    assert job.Job.read(asked.text()) == asked
    said = f"noise\n{job.MARK}{json.dumps({'seconds': [1.0]})}\nmore noise"
    assert load("benchmarks.speed.turn").answer_in(said) == {"seconds": [1.0]}


def test_the_floor_runs_on_rows_that_were_written(load: Callable[[str], ModuleType], tmp_path: Path) -> None:
    job, data = load("benchmarks.contestants.job"), load("benchmarks.speed.data")
    rng = np.random.default_rng(0)
    arrays = {"x.digits": rng.random((9, 64), dtype=np.float32), "label": np.arange(9) % 3}
    arrays |= {"rows": np.array([0, 1, 2, 3, 2, 4, 6, 8]), "sizes": np.array([4, 4]), "owned": np.ones((2, 1), bool)}
    arrays |= {"test.digits": arrays["x.digits"], "test_label": arrays["label"]}
    held = job.Data.read(str(data.write(arrays, tmp_path / "rows.npz")))
    assert [rows.tolist() for rows in held.clients] == [[0, 1, 2, 3], [2, 4, 6, 8]]
    asked = job.Job("", "mlp", 2, batch=2)
    for name in ("written", "fused", "loop"):
        assert len(load(f"benchmarks.contestants.{name}").play(asked, held).seconds) == 2


def made_up_results(name: str) -> Any:
    """Every run of a standing comparison, with scores that rise with the seed and differ between methods."""
    from counterpoint.experiments import Comparison, Outcome, Results, cases, score_name

    comparison = Comparison.read(ROOT / "benchmarks" / "comparisons" / f"{name}.toml")
    outcomes = []
    for case in cases(comparison):
        score = (
            0.5
            + 0.01 * case.seed
            + 0.001 * len(case.variant.label)
            + 0.1 * ("modalities" not in case.condition.options)
        )
        patterns = ("observed", "acc+gyro", "acc", "gyro")
        metrics = {
            str(score_name(case.variant.kind, where, measure, pattern)): score
            for where in ("held-out", "own", "worst")
            for measure in ("accuracy", "auc", "macro_f1")
            for pattern in patterns
        }
        summary = {"metrics": metrics, "bytes_up": 10**6, "bytes_down": 2 * 10**6, "seconds": 1.0}
        outcomes.append(Outcome(case, Path("none"), summary))
    return Results(comparison, outcomes)


def test_the_page_of_results_is_made_of_comparisons(load: Callable[[str], ModuleType]) -> None:
    weak = json.loads((ROOT / "benchmarks" / "weak.json").read_text(encoding="utf-8"))
    sets = load("benchmarks.results.data").page(made_up_results("data-sets"), weak)
    assert re.search(
        r"\| acc \+ gyro \| 78\.5 ± [\d.]+ \| 62.1 ± 1.0 \| 61.6 ± 1.0 \| 61.5 ± 1.0 \| 61.6 ± 1.0 \|", sets
    )
    assert "Gain of fusion: `centralized` +10.0 ± 0.0 over acc; `fedavg` +10.0 ± 0.0 over acc." in sets
    assert sets.count("\n## ") == 7
    watch = load("benchmarks.results.methods").page(made_up_results("methods-on-watch"))
    assert watch.count("\n## `--missing ") == 3
    assert "3.0 |" in watch
    suite = load("benchmarks.results.core").page(made_up_results("core"))
    assert "| method | watch | mfeat | support2 | emoji | tuxpaint | rank |" in suite
    assert "| `centralized` | 62.1 ± 1.0 |" in suite
    assert "Friedman's test" in suite
