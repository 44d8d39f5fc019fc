"""Data sets that users have on disk, in the layout in which their authors publish them."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from counterpoint.data.cache import cache_folder, kept_tensors
from counterpoint.data.card import Card
from counterpoint.data.population import Dataset
from counterpoint.data.sources.source import from_tensors, to_tensors
from counterpoint.errors import UserError


@dataclass(frozen=True)
class Official:
    """One data set that is read from a folder of the user's.

    Attributes:
        card: what is known without the folder; `card.name` is the data set's name.
        version: of the conversion, raised whenever `read` gives something else than before.
        needs: in words, what the folder must hold, and who gives it away.
        parts: names of the files and folders in it that may be read.
        read: converts the folder. The card of what it returns counts what was read.
    """

    card: Card
    version: int
    needs: str
    parts: tuple[str, ...]
    read: Callable[[Path], Dataset]

    def load(self, folder: Path) -> Dataset:
        """The whole data set, converted once for each state of the folder, and out of the cache from then on.

        Raises:
            UserError: there is no such folder, something in it is missing or damaged, or the cache cannot be used.
        """
        checksum = self._checksum(folder)
        remedy = f"delete it, or run `counterpoint data get {self.card.name}:{folder} --force`"
        tensors, meta = kept_tensors(self._converted(checksum), lambda: self._build(folder, checksum), remedy)
        return from_tensors(_card(meta["card"]), tensors, meta)

    def converted(self, folder: Path) -> Path:
        """Where the converted form of a folder lies, whether it is there or not.

        Raises:
            UserError: there is no such folder, or nothing in it that could be read.
        """
        return self._converted(self._checksum(folder))

    def _converted(self, checksum: str) -> Path:
        return cache_folder() / "converted" / f"{self.card.name}-{self.version}-{checksum[:16]}.safetensors"

    def _build(self, folder: Path, checksum: str) -> Any:
        dataset = self.read(folder)
        tensors, meta = to_tensors(dataset)
        card = asdict(replace(dataset.card, checksum=checksum))
        return tensors, {**meta, "card": [[field, _plain(value)] for field, value in card.items()]}

    def _checksum(self, folder: Path) -> str:
        """SHA-256 over names, sizes and times of all files that may be read."""
        if not folder.is_dir():
            what = f"{folder} is no folder" if folder.exists() else f"there is no folder {folder}"
            raise UserError(f"{self.card.name}: {what}: {self.needs}.")
        lines = sorted(line for part in self.parts for line in _listed(folder, part))
        if not lines:
            raise UserError(f"{folder} has none of {', '.join(self.parts)}: {self.needs}.")
        return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _listed(folder: Path, part: str) -> Iterator[str]:
    """A line of name, size and time for a file, or for each file below a folder."""

    def closed(error: OSError) -> None:
        raise UserError(f"{error.filename} cannot be read ({error.strerror}): make it readable.") from error

    whole = folder / part
    below = os.walk(whole, onerror=closed) if whole.is_dir() else ()
    files = [Path(at) / name for at, _, names in below for name in names]
    for file in [whole] if whole.is_file() else files:
        told = file.stat()
        yield f"{file.relative_to(folder)}\x1f{told.st_size}\x1f{told.st_mtime_ns}"


def _plain(value: Any) -> Any:
    """A field of a card for JSON, which would not keep the order of a mapping."""
    return {"pairs": list(value.items())} if isinstance(value, dict) else value


def _card(fields: Sequence[tuple[str, Any]]) -> Card:
    """The card that was written so."""
    told: dict[str, Any] = {}
    for field, value in fields:
        told[field] = dict(value["pairs"]) if isinstance(value, dict) else value
        told[field] = tuple(value) if isinstance(value, list) else told[field]
    return Card(**told)
