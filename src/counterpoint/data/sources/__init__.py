"""Data sets that can be had by name, one file a source.

Nothing is downloaded before `load` or `get` asks for it, and then once: the converted form stays in the user's cache.
"""

from pathlib import Path

from counterpoint.data.cache import cached_tensors, converted_path, exists, not_writable
from counterpoint.data.card import Card
from counterpoint.data.population import Dataset
from counterpoint.data.sources import emoji, fashion, mfeat, openclipart, support2, tuxpaint, watch
from counterpoint.data.sources.source import Source, from_tensors, to_tensors
from counterpoint.errors import unknown

_SOURCES = {
    source.card.name: source
    for source in (
        emoji.SOURCE,
        fashion.SOURCE,
        mfeat.SOURCE,
        openclipart.SOURCE,
        support2.SOURCE,
        tuxpaint.SOURCE,
        watch.SOURCE,
    )
}


def names() -> tuple[str, ...]:
    """List every data set's name, sorted."""
    return tuple(sorted(_SOURCES))


def card(name: str) -> Card:
    """Return the data card; needs no download.

    Raises:
        UserError: no data set has this name.
    """
    return _source(name).card


def load(name: str) -> Dataset:
    """Read a whole data set out of the cache; fetch and convert it first if need be.

    Raises:
        UserError: no data set has this name, or it cannot be fetched, or its file in the cache is damaged.
    """
    source = _source(name)
    tensors, meta = cached_tensors(name, source.version, lambda: to_tensors(source.build()))
    return from_tensors(source.card, tensors, meta)


def get(name: str, force: bool = False) -> Path:
    """Fetch and convert a data set unless that was done; returns the converted file.

    Args:
        name: of the data set.
        force: delete the converted file first, and convert the download again; it is pinned by its hash, so a good one
            need not be fetched again, and a bad one is named.

    Raises:
        UserError: as for `load`.
    """
    source = _source(name)
    path = converted_path(name, source.version)
    if force:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise not_writable(path.parent, error) from error
    load(name)
    return path


def cached(name: str) -> bool:
    """Tell whether the converted file is there, so that `load` needs no network.

    Raises:
        UserError: no data set has this name.
    """
    return exists(converted_path(name, _source(name).version))


def _source(name: str) -> Source:
    if name not in _SOURCES:
        raise unknown("data set", name, _SOURCES)
    return _SOURCES[name]
