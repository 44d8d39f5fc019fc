"""What a method leaves behind to be looked at, in a file of the run folder."""

from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from counterpoint.data.samples import Samples
from counterpoint.errors import UserError
from counterpoint.methods.exhibit import Exhibit
from counterpoint.runs.checkpoint import load_checkpoint, save_checkpoint

Moment = Literal["before", "after"]
"""Before the first round, after the last."""


def keep_exhibit(path: Path, moment: Moment, exhibit: Exhibit, test: Samples) -> None:
    """Add an exhibit to the file, atomically; what it has of the other moment stays.

    Samples that are searched for and found go along, for whoever draws them does not have the data; in half precision
    where it can hold them.

    Args:
        path: of the file.
        moment: of the exhibit.
        exhibit: what is kept.
        test: the global test that the exhibit speaks of.

    Raises:
        UserError: there is a damaged file.
    """
    rows = exhibit.rows.cpu()
    state = {**read_exhibit(path), moment: dict(exhibit.z), "label": test.label[rows]}
    if exhibit.searches:
        told = exhibit.searches
        every = torch.cat([t.cpu().flatten() for s in told.values() for t in (s.query, s.found)])
        kept = torch.unique(every)
        place = torch.full((len(test),), -1)
        place[kept] = torch.arange(len(kept))
        pair = sorted(exhibit.z)
        state["samples"] = {"x": {m: _small(test.x[m][kept]) for m in pair}, "label": test.label[kept]}
        state["searches"] = {
            direction: {
                "query": place[s.query.cpu()],
                "found": place[s.found.cpu()],
                "right": s.right,
                "cosine": s.cosine,
                "rank": s.rank,
            }
            for direction, s in told.items()
        }
    save_checkpoint(path, state)


def _small(values: Tensor) -> Tensor:
    half = values.half()
    return half if torch.equal(half.isfinite(), values.isfinite()) else values


def read_exhibit(path: Path) -> dict[str, Any]:
    """What was kept; nothing, where there is no file.

    `before` and `after`, embeddings by modality; `label` of these points; `searches` by direction, whose `query` and
    `found` are places in `samples`, `x` by modality and `label`.

    Raises:
        UserError: it is damaged.
    """
    if not path.exists():
        return {}
    try:
        return load_checkpoint(path)
    except UserError as error:
        raise UserError(f"{path} is damaged: delete it, and the report goes without what it shows") from error
