"""A data card: what a dataset is, where it comes from, and what to beware of."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Card:
    """Facts about a dataset, for people.

    Attributes:
        name: the source's name.
        title: one line.
        origin: who recorded it, and how it comes here (package, version).
        licence: what is known of it.
        checksum: SHA-256 of the pinned download.
        counts: what there is how many of, for example {"rows": 3605}.
        modalities: by name, what each is: kind, shape of one sample, unit.
        classes: what the labels mean, in order.
        split: how the sides are cut, and by which natural unit.
        traps: what misleads people who use it carelessly.
    """

    name: str
    title: str
    origin: str
    licence: str
    checksum: str
    counts: dict[str, int]
    split: str
    modalities: dict[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
