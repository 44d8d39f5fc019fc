"""A population as plain values, for the run folder."""

import platform
from importlib import metadata
from typing import Any

import numpy
import torch

from counterpoint.data.population import Population


def describe(population: Population, print_of: str) -> dict[str, Any]:
    """A population as plain values: the data card, sizes, and what was drawn."""
    return {
        "name": population.name,
        "task": {"kind": population.task.kind, "classes": list(population.task.classes)},
        "modalities": {
            m.name: {"kind": m.kind, "shape": list(m.shape), "unit": m.unit} for m in population.modalities.values()
        },
        "card": vars(population.card),
        "clients": [
            {"id": c.id, "name": c.name, "modalities": list(c.modalities), "train": len(c.train), "test": len(c.test)}
            for c in population.clients
        ],
        "global_test": {"rows": len(population.test), "patterns": population.test.patterns()},
        "drawn": population.drawn,
        "fingerprint": print_of,
        "versions": {
            "counterpoint": metadata.version("counterpoint"),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": numpy.__version__,
        },
    }
