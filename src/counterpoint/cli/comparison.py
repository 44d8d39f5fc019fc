"""The tables that a comparison ends with."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from counterpoint.cli.details import balance, costs, differences, patterns, settings
from counterpoint.cli.fitting import Cell, Grid, show
from counterpoint.cli.scores import MEASURES, PER_CENT, p_value, score
from counterpoint.experiments.numbers import ENOUGH_SEEDS, SIGNIFICANT, Numbers, numbers
from counterpoint.experiments.outcome import Results
from counterpoint.report import units

MARKS = {"better": " ▲", "worse": " ▼", "": ""}
MOST_FAILED = 10
"""So many are named."""
OWN_TESTS = (
    "own tests: each client's own test rows, each client counting once; worst client: the worst score among them; "
    "global models are scored there before local training, personal ones and those of peers after"
)
BALANCE = (
    "accuracy in % on the global test with one modality shown, all less the best one; deviation of recalls over classes"
)
Facts = Iterator[tuple[str, str]]
"""Lines below a table, each with its label."""


def print_results(console: Console, results: Results, *, details: bool = False) -> None:
    """Print the scores of a comparison, what they are, and what may be said of them.

    Args:
        console: to print on.
        results: of the comparison.
        details: also print, for each column, clients' own tests, costs, patterns and differences.

    Raises:
        UserError: scipy is not installed.
    """
    found = numbers(results)
    plain = not console.is_terminal
    show(console, main(found, plain=plain, ranked=details or _telling(found)), _title(found))
    _print_facts(console, [*legend(found, plain=plain), *ranks(found, details=details)])
    if details:
        for column in found["columns"]:
            _print_column(console, found, column)
        _print_facts(console, [("tests", OWN_TESTS)])
    for label, fact in not_there(found):
        console.print(Text(f" {label:8}", style="bold"), fact, sep="", soft_wrap=True)


def main(found: Numbers, *, plain: bool, ranked: bool) -> Grid:
    """Rows are methods, columns data: mean and standard deviation over seeds on the global test.

    Args:
        found: numbers of the comparison.
        plain: bold cannot be seen, and asterisks stand for it.
        ranked: whether mean ranks are a column too.
    """
    columns = {column["label"]: column for column in found["columns"]}
    alike = len({column["measure"] for column in columns.values()}) == 1
    names = {n: n if alike else f"{n} ({MEASURES[column['measure']]})" for n, column in columns.items()}
    cells = {}
    for cell in found["cells"]:
        column, difference = columns[cell["data"]], cell["difference"]
        cells[cell["method"], names[cell["data"]]] = score(
            cell["scores"]["held-out"],
            column["measure"],
            len(found["seeds"]),
            mark=MARKS[difference["verdict"]] if difference else "",
            best=cell["method"] in column["best"] and len(found["rows"]) > 1,
            plain=plain,
        )
    heads, ranking = list(names.values()), found["ranks"]
    if ranked and ranking:
        heads.append("mean rank")
        cells |= {(row, "mean rank"): Cell((f"{rank:.2f}",)) for row, rank in ranking["mean_rank"].items()}
        cells |= {(row, "mean rank"): Cell(("–",)) for row in ranking["left_out"]}
    return Grid("method", "data", [row["label"] for row in found["rows"]], heads, cells)


def legend(found: Numbers, *, plain: bool) -> Facts:
    """What the scores of the main table are, and what their marks mean.

    Args:
        found: numbers of the comparison.
        plain: bold cannot be seen, and asterisks stand for it.
    """
    seeds, several = found["seeds"], len(found["rows"]) > 1
    spread = "mean ± standard deviation over" if len(seeds) > 1 else "of"
    best = f"; {'*between asterisks*' if plain else 'bold'}: the best mean of its column" if several else ""
    yield "scores", f"{_unit(found)} on the global test, {spread} {_seeds(seeds)}{best}"
    personal = [row["label"] for row in found["rows"] if row["kind"] != "global"]
    if personal:
        yield "", f"{_and(personal)}: the mean over the clients' own models, each on the samples that it can read"
    if {cell["scores"]["held-out"]["n"] for cell in found["cells"]} - {0, len(seeds)}:
        why = "other runs failed, are not done, or gave none that is finite"
        yield "(n)", f"so many seeds have a score; {why}; where others have more, a mean is not called best"
    tested = [cell["difference"] for cell in found["cells"] if cell["difference"]]
    if any(difference["p"] is not None for difference in tested):
        how = f"t test paired by seed, p < {SIGNIFICANT} after Holm over the methods of a column"
        if any(difference["verdict"] for difference in tested):
            yield "▲ ▼", f"better, worse than {found['reference']}: {how}"
        else:
            yield "test", f"no difference to {found['reference']} is significant: {how}"
    if tested and not found["enough_seeds"]:
        counts = sorted({difference["n"] for difference in tested})
        here = "here is one" if counts == [1] else f"here are {counts[0]}"
        here = f"some differences have {counts[0]}" if len(counts) > 1 else here
        yield "note", f'fewer than {ENOUGH_SEEDS} seeds do not support "better than", with or without marks; {here}'


def ranks(found: Numbers, *, details: bool) -> Facts:
    """What the mean ranks say; with details also which methods they do not tell apart, or why there are none."""
    ranking = found["ranks"]
    if not ranking:
        if details:
            yield "ranks", f"none: {found['no_ranks']}"
    elif details or _telling(found):
        blocks, sets = len(ranking["blocks"]), ranking["data_sets"]
        of = f" of {units.many(sets, 'data set')} (those of one are not independent)" if sets < blocks else ""
        distance = f"{ranking['critical_difference']:.2f}"
        friedman = f"Friedman p {p_value(ranking['friedman_p'])}"
        yield "ranks", f"over {blocks} columns{of}; {friedman}; closer than {distance} (Nemenyi) is not told apart"
        if details:
            for group in ranking["groups"]:
                yield "", f"not told apart: {_and(group)}"


def not_there(found: Numbers) -> Facts:
    """Runs that failed, with the reason, and how many are not finished."""
    failed = list(found["failed"].items())
    for name, why in failed[:MOST_FAILED]:
        yield "failed", f"{name}: {why}"
    if failed[MOST_FAILED:]:
        yield "", f"and {units.many(len(failed) - MOST_FAILED, 'run')} more: each has a file in the folder's failed/"
    if found["missing"]:
        yield "missing", f"{units.many(len(found['missing']), 'run')} not finished: give the same command again"


def _telling(found: Numbers) -> bool:
    """Whether there are columns enough that ranks could tell any two methods apart."""
    ranking = found["ranks"]
    return bool(ranking) and ranking["critical_difference"] < len(ranking["mean_rank"]) - 1


def _print_column(console: Console, found: Numbers, column: Numbers) -> None:
    cells = [cell for cell in found["cells"] if cell["data"] == column["label"] and cell["n"]]
    if not cells:
        return
    what = f"{MEASURES[column['measure']]}{' in %' if column['measure'] in PER_CENT else ''}"
    parts = [
        (costs(cells, column, len(found["seeds"])), f"{what} by test, and mean costs of a run"),
        (patterns(cells, column, len(found["seeds"])), f"{what} on the global test, by modalities shown"),
        (balance(cells, len(found["seeds"])), BALANCE),
        (differences(cells, column), f"{what} on the global test, difference to {found['reference']}, paired by seed"),
    ]
    for grid, title in parts:
        if grid.rows and grid.columns:
            console.print()
            show(console, grid, f"{column['label']}: {title}")
    _print_facts(console, list(settings(cells)))


def _print_facts(console: Console, facts: Sequence[tuple[str, str]]) -> None:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=8, style="bold")
    table.add_column(overflow="fold")
    for label, fact in facts:
        table.add_row(f" {label}", fact)
    if facts:
        console.print(table)


def _title(found: Numbers) -> str:
    names = list(dict.fromkeys(Path(column["data"]).name for column in found["columns"]))
    data = _and(names) if len(names) <= 4 else units.many(len(names), "data set")
    return found["title"] or f"{units.many(len(found['rows']), 'method')} on {data}"


def _unit(found: Numbers) -> str:
    measures = list(dict.fromkeys(column["measure"] for column in found["columns"]))
    shares = [MEASURES[measure] for measure in measures if measure in PER_CENT]
    others = [MEASURES[measure] for measure in measures if measure not in PER_CENT]
    return ", ".join(([f"{_and(shares)} in %"] if shares else []) + others)


def _seeds(seeds: Sequence[int]) -> str:
    if len(seeds) == 1:
        return f"one seed ({seeds[0]})"
    in_line = list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    told = f"{seeds[0]} to {seeds[-1]}" if in_line else ", ".join(map(str, seeds))
    return f"{len(seeds)} seeds ({told})"


def _and(words: Sequence[Any]) -> str:
    *first, last = map(str, words)
    return f"{', '.join(first)} and {last}" if first else last
