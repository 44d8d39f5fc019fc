"""Every method on one data set, with nothing missing and with modalities missing from clients and from samples."""

from statistics import mean

from benchmarks.results.cells import score
from counterpoint.experiments import Results
from counterpoint.experiments.condition import Condition
from counterpoint.experiments.statistics import holm, paired
from counterpoint.experiments.variant import Variant

HEAD = """# Methods on watch

[methods-on-watch.toml](../benchmarks/comparisons/methods-on-watch.toml), all defaults (7 natural clients, 40 rounds,
2 local epochs, batch 16, SGD 0.1, 1-D CNN encoders, mean fusion), seeds 0, 1, 2. The same settings for all: **no method
was tuned**, so the table says how methods do out of the box, not which is best. The split between people is fixed;
seeds vary initial weights, batches and what is missing.

* **held-out people**: the global test, three people that nobody trained on. For `local` it is the mean over the seven
  personal models. Modalities are missing there by the same rule as in training ("as they are"); "acc" and "gyro" show
  the model one sensor of all samples that have it, "both" the samples that have both.
  A personal model is only scored on what its client can read: one without a gyroscope has no score for "gyro" and
  "both", and "as they are" leaves out samples that hold nothing else. So under `client:0.4` the columns of `local`
  stand on fewer clients and samples than the others.
* **against fedavg**: difference on held-out people as they are, paired by seed, and its p value (t test, adjusted by
  Holm over the table).
* **own test**: each client's own test recordings, before any further local training, mean and worst over the seven
  clients. For `local` it is each client's own model.
* **MB**: encoded packages up and down, all clients, all rounds.
"""
COLUMNS = (
    "| method | held-out people, as they are | against fedavg | macro-F1 | both | acc | gyro | own test, mean | worst "
    "| MB |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def page(results: Results) -> str:
    """A table a kind of missingness."""
    return "\n".join([HEAD, *(table(results, condition) for condition in results.comparison.conditions)])


def table(results: Results, condition: Condition) -> str:
    """The table of one kind of missingness; the first method is what others are compared with."""
    reference, *others = results.comparison.variants
    base = results.scores(reference, condition)
    found = {method.label: paired(results.scores(method, condition), base) for method in others}
    adjusted = dict(zip(found, holm([None if d is None else d.p for d in found.values()]), strict=True))
    lines = []
    for method in results.comparison.variants:
        difference, p = found.get(method.label), adjusted.get(method.label)
        against = "" if difference is None else f"{100 * difference.mean:+.1f} (p {p:.3f})"
        lines.append(row(results, method, condition, against))
    missing = condition.options.get("missing", "none")
    return "\n".join([f"## `--missing {missing}`\n", COLUMNS, *lines, ""])


def row(results: Results, method: Variant, condition: Condition, against: str) -> str:
    """One line of a table."""
    cells = [
        score(results, method, condition),
        against,
        score(results, method, condition, measure="macro_f1"),
        *(score(results, method, condition, pattern=pattern) for pattern in ("acc+gyro", "acc", "gyro")),
        score(results, method, condition, "own"),
        score(results, method, condition, "worst"),
        f"{mean(outcome.sent for outcome in results.of(method, condition)) / 1e6:.1f}",
    ]
    return f"| `{method.label}` | {' | '.join(cells)} |"
