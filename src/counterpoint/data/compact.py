"""Values in the form in which they take the least room."""

from torch import Tensor

from counterpoint.data.modality import Kind

FULL_SCALE = {"image": 255.0, "audio": 32768.0, "text": 1.0}
"""By kind, the whole number that stands for one: pictures are uint8, sound is int16, text is uint8."""


def widened(values: Tensor, kind: Kind) -> Tensor:
    """Float32 values out of compact ones; float values as they are.

    Args:
        values: [rows, *shape].
        kind: of their modality.
    """
    if values.is_floating_point():
        return values.float()
    return values.float().div_(FULL_SCALE[kind])
