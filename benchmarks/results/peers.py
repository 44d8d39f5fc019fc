"""Learning without a server, at equal energy."""

from collections.abc import Mapping
from statistics import fmean

from benchmarks.results.cells import differences, told
from counterpoint.experiments import Results
from counterpoint.experiments.condition import Condition
from counterpoint.experiments.numbers import numbers
from counterpoint.experiments.variant import Variant

HEAD = """# Without a server, measured

[peers.toml](../../benchmarks/comparisons/peers.toml), seeds 0 to 4; `python -m benchmarks.results --only peers` makes
this page. Every formula of `dmml-kd` beyond its abstract is [ours](dmml-kd.md): nothing here is the paper's.

* **Energy**: each device has between 40 and 100 % of what a reference run takes, in which all encoders take 20 steps a
  round and are sent once; the same joules for every method. `centralized` has no battery, and sends nothing.
* **global**: accuracy in % on held-out units, mean over devices; **worst**: of the device that is worst there. **own**,
  **worst own**: on the devices' own tests. Mean ± standard deviation over seeds.
* **against the first row**: difference of *global*, paired by seed, and p of a t test, adjusted by Holm over the
  table's rows; **bold** where below 0.05.
* **imbalance**: fastest modality over slowest, less one, after the last round. **common**: the share of the variation
  of common features' class means that lies between devices, mean over modalities, on the global test.
* **J**, **MB**: joules and bytes of all devices; **s**: seconds of a run with others beside it on two cores.
"""
COLUMNS = (
    "| method | global | worst | own | worst own | against the first row | imbalance | common | J | MB | s |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def page(results: Results) -> str:
    """A table a condition."""
    return "\n".join([HEAD, *(table(results, condition) for condition in results.comparison.conditions)])


def table(results: Results, condition: Condition) -> str:
    """The table of one condition."""
    cells = {c["method"]: c for c in numbers(results)["cells"] if c["data"] == condition.label}
    against = differences(results, condition, results.comparison.variants[0])
    lines = []
    for variant in results.comparison.variants:
        costs = cells[variant.label]["costs"]
        worst = _metric(results, variant, condition, "accuracy", "clients:worst", "global_test/observed")
        scores = [
            told(results, results.scores(variant, condition)),
            told(results, worst),
            *(told(results, results.scores(variant, condition, where)) for where in ("own", "worst")),
            against[variant.label],
            _mean(_metric(results, variant, condition, "imbalance", "clients:mean", "")),
            _mean(_metric(results, variant, condition, "common_distance", "clients:mean", "global_test/")),
            f"{costs['joules']['mean']:.1f}" if "joules" in costs else "–",
            f"{costs['bytes']['mean'] / 1e6:.1f}",
            f"{costs['seconds']['mean']:.0f}",
        ]
        lines.append(f"| `{variant.label}` | {' | '.join(scores)} |")
    return "\n".join([f"## {condition.label}\n", COLUMNS, *lines, ""])


def _metric(
    results: Results, variant: Variant, condition: Condition, measure: str, scope: str, where: str
) -> dict[int, float]:
    """The last value of a metric of peers by seed, the mean over patterns where there are several."""
    found = {}
    for outcome in results.of(variant, condition):
        metrics: Mapping[str, float | None] = outcome.summary["metrics"]
        values = [
            value
            for name, value in metrics.items()
            if name.startswith(f"{measure}/") and f"/{scope}/" in name and where in name and value is not None
        ]
        if values:
            found[outcome.case.seed] = fmean(values)
    return found


def _mean(values: Mapping[int, float]) -> str:
    return f"{fmean(values.values()):.2f}" if values else "–"
