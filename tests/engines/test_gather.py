"""Batches of many clients at once: everyone's own rows, each once an epoch, and nobody else's."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from counterpoint.data import Samples
from counterpoint.data.samples import Batch, side_by_side
from counterpoint.engines import gather
from counterpoint.engines.gather import CommonRows, Look, OwnRows, Pool
from counterpoint.engines.plan import Plan, batches, plan, steps_in

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


def planned(sizes: Sequence[int], batch: int, steps: Sequence[int]) -> tuple[Plan, Tensor, list[list[Tensor]]]:
    """A plan of clients by falling number of steps, their places, and each one's batches by the reference."""
    places = sorted(range(len(sizes)), key=lambda place: -steps[place])
    made = plan([sizes[p] for p in places], batch, [steps[p] for p in places], places)
    orders = [batches(sizes[p], batch, steps[p], torch.Generator().manual_seed(p)) for p in range(len(sizes))]
    return made, torch.tensor(places, dtype=torch.long), orders


def of_epochs(sizes: Sequence[int], batch: int, epochs: int) -> tuple[Plan, Tensor, list[list[Tensor]]]:
    return planned(sizes, batch, [steps_in(n, batch, epochs) for n in sizes])


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
    acc = pool.values("acc", torch.arange(6))
    assert torch.equal(acc[0], part.x["acc"][1])
    assert torch.equal(acc[2], part.x["acc"][1])
    assert torch.equal(acc[3:], part.x["acc"][3:])
    assert torch.equal(pool.values("gyro", torch.arange(6)), torch.zeros(6, 2, 3))


@pytest.mark.parametrize("batch", [1, 3, 4, 5, 50])
@pytest.mark.parametrize("epochs", [1, 2])
def test_steps_show_each_client_its_own_batches(own: OwnRows, parts: list[Samples], batch: int, epochs: int):
    made, at_places, orders = of_epochs(own.sizes, batch, epochs)
    places = at_places.tolist()
    taken = [0] * len(CHOSEN)
    walked: list[list[int]] = [[] for _ in CHOSEN]
    for step, look in enumerate(own.steps(made, at_places)):
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
    """Clients of 4, 5, 12 and 1 rows; the second takes one step, the third two, the others none."""
    made, places, _ = planned(own.sizes, 3, [0, 1, 2, 0])
    looks = list(own.steps(made, places))
    assert [look.at.tolist() for look in looks] == [[2, 1], [2]]
    assert [look.mask.tolist() for look in looks] == [[[True] * 3] * 2, [[True] * 3]]
    made, places, _ = planned(own.sizes, 3, [0] * 4)
    assert list(own.steps(made, places)) == []


def test_batches_are_as_wide_as_the_longest_of_their_step(own: OwnRows):
    made, places, _ = planned(own.sizes, 5, [1, 1, 3, 1])
    assert [look.mask.sum(1).tolist() for look in own.steps(made, places)] == [[5, 4, 5, 1], [5], [2]]
    assert [look.mask.shape[1] for look in own.steps(made, places)] == [5, 5, 2]


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
    made, places, _ = of_epochs(clean.sizes, 4, 2)
    looks = [*clean.steps(made, places), *clean.chunks(2), *clean.chunks(64)]
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


def test_each_trains_on_common_rows_in_an_order_of_its_own(make_samples: Make) -> None:
    samples = make_samples(6, key="common", gaps=0.4)
    drawn = plan([6, 6], 4, [3, 2], [1, 2])
    looks = list(CommonRows(samples, 2).steps(drawn, torch.tensor([1, 0])))
    assert [look.at.tolist() for look in looks] == [[1, 0], [1, 0], [1]]
    for step, look in enumerate(looks):
        for place in range(len(look.at)):
            order = batches(6, 4, 3, torch.Generator().manual_seed(place + 1))[step]
            assert look.fields["index"][place][look.mask[place]].tolist() == order.tolist()
            there = look.fields["present"]["acc"][place][look.mask[place]]
            values = look.fields["x"]["acc"][place][look.mask[place]]
            assert torch.equal(there, samples.present["acc"][order])
            assert torch.equal(values[there], samples.x["acc"][order][there])


def test_splits_without_rows(make_samples: Make):
    empty, some = make_samples(0, key="empty"), make_samples(2, key="some")
    both = OwnRows(Pool([empty, some]), [0, 1])
    assert [look.at.tolist() for look in both.chunks(4)] == [[1]]
    assert [whose.tolist() for _, whose in both.flat(4)] == [[1, 1]]
    (look,) = OwnRows(Pool([empty, some]), [0]).chunks(4)
    assert look.at.tolist() == [0] and look.mask.shape == (1, 0), "shown once, so that its form is known"


def values(pool: Pool, modality: str) -> Tensor:
    return pool.values(modality, torch.arange(sum(pool.sizes)))


def storages(samples: Samples) -> set[int]:
    return {value.untyped_storage().data_ptr() for value in samples.x.values()}


@pytest.mark.parametrize("gaps", [0.0, 0.5])
def test_a_pool_is_the_same_wherever_its_parts_lie(make_samples: Make, gaps: float):
    apart = [make_samples(rows, key=f"part {i}", gaps=gaps) for i, rows in enumerate(SIZES)]
    together = side_by_side(apart)
    turned = [together[i] for i in (3, 1, 4, 0)]
    for some in ([*range(5)], [3, 1, 4, 0], [2], [0, 2, 4]):
        one, other = Pool([apart[i] for i in some]), Pool([together[i] for i in some])
        assert one.sizes == other.sizes and one.first == other.first and one.complete == other.complete
        assert torch.equal(one.label, other.label)
        for m in ("acc", "gyro"):
            assert torch.equal(one.present[m], other.present[m])
            assert torch.equal(values(one, m), values(other, m))
    expected = torch.cat([part.x["acc"] for part in turned])
    there = torch.cat([part.present["acc"] for part in turned])
    assert torch.equal(values(Pool(turned), "acc")[there], expected[there])


def test_what_lies_in_one_tensor_is_not_copied(make_samples: Make):
    apart = [make_samples(rows, key=f"part {i}", gaps=0.4) for i, rows in enumerate(SIZES)]
    for some in ([0, 1, 2, 3, 4], [4, 2], [1]):
        together = side_by_side(apart)
        pool = Pool([together[i] for i in some])
        assert {pool._x[m].untyped_storage().data_ptr() for m in pool.modalities} == storages(together[0])
        copied = Pool([apart[i] for i in (4, 2)])
        assert not {copied._x[m].untyped_storage().data_ptr() for m in copied.modalities} & storages(apart[4])


def test_clients_of_other_structures_lie_between(make_samples: Make):
    """One storage holds the clients of both structures; the pool of each reads its own rows only."""
    kinds = (["acc"], ["acc", "gyro"], ["gyro"], ["acc", "gyro"], ["acc"])
    apart = [
        make_samples(n, owned, key=f"part {i}", gaps=0.3) for i, (n, owned) in enumerate(zip(SIZES, kinds, strict=True))
    ]
    together = side_by_side(apart)
    for some in ([1, 3], [0, 4], [2], [4, 0]):
        pool = OwnRows(Pool([together[i] for i in some]), range(len(some)))
        for look in pool.chunks(64):
            for row, place in enumerate(look.at.tolist()):
                found = seen(look, row)
                assert list(found.x) == list(kinds[some[place]])
                assert equal(found, apart[some[place]], found.index[found.mask])


@pytest.mark.parametrize("odd", ["begins within a row", "skips rows", "is turned", "is repeated"])
def test_a_part_of_one_tensor_that_is_not_whole_rows_of_it(make_samples: Make, odd: str):
    """Then everything is copied."""
    base = torch.randn(40, 2, 3)
    views = {
        "begins within a row": base.flatten()[3:33].view(5, 2, 3),
        "skips rows": base[1:11:2],
        "is turned": base.view(40, 3, 2)[:5].transpose(1, 2),
        "is repeated": base[3:4].expand(5, 2, 3),
    }
    whole = make_samples(5, ["acc"], key="views")
    parts = [replace(whole, x={"acc": x}) for x in (base[7:12], views[odd], base[:5])]
    assert torch.equal(values(Pool(parts), "acc"), torch.cat([part.x["acc"] for part in parts]))


def test_a_part_of_one_row_with_a_stride_of_its_own(make_samples: Make):
    base = torch.randn(20, 2, 3)
    views = [base[::20], base[1:5]]
    whole = make_samples(4, ["acc"], key="views")
    parts = [replace(whole.rows(torch.arange(len(x))), x={"acc": x}) for x in views]
    assert torch.equal(values(Pool(parts), "acc"), base[:5])


@pytest.mark.parametrize("together", [False, True])
def test_a_stand_in_is_present_and_ones_own_if_there_is_one(make_samples: Make, together: bool):
    parts = [make_samples(4, key=f"part {i}") for i in range(3)]
    parts[0].present["acc"][:] = torch.tensor([False, False, True, True])
    parts[1].present["acc"][:] = False
    parts[2].present["acc"][:] = torch.tensor([True, False, True, True])
    for i, part in enumerate(parts):
        part.x["acc"].masked_fill_(~part.present["acc"][:, None, None], float("nan"))
        part.x["gyro"][:] = i
    parts = side_by_side(parts) if together else parts
    found = values(Pool(parts), "acc")
    assert bool(found.isfinite().all()), "what absent rows hold is never read"
    assert torch.equal(found[:2], parts[0].x["acc"][[2, 2]]), "its own first one"
    assert torch.equal(found[4:8], parts[0].x["acc"][[2] * 4]), "another client's where it has none"
    assert torch.equal(found[8:], parts[2].x["acc"][[0, 0, 2, 3]])


@pytest.mark.parametrize("together", [False, True])
def test_a_modality_that_nobody_has_is_zeros(make_samples: Make, together: bool):
    parts = [make_samples(n, key=f"part {n}") for n in (3, 2)]
    for part in parts:
        part.present["gyro"][:] = False
        part.x["gyro"].fill_(float("nan"))
    pool = Pool(side_by_side(parts) if together else parts)
    assert torch.equal(values(pool, "gyro"), torch.zeros(5, 2, 3))
    assert not pool.complete["gyro"] and not pool.present["gyro"].any()
    if together:
        assert bool(parts[0].x["gyro"].isnan().all()), "the population itself is left alone"


def same_looks(one: Look, other: Look) -> bool:
    def flat(fields: Any) -> list[Tensor]:
        return [t for value in fields.values() for t in (flat(value) if isinstance(value, dict) else [value])]

    pairs = zip(flat(one.fields), flat(other.fields), strict=True)
    return torch.equal(one.at, other.at) and one.dims == other.dims and all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_how_many_steps_are_gathered_at_once_shows_nowhere(own: OwnRows, monkeypatch: pytest.MonkeyPatch, batch: int):
    made, places, _ = planned(own.sizes, batch, [7, 2, 5, 0])
    whole = list(own.steps(made, places))
    assert len(whole) == 7
    for rows in (1, 2 * 4 * batch, 3 * 4 * batch + 1, 5 * 4 * batch):
        monkeypatch.setattr(gather, "GATHERED_ROWS", rows)
        again = list(own.steps(made, places))
        assert len(again) == 7 and all(map(same_looks, whole, again))
