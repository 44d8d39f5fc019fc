"""Run folders made by hand, shaped as runs write them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from counterpoint.evaluate import Metric, MetricName
from counterpoint.runs.checkpoint import save_checkpoint
from counterpoint.runs.config import checked
from counterpoint.runs.folder import RunFolder
from counterpoint.runs.table import final, write_metrics

CLASSES = ("walk", "run", "sit")
PATTERNS = ("observed", "acc+gyro", "acc", "gyro")
BLOCKS = {"encoder.acc": 4000, "encoder.gyro": 4000, "head": 500, "envelope": 90}
OWNED = (["acc", "gyro"], ["acc"], ["gyro"])


PROFILE: dict[str, Any] = {
    "phases": {"training": 190.0, "evaluation": 10.0, "saving": 1.5},
    "seconds": {"compute": 300.0, "data": 0.5, "evaluation": 10.0, "overhead": 2.0, "waiting": 30.0, "saving": 1.5},
    "client_rounds": 1000,
    "stacks": {
        "local, acc+gyro": {"clients a stack": 24, "seconds": {"64": 0.0005, "24": 0.00041, "1": 0.00098}},
        "score_before, acc+gyro": {"clients a stack": 32, "seconds": {}},
    },
    "recorded": 3,
    "workers": 2,
}


def accuracy(number: int, client: int, pattern: str) -> float:
    """Some accuracy in (0, 1), another one for each round, client and pattern."""
    return 0.9 - 0.5 / (number + 1) - (client * 37 % 19) / 60 - PATTERNS.index(pattern) / 50


def scored(number: int, name: dict[str, Any], value: float) -> Iterator[Metric]:
    for measure, shown in (("accuracy", value), ("macro_f1", 0.9 * value), ("loss", 2 - value)):
        yield Metric(number, MetricName(measure, **name), shown)


def over_clients(number: int, clients: int, every: bool, **parts: Any) -> Iterator[Metric]:
    """Scores on the clients' data as evaluation names them."""
    for pattern in PATTERNS:
        values = {c: accuracy(number, c, pattern) for c in range(clients)}
        for client, value in values.items() if every else ():
            name = {"scope": f"client:{client}", "pattern": pattern, **parts}
            yield from scored(number, name, value)
            yield Metric(number, MetricName("samples", **name), 40.0)
        mean = sum(values.values()) / clients
        for how, value in (("mean", mean), ("worst", min(values.values())), ("std", 0.0625)):
            yield from scored(number, {"scope": f"clients:{how}", "pattern": pattern, **parts}, value)


def metrics_of(rounds: int, done: int, clients: int, personal: bool) -> Iterator[Metric]:
    """Every metric of a run after `done` of its rounds."""
    for number in range(1, done + 1):
        last = number == rounds
        every = last or clients <= 50
        if personal:
            for split in ("test", "global_test"):
                yield from over_clients(number, clients, every, model="personal", split=split, moment="after")
        else:
            for pattern in PATTERNS:
                name = MetricName("samples", "global", "server", "global_test", pattern, "before")
                parts = {key: value for key, value in vars(name).items() if key != "measure"}
                yield from scored(number, parts, accuracy(number, 3, pattern))
                yield Metric(number, name, 120.0)
            for moment in ("before", "after") if last else ("before",):
                yield from over_clients(number, clients, every, model="global", split="test", moment=moment)
        for block, size in BLOCKS.items():
            for direction in ("up", "down"):
                name = MetricName(f"bytes_{direction}[{block}]", scope="clients:sum")
                yield Metric(number, name, float(size * clients))
                for client in range(clients) if last else ():
                    total = MetricName(f"total_bytes_{direction}[{block}]", scope=f"client:{client}")
                    yield Metric(number, total, float(size * rounds))
        yield Metric(number, MetricName("refused", scope="clients:sum"), 0.0)


def population_of(clients: int, drawn: bool) -> dict[str, Any]:
    members = [
        {"id": c, "name": f"client {c}", "modalities": OWNED[c % 3], "train": 30, "test": 40} for c in range(clients)
    ]
    told = [
        {
            **{key: member[key] for key in ("id", "name", "modalities")},
            "train": {"rows": 30, "labels": {"walk": 9, "run": member["id"] % 7, "sit": 0}, "patterns": {"acc": 30}},
        }
        for member in members
    ]
    missing = {"spec": "client:0.4", "realised rate": 0.4375}
    return {
        "name": "made up",
        "task": {"kind": "classification", "classes": list(CLASSES)},
        "modalities": {m: {"kind": "sequence", "shape": [3, 8], "unit": "g"} for m in ("acc", "gyro")},
        "card": {"name": "made up", "title": "Made up", "traps": ["it is made up"], "counts": {"rows": 1200}},
        "clients": members,
        "global_test": {"rows": 120, "patterns": {"acc": 50, "acc+gyro": 70}},
        "drawn": {"partition": {"spec": "natural"}, "missing": missing, "clients": told} if drawn else {},
        "fingerprint": "0123abcd",
        "versions": {"torch": "2.6"},
    }


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., RunFolder]:
    """Make a run folder."""

    def made(
        method: str = "fedavg",
        *,
        rounds: int = 4,
        done: int | None = None,
        clients: int = 7,
        drawn: bool = True,
        config: Mapping[str, Any] | None = None,
        more: list[Metric] | None = None,
        name: str = "a run",
        profile: Mapping[str, Any] = PROFILE,
    ) -> RunFolder:
        settings = {"method": method, "data": {"name": "made up"}, "rounds": rounds, **(config or {})}
        folder = RunFolder.create(tmp_path / name, checked(settings))
        folder.write_json(folder.population, population_of(clients, drawn))
        reached = rounds if done is None else done
        metrics = [*metrics_of(rounds, reached, clients, method == "local"), *(more or [])]
        if reached:
            write_metrics(folder.metrics, metrics)
            spending = {**profile, "phases": {"training": 75.0, "saving": 0.5}}
            save_checkpoint(folder.checkpoint, {"round": reached, "spending": spending})
        if done is None:
            summary = {str(n): value for n, value in final(metrics).items() if not n.scope.startswith("client:")}
            folder.write_json(folder.result, {"metrics": summary, "profile": profile})
        return folder

    return made
