"""The user's cache folder, and converted data sets in it.

A converted data set is one safetensors file: tensors, plain values as JSON, and a digest of both that is checked at
each load. Files appear in one piece or not at all, so processes that convert the same set at once do no harm.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from counterpoint.errors import UserError
from counterpoint.storage import digest, write_atomically

Meta = dict[str, Any]
"""Plain values: what JSON can hold."""


def cache_folder() -> Path:
    """`$COUNTERPOINT_CACHE`, else `$XDG_CACHE_HOME/counterpoint`, else `~/.cache/counterpoint`; it may not exist yet.

    Raises:
        UserError: none of these can be told, because there is no home folder.
    """
    if own := os.environ.get("COUNTERPOINT_CACHE"):
        return Path(os.path.expandvars(own)).expanduser().absolute()
    if (shared := os.environ.get("XDG_CACHE_HOME")) and Path(shared).is_absolute():
        return Path(shared) / "counterpoint"
    try:
        return Path.home() / ".cache" / "counterpoint"
    except RuntimeError as error:
        raise UserError("there is no home folder to cache data in: set COUNTERPOINT_CACHE to a folder.") from error


def make_folder(name: str) -> Path:
    """Make a folder inside the cache, unless it is there, and return it.

    Raises:
        UserError: it cannot be made.
    """
    folder = cache_folder() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(folder, error) from error
    return folder


def not_writable(folder: Path, error: OSError) -> UserError:
    """Say that nothing can be written into a cache folder."""
    return UserError(
        f"cannot write into the cache folder {folder} ({error.strerror}): "
        "make it writable, or set COUNTERPOINT_CACHE to a folder that is."
    )


def not_readable(path: Path, error: OSError) -> UserError:
    """Say that a file in the cache cannot be read."""
    return UserError(f"cannot read {path} ({error.strerror or error}): make it readable or delete it.")


def exists(path: Path) -> bool:
    """Tell whether there is such a file.

    Raises:
        UserError: that cannot be told, because a folder above it is closed.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise not_readable(path, error) from error
    return True


def converted_path(name: str, version: int) -> Path:
    """Tell where the converted form of a data set lies, whether it is there or not."""
    return cache_folder() / "converted" / f"{name}-{version}.safetensors"


def cached_tensors(
    name: str, version: int, build: Callable[[], tuple[Mapping[str, Tensor], Meta]]
) -> tuple[dict[str, Tensor], Meta]:
    """Read the converted form of a data set; build it first if there is none.

    Args:
        name: of the data set.
        version: of its conversion; another version is another file.
        build: makes tensors and plain values; called only if there is no file.

    Raises:
        UserError: the file is damaged, or the cache is not writable.
    """
    path, remedy = converted_path(name, version), f"delete it, or run `counterpoint data get {name} --force`"
    return kept_tensors(path, build, remedy)


def kept_tensors(
    path: Path, build: Callable[[], tuple[Mapping[str, Tensor], Meta]], remedy: str
) -> tuple[dict[str, Tensor], Meta]:
    """Read a file of tensors and plain values in a folder of the cache; build it first if there is none.

    Args:
        path: of the file, in a folder of the cache.
        build: makes tensors and plain values; called only if there is no file.
        remedy: what to do where the file is damaged.

    Raises:
        UserError: the file is damaged, or the cache is not writable.
    """
    if not exists(path):
        folder = make_folder(path.parent.name)
        tensors, meta = build()
        tensors = {key: value.clone(memory_format=torch.contiguous_format) for key, value in tensors.items()}
        text = json.dumps(meta, sort_keys=True)
        data = save(tensors, {"meta": text, "digest": digest(tensors, text)})
        try:
            write_atomically(folder / path.name, data)
        except OSError as error:
            raise not_writable(folder, error) from error
    return _read(path, remedy)


def _read(path: Path, remedy: str) -> tuple[dict[str, Tensor], Meta]:
    damaged = UserError(f"{path} is damaged: {remedy}.")
    try:
        with safe_open(path, framework="pt") as file:
            notes = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (the file is no mapping)
    except SafetensorError as error:
        raise damaged from error
    except OSError as error:
        raise not_readable(path, error) from error
    text = notes.get("meta", "")
    if notes.get("digest") != digest(tensors, text):
        raise damaged
    meta: Meta = json.loads(text)
    return tensors, meta
