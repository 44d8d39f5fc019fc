"""A site with data of its own: one client of a federation that spans real machines."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from counterpoint.data import populate, prepared
from counterpoint.data.agree import agreed
from counterpoint.data.modality import Modality, Task
from counterpoint.data.own import load_folder
from counterpoint.data.population import Dataset, Population
from counterpoint.data.prepare import is_folder
from counterpoint.data.samples import concatenate
from counterpoint.runs.config import Section


class Sense(Section):
    """A modality that all sites agreed on; see `data.Modality`."""

    kind: Literal["sequence", "image", "text", "audio", "table"]
    shape: tuple[int, ...]


def modalities_of(senses: Mapping[str, Sense]) -> dict[str, Modality]:
    """The agreed modalities, by name."""
    return {name: Modality(name, sense.kind, sense.shape) for name, sense in senses.items()}


def site_dataset(told: Dataset | Path | str, classes: Sequence[str]) -> Dataset:
    """The data of a site: as it is given, or out of a folder, which may lack classes, or by name.

    Args:
        told: a data set, or the folder or name of one.
        classes: that all sites agreed on.

    Raises:
        UserError: it is not there, or has a class that is not agreed on.
    """
    if isinstance(told, Dataset):
        return told
    return load_folder(told, classes) if is_folder(str(told)) else prepared(str(told))


def site_population(
    dataset: Dataset, senses: Mapping[str, Sense], classes: tuple[str, ...], *, client: int, seed: int
) -> Population:
    """A population of one client, who holds all rows of a site; what would be the global test is its own test.

    Args:
        dataset: of the site, which may lack modalities and classes.
        senses: what all sites agreed on.
        classes: the same, in order.
        client: the site's number.
        seed: of the run.

    Raises:
        UserError: the data is not as agreed.
    """
    modalities = modalities_of(senses)
    found = populate(agreed(dataset, modalities, classes), partition="iid", clients=1, seed=seed)
    (only,) = found.clients
    shapes = {name: found.modalities[name].shape for name in only.modalities}
    tests = concatenate([only.test, found.test.seen(only.modalities)], shapes)  # nobody else tests on its rows
    only = replace(only, id=client, test=tests)
    return replace(found, clients=(only,), modalities=modalities, task=Task(classes))
