"""Checkpoints: the whole state of a run in one file, so that one rename commits all of it."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from counterpoint.errors import UserError
from counterpoint.runs.tree import flatten, unflatten
from counterpoint.storage import digest, write_atomically

FORMAT = "counterpoint-checkpoint-1"


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state atomically: its tensors, and the rest as JSON in the file's metadata, with a digest of both."""
    tensors: dict[str, Tensor] = {}
    text = json.dumps(flatten(state, "", tensors))
    whole = {name: tensor.clone() for name, tensor in tensors.items()}
    write_atomically(path, save(whole, {"format": FORMAT, "state": text, "digest": digest(whole, text)}))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The state that was saved.

    Raises:
        UserError: there is none, or it is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (the file is no mapping)
    except FileNotFoundError as error:
        raise UserError(f"there is no checkpoint {path}: the run had not saved one yet, start it again") from error
    except (SafetensorError, OSError) as error:
        raise UserError(f"the checkpoint {path} is damaged ({error}): restore it from a copy or start again") from error
    text = metadata.get("state", "")
    if metadata.get("format") != FORMAT:
        raise UserError(f"{path} is not a checkpoint of this version of Counterpoint")
    if metadata.get("digest") != digest(tensors, text):
        raise UserError(f"the checkpoint {path} is damaged (its digest differs): restore it from a copy or start again")
    state: dict[str, Any] = unflatten(json.loads(text), tensors)
    return state


def spending_so_far(path: Path) -> dict[str, Any]:
    """Where the time went up to a checkpoint, without reading its tensors; nothing if there is no good one."""
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
    except (FileNotFoundError, SafetensorError, OSError):
        return {}
    if metadata.get("format") != FORMAT:
        return {}
    state = unflatten(json.loads(metadata["state"]), _NoTensors())
    spending: dict[str, Any] = state.get("spending", {"phases": state.get("seconds", {})})
    return spending


class _NoTensors(dict[str, Tensor]):
    """Stands for tensors that were not read."""

    def __missing__(self, name: str) -> Tensor:
        return torch.empty(0)
