"""How scores of a measure are written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from counterpoint.report import units
from counterpoint.report.parts import Marked
from counterpoint.report.units import Written


@dataclass(frozen=True)
class Scale:
    """How a measure is written.

    Attributes:
        words: its name.
        value: writes a score.
        gap: writes a difference.
        margin: writes a standard deviation beside a score.
        bounds: what no score can lie beyond.
        lower: whether lower scores are better.
    """

    words: str
    value: Callable[[float], Written]
    gap: Callable[[float], Written]
    margin: Callable[[float], str]
    bounds: tuple[float, float] | None
    lower: bool = False


def _share(words: str) -> Scale:
    return Scale(words, units.percent, units.points, lambda std: f"{100 * std:.1f}", (0.0, 1.0))


def _plain(words: str) -> Scale:
    return Scale(words, units.number, units.number, lambda std: f"{std:.2g}", None, lower=True)


SCALES: Mapping[str, Scale] = {
    "accuracy": _share("accuracy"),
    "macro_f1": _share("macro-F1"),
    "auc": _share("AUC"),
    "loss": _plain("loss"),
    "recall@1": _share("recall@1"),
    "recall@5": _share("recall@5"),
    "recall@10": _share("recall@10"),
    "median_rank": _plain("median rank"),
    "contrastive": _plain("contrastive loss"),
    "batch_recall@1": _share("recall@1 in batches"),
}


def written(score: Mapping[str, Any], scale: Scale, of: int = 0, mark: str = "", note: str = "") -> str:
    """A score over seeds, for example `81.5% ± 1.0`; how many runs it is of, where these are fewer than asked for.

    Args:
        score: with `mean`, `std` and `n`, see `experiments.numbers`.
        scale: of its measure.
        of: how many there were to be.
        mark: a word beside it that stands out.
        note: words beside it that do not.
    """
    if score["mean"] is None:
        return units.UNKNOWN
    text = str(scale.value(score["mean"]))
    text += "" if score["std"] is None else f" ± {scale.margin(score['std'])}"
    text += f" ({score['n']})" if score["n"] < of else ""
    return Marked(text, score["mean"], mark, note)


def chance(p: float | None) -> str:
    """A p value, for example `0.034`."""
    if p is None:
        return units.UNKNOWN
    return Written("< 0.001" if p < 0.001 else f"{p:.3f}", p)
