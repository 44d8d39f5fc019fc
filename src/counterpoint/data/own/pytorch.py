"""Data of one's own from a PyTorch data set."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from counterpoint.data.own.items import check_field, from_columns
from counterpoint.data.own.options import Reading
from counterpoint.data.own.rows import by_number
from counterpoint.data.population import Dataset
from counterpoint.errors import UserError

ByRow = str | Sequence[Any] | Any
"""Name of a field, or values by row."""


def from_torch(
    dataset: Any,
    modalities: Sequence[str],
    *,
    label: str | int | None = None,
    client: ByRow | None = None,
    unit: ByRow | None = None,
    split: ByRow | None = None,
    id: ByRow | None = None,
    **reading: Unpack[Reading],
) -> Dataset:
    """A data set out of a `torch.utils.data.Dataset`, each item of which is read once.

    Args:
        dataset: has a length, and items by number from 0: tuples that begin with the modalities, or dictionaries.
        modalities: names in the order of a tuple's fields, or keys of a dictionary.
        label: place of the label in a tuple, that after the modalities where None; or its key, `label` where None.
        client: by row, the owner, or the key of a dictionary that holds it; see `from_arrays`, also for what follows.
        unit: likewise the natural unit.
        split: likewise the side.
        id: likewise the name of the row.
        reading: further options of `from_arrays`.

    Raises:
        UserError: it is no such data set, an item lacks a field, or something in it is wrong; rows are counted from 0.
    """
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise UserError(f"{type(dataset).__name__} has no length or no items by number: give a map-style data set.")
    if isinstance(modalities, str):
        raise UserError(f"modalities={modalities!r}: give a list of names.")
    if not len(dataset):
        raise UserError("there are no rows.")
    roles = {"client": client, "unit": unit, "split": split, "id": id}
    items = [dataset[number] for number in range(len(dataset))]
    names = list(modalities)
    if isinstance(items[0], Mapping):
        of_modality: dict[str, str | int] = {name: name for name in names}
        target: str | int = "label" if label is None else label
    else:
        of_modality = {name: place for place, name in enumerate(names)}
        target = len(names) if label is None else label
        keys = [given for given in roles.values() if isinstance(given, str)]
        if keys:
            raise UserError(f"items are tuples, which have no key {keys[0]!r}: give one value by row.")
    fields = [*of_modality.values(), target, *(given for given in roles.values() if isinstance(given, str))]
    columns = {field: [_field(item, field, number) for number, item in enumerate(items)] for field in fields}
    x = {name: columns[field] for name, field in of_modality.items()}
    return from_columns(columns, x, columns[target], roles, "given from Python as a PyTorch data set", reading)


def _field(item: Any, field: str | int, number: int) -> Any:
    """One field of an item.

    Raises:
        UserError: the item has no such field.
    """
    if isinstance(item, Mapping):
        check_field(f"key of the item of {by_number(number)}", field, list(item))
        return item[field]
    if not isinstance(item, Sequence) or isinstance(item, str):
        raise UserError(
            f"the item of {by_number(number)} is of type {type(item).__name__}: it must be a tuple or a dict."
        )
    if not isinstance(field, int) or not -len(item) <= field < len(item):
        raise UserError(f"the item of {by_number(number)} has {len(item)} fields, none of them {field!r}.")
    return item[field]
