"""Putting the features of a frozen encoder in a modality's place."""

import re
from dataclasses import replace

import torch
from torch import Tensor

from counterpoint.data.cache import Meta, cache_folder, kept_tensors
from counterpoint.data.features.encoder import FrozenEncoder, Progress
from counterpoint.data.features.pretrained import short_name
from counterpoint.data.features.registry import frozen_encoder
from counterpoint.data.modality import Modality
from counterpoint.data.population import Dataset
from counterpoint.data.progress import tell
from counterpoint.errors import UserError, unknown
from counterpoint.storage import digest


def with_features(dataset: Dataset, modality: str, encoder: str, progress: Progress | None = None) -> Dataset:
    """The same data set with a frozen encoder's features in the place of a modality: a table of the same name.

    Features are computed once for all clients and runs. They lie in the user's cache under a digest of the encoder (its
    name, version and weights) and of the values that it is given, so another encoder, other data or other rows are
    another file. Rows where the modality is absent stay absent and are not computed.

    Args:
        dataset: from a source, or your own.
        modality: one of its.
        encoder: a name in `FEATURES`, or `hf:FOLDER`, see `data.features.pretrained`.
        progress: is told how far the computation is, whoever listens to `data.progress` where None; never called where
            the features are in the cache.

    Raises:
        UserError: there is no such modality or encoder, they do not fit together, the encoder lacks something that it
            needs, or the file in the cache is damaged.
    """
    if modality not in dataset.modalities:
        raise unknown(f"modality of {dataset.name}", modality, dataset.modalities)
    chosen, sense = frozen_encoder(encoder), dataset.modalities[modality]
    encoder = short_name(encoder)
    if sense.kind != chosen.kind:
        raise UserError(
            f"the frozen encoder {encoder} takes a modality of kind {chosen.kind}, but {modality} of {dataset.name} is "
            f"of kind {sense.kind}: leave out {modality}={encoder}."
        )
    there = dataset.samples.present[modality]
    values = torch.zeros(len(there), chosen.size)
    telling = progress or (lambda done, total: tell(f"features of {modality} by {encoder}", done, total))
    values[there] = _features(dataset.samples.x[modality][there], sense, encoder, chosen, telling)
    card = dataset.card
    told = f"table, {chosen.size}, features of the frozen encoder {encoder}"
    return replace(
        dataset,
        modalities={**dataset.modalities, modality: Modality(modality, "table", (chosen.size,))},
        samples=replace(dataset.samples, x={**dataset.samples.x, modality: values}),
        card=replace(card, modalities={**card.modalities, modality: told}),
    )


def _features(values: Tensor, sense: Modality, name: str, encoder: FrozenEncoder, progress: Progress) -> Tensor:
    """Out of the cache, or computed and put there: float32 [rows, size]."""
    said = [name, encoder.version, encoder.weights, encoder.size, sense.kind, sense.shape, sense.unit, sense.rate]
    key = digest({"values": values}, "\x1f".join(map(str, said)))[:32]
    path = cache_folder() / "features" / f"{re.sub(r'[^A-Za-z0-9_-]', '_', name)}-{key}.safetensors"

    def build() -> tuple[dict[str, Tensor], Meta]:
        found = encoder.encode(values, sense, progress) if len(values) else torch.zeros(0, encoder.size)
        _check(found, (len(values), encoder.size), name)
        return {"features": found}, {"encoder": name, "version": encoder.version, "weights": encoder.weights}

    tensors, _ = kept_tensors(path, build, "delete it, and the features are computed anew")
    return tensors["features"]


def _check(found: Tensor, shape: tuple[int, int], name: str) -> None:
    """Refuse features that no model should see.

    Raises:
        UserError: they are of another shape or type, or not finite.
    """
    wanted = f"let it return finite float32 values of shape {shape}."
    if found.shape != shape or found.dtype != torch.float32:
        kind = str(found.dtype).removeprefix("torch.")
        raise UserError(f"the frozen encoder {name} gave {kind} values of shape {tuple(found.shape)}: {wanted}")
    if not bool(found.isfinite().all()):
        row = int((~found.isfinite()).any(dim=1).nonzero()[0])
        raise UserError(f"the frozen encoder {name} gave a value that is not finite for row {row}: {wanted}")
