"""What a source is, and the form in which the data set that it builds is cached."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from counterpoint.data.cache import Meta
from counterpoint.data.card import Card
from counterpoint.data.compact import widened
from counterpoint.data.modality import Modality, Task
from counterpoint.data.population import Dataset
from counterpoint.data.samples import Samples


@dataclass(frozen=True)
class Source:
    """One data set that can be had by name.

    Attributes:
        card: known without a download; `card.name` is the source's name.
        version: of the conversion, raised whenever `build` gives something else than before.
        build: fetches, checks and converts. What it returns may hold values in the compact form of `widened`, in which
            they are cached.
    """

    card: Card
    version: int
    build: Callable[[], Dataset]


def to_tensors(dataset: Dataset) -> tuple[dict[str, Tensor], Meta]:
    """Take a data set apart into named tensors and plain values; the card stays in the code."""
    samples = dataset.samples
    tensors = {"label": samples.label, "unit": samples.unit, "owner": dataset.owner, "side": dataset.side}
    tensors |= {f"x.{m}": values for m, values in samples.x.items()}
    tensors |= {f"present.{m}": there for m, there in samples.present.items()}
    modalities = [asdict(modality) for modality in dataset.modalities.values()]
    return tensors, {"classes": dataset.task.classes, "modalities": modalities, "owners": dataset.owners}


def from_tensors(card: Card, tensors: Mapping[str, Tensor], meta: Meta) -> Dataset:
    """Put together the data set that `to_tensors` took apart."""
    modalities: dict[str, Modality] = {}
    for told in meta["modalities"]:
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
        modalities[fields["name"]] = Modality(**fields)
    samples = Samples(
        {m: widened(tensors[f"x.{m}"], modality.kind) for m, modality in modalities.items()},
        {m: tensors[f"present.{m}"] for m in modalities},
        tensors["label"],
        tensors["unit"],
    )
    return Dataset(
        card.name,
        Task(tuple(meta["classes"])),
        modalities,
        samples,
        tensors["owner"],
        tuple(meta["owners"]),
        tensors["side"],
        card,
    )
