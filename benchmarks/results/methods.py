"""Every method on one data set, with nothing missing and with modalities missing from clients and from samples."""

from benchmarks.results.runs import SEEDS, Case, cell, held_out, own_test, traffic

MAIN = ("local", "centralized", "fedavg")
OTHERS = ("fedprox", "scaffold", "fedadam", "fedyogi", "fedadagrad")
MISSING = ("none", "client:0.4", "sample:0.3")

HEAD = """# Methods on watch

Every run is `counterpoint run METHOD --data watch --missing MISSING --seed SEED` with all defaults (7 natural clients,
40 rounds, 2 local epochs, batch 16, SGD 0.1, 1-D CNN encoders, mean fusion), seeds 0, 1, 2. The same settings for all:
**no method was tuned**, so the table says how methods do out of the box, not which is best. The split between people is
fixed; seeds vary initial weights, batches and what is missing.

* **held-out people**: the global test, three people that nobody trained on. For `local` it is the mean over the seven
  personal models. Modalities are missing there by the same rule as in training ("as they are"); "acc" and "gyro" show
  the model one sensor of all samples that have it, "both" the samples that have both.
  A personal model is only scored on what its client can read: one without a gyroscope has no score for "gyro" and
  "both", and "as they are" leaves out samples that hold nothing else. So under `client:0.4` the columns of `local`
  stand on fewer clients and samples than the others.
* **own test**: each client's own test recordings, before any further local training, mean and worst over the seven
  clients. For `local` it is each client's own model.
* **MB**: encoded packages up and down, all clients, all rounds.
"""
COLUMNS = (
    "| method | held-out people, as they are | macro-F1 | both | acc | gyro | own test, mean | worst | MB |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def cases_of(method: str, missing: str) -> list[Case]:
    """The runs behind one line."""
    return [Case(method, "watch", seed, (("missing", missing),)) for seed in SEEDS]


def cases() -> list[Case]:
    """All runs."""
    return [case for missing in MISSING for method in (*MAIN, *OTHERS) for case in cases_of(method, missing)]


def row(method: str, results: list[dict]) -> str:
    """One line of a table."""
    names = [
        held_out(method),
        held_out(method, "macro_f1"),
        *(held_out(method, pattern=pattern) for pattern in ("acc+gyro", "acc", "gyro")),
        own_test(method, "mean"),
        own_test(method, "worst"),
    ]
    return f"| {' | '.join([f'`{method}`', *(cell(results, name) for name in names), traffic(results)])} |"


def tables(results: dict[Case, dict]) -> str:
    """A table a kind of missingness."""
    parts = [HEAD]
    for missing in MISSING:
        lines = [row(method, [results[case] for case in cases_of(method, missing)]) for method in (*MAIN, *OTHERS)]
        parts.append("\n".join([f"## `--missing {missing}`\n", COLUMNS, *lines, ""]))
    return "\n".join(parts)
