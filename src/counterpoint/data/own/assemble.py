"""A data set put together out of its modalities, labels and owners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from counterpoint.data.compact import widened
from counterpoint.data.modality import Task
from counterpoint.data.own import groups
from counterpoint.data.own.about import Telling, card
from counterpoint.data.own.labels import labelled
from counterpoint.data.own.rows import Where, as_plain
from counterpoint.data.own.scale import standardised
from counterpoint.data.own.sense import sense
from counterpoint.data.own.wishes import Wish, check_name
from counterpoint.data.population import Dataset, Side
from counterpoint.data.samples import Samples
from counterpoint.errors import UserError


@dataclass(frozen=True)
class Given:
    """What was given of a data set besides modalities; see `from_arrays`.

    Attributes:
        label: by row.
        client: by row, or None, as those that follow.
        unit: by row.
        split: by row.
        id: by row.
        classes: in order, or None.
        standardise: whether tables are standardised.
        test_share: of the units, where `split` is None.
        telling: for the card.
    """

    label: object
    client: object = None
    unit: object = None
    split: object = None
    id: object = None
    classes: Sequence[str] | None = None
    standardise: bool = True
    test_share: float = 0.2
    telling: Telling = field(default_factory=Telling)


def assemble(x: Mapping[str, Any], wishes: Mapping[str, Wish], given: Given, where: Where) -> Dataset:
    """Check everything that was given, and put it together.

    Args:
        x: by modality, what `sense` takes.
        wishes: what is said of each modality.
        given: the rest.
        where: a row is.

    Raises:
        UserError: something is wrong.
    """
    for name in x:
        check_name(name)
    if not x:
        raise UserError("there is no modality: give at least one.")
    rows = len(as_plain("label", given.label))
    if not rows:
        raise UserError("there are no rows.")
    label, classes = labelled(given.label, given.classes, where)
    if given.id is not None:
        groups.check_unique(groups.named("id", given.id, rows, where), where)
    clients = [groups.EVERYONE] * rows
    if given.client is not None:
        clients = groups.named("client", given.client, rows, where)
    owner, owners = groups.numbered(clients)
    unit = torch.arange(rows)
    if given.unit is not None:
        unit, _ = groups.numbered(groups.named("unit", given.unit, rows, where))
    if given.split is None:
        side = groups.drawn(unit, label, given.test_share)
    else:
        side = groups.declared(groups.named("split", given.split, rows, where), unit, where)
    senses = {m: sense(m, values, wishes[m], rows, where) for m, values in x.items()}
    bare = ~torch.stack([one.present for one in senses.values()]).any(dim=0)
    if bare.any():
        raise UserError(f"{where(int(bare.nonzero()[0]))} has no modality at all: leave the row out.")
    told = card(
        given.telling,
        senses,
        classes=classes,
        label=label,
        unit=unit,
        owners=owners,
        side=side,
        declared=given.split is not None,
        by_row=given.unit is None,
        standardised=given.standardise,
    )
    modalities, values = {}, {}
    for m, one in senses.items():
        modality, seen = one.modality, one.values
        if modality.kind == "table" and given.standardise:
            seen = standardised(modality, seen, one.present & (side == Side.TRAIN))
            modality = replace(modality, unit=modality.unit or "standardised")
        modalities[m], values[m] = modality, widened(seen, modality.kind)
        values[m][~one.present] = 0.0
    samples = Samples(values, {m: one.present for m, one in senses.items()}, label, unit)
    return Dataset(given.telling.name, Task(classes), modalities, samples, owner, owners, side, told)
