"""Counterpoint: multimodal federated learning.

Many clients, each holding some of several senses of the same world, learn together without pooling their data.
`counterpoint.run("fedavg", data="watch")` is where to begin.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from counterpoint.data import Batch, ClientData, Dataset, Modality, Population, Samples, Task, populate
    from counterpoint.errors import CounterpointError, UserError
    from counterpoint.exchange import Package, Weights
    from counterpoint.methods import Client, FedAvg, Federation, Method
    from counterpoint.runs import RunResult, Stopped, resume, run

__version__ = "0.1.0"

_HOMES = {
    "counterpoint.data": (
        "Batch",
        "ClientData",
        "Dataset",
        "Modality",
        "Population",
        "Samples",
        "Task",
        "populate",
    ),
    "counterpoint.errors": ("CounterpointError", "UserError"),
    "counterpoint.exchange": ("Package", "Weights"),
    "counterpoint.methods": ("Client", "FedAvg", "Federation", "Method"),
    "counterpoint.runs": ("RunResult", "Stopped", "resume", "run"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for, so that `import counterpoint` alone costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'counterpoint' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])


__all__ = [
    "Batch",
    "Client",
    "ClientData",
    "CounterpointError",
    "Dataset",
    "FedAvg",
    "Federation",
    "Method",
    "Modality",
    "Package",
    "Population",
    "RunResult",
    "Samples",
    "Stopped",
    "Task",
    "UserError",
    "Weights",
    "populate",
    "resume",
    "run",
]
