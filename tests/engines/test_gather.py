"""Batches of many clients at once: everyone's own rows, each once an epoch, and nobody else's."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data import Samples
from counterpoint.data.samples import Batch
from counterpoint.engines.gather import CommonRows, Look, OwnRows, Pool
from counterpoint.engines.plan import batches

Make = Callable[..., Any]
SIZES = (5, 1, 12, 4, 8)
CHOSEN = (3, 0, 2, 1)
"""Some clients of the pool, not in its order."""


@pytest.fixture
def parts(make_samples: Make) -> list[Samples]:
    return [make_samples(rows, key=f"part {i}", gaps=0.3) for i, rows in enumerate(SIZES)]


@pytest.fixture
def own(parts: list[Samples]) -> OwnRows:
    return OwnRows(Pool(parts), CHOSEN)


def planned(sizes: Sequence[int], batch: int, epochs: int) -> tuple[list[list[Tensor]], list[int]]:
    """Orders as the engine draws them, and clients by falling number of steps."""
    counts = [-(-n // batch) * epochs for n in sizes]
    orders = [
        batches(n, batch, count, torch.Generator().manual_seed(i))
        for i, (n, count) in enumerate(zip(sizes, counts, strict=True))
    ]
    return orders, sorted(range(len(sizes)), key=lambda place: -counts[place])


def seen(look: Look, row: int) -> Batch:
    """What one of the active clients sees."""

    def cut(value: Any, dim: Any) -> Any:
        return (
            {m: cut(value[m], dim[m]) for m in value} if isinstance(value, dict) else value[row] if dim == 0 else value
        )

    return Batch(**{name: cut(value, look.dims[name]) for name, value in look.fields.items()})


def equal(batch: Batch, samples: Samples, index: Tensor) -> bool:
    """Whether a batch shows these rows of the samples where it counts; what is absent may hold anything."""
    keep = batch.mask
    expected = samples.batch(index)
    pairs = [(batch.label, expected.label), (batch.index, expected.index)]
    pairs += [(batch.present[m], expected.present[m]) for m in expected.present]
    seen = [(batch.x[m][keep][expected.present[m]], value[expected.present[m]]) for m, value in expected.x.items()]
    return all(torch.equal(found[keep], wanted) for found, wanted in pairs) and all(torch.equal(*pair) for pair in seen)


def test_absent_rows_hold_one_that_is_present(make_samples: Callable[..., Samples]) -> None:
    """Nothing of what an absent row held is left in a pool; a modality that is nowhere present is zero."""
    part = make_samples(6, key="gaps")
    present = {"acc": torch.tensor([False, True, False, True, True, True]), "gyro": torch.zeros(6, dtype=torch.bool)}
    poisoned = {m: v.masked_fill(~present[m][:, None, None], float("nan")) for m, v in part.x.items()}
    pool = Pool([Samples(poisoned, present, part.label, part.unit)])
    assert torch.equal(pool.x["acc"][0], part.x["acc"][1])
    assert torch.equal(pool.x["acc"][2], part.x["acc"][1])
    assert torch.equal(pool.x["acc"][3:], part.x["acc"][3:])
    assert not pool.x["gyro"].any()


@pytest.mark.parametrize("batch", [1, 3, 4, 5, 50])
@pytest.mark.parametrize("epochs", [1, 2])
def test_steps_show_each_client_its_own_batches(own: OwnRows, parts: list[Samples], batch: int, epochs: int):
    orders, places = planned(own.sizes, batch, epochs)
    taken = [0] * len(CHOSEN)
    walked: list[list[int]] = [[] for _ in CHOSEN]
    for step, look in enumerate(own.steps(orders, places)):
        at = look.at.tolist()
        assert at == places[: len(at)], "those that still have steps come first"
        assert set(at) == {place for place in places if len(orders[place]) > step}
        for row, place in enumerate(at):
            found = seen(look, row)
            assert equal(found, parts[CHOSEN[place]], orders[place][step])
            assert bool((found.index < own.sizes[place]).all()), "what only fills up is the client's own too"
            walked[place] += found.index[found.mask].tolist()
            taken[place] += 1
    assert taken == [len(order) for order in orders]
    for place, rows in enumerate(walked):
        size = own.sizes[place]
        for epoch in range(epochs):
            assert sorted(rows[epoch * size : (epoch + 1) * size]) == list(range(size)), "each row once an epoch"


def test_who_has_no_steps_is_never_active(own: OwnRows):
    orders = [[], [torch.tensor([1, 0])], [torch.tensor([2]), torch.tensor([0, 1])], []]
    looks = list(own.steps(orders, [2, 1, 0, 3]))
    assert [look.at.tolist() for look in looks] == [[2, 1], [2]]
    assert [look.mask.tolist() for look in looks] == [[[True, False], [True, True]], [[True, True]]]
    assert list(own.steps([[]] * 4, [0, 1, 2, 3])) == [] and list(OwnRows(own._pool, []).steps([], [])) == []


@pytest.mark.parametrize("rows", [1, 3, 4, 5, 6, 11, 12, 13, 100])
def test_chunks_show_each_row_once_in_order(own: OwnRows, parts: list[Samples], rows: int):
    walked: list[list[int]] = [[] for _ in CHOSEN]
    for look in own.chunks(rows):
        assert look.mask.shape[1] <= rows and bool(look.mask.any(1).all()), "who has no row left is not there"
        for row, place in enumerate(look.at.tolist()):
            found = seen(look, row)
            index = found.index[found.mask]
            assert equal(found, parts[CHOSEN[place]], index)
            walked[place] += index.tolist()
    assert walked == [list(range(size)) for size in own.sizes]


@pytest.mark.parametrize("rows", [1, 4, 5, 21, 22, 23])
def test_flat_shows_each_row_once_and_says_whose_it_is(own: OwnRows, parts: list[Samples], rows: int):
    walked: list[list[int]] = [[] for _ in CHOSEN]
    for batch, whose in own.flat(rows):
        assert len(batch) <= rows and bool(batch.mask.all())
        for place in range(len(CHOSEN)):
            mine = whose == place
            part = Batch(
                {m: v[mine] for m, v in batch.x.items()},
                {m: v[mine] for m, v in batch.present.items()},
                batch.label[mine],
                batch.index[mine],
                batch.mask[mine],
            )
            assert equal(part, parts[CHOSEN[place]], part.index)
            walked[place] += part.index.tolist()
    assert walked == [list(range(size)) for size in own.sizes]


def test_rows_of_other_clients_never_show(make_samples: Make):
    """All rows of the neighbours in the pool are NaN."""
    nan = float("nan")
    parts = [make_samples(rows, key=f"part {i}") for i, rows in enumerate((3, 1, 7, 2))]
    for i in (0, 2):
        for value in parts[i].x.values():
            value.fill_(nan)
    clean = OwnRows(Pool(parts), [3, 1])
    orders, places = planned(clean.sizes, 4, 2)
    looks = [*clean.steps(orders, places), *clean.chunks(2), *clean.chunks(64)]
    assert looks and all(bool(torch.isfinite(v).all()) for look in looks for v in look.fields["x"].values())
    flat = list(clean.flat(2))
    assert flat and all(bool(torch.isfinite(v).all()) for batch, _ in flat for v in batch.x.values())
    poisoned = OwnRows(Pool(parts), [0, 2])
    assert all(bool(v.isnan().all()) for look in poisoned.chunks(4) for v in look.fields["x"].values())


def test_presence_is_common_only_where_no_row_of_the_pool_lacks_it(make_samples: Make):
    whole, lacking = make_samples(6, key="whole"), make_samples(3, key="lacking")
    lacking.present["gyro"][2] = False
    (look,) = OwnRows(Pool([whole, lacking]), [0]).chunks(10)
    assert look.dims["present"] == {"acc": None, "gyro": 0}, "gyro is known to be missing somewhere in the pool"
    assert look.fields["present"]["acc"].tolist() == [True] * 6
    (look,) = OwnRows(Pool([whole, lacking]), [1, 0]).chunks(10)
    assert look.fields["present"]["gyro"][0].tolist()[:3] == [True, True, False]


@pytest.mark.parametrize("rows", [1, 3, 5, 6, 7, 50])
def test_common_rows_are_everyones(make_samples: Make, rows: int):
    samples = make_samples(6, key="common", gaps=0.3)
    common = CommonRows(samples, 3)
    walked = []
    for look in common.chunks(rows):
        assert look.at.tolist() == [0, 1, 2] and look.mask.shape == (3, len(look.fields["label"]))
        index = look.fields["index"]
        assert equal(seen(look, 1), samples, index)
        walked += index.tolist()
    assert walked == list(range(6)) and common.sizes == [6, 6, 6]
    counts: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for batch, whose in common.flat(rows):
        assert equal(batch, samples, batch.index)
        for place, row in zip(whose.tolist(), batch.index.tolist(), strict=True):
            counts[place].append(row)
    assert counts == {place: list(range(6)) for place in range(3)}
    with pytest.raises(ValueError, match="not for training"):
        common.steps([], [])


def test_splits_without_rows(make_samples: Make):
    empty, some = make_samples(0, key="empty"), make_samples(2, key="some")
    both = OwnRows(Pool([empty, some]), [0, 1])
    assert [look.at.tolist() for look in both.chunks(4)] == [[1]]
    assert [whose.tolist() for _, whose in both.flat(4)] == [[1, 1]]
    (look,) = OwnRows(Pool([empty, some]), [0]).chunks(4)
    assert look.at.tolist() == [0] and look.mask.shape == (1, 0), "shown once, so that its form is known"
