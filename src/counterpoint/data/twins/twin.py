"""What a twin is as a source: it writes its folder, and the published set's own reader reads it."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from counterpoint.data.cache import make_folder, not_writable
from counterpoint.data.card import Card
from counterpoint.data.population import Dataset
from counterpoint.data.sources.official.official import Official
from counterpoint.data.sources.source import Source

Write = Callable[[Path], None]
"""Writes the twin's files into an empty folder."""

SUFFIX = "-twin"
SYNTHETIC = "this is synthetic: no result on it is a result on {name}, nor tells which method is better there"


def twin(official: Official, write: Write, made: str, counts: dict[str, int], split: str, version: int) -> Source:
    """The twin of a published data set.

    Its folder stays in the cache, below `twins`, to be looked at, and is written anew at each conversion.

    Args:
        official: the published set.
        write: makes the folder.
        made: how, for the card.
        counts: what there is how many of.
        split: how it is split.
        version: of what `write` makes; that of the reader is added to it.
    """
    name = official.card.name
    card = Card(
        name=f"{name}{SUFFIX}",
        title=f"Synthetic twin of {name}: the same layout and labels, nothing of it",
        origin=(
            f"made by Counterpoint, out of a random generator with a fixed seed, in the layout of {name}, and read by "
            f"the same code; the files lie in the cache, in the folder twins/{name}{SUFFIX}. {made}"
        ),
        licence="none needed",
        checksum="",
        counts=counts,
        split=split,
        modalities=official.card.modalities,
        classes=official.card.classes,
        traps=(SYNTHETIC.format(name=name), "small, so that results vary much from seed to seed"),
    )

    def build() -> Dataset:
        return replace(_written_and_read(official, write, card.name), name=card.name, card=card)

    return Source(card, version + 100 * official.version, build)


def _written_and_read(official: Official, write: Write, name: str) -> Dataset:
    """Everything happens in a folder of this process's own, which is moved to its place when it is whole."""
    folder = make_folder("twins")
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".") as temporary:
            own = Path(temporary) / name
            own.mkdir()
            write(own)
            dataset = official.read(own)
            if (folder / name).exists():
                (folder / name).rename(Path(temporary) / "before")
            own.rename(folder / name)
    except OSError as error:
        raise not_writable(folder, error) from error
    return dataset
