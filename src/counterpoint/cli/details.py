"""What a comparison shows of one column on demand."""

from collections.abc import Iterator, Sequence

from counterpoint.cli.fitting import Cell, Grid
from counterpoint.cli.scores import number, p_value, score
from counterpoint.experiments.numbers import Numbers
from counterpoint.report import units

PLACES = {"held-out": "global test", "own": "own tests, mean", "worst": "worst client"}
KNOWN_COSTS = ("bytes", "bytes_up", "bytes_down", "seconds")


def costs(cells: Sequence[Numbers], column: Numbers, seeds: int) -> Grid:
    """Scores on each test, and the mean costs of a run.

    Args:
        cells: of the column, with at least one run each.
        column: of the table.
        seeds: how many there should be.
    """
    further = list(dict.fromkeys(name for cell in cells for name in cell["costs"] if name not in KNOWN_COSTS))
    found: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        row, spent = cell["method"], cell["costs"]
        for where, header in PLACES.items():
            found[row, header] = score(cell["scores"][where], column["measure"], seeds, plain=False)
        found[row, "sent"] = Cell((units.size(spent["bytes"]["mean"]),))
        found[row, "time"] = Cell((units.duration(spent["seconds"]["mean"]),))
        found |= {(row, name): Cell((units.number(spent[name]["mean"]),)) for name in further if name in spent}
    return Grid("method", "", [cell["method"] for cell in cells], [*PLACES.values(), "sent", "time", *further], found)


def patterns(cells: Sequence[Numbers], column: Numbers, seeds: int) -> Grid:
    """Scores by the modalities that a model was shown, of the samples that have them.

    Args:
        cells: of the column, with at least one run each.
        column: of the table.
        seeds: how many there should be.
    """
    found = {
        (cell["method"], pattern): score(told, column["measure"], seeds, plain=False)
        for cell in cells
        for pattern, told in cell["patterns"].items()
    }
    return Grid("method", "modalities", [cell["method"] for cell in cells], column["patterns"], found)


def balance(cells: Sequence[Numbers], seeds: int) -> Grid:
    """How evenly modalities are used and classes served; nothing of runs that did not record it.

    Args:
        cells: of the column, with at least one run each.
        seeds: how many there should be.
    """
    heads = {"weakest alone": "weakest", "all - best alone": "fusion_gap", "class std": "class_std"}
    known = {head: name for head, name in heads.items() if any(cell["balance"][name]["n"] for cell in cells)}
    if "class std" not in known:
        return Grid("method", "", [], [], {})
    found: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        row, told = cell["method"], cell["balance"]
        found |= {(row, head): score(told[name], "accuracy", seeds, plain=False) for head, name in known.items()}
        found[row, "which"] = Cell((told["weakest"]["modality"] or "–",))
    which = ["which"] if "weakest alone" in known else []
    return Grid("method", "", [cell["method"] for cell in cells], [*which, *known], found)


def differences(cells: Sequence[Numbers], column: Numbers) -> Grid:
    """Differences to the reference on the global test with 95 % intervals and p values.

    Args:
        cells: of the column.
        column: of the table.
    """
    measure = column["measure"]
    told = {cell["method"]: cell["difference"] for cell in cells if cell["difference"]}
    found: dict[tuple[str, str], Cell] = {}
    for row, difference in told.items():
        ends = [difference[end] for end in ("low", "high")]
        reach = "–" if None in ends else " to ".join(number(end, measure, "+") for end in ends)
        found[row, "difference"] = Cell((number(difference["mean"], measure, "+"),))
        found[row, "95 % interval"] = Cell((reach,))
        found[row, "p"] = Cell((p_value(difference["p"]),))
        found[row, "p, Holm"] = Cell((p_value(difference["p_holm"]),))
        found[row, "seeds"] = Cell((str(difference["n"]),))
    return Grid("method", "", list(told), ["difference", "95 % interval", "p", "p, Holm", "seeds"], found)


def settings(cells: Sequence[Numbers]) -> Iterator[tuple[str, str]]:
    """A line for each method whose settings a search or a profile changed."""
    for cell in cells:
        if cell["settings"]:
            told = ", ".join(f"{key}={value}" for key, value in cell["settings"].items())
            yield "tuned", f"{cell['method']}: {told}"
