"""The contestants' rows as a population of Counterpoint."""

from torch import Tensor

from benchmarks.contestants.job import Data, Rows
from counterpoint.data import Card, Modality, Population, Samples, Task, side_by_side
from counterpoint.data.population import ClientData


def population(data: Data) -> Population:
    """Every client with the modalities that it owns; nothing missing within its rows."""
    names = sorted(data.x)
    shapes = {name: tuple(data.x[name].shape[1:]) for name in names}
    parts = []
    for rows, owned in zip(data.clients, data.owned.tolist(), strict=True):
        mine = [name for name, has in zip(names, owned, strict=True) if has]
        parts.append(_samples({name: data.x[name][rows] for name in mine}, data.label[rows]))
    clients = [
        ClientData(number, f"client {number}", train, train.rows(train.label[:0]))
        for number, train in enumerate(side_by_side(parts))
    ]
    classes = int(data.label.max()) + 1
    return Population(
        "benchmark",
        Task(tuple(map(str, range(classes)))),
        {name: Modality(name, "sequence" if len(s) > 1 else "table", s) for name, s in shapes.items()},
        tuple(clients),
        _samples(data.test_x, data.test_label),
        Card("benchmark", "", "", "", "", {}, ""),
    )


def _samples(x: Rows, label: Tensor) -> Samples:
    there = label.new_ones(len(label)).bool()
    return Samples(x, dict.fromkeys(x, there), label, label.new_tensor(range(len(label))))
