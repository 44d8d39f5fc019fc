"""The table that a run ends with."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from counterpoint.cli.energy import energy
from counterpoint.cli.retrieval import retrieval
from counterpoint.evaluate import OBSERVED, MetricName
from counterpoint.evaluate.metric import ModelKind, Moment, Split

TESTS: dict[str, str] = {
    "global_test": "global test",
    "test": "own tests",
    "global_validation": "validation",
    "validation": "own part",
}


class Group(NamedTuple):
    """Scores that belong together: of one model, on one kind of test, at one moment.

    Attributes:
        each: whether every client has a score, of which mean, worst and deviation are shown.
        by_pattern: whether scores by pattern are shown beside the observed one.
    """

    model: ModelKind
    split: Split
    moment: Moment
    each: bool
    by_pattern: bool


GROUPS = (
    Group("global", "global_test", "before", each=False, by_pattern=True),
    Group("global", "test", "before", each=True, by_pattern=False),
    Group("global", "test", "after", each=True, by_pattern=False),
    Group("personal", "test", "after", each=True, by_pattern=False),
    Group("personal", "global_test", "after", each=True, by_pattern=True),
    Group("peer", "test", "after", each=True, by_pattern=False),
    Group("peer", "global_test", "after", each=True, by_pattern=True),
    Group("global", "global_validation", "before", each=False, by_pattern=True),
    Group("global", "validation", "before", each=True, by_pattern=False),
    Group("global", "validation", "after", each=True, by_pattern=False),
    Group("personal", "validation", "after", each=True, by_pattern=False),
    Group("personal", "global_validation", "after", each=True, by_pattern=True),
    Group("peer", "validation", "after", each=True, by_pattern=False),
    Group("peer", "global_validation", "after", each=True, by_pattern=True),
)


def print_result(console: Console, summary: Mapping[str, Any], report: Path | None) -> None:
    """Print a run's results, costs, and where they are.

    Args:
        console: to print on.
        summary: of the run.
        report: the page that was written, if one was.
    """
    table, found = scores(summary), retrieval(summary)
    console.print(table if table.row_count else Text(f"{table.title}\n"))
    if found is not None:
        console.print(found)
    if (spent := energy(summary)) is not None:
        console.print(spent)
    facts = {
        "sent": f"up {decimal(summary['bytes_up'])}, down {decimal(summary['bytes_down'])}",
        "refused": f"{summary['refused']} uploads" if summary["refused"] else "",
        "time": f"{summary['seconds']:.1f} s",
        "folder": summary["out"],
        "report": str(report or ""),
    }
    for label, fact in facts.items():
        if fact:
            console.print(Text(f" {label:8}", style="bold"), fact, sep="", soft_wrap=True)


def scores(summary: Mapping[str, Any]) -> Table:
    """The scores of a run, one row for each model, test, moment and pattern."""
    values = {MetricName.parse(name): value for name, value in summary["metrics"].items()}
    rounds, clients = (_count(summary[what], what[:-1]) for what in ("rounds", "clients"))
    table = Table(
        title=f" results: {summary['method']} on {summary['data']}, {rounds}, {clients}, seed {summary['seed']}",
        caption=_caption(values),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for header in ("model", "tested on", "local\ntraining", "modalities"):
        table.add_column(header, overflow="fold")
    two_classes = any(name.measure == "auc" for name in values)
    accuracy = "accu-\nracy" if two_classes else "accuracy"
    for header in (accuracy, "worst\nclient", "std", "macro\nF1", *(["AUC"] if two_classes else [])):
        table.add_column(header, justify="right", no_wrap=True)
    also = ("macro_f1", "auc") if two_classes else ("macro_f1",)
    for group in GROUPS:
        for row in _rows(group, values, also):
            table.add_row(*row)
        table.add_section()
    return table


def _rows(group: Group, values: Mapping[MetricName, float], also: Sequence[str]) -> Iterator[tuple[str, ...]]:
    model, split, moment, each, by_pattern = group

    def value(measure: str, pattern: str, of_clients: str = "mean") -> str:
        scope = f"clients:{of_clients}" if each else "server"
        found = values.get(MetricName(measure, model, scope, split, pattern, moment))
        return "-" if found is None else f"{found:.3f}"

    named = {n.pattern for n in values if (n.measure, n.model, n.split, n.moment) == ("accuracy", model, split, moment)}
    shown = sorted(named if by_pattern else named & {OBSERVED}, key=lambda p: (p != OBSERVED, -p.count("+"), p))
    for number, pattern in enumerate(shown):
        what = ("", "", "") if number else (model, TESTS[split], moment)
        spread = [value("accuracy", pattern, how) for how in ("worst", "std")] if each else ["", ""]
        yield *what, pattern, value("accuracy", pattern), *spread, *(value(measure, pattern) for measure in also)


def _caption(values: Mapping[MetricName, float]) -> str:
    own = "own tests: each client's"
    if any(name.split in ("validation", "global_validation") for name in values):
        own = "validation: training rows in place of tests; own part: each client's"
    return f" {own}; beside a worst client stand means over clients"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
