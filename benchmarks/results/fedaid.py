"""FedAID beside its baselines and without each of its parts: retrieval, zero-shot, probes, mean and worst client."""

from collections.abc import Mapping
from typing import Any

from benchmarks.results.cells import difference, told
from counterpoint.experiments import Results
from counterpoint.experiments.condition import Condition
from counterpoint.experiments.numbers import numbers
from counterpoint.experiments.outcome import Where
from counterpoint.experiments.statistics import holm, paired
from counterpoint.experiments.variant import Variant

HEAD = """# FedAID, measured

[fedaid.toml](../../benchmarks/comparisons/fedaid.toml), seeds 0 to 4; `python -m benchmarks.results --only fedaid`
makes this page.

* **Settings**: learning rates and each method's own options were searched with 5 trials a method and data set, on
  validation rows ([profiles](../../benchmarks/comparisons/fedaid), with what was found). They hold for all conditions
  of the data set; what lacks a part of FedAID has FedAID's settings. Towers, rounds, epochs and batches are the same.
* **R@1, R@5, R@10**, **rank** (median): retrieval on the global test, mean of both directions; any row with the same
  text counts as right. **zero-shot**: accuracy by the classes' names, of rows as they are. **probe**: accuracy of a
  linear classifier on frozen embeddings of pictures, from 1 %, 10 % and all of the training rows' labels.
* **client, worst**: how often the nearest of a batch of 32 is the right one, on each client's own test: mean over
  clients, and the worst of them.
* **against clip-fedavg**: difference of R@10, and of the worst client, paired by seed, and p of a t test, adjusted by
  Holm over the table's rows; **bold** where below 0.05. In %, mean ± standard deviation over seeds; ranks as they are.
"""
SHARES = ("0.01", "0.1", "1")


def page(results: Results) -> str:
    """A table a condition."""
    costs = {(c["data"], c["method"]): c["costs"] for c in numbers(results)["cells"]}
    return "\n".join([HEAD, *(table(results, condition, costs) for condition in results.comparison.conditions)])


def table(results: Results, condition: Condition, costs: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """The table of one condition."""
    base = results.comparison.variants[0]
    head = ["method", "R@1", "R@5", "R@10", "rank", "zero-shot", *(f"probe {share}" for share in SHARES)]
    head += ["client", "worst", f"R@10 against {base.label}", f"worst against {base.label}", "MB", "s"]
    far = _against(results, condition, base, "held-out", "recall@10")
    worst = _against(results, condition, base, "worst", "batch_recall@1")
    lines = [f"| {' | '.join(head)} |", f"| --- | {'---: | ' * (len(head) - 1)}".rstrip()]
    for variant in results.comparison.variants:
        ranks = results.scores(variant, condition, measure="median_rank")
        cells = [_told(results, condition, variant, f"recall@{k}") for k in (1, 5, 10)]
        cells += [told(results, {seed: value / 100 for seed, value in ranks.items()})]
        cells += [_told(results, condition, variant, "accuracy")]
        cells += [_told(results, condition, variant, f"probe_accuracy[{share}]", pattern="image") for share in SHARES]
        cells += [_told(results, condition, variant, "batch_recall@1", where) for where in ("own", "worst")]
        cost = costs[condition.label, variant.label]
        cells += [far[variant.label], worst[variant.label]]
        cells += [f"{cost['bytes']['mean'] / 1e6:.1f}", f"{cost['seconds']['mean']:.0f}"]
        lines.append(f"| `{variant.label}` | {' | '.join(cells)} |")
    return "\n".join([f"## {condition.label}\n", *lines, ""])


def _told(
    results: Results,
    condition: Condition,
    variant: Variant,
    measure: str,
    where: Where = "held-out",
    pattern: str = "observed",
) -> str:
    return told(results, results.scores(variant, condition, where, measure, pattern))


def _against(results: Results, condition: Condition, base: Variant, where: Where, measure: str) -> dict[str, str]:
    """By label of a row, its difference to the base."""
    own = results.scores(base, condition, where, measure)
    others = [v for v in results.comparison.variants if v is not base]
    found = [paired(results.scores(v, condition, where, measure), own) for v in others]
    adjusted = holm([None if one is None else one.p for one in found])
    cells = [difference(None if d is None else d.mean, p) for d, p in zip(found, adjusted, strict=True)]
    return {base.label: "", **{v.label: cell for v, cell in zip(others, cells, strict=True)}}
