"""Runs without a server, made by hand, shaped as they write their folders."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from math import dist, exp, sqrt
from pathlib import Path
from typing import Any

from counterpoint.evaluate import Metric, MetricName, client_scope
from counterpoint.evaluate.metric import Split
from counterpoint.runs.checkpoint import save_checkpoint
from counterpoint.runs.config import checked
from counterpoint.runs.folder import RunFolder
from counterpoint.runs.result import summarise
from counterpoint.runs.table import write_metrics

from .conftest import population_of

A_ROUND = 1.6
"""Joules a round that the fullest battery holds; peer n starts with a share of it."""
EACH_ROUND = 50
"""Of more peers single ones are recorded in the last round only."""


def places_of(peers: int) -> list[list[float]]:
    """Metres, spread evenly over a square of 200."""
    return [[round(200 * (n * 0.7548 % 1), 3), round(200 * (n * 0.5698 % 1), 3)] for n in range(1, peers + 1)]


def network_of(peers: int, topology: str = "geometric", *, again: int = 0) -> dict[str, Any]:
    """What `network.json` says; of `again` above 0 with other edges from that round on."""
    places = places_of(peers)
    ring = [[n, n + 1] for n in range(peers - 1)] + [[0, peers - 1]]
    reach = 330 / sqrt(peers)
    near = [[a, b] for a, b in combinations(range(peers), 2) if dist(places[a], places[b]) <= reach]
    edges = {
        "geometric": near,
        "ring": ring,
        "star": [[0, n] for n in range(1, peers)],
        "complete": [list(pair) for pair in combinations(range(peers), 2)],
    }[topology]
    said = {"1": edges} | ({str(again): edges[::2]} if again else {})
    return {"topology": topology, "places": places, "clients": list(range(peers)), "edges": said}


def start_of(peer: int, rounds: int) -> float:
    """Joules at the start."""
    return A_ROUND * rounds * (0.5 + 0.75 * (peer * 0.618 % 1))


def battery_of(peer: int, number: int, rounds: int) -> tuple[float, float, float, bool]:
    """Joules left after a round, spent on computing and on sending in it, and whether the peer was silent."""
    left = start_of(peer, rounds)
    for n in range(1, number + 1):
        compute, send = 1.0 + 0.25 * (peer % 3), 0.25 + 0.0625 * (n % 3)
        quiet = left < compute + send
        compute, send = (0.0, 0.0) if quiet else (compute, send)
        left -= compute + send
    return left, compute, send, quiet


def metrics_of_peers(rounds: int, peers: int, *, battery: bool = True, split: Split = "test") -> list[Metric]:
    """Every metric of a run of peers beside bytes."""
    return [metric for number in range(1, rounds + 1) for metric in _of_round(number, rounds, peers, battery, split)]


def _of_round(number: int, rounds: int, peers: int, battery: bool, split: Split) -> Iterator[Metric]:
    single = number == rounds or peers <= EACH_ROUND
    left, compute, send, quiet = zip(*(battery_of(peer, number, rounds) for peer in range(peers)), strict=True)
    told: dict[str, list[float]] = {
        "joules_compute": list(compute),
        "joules_send": list(send),
        "seconds": [0.5 + 0.125 * (peer % 4) for peer in range(peers)],
    }
    if battery:
        told |= {"battery": list(left), "silent": [float(q) for q in quiet]}
    for place, modality in enumerate(("acc", "gyro")):
        told[f"steps[{modality}]"] = [float(20 - (peer + number) % 8 * (1 - place)) for peer in range(peers)]
        told[f"speed[{modality}]"] = [
            0.02 * (2 - place) * exp(-0.05 * number) * (1 + peer % 3) for peer in range(peers)
        ]
    told["imbalance"] = [3.0 * exp(-0.2 * number) * (1 + peer % 4) for peer in range(peers)]
    for measure, values in told.items():
        for peer, value in enumerate(values) if single else ():
            yield Metric(number, MetricName(measure, scope=client_scope(peer)), value)
        worst = min(values) if measure == "battery" else max(values)
        found = {"mean": sum(values) / peers, "worst": worst}
        found |= {"sum": sum(values)} if measure in ("joules_compute", "joules_send", "silent") else {}
        for how, value in found.items():
            yield Metric(number, MetricName(measure, scope=f"clients:{how}"), value)
    yield Metric(number, MetricName("consensus_distance", scope="clients:mean"), exp(-0.3 * number))
    for place, modality in enumerate(("acc", "gyro")):
        name = MetricName("common_distance", "peer", "clients:mean", split, modality, "after")
        yield Metric(number, name, (1.5 - place / 2) * exp(-0.02 * number))
    scores = [0.92 - 0.6 * exp(-0.08 * number * (1 + peer % 5 / 4)) - 0.03 * (peer % 7) for peer in range(peers)]
    yield from _scores(number, scores, {"split": split}, single)
    common = "global_test" if split == "test" else "global_validation"
    yield from _scores(number, [0.9 * value for value in scores], {"split": common}, single)


def _scores(number: int, values: list[float], parts: Mapping[str, Any], single: bool) -> Iterator[Metric]:
    def name(scope: str) -> MetricName:
        return MetricName("accuracy", "peer", scope, pattern="observed", moment="after", **parts)

    for peer, value in enumerate(values) if single else ():
        yield Metric(number, name(client_scope(peer)), value)
    mean = sum(values) / len(values)
    spread = sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    for how, value in {"mean": mean, "worst": min(values), "std": spread}.items():
        yield Metric(number, name(f"clients:{how}"), value)


def bytes_of(rounds: int, peers: int) -> Iterator[Metric]:
    """Bytes of every round: a peer hears three times what it sends."""
    for number in range(1, rounds + 1):
        for direction, times in (("up", 1), ("down", 3)):
            name = MetricName(f"bytes_{direction}[head]", scope="clients:sum")
            yield Metric(number, name, 500.0 * peers * times)


def folder_of(
    path: Path,
    *,
    rounds: int = 6,
    peers: int = 5,
    topology: str = "geometric",
    again: int = 0,
    battery: bool = True,
    network: Mapping[str, Any] | None = None,
) -> RunFolder:
    """The folder of a finished run without a server.

    Args:
        path: of the folder.
        rounds: how many.
        peers: how many.
        topology: who talks to whom.
        again: the round from which on other edges are said; 0 for none.
        battery: whether peers have one.
        network: what is said further in `network.json`.
    """
    config = checked({"method": "fedavg", "data": {"name": "made up"}, "rounds": rounds})
    folder = RunFolder.create(path, config)
    folder.write_json(folder.population, population_of(peers, drawn=True))
    folder.write_json(folder.network, {**network_of(peers, topology, again=again), **(network or {})})
    metrics = [*metrics_of_peers(rounds, peers, battery=battery), *bytes_of(rounds, peers)]
    write_metrics(folder.metrics, metrics)
    spending = {"phases": {"training": 3.0}, "seconds": {"compute": 3.0}}
    save_checkpoint(folder.checkpoint, {"round": rounds, "spending": spending})
    summary = summarise(config, path, clients=peers, spending=spending, traffic={}, metrics=metrics)
    folder.write_json(folder.result, summary)
    return folder
