"""Encoders by name, and which kinds of modality each is for."""

from collections.abc import Callable, Mapping

from torch import nn

from counterpoint.data.modality import Kind, Modality
from counterpoint.errors import UserError, unknown
from counterpoint.models.encoders.cnn1d import SequenceCNN
from counterpoint.models.encoders.cnn2d import ImageCNN
from counterpoint.models.encoders.gru import SequenceGRU
from counterpoint.models.encoders.logmel import AudioLogMel
from counterpoint.models.encoders.mlp import TableMLP
from counterpoint.models.encoders.ngrams import TextNgrams
from counterpoint.models.encoders.transformer import TextTransformer

Builder = Callable[[Modality, int], nn.Module]

ENCODERS: Mapping[Kind, Mapping[str, Builder]] = {
    "sequence": {
        "cnn": lambda modality, width: SequenceCNN(modality.shape[0], width),
        "gru": lambda modality, width: SequenceGRU(modality.shape[0], width),
    },
    "image": {"cnn": lambda modality, width: ImageCNN(modality.shape[0], width)},
    "text": {
        "ngrams": lambda modality, width: TextNgrams(width),
        "transformer": lambda modality, width: TextTransformer(modality.shape[0], width),
    },
    "audio": {"logmel": lambda modality, width: AudioLogMel(modality.shape[0], modality.rate, width)},
    "table": {"mlp": lambda modality, width: TableMLP(modality.shape[0], width)},
}
"""By kind of modality; the first of a kind is its default."""

_AXES: Mapping[Kind, tuple[str, ...]] = {
    "sequence": ("channels", "steps"),
    "image": ("channels", "height", "width"),
    "text": ("bytes",),
    "audio": ("samples",),
    "table": ("columns",),
}


def encoder_names(kind: Kind) -> tuple[str, ...]:
    """Names of the encoders for a kind of modality, its default first."""
    return tuple(ENCODERS.get(kind, ()))


def build_encoder(name: str, modality: Modality, width: int) -> nn.Module:
    """The encoder of this name for a modality: [rows, *shape] -> [rows, width].

    Raises:
        UserError: there is none of this name for this kind of modality, or the modality's shape is not of its kind.
    """
    kind, fitting = modality.kind, ENCODERS.get(modality.kind, {})
    if not fitting:
        raise UserError(f"there is no encoder for modality {modality.name!r} of kind {kind!r}: give a model")
    if name not in fitting:
        raise unknown(f"encoder for modality {modality.name!r} ({kind})", name, fitting)
    if len(modality.shape) != len(_AXES[kind]) or min(modality.shape) < 1:
        raise UserError(
            f"modality {modality.name!r} of kind {kind!r} has shape {modality.shape}: make it {_AXES[kind]}"
        )
    return fitting[name](modality, width)
