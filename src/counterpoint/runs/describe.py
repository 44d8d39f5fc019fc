"""A population as plain values, for the run folder."""

import platform
from importlib import metadata
from typing import Any

import numpy
import torch

from counterpoint.data.population import ClientData, Population
from counterpoint.data.samples import Samples


def describe(population: Population, print_of: str) -> dict[str, Any]:
    """A population as plain values: the data card, sizes, and what was drawn."""
    return {
        "name": population.name,
        "task": {"kind": population.task.kind, "classes": list(population.task.classes)},
        "modalities": {
            m.name: {"kind": m.kind, "shape": list(m.shape), "unit": m.unit} for m in population.modalities.values()
        },
        "card": vars(population.card),
        "clients": [_client(client) for client in population.clients],
        "global_test": _rows(population.test),
        **({"validation": population.validation} if population.validation else {}),
        **{
            name: _rows(samples)
            for name, samples in (("proxy", population.proxy), ("server", population.server))
            if samples is not None
        },
        "drawn": population.drawn,
        "fingerprint": print_of,
        "versions": {
            "counterpoint": metadata.version("counterpoint"),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": numpy.__version__,
        },
    }


def _client(client: ClientData) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": client.id,
        "name": client.name,
        "modalities": list(client.modalities),
        "train": len(client.train),
        "test": len(client.test),
    }
    return told if client.unlabelled is None else {**told, "unlabelled": len(client.unlabelled)}


def _rows(samples: Samples) -> dict[str, Any]:
    return {"rows": len(samples), "patterns": samples.patterns()}
