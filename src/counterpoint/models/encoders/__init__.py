"""Encoders by name, and which kinds of modality each is for."""

from collections.abc import Callable

from torch import nn

from counterpoint.data.modality import Kind, Modality
from counterpoint.errors import UserError, unknown
from counterpoint.models.encoders.cnn1d import SequenceCNN
from counterpoint.models.encoders.gru import SequenceGRU

ENCODERS: dict[tuple[Kind, str], Callable[[Modality, int], nn.Module]] = {
    ("sequence", "cnn"): lambda modality, width: SequenceCNN(modality.shape[0], width),
    ("sequence", "gru"): lambda modality, width: SequenceGRU(modality.shape[0], width),
}


def build_encoder(name: str, modality: Modality, width: int) -> nn.Module:
    """The encoder of this name for a modality: [rows, *shape] -> [rows, width].

    Raises:
        UserError: there is none of this name for this kind of modality.
    """
    fitting = {key: build for (kind, key), build in ENCODERS.items() if kind == modality.kind}
    if not fitting:
        raise UserError(f"there is no encoder for modality {modality.name!r} of kind {modality.kind!r}: give a model")
    if name not in fitting:
        raise unknown(f"encoder for modality {modality.name!r} ({modality.kind})", name, fitting)
    return fitting[name](modality, width)
