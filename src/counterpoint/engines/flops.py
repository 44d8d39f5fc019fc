"""How many operations a forward pass takes, block by block."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from counterpoint.data.modality import Modality
from counterpoint.data.samples import Batch
from counterpoint.models.mode import training
from counterpoint.models.model import Model

LEAST = 2
"""Operations a parameter of what is not counted: a product and a sum."""


def flops_by_block(model: Model, modalities: Mapping[str, Modality]) -> dict[str, int]:
    """Floating-point operations of a forward pass of one row that has all modalities, by block of the model.

    Products and sums of matrix products and convolutions, as PyTorch counts them; what is left out (activations, norms)
    is small beside them. A block of which nothing is counted, because its kernel is one that PyTorch does not count or
    because predicting does not need it, counts as two a parameter.

    Args:
        model: of the run.
        modalities: by name.
    """
    one = torch.zeros(1, dtype=torch.long)
    here = next(iter(model.initial.values())).device
    batch = Batch(
        {m: torch.zeros(1, *modalities[m].shape, device=here) for m in sorted(modalities)},
        {m: torch.ones(1, dtype=torch.bool, device=here) for m in sorted(modalities)},
        one.to(here),
        one.to(here),
        torch.ones(1, dtype=torch.bool, device=here),
    )
    known = {torch.ops.aten.mkldnn_rnn_layer: _fused}
    counter = FlopCounterMode(display=False, custom_mapping=known)
    with torch.no_grad(), training(False), _plain_attention(), counter:
        model(model.initial, batch)
    counts = {name: sum(found.values()) for name, found in counter.get_flop_counts().items()}
    root = type(model.module).__name__  # the counter's name for it; a block's name may occur again inside another block
    return {
        block: counts.get(f"{root}.{block}", 0) or LEAST * _parameters(model, block) for block in model.layout.blocks
    }


def _fused(inputs: Sequence[int], own: Sequence[int], back: Sequence[int], *_: Any, **__: Any) -> int:
    """A layer of a fused LSTM, by the shapes [steps, rows, width] of its input and of its two matrices."""
    steps, rows = inputs[:2]
    return 2 * steps * rows * (prod(own) + prod(back))


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Attention as products of matrices, which are counted; fused layers, which are not, are off meanwhile."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _parameters(model: Model, block: str) -> int:
    return sum(
        torch.Size(model.layout[n].shape).numel() for n in model.layout.of_block(block) if not model.layout[n].fixed
    )
