"""Data of one site, in the words that all sites of a network agreed on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from counterpoint.data.modality import Modality, Task
from counterpoint.data.population import Dataset
from counterpoint.errors import UserError


def agreed(dataset: Dataset, modalities: Mapping[str, Modality], classes: Sequence[str]) -> Dataset:
    """The data set with labels numbered as agreed, and with the agreed modalities alone.

    Args:
        dataset: of one site, which may lack modalities and classes.
        modalities: that all sites agreed on, by name.
        classes: the same, in order.

    Raises:
        UserError: it has a class that is not among them, a modality of another kind or shape, or none of them.
    """
    for name in dataset.task.classes:
        if name not in classes:
            raise UserError(
                f"{dataset.name} has the class {name!r}, which is not agreed on: there are {', '.join(classes)}"
            )
    own = [name for name in dataset.modalities if name in modalities]
    if not own:
        raise UserError(
            f"{dataset.name} has none of the modalities that are agreed on: {', '.join(sorted(modalities))}"
        )
    for name in own:
        found, wanted = dataset.modalities[name], modalities[name]
        if (found.kind, found.shape) != (wanted.kind, wanted.shape):
            raise UserError(
                f"{dataset.name}: {name} is a {found.kind} of shape {found.shape}, and agreed on is a {wanted.kind} of"
                f" shape {wanted.shape}"
            )
    kept = dataset.only(own)
    number = torch.tensor([list(classes).index(name) for name in dataset.task.classes])
    known = kept.samples.label >= 0
    label = torch.where(known, number[kept.samples.label.clamp(min=0)], kept.samples.label)
    return replace(kept, task=Task(tuple(classes)), samples=replace(kept.samples, label=label))
