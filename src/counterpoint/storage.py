"""Files that are whole or not there, and digests of what is in them."""

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

TEMPORARY = ".tmp"
"""How the names of files end that are being written; what a killed process leaves of them means nothing."""


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file's content so that, whenever the process dies, the old or the new content is there, whole.

    The data goes to a temporary file beside it, which is flushed to the disk and renamed; then the folder is flushed.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def digest(tensors: Mapping[str, Tensor], text: str = "") -> str:
    """BLAKE2b over a text and each tensor's name, type, shape and bytes, in order of name."""
    found = hashlib.blake2b(text.encode(), digest_size=32)
    for name, value in sorted(tensors.items()):
        found.update(f"\x1f{name}\x1f{value.dtype}\x1f{tuple(value.shape)}\x1f".encode())
        found.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
