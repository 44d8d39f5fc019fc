"""How many operations a forward pass takes, block by block."""

from collections.abc import Mapping

import torch
from torch.utils.flop_counter import FlopCounterMode

from counterpoint.data.modality import Modality
from counterpoint.data.samples import Batch
from counterpoint.models.mode import training
from counterpoint.models.model import Model

LEAST = 2
"""Operations a parameter, at least: a product and a sum. Some kernels are not counted."""


def flops_by_block(model: Model, modalities: Mapping[str, Modality]) -> dict[str, int]:
    """Floating-point operations of a forward pass of one row that has all modalities, by block of the model.

    Products and sums of matrix products and convolutions, as PyTorch counts them; what is left out (activations, norms)
    is small beside them. A block that comes out with fewer than two a parameter, because its kernel is one that PyTorch
    does not count (fused LSTMs) or because predicting does not need it, counts as two a parameter.

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
    with torch.no_grad(), training(False), FlopCounterMode(display=False) as counter:
        model(model.initial, batch)
    counts = {name: sum(found.values()) for name, found in counter.get_flop_counts().items()}
    return {block: max(_counted(counts, block), LEAST * _parameters(model, block)) for block in model.layout.blocks}


def _counted(counts: Mapping[str, int], block: str) -> int:
    """What the block's module took; its name ends with the block's, after that of the whole model."""
    found = [count for name, count in counts.items() if name.endswith(f".{block}")]
    return max(found, default=0)


def _parameters(model: Model, block: str) -> int:
    return sum(
        torch.Size(model.layout[n].shape).numel() for n in model.layout.of_block(block) if not model.layout[n].fixed
    )
