"""Scores and p values as text."""

from counterpoint.cli.fitting import Cell
from counterpoint.experiments.numbers import Numbers

MEASURES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "auc": "AUC",
    "loss": "loss",
    "recall@1": "recall@1",
    "recall@5": "recall@5",
    "recall@10": "recall@10",
    "median_rank": "median rank",
    "contrastive": "contrastive loss",
    "batch_recall@1": "recall@1 in batches",
}
PER_CENT = ("accuracy", "macro_f1", "auc", "recall@1", "recall@5", "recall@10", "batch_recall@1")


def score(told: Numbers, measure: str, seeds: int, *, mark: str = "", best: bool = False, plain: bool = True) -> Cell:
    """A mean with its standard deviation; a dash where nothing was measured.

    Args:
        told: mean, std and n.
        measure: of which.
        seeds: how many there should be; where there are others, the number is told.
        mark: that follows.
        best: whether it stands out.
        plain: bold cannot be seen, and asterisks stand for it.
    """
    if not told["n"]:
        return Cell(("–", "", "", ""))
    mean = number(told["mean"], measure)
    starred = f"*{mean}*" if best and plain else f"{mean} " if plain else mean
    spread = "" if told["std"] is None else f" ± {number(told['std'], measure)}"
    count = "" if told["n"] == seeds else f" ({told['n']})"
    return Cell((starred, spread, count, mark), bold=best and not plain)


def number(value: float, measure: str, sign: str = "") -> str:
    """A score or a difference of scores: in percent with one decimal; a loss with three."""
    shown, digits = (100 * value, 1) if measure in PER_CENT else (value, 3)
    return f"{round(shown, digits) + 0.0:{sign}.{digits}f}"  # + 0.0 makes -0 a 0


def p_value(p: float | None) -> str:
    """With three decimals; smaller ones as `< 0.001`."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
