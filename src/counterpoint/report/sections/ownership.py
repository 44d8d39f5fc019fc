"""Scores by the modalities that clients own."""

from collections.abc import Mapping

from counterpoint.report import units
from counterpoint.report.draw.bars import grouped
from counterpoint.report.parts import Plot, Table
from counterpoint.report.people import Person
from counterpoint.report.views import View, in_words


def accuracy_by_ownership(scores: Mapping[View, Mapping[int, float]], everyone: Mapping[int, Person]) -> Plot | None:
    """Mean accuracy of the clients that own the same modalities; nothing if all do.

    Args:
        scores: by view, by client; of one split.
        everyone: who the clients are.
    """
    members: dict[str, list[int]] = {}
    for client in sorted(set.intersection(*(set(values) for values in scores.values()))):
        members.setdefault((everyone.get(client) or Person(client)).owns, []).append(client)
    if len(members) < 2:
        return None
    rows = {
        f"{owns} ({len(members[owns])})": {
            view.moment: sum(values[client] for client in members[owns]) / len(members[owns])
            for view, values in scores.items()
        }
        for owns in sorted(members, key=lambda owns: (-owns.count("+"), owns))
    }
    view = next(iter(scores))
    where = "all validation rows" if view.split == "global_validation" else "the global test"
    title = "By modalities owned" + (f", on {where}" if view.common else "")
    told = "; ".join(f"{row}: {', '.join(map(units.percent, values.values()))}" for row, values in rows.items())
    alt = f"Mean accuracy of clients, bars, {title[0].lower()}{title[1:]}. {told}."
    caption = f"{in_words(list(scores))}; means over the clients that own the same. In brackets: clients."
    table = Table(
        ["owned", *(view.moment for view in scores)],
        [[row, *map(units.percent, values.values())] for row, values in rows.items()],
    )
    return Plot(title, grouped(f"owned-{view.split}", alt, rows, units.percent, 1.16), caption, table)
