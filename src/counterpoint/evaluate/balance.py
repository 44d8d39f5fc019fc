"""How evenly a model uses its modalities, and serves its classes."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from counterpoint.data.samples import pattern_name
from counterpoint.evaluate.confidence import MOST_CLASSES, confidence, confidence_rows
from counterpoint.evaluate.contribution import MOST_PLAYERS, fusion_gap, shapley
from counterpoint.evaluate.metric import OBSERVED
from counterpoint.evaluate.scores import class_std

HITS, CONFIDENCE = "hits", "confidence"


def balance_rows(
    logits: Tensor, label: Tensor, shown: Tensor, complete: Tensor | None, *, single: bool
) -> dict[str, Tensor]:
    """Per row what `balance` needs of one pattern beside its confusion matrix.

    Args:
        logits: [rows, classes], with only the pattern shown.
        label: int64 [rows].
        shown: bool [rows], whether the row has the pattern.
        complete: bool [rows], whether it counts and has all modalities of the population; None where the client lacks
            some of them.
        single: whether the pattern is one modality.

    Returns:
        `hits`, bool [rows]: complete and classified right; so that patterns can be compared on the same samples.
        `confidence`, float64 [rows, classes], of a single modality.
    """
    found: dict[str, Tensor] = {}
    if complete is not None:
        found[HITS] = complete & (logits.argmax(1) == label)
    if single:
        found[CONFIDENCE] = confidence_rows(logits, label, shown)
    return found


def balance(
    sums: Mapping[str, Tensor], modalities: Sequence[str], classes: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Measures of balance by pattern, by measure, of one model on one split.

    * `class_std` of samples as they are: population standard deviation of recalls over the classes that occur.
    * `fusion_gap` and `majority` of the pattern of all modalities, `contribution` of each modality: of the samples that
      have all modalities. With v(S) the accuracy there with only S shown, v(nobody) that of always saying the most
      frequent of their classes (`majority`), the contributions are Shapley values. They are left out where there are
      more than four modalities, and all of these where no sample has all or the client lacks a modality.
    * `confidence` of each modality alone: mean over the classes that occur of P[c], the mean probability of the true
      class over samples of class c that have the modality; `confidence[CLASS]` is P[c], of up to 50 classes.

    All but the first need more than one modality.

    Args:
        sums: of `tally_rows` as `PATTERN/confusion`, and of `balance_rows` as `PATTERN/hits`, `PATTERN/confidence`.
        modalities: all of the population, sorted.
        classes: their names.
    """
    found = {OBSERVED: spread} if (spread := _spread(sums)) else {}
    players = tuple(sorted(modalities))
    if len(players) > 1:
        found |= _of_complete(sums, players)
        for m in players:
            if f"{m}/{CONFIDENCE}" in sums and (told := _confidence(sums, m, classes)):
                found[m] = {**found.get(m, {}), **told}
    return found


def _spread(sums: Mapping[str, Tensor]) -> dict[str, float]:
    cells = square(sums[f"{OBSERVED}/confusion"])
    return {"class_std": class_std(cells)} if bool(cells.any()) else {}


def _of_complete(sums: Mapping[str, Tensor], players: tuple[str, ...]) -> dict[str, dict[str, float]]:
    whole = pattern_name(players)
    if f"{whole}/{HITS}" not in sums:
        return {}
    by_class = square(sums[f"{whole}/confusion"]).sum(1)
    count = float(by_class.sum())
    if not count:
        return {}
    majority = float(by_class.max()) / count
    value = {key.rpartition("/")[0]: float(hits) / count for key, hits in sums.items() if key.endswith(f"/{HITS}")}
    found: dict[str, dict[str, float]] = {whole: {"fusion_gap": fusion_gap(value, players), "majority": majority}}
    if len(players) <= MOST_PLAYERS:
        found |= {m: {"contribution": phi} for m, phi in shapley({**value, "": majority}, players).items()}
    return found


def _confidence(sums: Mapping[str, Tensor], modality: str, classes: Sequence[str]) -> dict[str, float]:
    counts = square(sums[f"{modality}/confusion"]).sum(1)
    seen = (counts > 0).nonzero().flatten().tolist()
    if not seen:
        return {}
    by_class = confidence(sums[f"{modality}/{CONFIDENCE}"].cpu(), counts)
    named = {f"confidence[{classes[c]}]": float(by_class[c]) for c in seen} if len(classes) <= MOST_CLASSES else {}
    return {"confidence": float(by_class[seen].mean()), **named}


def square(cells: Tensor) -> Tensor:
    """A flat confusion matrix as [classes, classes], on the CPU."""
    return cells.reshape(round(cells.numel() ** 0.5), -1).cpu()
