"""From the text that names a partition to the partition."""

import difflib
import math
import re
from collections.abc import Callable
from itertools import takewhile

from counterpoint.data.partitions.dirichlet import Dirichlet
from counterpoint.data.partitions.iid import Iid
from counterpoint.data.partitions.joined import Joined
from counterpoint.data.partitions.natural import Natural
from counterpoint.data.partitions.owner import Owner
from counterpoint.data.partitions.part import Part
from counterpoint.data.partitions.pathological import Pathological
from counterpoint.data.partitions.quantity import Quantity
from counterpoint.data.partitions.share import Partition
from counterpoint.errors import UserError

SCALED: dict[str, Callable[[float], Part]] = {"dirichlet": Dirichlet, "owner": Owner, "quantity": Quantity}
"""Parts that take a number above 0."""
USUAL = {"dirichlet": "0.5", "iid": "", "natural": "", "owner": "0.1", "pathological": "2", "quantity": "0.5"}
"""Every name, and what is often written after it."""
ALL = "natural, or parts joined by +: dirichlet:ALPHA, iid, owner:ALPHA, pathological:N, quantity:ALPHA"


def parse(spec: str) -> Partition:
    """Read the text that names a partition; looks at no data.

    Args:
        spec: `natural`; or one or more of these joined by `+`, each once, in any order: `dirichlet:ALPHA`,
            `owner:ALPHA` and `quantity:ALPHA` with a number above 0, `pathological:N` with a whole number from 1, and
            `iid`. For example `dirichlet:0.3+owner:0.1`.

    Raises:
        UserError: it cannot be read.
    """
    if spec == "natural":
        return Natural()
    parts = [_part(spec, text) for text in re.split(r"\+(?=[a-zA-Z])", spec)]
    names = [part.name for part in parts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UserError(f"partition {spec!r}: {twice} may be there once only; did you mean {nearest(spec)!r}?")
    return Joined(tuple(sorted(parts, key=lambda part: part.name)))


def _part(spec: str, text: str) -> Part:
    name, colon, argument = text.partition(":")
    if name not in USUAL:
        where = "" if spec.partition(":")[0] == name else f" in {spec!r}"
        near = nearest(spec)
        raise UserError(
            f"unknown partition {name!r}{where}: " + (f"did you mean {near!r}?" if near else f"write {ALL}.")
        )
    if not USUAL[name]:
        if colon:
            raise UserError(f"partition {spec!r}: {name} takes nothing after it; write {nearest(spec)}.")
        if name == "natural":
            raise UserError(
                f"partition {spec!r}: natural stands alone; write natural, or join parts such as "
                f"dirichlet:0.5+owner:0.1."
            )
        return Iid()
    if not _fits(name, argument):
        wants = "N with a whole number from 1" if name == "pathological" else "ALPHA with a number above 0"
        raise UserError(f"partition {spec!r}: write {name}:{wants}, for example {nearest(spec)}.")
    return SCALED[name](float(argument)) if name in SCALED else Pathological(int(argument))


def _fits(name: str, argument: str) -> bool:
    """Whether this may follow the name and a colon."""
    if name == "pathological":
        return re.fullmatch(r"0*[1-9][0-9]*", argument) is not None
    try:
        return 0 < float(argument) < math.inf
    except ValueError:
        return False


def nearest(spec: str) -> str | None:
    """The valid text that looks most like this one; None where nothing does."""
    found: dict[str, str] = {}
    for text in re.split(r"[\s+,;&|]+(?=[a-zA-Z])", spec.strip()):
        letters = "".join(takewhile(str.isalpha, text))
        close = difflib.get_close_matches(letters.lower(), USUAL, n=1, cutoff=0.5)
        starting = [name for name in USUAL if letters and name.startswith(letters.lower())]
        if not (name := next(iter([*starting, *close]), None)) or name in found:
            continue
        argument = text[len(letters) :].strip(" =:()[]+,;")
        found[name] = f"{name}:{argument if _fits(name, argument) else USUAL[name]}" if USUAL[name] else name
    if len(found) > 1:
        found.pop("natural", None)
    return "+".join(text for _, text in sorted(found.items())) or None
