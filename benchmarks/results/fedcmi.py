"""FedCMI beside its baselines and without each of its parts: what each adds, and where."""

from benchmarks.results.cells import difference, differences, told
from counterpoint.experiments import Results
from counterpoint.experiments.condition import Condition
from counterpoint.experiments.numbers import numbers
from counterpoint.experiments.statistics import holm, paired

FULL = "fedcmi"
HEAD = """# FedCMI, measured

[fedcmi.toml](../../benchmarks/comparisons/fedcmi.toml), seeds 0 to 4; `python -m benchmarks.results --only fedcmi`
makes this page.

* **Settings**: learning rate (0.01 to 0.3) and each method's own options were searched with 12 trials for each of
  `fedavg`, `fedprox`, `fedavg[term=ogm-ge]` and `fedcmi` on each data set, on validation rows of clients dealt out by
  Dirichlet 0.5 with nothing missing ([profiles](../../benchmarks/comparisons/fedcmi), with what was found). They hold
  for all four conditions of the data set; what lacks a part of FedCMI has FedCMI's settings. Encoders are the same for
  all.
* **fused**: accuracy in % on held-out units, samples as they are. **weak**: with only that modality shown which is
  weakest in FedAvg. **spread of classes**: standard deviation of recalls over classes, smaller is more even. Mean ±
  standard deviation over seeds.
* **against fedavg**, **against fedcmi**: difference of fused accuracy, paired by seed, and p of a t test, adjusted by
  Holm over the table's rows; **bold** where below 0.05.
* **MB**, **s**: bytes of all packages; seconds of a run with others beside it on two cores.
"""
COLUMNS = (
    "| method | fused | weak | spread of classes | against fedavg | against fedcmi | MB | s |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def page(results: Results) -> str:
    """A table a condition, and one of what infiltration itself adds."""
    return "\n".join(
        [HEAD, parts(results), *(table(results, condition) for condition in results.comparison.conditions)]
    )


def parts(results: Results) -> str:
    """What leaving out a part changes, by condition: the full method minus the one without it."""
    full = next(v for v in results.comparison.variants if v.label == FULL)
    without = [v for v in results.comparison.variants if v.label.startswith(f"{FULL}[")]
    names = [next(iter(v.settings)) for v in without]
    lines = [
        "## What each part adds\n",
        "Fused accuracy with all parts minus that without one, in points (p after Holm).\n",
    ]
    lines += [f"| data | {' | '.join(names)} |", f"| --- | {'---: | ' * len(names)}"]
    for condition in results.comparison.conditions:
        found = [paired(results.scores(full, condition), results.scores(v, condition)) for v in without]
        adjusted = holm([None if one is None else one.p for one in found])
        cells = [difference(None if d is None else d.mean, p) for d, p in zip(found, adjusted, strict=True)]
        lines.append(f"| {condition.label} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def table(results: Results, condition: Condition) -> str:
    """The table of one condition."""
    cells = {c["method"]: c for c in numbers(results)["cells"] if c["data"] == condition.label}
    reference = results.comparison.variants[0]
    full = next(v for v in results.comparison.variants if v.label == FULL)
    columns = [differences(results, condition, base) for base in (reference, full)]
    weakest = cells[reference.label]["balance"]["weakest"]["modality"]
    lines = []
    for variant in results.comparison.variants:
        cell = cells[variant.label]
        weak = results.scores(variant, condition, measure="accuracy", pattern=weakest) if weakest else {}
        balance = [
            told(results, weak),
            told(results, _values(cell["balance"]["class_std"])),
        ]
        costs = cell["costs"]
        lines.append(
            f"| `{variant.label}` | {told(results, results.scores(variant, condition))} | {' | '.join(balance)} | "
            + " | ".join(column[variant.label] for column in columns)
            + f" | {costs['bytes']['mean'] / 1e6:.1f} | {costs['seconds']['mean']:.0f} |"
        )
    said = f"Weakest of FedAvg: `{weakest}`." if weakest else "No modality alone is in the tests of all seeds."
    return "\n".join([f"## {condition.label}\n", f"{said}\n", COLUMNS, *lines, ""])


def _values(score: dict[str, dict[int, float]]) -> dict[int, float]:
    return {int(seed): value for seed, value in score["values"].items() if value is not None}
