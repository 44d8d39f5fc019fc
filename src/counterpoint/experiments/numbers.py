"""The numbers of a comparison as plain values: what tables, the page and `--json` show."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from counterpoint.data.samples import PATTERN_SEPARATOR, pattern_name
from counterpoint.evaluate import OBSERVED
from counterpoint.experiments.case import config_of
from counterpoint.experiments.comparison import Comparison
from counterpoint.experiments.condition import Condition
from counterpoint.experiments.outcome import WORDS, Outcome, Results, Where, better, score_name
from counterpoint.experiments.ranking import ranking
from counterpoint.experiments.statistics import holm, mean_of, paired
from counterpoint.experiments.variant import Variant
from counterpoint.runs.energy import COMPUTE, SEND

ENOUGH_SEEDS = 5
"""With fewer, no difference supports "better than": one lucky seed makes it."""
SIGNIFICANT = 0.05
SETTINGS = ("options", "train", "model", "evaluate", "exchange", "network", "simulate")
"""Sections of a configuration that settings go to."""

Numbers = dict[str, Any]


def numbers(results: Results) -> Numbers:
    """Everything that is shown of a comparison; JSON can say all of it.

    `title`; `seeds`; `reference` (label of the row that others are compared with); `enough_seeds` (whether every
    difference stands on 5 seeds or more); `rows`, each with `label`, `method`, `settings`, `kind` (of its models:
    `global`, `personal`, `peer`); `columns`, each with `label`, `data`, `options`, `measure`, `better` (`higher`,
    `lower`), `best` (labels of the rows whose mean on the global test is best, of those with most runs), `patterns`;
    `ranks` and `no_ranks`, see `ranking.ranking`; `failed` (why, by run), `missing` (runs).

    `cells`, one a row and column, each with
    * `method`, `data` (labels), `n` and `seeds` of its finished runs;
    * `scores` by where they were taken (`held-out`: the global test; `own`: the mean over the clients' own tests;
      `worst`: the worst client's own test) and `patterns` (of the global test, by modalities shown). Each score says
      its `metric` and has `n`, `mean`, `std`, `low` and `high` (95 % interval), `values` by seed; what cannot be known
      is null;
    * `balance` of modalities and classes on the global test, each like a score: `weakest`, accuracy with only the
      `modality` shown whose mean over seeds is lowest; `fusion_gap`, accuracy with all modalities shown less that of
      the best one alone; `class_std`, standard deviation of recalls over classes;
    * `costs` of a run: `bytes`, `bytes_up`, `bytes_down`, `seconds`, `joules` where all runs of a cell count them, and
      further cost metrics by their full name, each like a score;
    * `difference`: row - reference on the global test over the seeds that both have, see `statistics.paired`, with
      `p_holm` adjusted over the rows of its column, and a `verdict`: `better` or `worse` where `p_holm` is below 0.05.
      Null for the reference, and where no seed is common;
    * `settings`: those that a search or a profile changed.

    Raises:
        UserError: scipy is not installed.
    """
    comparison = results.comparison
    cells = [cell for condition in comparison.conditions for cell in _column(results, condition)]
    ranked, why_not = ranking(results)
    return {
        "title": comparison.title,
        "seeds": list(comparison.seeds),
        "reference": comparison.variants[0].label,
        "enough_seeds": all(c["difference"]["n"] >= ENOUGH_SEEDS for c in cells if c["difference"]),
        "rows": [
            {"label": v.label, "method": v.method, "settings": dict(v.settings), "kind": v.kind}
            for v in comparison.variants
        ],
        "columns": [
            {
                "label": condition.label,
                "data": condition.data,
                "options": dict(condition.options),
                "measure": condition.measure,
                "better": better(condition.measure),
                "best": _best([c for c in cells if c["data"] == condition.label], better(condition.measure)),
                "patterns": results.patterns(condition),
            }
            for condition in comparison.conditions
        ],
        "cells": cells,
        "ranks": ranked,
        "no_ranks": why_not,
        "failed": dict(results.failures),
        "missing": list(results.missing),
    }


def _column(results: Results, condition: Condition) -> list[Numbers]:
    cells = [_cell(results, variant, condition) for variant in results.comparison.variants]
    reference = results.comparison.variants[0].label
    for cell in cells[1:]:
        cell["difference"] = _difference(cell["scores"]["held-out"], cells[0]["scores"]["held-out"], reference)
    tested = [cell["difference"] for cell in cells if cell["difference"]]
    for difference, adjusted in zip(tested, holm([difference["p"] for difference in tested]), strict=True):
        difference["p_holm"] = adjusted
        if adjusted is not None and adjusted < SIGNIFICANT:
            up = difference["mean"] > 0
            difference["verdict"] = "better" if up == (better(condition.measure) == "higher") else "worse"
    return cells


def _cell(results: Results, variant: Variant, condition: Condition) -> Numbers:
    runs = results.of(variant, condition)
    places: tuple[Where, ...] = ("held-out", "own", "worst")
    return {
        "method": variant.label,
        "data": condition.label,
        "n": len(runs),
        "seeds": [run.case.seed for run in runs],
        "scores": {where: _score(runs, variant, condition, where) for where in places},
        "patterns": {
            pattern: _score(runs, variant, condition, "held-out", pattern) for pattern in results.patterns(condition)
        },
        "balance": _balance(runs, variant, condition, results.patterns(condition, "accuracy")),
        "costs": _costs(runs),
        "difference": None,
        "settings": _changed(runs[0], results.comparison) if runs else {},
    }


def _balance(runs: Sequence[Outcome], variant: Variant, condition: Condition, patterns: Sequence[str]) -> Numbers:
    names = sorted({name for pattern in patterns for name in pattern.split(PATTERN_SEPARATOR)})
    whole = pattern_name(names) if names else OBSERVED
    alone = {m: _score(runs, variant, condition, "held-out", m, "accuracy") for m in names if len(names) > 1}
    known = {m: score for m, score in alone.items() if score["n"] == len(runs)}
    weakest = min(known, key=lambda m: known[m]["mean"], default=None) if runs else None
    lowest = alone[weakest] if weakest else {"metric": None, "of": WORDS["held-out"], **_spread({})}
    return {
        "weakest": {**lowest, "modality": weakest},
        "fusion_gap": _score(runs, variant, condition, "held-out", whole, "fusion_gap"),
        "class_std": _score(runs, variant, condition, "held-out", OBSERVED, "class_std"),
    }


def _score(
    runs: Sequence[Outcome],
    variant: Variant,
    condition: Condition,
    where: Where,
    pattern: str = OBSERVED,
    measure: str = "",
) -> Numbers:
    found = {run.case.seed: run.score(where, measure, pattern) for run in runs}
    name = score_name(variant.kind, where, measure or condition.measure, pattern)
    return {"metric": str(name), "of": WORDS[where], **_spread(found)}


def _spread(values: Mapping[int, float | None]) -> Numbers:
    known = {seed: value for seed, value in values.items() if value is not None}
    told = asdict(mean_of(known.values())) if known else {"mean": None, "std": None, "n": 0, "low": None, "high": None}
    return {**told, "values": {str(seed): value for seed, value in known.items()}}


def _costs(runs: Sequence[Outcome]) -> Numbers:
    by_name: dict[str, dict[int, float]] = {}
    for run in runs:
        for name, value in _spent(run).items():
            by_name.setdefault(name, {})[run.case.seed] = value
    partly = {"joules"} if len(by_name.get("joules", ())) < len(runs) else set()
    return {name: _spread(values) for name, values in by_name.items() if name not in partly}


def _spent(run: Outcome) -> dict[str, float]:
    """What a run cost, over all clients and rounds; of a further cost metric what it is after the last round."""
    metrics, energy = run.summary["metrics"], run.summary.get("energy", {})
    further = {n: v for n, v in metrics.items() if n.startswith("joules") and not n.startswith((COMPUTE, SEND))}
    further |= {"joules": energy["joules"]} if energy else {}
    up, down = float(run.summary["bytes_up"]), float(run.summary["bytes_down"])
    known = {name: float(value) for name, value in further.items() if value is not None}
    return {"bytes": float(run.sent), "bytes_up": up, "bytes_down": down, "seconds": run.seconds, **known}


def _changed(run: Outcome, comparison: Comparison) -> Numbers:
    """Settings that the run has otherwise than it would have had without search and profile, as `--set` takes them."""
    if not (comparison.tune or comparison.profile):
        return {}
    case = run.case
    usual = config_of(case.variant, case.condition, case.seed).model_dump(mode="json")
    given = case.config.model_dump(mode="json")
    return {
        (key if section == "options" else f"{section}.{key}"): value
        for section in SETTINGS
        for key, value in given[section].items()
        if usual[section].get(key) != value
    }


def _difference(score: Numbers, reference: Numbers, label: str) -> Numbers | None:
    ours, theirs = ({int(seed): value for seed, value in s["values"].items()} for s in (score, reference))
    found = paired(ours, theirs)
    if found is None:
        return None
    names = {"metric": score["metric"], "reference_metric": reference["metric"]}
    return {"to": label, **names, **asdict(found), "p_holm": None, "verdict": ""}


def _best(cells: Sequence[Numbers], which: str) -> list[str]:
    scores = {cell["method"]: cell["scores"]["held-out"] for cell in cells}
    most = max((score["n"] for score in scores.values()), default=0)
    means = {label: score["mean"] for label, score in scores.items() if score["n"] == most and most}
    best = (max if which == "higher" else min)(means.values(), default=None)
    return [label for label, mean in means.items() if mean == best]
