"""How many bytes travelled, by block."""

from counterpoint.exchange.layout import Layout
from counterpoint.exchange.package import Package, address
from counterpoint.exchange.quantise import Precision, size_of

ENVELOPE = "envelope"
"""What an encoded package holds beside its tensors' values: names, shapes, types."""


def bytes_by_block(package: Package, encoded: int, layout: Layout, precision: Precision = "float32") -> dict[str, int]:
    """The bytes of an encoded package, by block of the model; a tensor's scales count with it.

    Tensors outside the model count under their field's name (or `field.modality`), and the rest under `envelope`, so
    that the values add up to `encoded`.

    Args:
        package: what was encoded, or what it was decoded to.
        encoded: its length in bytes.
        layout: of the model.
        precision: that it was encoded in.
    """
    of = {f.name: address(f) for f in package.payload()}
    count: dict[str, int] = {}
    for (field, name), tensor in package.tensors().items():
        if of[field] == "block":
            block = layout[name].block if name in layout else field
        else:
            block = f"{field}.{name}" if of[field] == "modality" else field
        count[block] = count.get(block, 0) + size_of(tensor.shape, tensor.dtype, precision)
    count[ENVELOPE] = encoded - sum(count.values())
    return count
