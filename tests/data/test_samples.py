"""Rows of several clients laid side by side."""

from collections.abc import Sequence

import pytest
import torch

from counterpoint.data import Dataset, Samples, populate
from counterpoint.data.samples import side_by_side

SHAPES = {"acc": (2, 3), "gyro": (4,), "text": ()}


def samples(rows: int, modalities: Sequence[str], seed: int = 0) -> Samples:
    source = torch.Generator().manual_seed(100 * seed + rows)
    return Samples(
        {m: torch.randn(rows, *SHAPES[m], generator=source) for m in modalities},
        {m: torch.rand(rows, generator=source) < 0.6 for m in modalities},
        torch.randint(3, (rows,), generator=source),
        torch.arange(rows) + 10 * seed,
    )


def same(a: Samples, b: Samples) -> bool:
    parts = [(a.label, b.label), (a.unit, b.unit)]
    parts += [(getattr(a, name)[m], getattr(b, name)[m]) for name in ("x", "present") for m in a.x]
    return list(a.x) == list(b.x) and all(torch.equal(x, y) and x.dtype == y.dtype for x, y in parts)


def mixed() -> list[Samples]:
    kinds = (["gyro", "acc"], ["acc"], ["text", "gyro", "acc"], ["gyro"], ["acc", "gyro"])
    return [samples(rows, kind, i) for i, (rows, kind) in enumerate(zip((3, 1, 4, 0, 2), kinds, strict=True))]


def test_the_parts_are_the_same() -> None:
    """Whatever modalities each has, in whatever order, and however few rows."""
    parts = mixed()
    laid = side_by_side(parts)
    assert len(laid) == len(parts) and all(map(same, laid, parts))


def test_they_lie_in_one_tensor_in_their_order() -> None:
    laid = side_by_side(mixed())
    for values in (
        *([part.x[m] for part in laid if m in part.x] for m in SHAPES),
        *([part.present[m] for part in laid if m in part.x] for m in SHAPES),
        [part.label for part in laid],
        [part.unit for part in laid],
    ):
        assert len({value.untyped_storage().data_ptr() for value in values if len(value)}) == 1
        assert all(value.is_contiguous() for value in values)
        begin = 0
        for value in values:
            assert not len(value) or value.storage_offset() == begin
            begin += value.numel()
        assert begin * values[0].element_size() == values[0].untyped_storage().nbytes()


def test_they_are_copies() -> None:
    parts = mixed()
    laid = side_by_side(parts)
    before = [part.x["acc"].clone() for part in parts if "acc" in part.x]
    for part in laid:
        for value in part.x.values():
            value.zero_()
    after = [part.x["acc"] for part in parts if "acc" in part.x]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_no_parts_and_one() -> None:
    assert side_by_side([]) == []
    one = samples(4, ["acc"])
    (laid,) = side_by_side([one])
    assert same(laid, one)


@pytest.mark.parametrize("missing", ["none", "client:0.3", "sample:0.3"])
def test_populations_are_laid_so(watch: Dataset, missing: str) -> None:
    """Training rows of all clients in one tensor a modality, test rows in another."""
    people = populate(watch, missing=missing)
    for m in people.modalities:
        owners = [client for client in people.clients if m in client.modalities]
        found = [{c.train.x[m].untyped_storage().data_ptr() for c in owners}]
        found.append({c.test.x[m].untyped_storage().data_ptr() for c in owners})
        assert [len(storages) for storages in found] == [1, 1] and found[0] != found[1]
