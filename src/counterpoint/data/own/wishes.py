"""What a user says of a modality, and what a modality may be called."""

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_args

from torch import nn

from counterpoint.data.modality import Kind
from counterpoint.errors import UserError, unknown

KINDS: tuple[Kind, ...] = get_args(Kind)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
TAKEN = frozenset({"label", "observed", *dir(nn.ModuleDict())})
"""Words that specifications, metrics and the members of a `ModuleDict` cannot bear as names."""


@dataclass(frozen=True)
class Wish:
    """What is said of one modality; None where nothing is.

    Attributes:
        kind: in place of the one that its values suggest.
        rate: values a second, of a sequence or of sound.
        unit: physical unit of the values.
        columns: names of a table's columns.
        length: bytes of a text.
        size: pixels a side of pictures that come as files or Pillow images.
        seconds: of recordings that come as files or with a rate of their own.
    """

    kind: Kind | None = None
    rate: float | None = None
    unit: str | None = None
    columns: tuple[str, ...] | None = None
    length: int | None = None
    size: int | None = None
    seconds: float | None = None


FIT: dict[str, tuple[Kind, ...]] = {
    "rate": ("sequence", "audio"),
    "columns": ("table",),
    "length": ("text",),
    "size": ("image",),
    "seconds": ("audio",),
}
"""Which kinds each wish is for; what is not listed is for all."""


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _names(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and len(value) > 0
        and all(isinstance(part, str) for part in value)
        and len(set(value)) == len(value)
    )


FORM: dict[str, tuple[Callable[[Any], bool], str]] = {
    "kind": (lambda value: isinstance(value, str), f"one of {', '.join(KINDS)}"),
    "rate": (_positive, "a number above 0"),
    "unit": (lambda value: isinstance(value, str), "a text"),
    "columns": (_names, "a list of different names"),
    "length": (_whole, "a whole number above 0"),
    "size": (_whole, "a whole number above 0"),
    "seconds": (_positive, "a number above 0"),
}


def wish(name: str, said: Mapping[str, Any]) -> Wish:
    """What is said of one modality, checked.

    Args:
        name: of the modality.
        said: by attribute of `Wish`.

    Raises:
        UserError: there is no such attribute, or a value is not of its form.
    """
    for key, value in said.items():
        if key not in FORM:
            raise unknown(f"setting of modality {name!r}", key, [field.name for field in fields(Wish)])
        fits, form = FORM[key]
        if not fits(value):
            raise UserError(f"modality {name!r}: its {key} is {value!r}; it must be {form}.")
    if said.get("kind") is not None and said["kind"] not in KINDS:
        raise unknown(f"kind of modality {name!r}", said["kind"], KINDS)
    return Wish(**{**said, **({"columns": tuple(said["columns"])} if "columns" in said else {})})


def gathered(modalities: Collection[str], by_option: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Wish]:
    """Turn options by modality into what is said of each modality.

    Args:
        modalities: all names.
        by_option: for each attribute of `Wish` what was given for it: values by modality, or None.

    Raises:
        UserError: an option names a modality that does not exist, or has a value that is not of its form.
    """
    for option, values in by_option.items():
        if values is not None and not isinstance(values, Mapping):
            raise UserError(f"the {option} of modalities must be given by name, for example {{'sound': ...}}.")
        for name in values or {}:
            if name not in modalities:
                raise unknown("modality", str(name), modalities)
    return {
        name: wish(name, {option: values[name] for option, values in by_option.items() if values and name in values})
        for name in modalities
    }


def check_name(name: object) -> None:
    """Refuse what cannot name a modality, because names become parts of blocks (`encoder.acc`) and of patterns.

    Raises:
        UserError: it is not made of letters, digits and underscores, or the word is taken.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} cannot name a modality: a name has letters, digits and underscores alone and begins with a "
            "letter; rename it."
        )
    if name in TAKEN:
        raise UserError(f"{name!r} cannot name a modality, because the word has a meaning already: rename it.")


def check_fit(name: str, kind: Kind, said: Wish) -> None:
    """Refuse what is said of a modality but means nothing for its kind.

    Raises:
        UserError: something does.
    """
    for key, kinds in FIT.items():
        if getattr(said, key) is not None and kind not in kinds:
            raise UserError(
                f"modality {name!r} has a {key}, but its kind is {kind}: leave it out, or say that the kind is "
                f"{' or '.join(kinds)}."
            )
