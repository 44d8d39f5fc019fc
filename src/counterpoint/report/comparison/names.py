"""Names of methods that fit beside a plot, and are still told apart."""

from collections import Counter
from collections.abc import Sequence

from counterpoint.report.units import short

LETTERS = 20
"""Of a name in a plot."""
INITIALS = 3
"""Letters of a key that is abbreviated, where it has one word."""


def drawn_names(labels: Sequence[str]) -> dict[str, str]:
    """A name of at most `LETTERS` letters for each label, all different.

    Of options the section goes first (`train.lr` is `lr`), then keys are abbreviated (`weight_decay` is `wd`), then the
    method, then the middle of what is left. Names that are equal even so are numbered.

    Args:
        labels: all different.
    """
    found = {label: _fitting(label) for label in labels}
    count = Counter(found.values())
    numbers: Counter[str] = Counter()
    for label, name in found.items():
        if count[name] > 1:
            numbers[name] += 1
            found[label] = f"{short(name, LETTERS - 3)} {numbers[name]}"
    return found


def _fitting(label: str) -> str:
    method, bracket, rest = label.partition("[")
    if not bracket:
        return short(label, LETTERS)
    pairs = [pair.partition("=") for pair in rest.removesuffix("]").split(",")]
    told = ",".join(f"{key.rpartition('.')[2]}={value}" for key, _, value in pairs)
    if len(method) + len(told) + 2 > LETTERS:
        told = ",".join(f"{_initials(key.rpartition('.')[2])}={value}" for key, _, value in pairs)
    room = max(LETTERS - len(told) - 2, 5)
    return short(f"{short(method, room)}[{told}]", LETTERS)


def _initials(key: str) -> str:
    words = key.split("_")
    return "".join(word[:1] for word in words) if len(words) > 1 else key[:INITIALS]
