"""Which patterns of present modalities a model is scored on."""

from collections.abc import Collection
from itertools import combinations

from counterpoint.data.samples import pattern_name

MOST_FOR_ALL = 4


def patterns(modalities: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Patterns to score, by name.

    Every non-empty one for up to four modalities; else all modalities, all but one, and each alone, since their number
    doubles with each modality.
    """
    names = sorted(modalities)
    every = len(names)
    sizes = range(1, every + 1) if every <= MOST_FOR_ALL else sorted({1, every - 1, every})
    return {pattern_name(chosen): chosen for size in reversed(list(sizes)) for chosen in combinations(names, size)}
