"""Who owns a row, to which natural unit it belongs, and on which side it lies."""

import re
from collections import Counter

import torch
from torch import Tensor

from counterpoint.data.own.rows import Where, as_plain, is_missing
from counterpoint.data.population import Side
from counterpoint.data.sources.split import held_out
from counterpoint.errors import UserError, unknown

SIDES = {"train": Side.TRAIN, "test": Side.CLIENT_TEST, "global": Side.GLOBAL_TEST}
EVERYONE = "everyone"


def named(what: str, given: object, rows: int, where: Where) -> list[str]:
    """One name a row, as text.

    Args:
        what: the names are, for complaints.
        given: names or whole numbers.
        rows: how many there must be.
        where: a row is.

    Raises:
        UserError: there are more or fewer, or one is missing or neither text nor whole number.
    """
    found = as_plain(what, given)
    check_length(what, len(found), rows)
    return [_name(what, value, where(row)) for row, value in enumerate(found)]


def check_length(what: str, found: int, rows: int) -> None:
    """Refuse another number of rows than there are labels.

    Raises:
        UserError: it is.
    """
    if found != rows:
        raise UserError(f"{what} has {found} rows, but there are {rows} labels: give one entry a row.")


def numbered(names: list[str]) -> tuple[Tensor, tuple[str, ...]]:
    """The place of each name among all different ones, int64 [rows], and these, `ward 2` before `ward 10`."""
    sorted_names = tuple(sorted(set(names), key=_natural))
    place = {name: number for number, name in enumerate(sorted_names)}
    return torch.tensor([place[name] for name in names]), sorted_names


def check_unique(names: list[str], where: Where) -> None:
    """Refuse ids that come twice.

    Raises:
        UserError: one does.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        first = names.index(twice[0])
        second = names.index(twice[0], first + 1)
        raise UserError(f"the id {twice[0]!r} is that of {where(first)} and of {where(second)}: give each row its own.")


def declared(names: list[str], unit: Tensor, where: Where) -> Tensor:
    """Sides as the rows say: `train`, `test` (of the row's client) or `global`; int64 [rows].

    Raises:
        UserError: a word is none of these, no row trains or none is global, or a unit lies on two sides.
    """
    for row, name in enumerate(names):
        if name not in SIDES:
            raise unknown(f"split of {where(row)}", name, SIDES)
    for needed, use in (
        ("train", "to learn from"),
        ("global", "for the server to test on; 'test' is a client's own test"),
    ):
        if needed not in names:
            raise UserError(f"no row has the split {needed!r}: mark rows {use}, or leave split out.")
    first: dict[int, int] = {}
    for row, one in enumerate(unit.tolist()):
        other = first.setdefault(one, row)
        if names[other] != names[row]:
            raise UserError(
                f"{where(other)} ({names[other]}) and {where(row)} ({names[row]}) are of the same unit: a unit must "
                "lie on one side."
            )
    return torch.tensor([int(SIDES[name]) for name in names])


def drawn(unit: Tensor, label: Tensor, share: float) -> Tensor:
    """Sides where nothing is declared: a share of the units of each class is the global test; int64 [rows].

    Raises:
        UserError: the share is not between 0 and 1, or of so few units leaves nothing on a side.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        raise UserError(f"test_share={share!r}: give a number between 0 and 1, for example 0.2.")
    test = held_out(unit, label, share, "own")
    if test.all() or not test.any():
        units = len(set(unit.tolist()))
        raise UserError(f"test_share={share:g} of {units} units leaves none to {'train' if test.all() else 'test'} on.")
    return torch.where(test, int(Side.GLOBAL_TEST), int(Side.TRAIN))


def _name(what: str, value: object, where: str) -> str:
    if is_missing(value) or value == "":
        raise UserError(f"{where} has no {what}: give every row one.")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int):
        return str(value)
    raise UserError(f"the {what} of {where} is of type {type(value).__name__}: give a name or a whole number.")


def _natural(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    parts = re.split(r"([0-9]+)", name)
    return [(i % 2 == 0, int(part) if i % 2 else 0, "" if i % 2 else part) for i, part in enumerate(parts)], name
