"""FedMEKT beside its family, without each of its parts, and with less told."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.results.cells import differences, told
from counterpoint.experiments import Results
from counterpoint.experiments.condition import Condition
from counterpoint.experiments.numbers import numbers
from counterpoint.experiments.variant import Variant

HEAD = """# FedMEKT, measured

[fedmekt.toml](../../benchmarks/comparisons/fedmekt.toml),
[fedmekt-alone.toml](../../benchmarks/comparisons/fedmekt-alone.toml),
[fedmekt-parts.toml](../../benchmarks/comparisons/fedmekt-parts.toml) and
[fedmekt-proxy.toml](../../benchmarks/comparisons/fedmekt-proxy.toml), seeds 0 to 4;
`python -m benchmarks.results --only fedmekt` makes this page.

* **Settings**: learning rates of autoencoders (0.001 to 0.01) and classifier (0.005 to 0.1) and each method's own
  options were searched with 5 trials a method and data set, on validation rows with nothing missing
  ([profiles](../../benchmarks/comparisons/fedmekt), with what was found). They hold for all conditions of the data set.
  Networks, labelled rows, proxy rows, rounds and epochs are the same for all.
* **accuracy**, **F1** (macro): in % on held-out units; fused, then with one modality shown. The classifier is linear,
  on frozen embeddings, except for `server-only`, which trains everything on labels. **5 %**, **1 %**: fused accuracy
  with so many of the training rows labelled in place of 11 %. Mean ± standard deviation over seeds. Of `mm-local` the
  mean over clients.
* **against server-only**: difference of fused accuracy at 11 %, paired by seed, and p of a t test, adjusted by Holm
  over the table's rows; **bold** where below 0.05.
* **MB**: of all packages, without the proxy rows themselves; **s**: seconds of a run with others beside it on two
  cores.
"""
SHARES = {"5 %": "labels 0.4545", "1 %": "labels 0.0909"}
PARTS = {
    "beta=0,gamma=0": "one layer",
    "alpha=0,beta=0": "without local transfer",
    "eta=0,gamma=0": "without global transfer",
    "alpha=0,beta=0,eta=0,gamma=0": "without any transfer",
    "knowledge=last_step": "last step alone told",
    "proxy_stride=4": "every fourth proxy row told of",
    "exchange.up=float16,exchange.down=float16": "packages in 16 bits",
    "exchange.up=int8,exchange.down=int8": "packages in 8 bits",
    "server_layers=2": "a deeper server",
}


Costs = Mapping[tuple[str, str], Mapping[str, Any]]


def page(family: Results, alone: Results, parts: Results, proxy: Results) -> str:
    """A table a condition, one of the parts, one of the size of the proxy set."""
    spent = costs(family) | costs(alone)
    tables = [table(family, alone, condition, spent) for condition in family.comparison.conditions]
    spent = costs(parts)
    tables += [of_parts(parts, condition, spent) for condition in parts.comparison.conditions]
    return "\n".join([HEAD, *tables, of_proxy(proxy)])


def table(family: Results, alone: Results, condition: Condition, spent: Costs) -> str:
    """The table of one condition."""
    modalities = sorted({p for p in _patterns(family, condition) if "+" not in p and p != "observed"})
    head = ["method", "accuracy", "F1", *SHARES, *(f"{m}: accuracy, F1" for m in modalities)]
    head += ["against server-only", "MB", "s"]
    against = differences(family, condition, family.comparison.variants[0])
    rows = [
        _row(family, condition, v, modalities, against[v.label], spent[condition.label, v.label])
        for v in family.comparison.variants
    ]
    same, lone = (
        next(c for c in alone.comparison.conditions if c.label == condition.label),
        alone.comparison.variants[0],
    )
    rows.insert(1, _row(alone, same, lone, modalities, "", spent[same.label, lone.label]))
    lines = [f"| {' | '.join(head)} |", f"| --- | {'---: | ' * (len(head) - 1)}".rstrip()]
    return "\n".join([f"## {condition.label}\n", *lines, *rows, ""])


def _row(
    results: Results,
    condition: Condition,
    variant: Variant,
    modalities: Sequence[str],
    against: str,
    cost: Mapping[str, Any],
) -> str:
    values = [_score(results, condition, variant, m) for m in ("accuracy", "macro_f1")]
    values += [_score(results, condition, variant, f"accuracy[{name}]") for name in SHARES.values()]
    values += [
        ", ".join(_score(results, condition, variant, m, pattern) for m in ("accuracy", "macro_f1"))
        for pattern in modalities
    ]
    values += [against, f"{cost['bytes']['mean'] / 1e6:.1f}", f"{cost['seconds']['mean']:.0f}"]
    return f"| `{variant.label}` | {' | '.join(values)} |"


def of_parts(results: Results, condition: Condition, spent: Costs) -> str:
    """What leaving out a part, or telling less, changes."""
    full, *others = results.comparison.variants
    against = differences(results, condition, full)
    lines = ["| | accuracy | F1 | against all of it | MB |", "| --- | ---: | ---: | ---: | ---: |"]
    for variant in (full, *others):
        name = "all of it" if variant is full else PARTS[variant.label.partition("[")[2].removesuffix("]")]
        sent = spent[condition.label, variant.label]["bytes"]["mean"] / 1e6
        scores = [_score(results, condition, variant, m) for m in ("accuracy", "macro_f1")]
        lines.append(f"| {name} | {' | '.join(scores)} | {against[variant.label]} | {sent:.1f} |")
    return "\n".join([f"## Parts of FedMEKT: {condition.label}\n", *lines, ""])


def of_proxy(results: Results) -> str:
    """Accuracy and bytes by size of the proxy set."""
    (variant,), spent = results.comparison.variants, costs(results)
    lines = ["| data | accuracy | F1 | MB |", "| --- | ---: | ---: | ---: |"]
    for condition in results.comparison.conditions:
        sent = spent[condition.label, variant.label]["bytes"]["mean"] / 1e6
        scores = [_score(results, condition, variant, m) for m in ("accuracy", "macro_f1")]
        lines.append(f"| {condition.label} | {' | '.join(scores)} | {sent:.1f} |")
    return "\n".join(["## Size of the proxy set\n", *lines, ""])


def _score(results: Results, condition: Condition, variant: Variant, measure: str, pattern: str = "observed") -> str:
    return told(results, results.scores(variant, condition, measure=measure, pattern=pattern))


def costs(results: Results) -> dict[tuple[str, str], dict[str, Any]]:
    """Bytes and seconds, by column and row."""
    return {(cell["data"], cell["method"]): cell["costs"] for cell in numbers(results)["cells"]}


def _patterns(results: Results, condition: Condition) -> set[str]:
    """All patterns that runs of a condition were scored on."""
    return {
        key.split("/")[4]
        for outcome in results.outcomes
        if outcome.case.condition is condition or outcome.case.condition.label == condition.label
        for key in outcome.summary["metrics"]
        if "/global_test/" in key
    }
