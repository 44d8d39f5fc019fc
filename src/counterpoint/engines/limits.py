"""Which tensors move in a training, and for how many steps each."""

from collections.abc import Mapping, Sequence

from counterpoint.errors import unknown
from counterpoint.exchange.layout import Layout, Tensors
from counterpoint.methods.client import Loss, Objective, Steps


def block_of(name: str, layout: Layout) -> str:
    """The block of a tensor; of one that the model does not have, the first part of its name."""
    return layout[name].block if name in layout else name.partition(".")[0]


def in_turn(
    loss: Loss | Sequence[Objective], tensors: Mapping[str, object], layout: Layout
) -> list[tuple[Loss, set[str]]]:
    """The losses of a training in the order in which a batch gets them, and names of the tensors that each may move.

    Raises:
        UserError: an objective names a block that does not exist.
    """
    if not isinstance(loss, Sequence):
        return [(loss, set(tensors))]
    blocks = {name: block_of(name, layout) for name in tensors}
    known = {*layout.blocks, *blocks.values()}
    for objective in loss:
        if wrong := sorted(set(objective.trainable or ()) - known):
            raise unknown("block", wrong[0], known)
    return [
        (one.loss, {n for n, block in blocks.items() if one.trainable is None or block in one.trainable})
        for one in loss
    ]


def step_limits(tensors: Tensors, layout: Layout, trainable: Sequence[str] | None, steps: Steps) -> dict[str, int]:
    """How many steps each tensor takes that moves at all.

    Integers, buffers and frozen parameters do not move, nor does what `trainable` leaves out.

    Args:
        tensors: what is trained.
        layout: of the model.
        trainable: blocks that move; all where None.
        steps: a number, or {block: number}; a block that it leaves out takes as many as the longest of those named
            that are among the tensors.

    Raises:
        UserError: a block that does not exist.
    """
    blocks = {name: block_of(name, layout) for name in tensors}
    per_block = {block: int(count) for block, count in steps.items()} if isinstance(steps, Mapping) else {}
    known = {*layout.blocks, *blocks.values()}
    if wrong := sorted({*(trainable or ()), *per_block} - known):
        raise unknown("block", wrong[0], known)
    here = [count for block, count in per_block.items() if block in blocks.values()]
    longest = max(here, default=0) if isinstance(steps, Mapping) else int(steps)
    return {
        name: per_block.get(blocks[name], longest)
        for name, value in tensors.items()
        if value.is_floating_point()
        and not (name in layout and layout[name].fixed)
        and (trainable is None or blocks[name] in trainable)
    }
