"""Every data set: each modality by itself and all together, pooled, federated and alone."""

import statistics
from dataclasses import dataclass

from benchmarks.results.runs import SEEDS, Case, cell, held_out, own_test
from counterpoint.data import sources

METHODS = ("centralized", "fedavg", "local")
HEAD = """# Data sets

Every run is `counterpoint run METHOD --data NAME --partition PARTITION --modalities MODALITIES --seed SEED`, all else
as it is by default (40 rounds, 2 local epochs, batch 16, SGD 0.1, each kind's first encoder, mean fusion; nothing was
tuned for a data set), seeds 0, 1, 2. Scores are of the global test: units (people, pictures, stamps, patients,
artists) that nobody trained on; for `local` the mean over the clients' own models. "Own test" is the mean over the
clients of the federated model on each client's own test. "Gain" is that of all modalities over the best single one,
seed by seed, with its sample standard deviation.
"""


@dataclass(frozen=True)
class Study:
    """One data set as it is dealt out here, and the measure that it is judged by."""

    name: str
    partition: str = "natural"
    clients: str = ""
    measure: str = "accuracy"

    @property
    def sets(self) -> list[tuple[str, ...]]:
        """All modalities, then each alone."""
        names = tuple(sorted(sources.card(self.name).modalities))
        return [names, *((name,) for name in names)]

    def cases_of(self, method: str, modalities: tuple[str, ...]) -> list[Case]:
        """The runs behind one cell."""
        options = (("partition", self.partition), ("modalities", ",".join(modalities)))
        options += (("clients", self.clients),) if self.clients else ()
        return [Case(method, self.name, seed, options) for seed in SEEDS]


STUDIES = (
    Study("watch"),
    Study("mfeat", "dirichlet:0.5"),
    Study("support2", measure="auc"),
    Study("emoji", "dirichlet:0.5"),
    Study("tuxpaint"),
    Study("openclipart"),
    Study("fashion-halves", "dirichlet:0.5"),
)


def cases() -> list[Case]:
    """All runs."""
    return [c for study in STUDIES for shown in study.sets for m in METHODS for c in study.cases_of(m, shown)]


def table(study: Study, results: dict[Case, dict]) -> str:
    """The table of one data set."""
    columns = " | ".join(f"`{method}`" for method in METHODS)
    head = f"| modalities | {columns} | `fedavg`, own test |\n| --- | ---: | ---: | ---: | ---: |"
    lines = []
    for shown in study.sets:
        found = {method: [results[case] for case in study.cases_of(method, shown)] for method in METHODS}
        cells = [cell(found[method], held_out(method, study.measure)) for method in METHODS]
        cells.append(cell(found["fedavg"], own_test("fedavg", "mean", study.measure)))
        lines.append(f"| {' + '.join(shown)} | {' | '.join(cells)} |")
    gains = [f"`{method}` {gain(study, method, results)}" for method in METHODS[:2]]
    what = f"{study.measure}, percent; `--partition {study.partition}`"
    return "\n".join([f"## {study.name}\n", f"{what}. Gain of fusion: {', '.join(gains)}.\n", head, *lines, ""])


def gain(study: Study, method: str, results: dict[Case, dict]) -> str:
    """All modalities minus the best single one (of the mean over seeds), seed by seed."""

    def values(shown: tuple[str, ...]) -> list[float]:
        name = held_out(method, study.measure)
        return [100 * results[case]["metrics"][name] for case in study.cases_of(method, shown)]

    whole, *single = [values(shown) for shown in study.sets]
    best = max(single, key=statistics.mean)
    differences = [a - b for a, b in zip(whole, best, strict=True)]
    return f"{statistics.mean(differences):+.1f} ± {statistics.stdev(differences):.1f}"


def tables(results: dict[Case, dict]) -> str:
    """A table a data set."""
    return "\n".join([HEAD, *(table(study, results) for study in STUDIES)])
