"""Data sets that can be had by name, one file a source.

Nothing is downloaded before `load` or `get` asks for it, and then once: the converted form stays in the user's cache.
Data sets that cannot be downloaded are read from a folder of the user's, and named with it: `NAME:FOLDER`.
"""

from pathlib import Path

from counterpoint.data.cache import cached_tensors, converted_path, exists, not_writable
from counterpoint.data.card import Card
from counterpoint.data.population import Dataset
from counterpoint.data.sources import emoji, fashion, mfeat, openclipart, support2, tuxpaint, watch
from counterpoint.data.sources.official import OFFICIAL
from counterpoint.data.sources.official.official import Official
from counterpoint.data.sources.source import Source, from_tensors, to_tensors
from counterpoint.data.twins import TWINS
from counterpoint.errors import UserError, unknown

_SOURCES: dict[str, Source | Official] = {
    source.card.name: source
    for source in (
        emoji.SOURCE,
        fashion.SOURCE,
        mfeat.SOURCE,
        openclipart.SOURCE,
        support2.SOURCE,
        tuxpaint.SOURCE,
        watch.SOURCE,
        *TWINS,
    )
} | OFFICIAL


def names() -> tuple[str, ...]:
    """List every data set's name, sorted; of those that are read from a folder, without the folder."""
    return tuple(sorted(_SOURCES))


def is_named(text: str) -> bool:
    """Whether a text is a data set's name, or `NAME:FOLDER` with such a name."""
    return text.partition(":")[0] in _SOURCES


def from_folder(name: str) -> bool:
    """Whether a data set is read from a folder of the user's, so that its name alone is not enough.

    Raises:
        UserError: no data set has this name.
    """
    return isinstance(_source(name)[0], Official)


def lasting_name(text: str) -> str:
    """The name under which a data set is found from any folder: that of its own folder with the whole path."""
    name, colon, folder = text.partition(":")
    return f"{name}:{Path(folder).expanduser().resolve()}" if folder else name + colon


def card(name: str) -> Card:
    """Return the data card; needs no download.

    Args:
        name: of the data set; with a folder, the card counts what is in it.

    Raises:
        UserError: no data set has this name, or its folder cannot be read.
    """
    source, folder = _source(name)
    return source.card if folder is None else load(name).card


def load(name: str) -> Dataset:
    """Read a whole data set out of the cache; fetch and convert it first if need be.

    Args:
        name: of the data set; `NAME:FOLDER` for one that is read from a folder.

    Raises:
        UserError: no data set has this name, or it cannot be fetched or read, or its file in the cache is damaged.
    """
    source, folder = _source(name)
    if isinstance(source, Official):
        return source.load(_said(source, folder))
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
    source, folder = _source(name)
    if isinstance(source, Official):
        path = source.converted(_said(source, folder))
    else:
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

    False for a data set that is read from a folder, where none is said.

    Raises:
        UserError: no data set has this name, or its folder cannot be read.
    """
    source, folder = _source(name)
    if isinstance(source, Official):
        return folder is not None and exists(source.converted(folder))
    return exists(converted_path(name, source.version))


def _source(text: str) -> tuple[Source | Official, Path | None]:
    """The source of a name, and the folder that the name says."""
    name, colon, folder = text.partition(":")
    if name not in _SOURCES:
        raise unknown("data set", name, _SOURCES)
    source = _SOURCES[name]
    if colon and not isinstance(source, Official):
        raise UserError(f"{text!r}: {name} is read from no folder of yours: say {name} alone.")
    return source, Path(folder).expanduser() if folder else None


def _said(source: Official, folder: Path | None) -> Path:
    if folder is None:
        name = source.card.name
        raise UserError(f"{name} is not fetched: say where it is, as in {name}:/path/to/folder; {source.needs}.")
    return folder
