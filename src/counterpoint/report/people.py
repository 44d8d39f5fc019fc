"""The clients, as the population's file tells of them; users bring populations of their own, so much may be missing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Person:
    """One client.

    Attributes:
        id: its id.
        name: its name.
        modalities: that it owns.
        train: training rows.
        test: test rows.
        unlabelled: training rows whose labels are hidden; `train` does not count them.
        labels: training rows by class, if known.
        patterns: training rows by pattern, with labels and without, if known.
    """

    id: int
    name: str = ""
    modalities: tuple[str, ...] = ()
    train: int = 0
    test: int = 0
    unlabelled: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)
    patterns: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", f"client {self.id}")

    @property
    def owns(self) -> str:
        """Its modalities as one text."""
        return "+".join(self.modalities) or "–"


def people(population: Mapping[str, Any]) -> dict[int, Person]:
    """The clients by id."""
    drawn = {d.get("id"): d for d in mappings(population.get("drawn"), "clients")}
    found = {}
    for client in mappings(population, "clients"):
        own = mapping(drawn.get(client["id"]))
        train, unlabelled = mapping(own.get("train")), mapping(own.get("unlabelled"))
        found[client["id"]] = Person(
            client["id"],
            str(client.get("name", "")),
            tuple(client.get("modalities", ())),
            client.get("train", 0),
            client.get("test", 0),
            client.get("unlabelled", 0),
            mapping(train.get("labels")),
            Counter(mapping(train.get("patterns"))) + Counter(mapping(unlabelled.get("patterns"))),
        )
    return found


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any, key: str) -> list[Mapping[str, Any]]:
    """The mappings in a list under this key, if there are any."""
    found = mapping(value).get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
