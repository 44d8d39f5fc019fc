"""What became of a data set that was dealt out."""

import statistics
from collections.abc import Mapping
from typing import Any

from counterpoint.report import units
from counterpoint.report.parts import Card, CardGroup
from counterpoint.report.people import mapping, people


def dealt(told: Mapping[str, Any]) -> CardGroup:
    """The main numbers.

    Args:
        told: what `describe` tells of a population.
    """
    everyone = people(told).values()
    sizes = sorted(person.train + person.unlabelled for person in everyone)
    tests, hidden = (sum(getattr(person, what) for person in everyone) for what in ("test", "unlabelled"))
    held, proxy, server = (mapping(told.get(whose)).get("rows", 0) for whose in ("global_test", "proxy", "server"))
    lost = mapping(mapping(told.get("drawn")).get("missing")).get("realised rate")
    cards = [
        Card("clients", units.number(len(sizes))),
        Card("training rows", units.number(statistics.median(sizes)), f"median client; {sizes[0]:,} to {sizes[-1]:,}"),
        Card("test rows", units.number(tests), f"of clients; {held:,} in the global test"),
    ]
    if isinstance(lost, float):
        cards.append(Card("missing", units.percent(lost), "of what there was to lose"))
    further = {"hidden": (hidden, "training rows lack labels"), "proxy": (proxy, "rows that everyone holds")}
    further["server"] = (server, "rows with labels")
    cards += [Card(what, units.number(count), note) for what, (count, note) in further.items() if count]
    return CardGroup("Dealt out", "with what is missing taken away", cards)
