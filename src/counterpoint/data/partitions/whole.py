"""Planning who gets which piece, where pieces have very different numbers of rows."""

import numpy as np

from counterpoint.data.partitions.cells import Floats, Ints, Pieces


def plan(pieces: Pieces, share: Floats, rng: np.random.Generator) -> Ints:
    """Give each cell's rows to clients in proportion to their shares, in whole pieces, the largest first.

    A client lacks its share of the cell's rows less those that it was given. Each piece goes to a client that still
    lacks some, with a probability in proportion to how many. So on average each has its share, a client that has been
    given a very large piece gets no more of that cell, and small cells do not all go to the same clients.

    Args:
        pieces: what is dealt.
        share: [cells, clients], each cell's sum to 1.
        rng: decides.

    Returns:
        [pieces], the client of each.
    """
    rows = pieces.rows_of
    lacking = share * np.bincount(pieces.cell, weights=rows, minlength=len(share))[:, None]
    chance = 1 - rng.random(len(rows))
    client = np.zeros(len(rows), dtype=np.int64)
    for piece in np.lexsort((rng.random(len(rows)), -rows)).tolist():
        theirs = lacking[pieces.cell[piece]]
        ends = np.cumsum(np.maximum(theirs, 0))
        client[piece] = np.searchsorted(ends, chance[piece] * ends[-1])
        theirs[client[piece]] -= rows[piece]
    return client
