"""Moving labels apart."""

from collections.abc import Sequence


def apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near to those wanted as can be (in the sum of squares), no two closer than `gap`, in the same order.

    Those that would overlap form a block, which lies about the mean of what its members want (the algorithm that pools
    adjacent violators); then all are moved into [low, high], as far as that is long enough.

    Args:
        wanted: places, in any order.
        gap: between neighbours.
        low: where the first may lie.
        high: where the last may lie.

    Returns:
        Places, in the order given.
    """
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    blocks: list[tuple[float, int]] = []
    for place, n in enumerate(order):
        mean, size = wanted[n] - place * gap, 1
        while blocks and blocks[-1][0] >= mean:
            before, many = blocks.pop()
            mean, size = (mean * size + before * many) / (size + many), size + many
        blocks.append((mean, size))
    levels = [mean for mean, size in blocks for _ in range(size)]
    top = max(low, high - (len(wanted) - 1) * gap)
    found = [0.0] * len(wanted)
    for place, (n, level) in enumerate(zip(order, levels, strict=True)):
        found[n] = min(max(level, low), top) + place * gap
    return found
