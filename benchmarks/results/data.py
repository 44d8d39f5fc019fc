"""Every data set: each modality by itself and all together, pooled, federated and alone."""

from collections.abc import Mapping

from benchmarks.results.cells import gain, score
from counterpoint.data import sources
from counterpoint.experiments import Results
from counterpoint.experiments.condition import Condition

HEAD = """# Data sets

[data-sets.toml](../benchmarks/comparisons/data-sets.toml), seeds 0, 1, 2. Clients are the natural ones, or 10 where
the data have none (`--partition dirichlet:0.5`). Local training is as it is by default (2 epochs a round, batch 16,
SGD 0.1, each kind's first encoder, mean fusion); rounds and dropout were chosen for each data set by pooled training
of another seed on the clients' own tests, and hold for all methods and modalities. Scores are of the global test:
units (people, pictures, stamps, patients, artists) that nobody trained on; for `local` the mean over the clients' own
models. The split is fixed; seeds vary initial weights, batches, and who gets what where data are dealt out.

* "Own test" is the mean over the clients of the federated model on each client's own test.
* "Weak" is what features that need no training and a linear model on them (for `support2` boosted trees) reach on the
  same split, pooled (`python -m benchmarks.weak`): the bar that a pooled network must clear to be worth its training.
  Its spread is another one: the standard deviation if the units of the test are drawn again with replacement, the luck
  of who is held out. It holds in like measure for every column.
* "Gain of fusion" is that of all modalities over the best single one, seed by seed, with its sample standard deviation.
"""


def page(results: Results, weak: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """A table a data set."""
    sets: dict[str, list[Condition]] = {}
    for condition in results.comparison.conditions:
        sets.setdefault(condition.data, []).append(condition)
    return "\n".join([HEAD, *(table(results, found, weak[name]) for name, found in sets.items())])


def table(results: Results, conditions: list[Condition], weak: Mapping[str, Mapping[str, float]]) -> str:
    """The table of one data set: all modalities, then each alone."""
    methods = results.comparison.variants
    whole, *parts = conditions
    names = " | ".join(f"`{method.label}`" for method in methods)
    head = f"| modalities | weak | {names} | `fedavg`, own test |\n| --- | ---: | {'---: | ' * len(methods)}---: |"
    fedavg = next(method for method in methods if method.label == "fedavg")
    lines = []
    for condition in conditions:
        shown = condition.options.get("modalities") or sorted(sources.card(condition.data).modalities)
        bar = weak["+".join(shown)]
        cells = [
            f"{100 * bar['score']:.1f} ± {100 * bar['spread']:.1f}",
            *(score(results, method, condition) for method in methods),
        ]
        lines.append(f"| {' + '.join(shown)} | {' | '.join(cells)} | {score(results, fedavg, condition, 'own')} |")
    gains = "; ".join(f"`{m.label}` {gain(results, m, whole, parts)}" for m in methods if m.kind == "global")
    first = results.of(fedavg, whole)[0].case.config
    settings = "".join(f", `{key}={value}`" for key, value in whole.options["settings"].items() if "model" in key)
    what = f"{whole.measure}, percent; `--partition {first.data.partition}`, {first.rounds} rounds{settings}"
    return "\n".join([f"## {whole.data}\n", f"{what}. Gain of fusion: {gains}.\n", head, *lines, ""])
