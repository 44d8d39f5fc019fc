"""Labels as they are given: numbers or names of classes."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from counterpoint.data.own.rows import Where, as_plain, is_missing
from counterpoint.errors import UserError, unknown


def labelled(given: object, classes: Sequence[str] | None, where: Where) -> tuple[Tensor, tuple[str, ...]]:
    """Labels as int64 [rows], and what they mean.

    Args:
        given: a name or a whole number a row.
        classes: names in the order that is wanted; labels that are numbers count them from 0. Where None, the classes
            are those that occur, sorted, and each must occur twice.
        where: a row is.

    Raises:
        UserError: a label is missing, of another type, or no class; or there are fewer than two classes.
    """
    found = [_label(value, where(row)) for row, value in enumerate(as_plain("label", given))]
    for row, value in enumerate(found):
        if isinstance(value, str) != isinstance(found[0], str):
            raise UserError(
                f"the label of {where(row)} is {value!r}, that of {where(0)} is {found[0]!r}: give numbers or names, "
                "not both."
            )
    names = _occurring(found, where) if classes is None else _listed(classes)
    if len(names) < 2:
        raise UserError(f"there is one class at most ({', '.join(map(str, names))}), so there is nothing to learn.")
    if classes is not None and found and not isinstance(found[0], str):
        return _counted(found, names, where), tuple(map(str, names))
    place = {name: number for number, name in enumerate(names)}
    for row, value in enumerate(found):
        if value not in place:
            raise unknown(f"class of {where(row)}", str(value), map(str, names))
    return torch.tensor([place[value] for value in found]), tuple(map(str, names))


def _label(value: Any, where: str) -> int | str:
    if is_missing(value) or value == "":
        raise UserError(f"{where} has no label: leave the row out.")
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if not value.is_integer():
            raise UserError(f"the label of {where} is {value}: labels are classes, so give whole numbers or names.")
        return int(value)
    raise UserError(f"the label of {where} is of type {type(value).__name__}: give a whole number or a name.")


def _occurring(found: Sequence[Any], where: Where) -> list[Any]:
    counts = Counter(found)
    if lonely := [name for name, count in counts.items() if count == 1 and len(found) > 1]:
        row = found.index(lonely[0])
        raise UserError(
            f"class {lonely[0]!r} has a single row ({where(row)}): leave it out, correct it, or list all classes with "
            "classes=."
        )
    return sorted(counts)


def _listed(classes: Sequence[str]) -> list[str]:
    names = list(classes)
    if isinstance(classes, str) or not all(isinstance(name, str) and name for name in names):
        raise UserError("classes must be a list of names.")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise UserError(f"classes names {twice[0]!r} twice: name each class once.")
    return names


def _counted(found: Sequence[Any], names: Sequence[str], where: Where) -> Tensor:
    for row, value in enumerate(found):
        if not 0 <= value < len(names):
            raise UserError(
                f"the label of {where(row)} is {value}, but {len(names)} classes are listed: labels that are numbers "
                f"go from 0 to {len(names) - 1}."
            )
    return torch.tensor(found)
