"""Where the clients of a node remember: in a folder of their site, or in the state that Flower keeps for the node."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flwr.app import Context
from torch import Tensor

from counterpoint.engines.flower.records import memory_in, of_memory
from counterpoint.engines.flower.store import Store
from counterpoint.runs.checkpoint import load_checkpoint, save_checkpoint
from counterpoint.runs.tree import flatten, unflatten


class FolderStore(Store):
    """A file: it outlives the node's processes, the node itself, and a power cut.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def _load(self) -> Mapping[str, Any] | None:
        return load_checkpoint(self._path) if self._path.exists() else None

    def _save(self, state: Mapping[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        save_checkpoint(self._path, dict(state))


class ContextStore(Store):
    """The state that Flower keeps for a node: it outlives processes that carry out orders, and ends with the node.

    Args:
        context: of the node.
        name: of the run and the client.
    """

    def __init__(self, context: Context, name: str) -> None:
        self._state = context.state
        self._name = name

    def _load(self) -> Mapping[str, Any] | None:
        if f"{self._name}/told" not in self._state:
            return None
        arrays = self._state.array_records[f"{self._name}/tensors"]
        described, tensors = memory_in(arrays, self._state.config_records[f"{self._name}/told"])
        found: Mapping[str, Any] = unflatten(described, tensors)
        return found

    def _save(self, state: Mapping[str, Any]) -> None:
        tensors: dict[str, Tensor] = {}
        described = flatten(state, "", tensors)
        arrays, told = of_memory(described, tensors)
        self._state[f"{self._name}/tensors"] = arrays
        self._state[f"{self._name}/told"] = told
