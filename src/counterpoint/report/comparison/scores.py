"""The main tables: rows are methods, columns are data."""

from collections.abc import Mapping
from typing import Any

from counterpoint.experiments.numbers import ENOUGH_SEEDS, SIGNIFICANT
from counterpoint.report import units
from counterpoint.report.comparison.evidence import Evidence, scale_of
from counterpoint.report.comparison.headline import in_a_row
from counterpoint.report.comparison.scale import chance, written
from counterpoint.report.parts import Section, Table

TITLES = {
    "held-out": "Global test",
    "own": "Clients' own tests, mean over clients",
    "worst": "Clients' own tests, the worst client",
}
VERDICTS = {"better": "beats", "worse": "behind"}


def scores(evidence: Evidence) -> Section:
    """Scores on the global test, on the clients' own tests, and of the worst client."""
    tables = [table for where in TITLES if (table := _table(evidence, where))]
    lead = f"Mean ± sample standard deviation over {units.many(evidence.seeds, 'seed')}, after the last round."
    return Section("scores", "Scores", f"{lead} {few_seeds(evidence)}".strip(), facts=_words(evidence), tables=tables)


def _words(evidence: Evidence) -> list[tuple[str, str]]:
    """What is what."""
    personal = [row["label"] for row in evidence.numbers["rows"] if row["kind"] != "global"]
    others = "other methods" if personal else "all methods"
    found = {
        in_a_row(personal): "each client's own model; on the global test the mean over those that can read it",
        others if len(personal) < len(evidence.variants) else "": "the one model for all, as clients receive it",
        "best": "the best mean of its column",
    }
    notes = {_note(cell["difference"], evidence) for cell in evidence.numbers["cells"]} - {""}
    how = (
        f"the paired difference to {evidence.reference} is significant: p below {SIGNIFICANT:g} after Holm's correction"
    )
    if any(note.startswith("p ") for note in notes):
        found["p beside a score"] = f"{how}; there are too few seeds to say more"
    if any(not note.startswith("p ") for note in notes):
        found[f"beats or behind {evidence.reference}"] = how
    if any(cell["n"] < evidence.seeds for cell in evidence.numbers["cells"]):
        found["in brackets"] = "of so many runs, fewer than asked for"
    return [(term, text) for term, text in found.items() if term]


def few_seeds(evidence: Evidence) -> str:
    """A warning, where there are too few seeds to say that one method is better than another."""
    if evidence.numbers["enough_seeds"]:
        return ""
    if evidence.seeds == 1:
        return "One seed says nothing of chance: no difference here supports that one method is better than another."
    if evidence.seeds >= ENOUGH_SEEDS:
        return f"Where runs are missing, fewer than {ENOUGH_SEEDS} seeds are left, too few to call a method better."
    return (
        f"With fewer than {ENOUGH_SEEDS} seeds no difference supports that one method is better than another: one "
        "lucky seed makes it, and intervals are wide."
    )


def _table(evidence: Evidence, where: str) -> Table | None:
    head, columns = ["method"], []
    for condition in evidence.conditions:
        cells, scale = evidence.cells(condition), scale_of(condition)
        best = evidence.column(condition)["best"] if where == "held-out" else _best(cells, where, lower=scale.lower)
        shown = []
        for label, cell in cells.items():
            mark = "best" if label in best and len(cells) > 1 else ""
            note = _note(cell["difference"], evidence) if where == "held-out" else ""
            shown.append(written(cell["scores"][where], scale, evidence.seeds, mark, note))
        head.append(f"{condition.label} ({scale.words})")
        columns.append(shown)
    if all(cell == units.UNKNOWN for column in columns for cell in column):
        return None
    rows = [[variant.label, *row] for variant, row in zip(evidence.variants, zip(*columns, strict=True), strict=True)]
    return Table(head, rows, title=TITLES[where])


def _note(difference: Mapping[str, Any] | None, evidence: Evidence) -> str:
    """What is said of a significant difference: of few seeds its p alone, for they support no more."""
    if not difference or not difference["verdict"]:
        return ""
    if difference["n"] < ENOUGH_SEEDS:
        return f"p {chance(difference['p_holm'])}"
    return f"{VERDICTS[difference['verdict']]} {evidence.reference}"


def _best(cells: dict[str, dict[str, object]], where: str, *, lower: bool) -> list[str]:
    scored = {label: cell["scores"][where] for label, cell in cells.items()}  # type: ignore[index]  # plain values
    most = max((score["n"] for score in scored.values()), default=0)
    means = {label: score["mean"] for label, score in scored.items() if most and score["n"] == most}
    best = (min if lower else max)(means.values(), default=None)
    return [label for label, mean in means.items() if mean == best]
