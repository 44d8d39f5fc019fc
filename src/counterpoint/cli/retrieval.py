"""The table of what finds what, of methods that align modalities."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

from counterpoint.evaluate import OBSERVED, MetricName

MEASURES = {"recall@1": "R@1", "recall@5": "R@5", "recall@10": "R@10", "median_rank": "median\nrank"}
IN_BATCH = "batch_recall@1"
WHOSE = {"mean": "in batches, mean of clients", "worst": "in batches, worst client"}
MODELS = (("global", "before"), ("personal", "after"))


def retrieval(summary: Mapping[str, Any]) -> Table | None:
    """Recall and median rank by direction, and recall within batches of the clients' own tests; None of other methods.

    Args:
        summary: of the run.
    """
    values = {MetricName.parse(name): value for name, value in summary["metrics"].items() if value is not None}
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), caption_justify="left")
    table.add_column("retrieval", overflow="fold")
    for header in MEASURES.values():
        table.add_column(header, justify="right", no_wrap=True)
    common = {(n.measure, n.pattern): v for n, v in values.items() if n.scope == "server"}
    for direction in sorted({pattern for measure, pattern in common if measure in MEASURES and ">" in pattern}):
        table.add_row(direction, *(_cell(measure, common.get((measure, direction))) for measure in MEASURES))
    for how, label in WHOSE.items():
        found = _in_batch(values, how)
        if found is not None:
            table.add_row(label, f"{found:.3f}", "", "", "")
    return table if table.row_count else None


def _cell(measure: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if measure == "median_rank" else f"{value:.3f}"


def _in_batch(values: Mapping[MetricName, float], how: str) -> float | None:
    """Of a global model before local training, of personal ones after it."""
    for model, moment in MODELS:
        for split in ("test", "validation"):
            name = MetricName(IN_BATCH, model, f"clients:{how}", split, OBSERVED, moment)  # type: ignore[arg-type]
            if name in values:
                return values[name]
    return None
