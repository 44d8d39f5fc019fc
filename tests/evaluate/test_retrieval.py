"""Finding counterparts, by hand, against sorting everything, and by chance."""

import math

import pytest
import torch
from torch import Tensor

from counterpoint.evaluate import nearest, ranks, retrieval, retrieval_scores
from counterpoint.evaluate.retrieval import CELLS
from counterpoint.randomness import generator


def on_circle(*degrees: float) -> Tensor:
    angle = torch.tensor(degrees).deg2rad()
    return torch.stack([angle.cos(), angle.sin()], 1)


def drawn(n: int, width: int, *key: str) -> Tensor:
    return torch.randn(n, width, generator=generator(0, *key))


def by_sorting(a: Tensor, b: Tensor, groups: Tensor) -> list[int]:
    """Place of the first right candidate of each query, where no two are equally near."""
    found = []
    for i, query in enumerate(a):
        cosine = torch.nn.functional.cosine_similarity(query[None], b)
        right = [bool(groups[j] == groups[i]) for j in cosine.argsort(descending=True)]
        found.append(right.index(True) + 1)
    return found


def test_ranks_by_hand() -> None:
    a, b = on_circle(0, 90, 180), on_circle(10, 80, 40)
    # at 0: 10, 40, 80; at 90: 80, 40, 10; at 180: 80, 40, 10
    assert ranks(a, b).tolist() == [1, 1, 2]
    # at 10: 0, 90, 180; at 80: 90, 0, 180; at 40: 0, 90, 180
    assert ranks(b, a).tolist() == [1, 1, 3]
    there, back = retrieval(5 * a, b / 7)
    assert there == {
        "recall@1": pytest.approx(2 / 3),
        "recall@5": 1,
        "recall@10": 1,
        "median_rank": 1,
        "mean_reciprocal_rank": pytest.approx((1 + 1 + 1 / 2) / 3),
    }
    assert back["mean_reciprocal_rank"] == pytest.approx((1 + 1 + 1 / 3) / 3)


def test_scores_of_ranks_by_hand() -> None:
    found = retrieval_scores(torch.tensor([1.0, 5.0, 5.5, 10.0]))
    assert found["recall@1"] == 0.25
    assert found["recall@5"] == 0.5
    assert found["recall@10"] == 1
    assert found["median_rank"] == 5.25
    assert found["mean_reciprocal_rank"] == pytest.approx((1 + 1 / 5 + 2 / 11 + 1 / 10) / 4)


def test_a_duplicate_of_the_right_one_is_right() -> None:
    a, b = on_circle(30, 0, 60), on_circle(50, 0, 40)
    assert ranks(a, b).tolist() == [2, 1, 2]
    same = torch.tensor([7, 3, 7])
    assert ranks(a, b, same).tolist() == [1, 1, 1]
    assert ranks(on_circle(170, 0, 60), b, same).tolist() == [1, 1, 1]
    assert ranks(on_circle(-40, 0, 60), b, same).tolist() == [2, 1, 1], (
        "behind what is wrong it is second, and no better"
    )


def test_ties_count_as_what_is_expected() -> None:
    """Right ones r, wrong ones w as near, in all orders: the first right one is at (r + w + 1) / (r + 1) on average."""
    query = on_circle(0, 0, 0, 0, 0)
    candidates = on_circle(20, 20, 20, 20, 5)
    # of query 0 the last is nearer; 3 wrong ones tie with the right one: from 2 to 5
    assert ranks(query, candidates).tolist() == [3.5, 3.5, 3.5, 3.5, 1]
    groups = torch.tensor([0, 0, 1, 2, 3])
    assert ranks(query, candidates, groups).tolist() == pytest.approx([1 + 1 + 2 / 3, 1 + 1 + 2 / 3, 3.5, 3.5, 1])
    for right, wrong in ((1, 1), (1, 4), (2, 3), (3, 2)):
        groups = torch.tensor([0] * right + list(range(1, wrong + 1)))
        same = torch.ones(right + wrong, 2)
        draws = generator(1)
        places = torch.stack([torch.randperm(right + wrong, generator=draws)[:right].min() + 1 for _ in range(4000)])
        assert float(ranks(same, same, groups)[0]) == pytest.approx(float(places.double().mean()), abs=0.06)


def test_what_differs_by_rounding_alone_is_a_tie() -> None:
    b = torch.tensor([[1.0, 1.0], [1.0, 1.0 + 2e-8]], dtype=torch.float64)
    assert ranks(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), b).tolist() == [1.5, 1.5]
    assert ranks(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), b**50).tolist() == [1, 2], "this is more than rounding"


@pytest.mark.parametrize("damage", [0.0, math.nan, math.inf])
def test_a_damaged_model_finds_nothing(damage: float) -> None:
    """Not even where comparisons with what is no number say that no candidate is nearer."""
    for found in retrieval(torch.full((40, 8), damage), drawn(40, 8, "b")):
        assert found["recall@10"] == 0
        assert found["median_rank"] == 20.5


def test_a_model_that_maps_all_to_one_point_finds_nothing_by_position() -> None:
    there, back = retrieval(torch.ones(40, 8), drawn(40, 8, "b"))
    assert there["recall@10"] == 10 / 40, "all queries have one order of candidates"
    assert back["recall@10"] == 0, "all candidates tie"
    assert back["median_rank"] == 20.5


def test_one_damaged_embedding_is_last_and_spoils_no_other() -> None:
    a = drawn(30, 8, "a")
    b = a.clone()
    b[4] = math.nan
    found = ranks(a, b)
    assert float(found[4]) == 30
    assert found[torch.arange(30) != 4].tolist() == [1] * 29


def test_against_sorting_everything_in_any_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = drawn(57, 6, "a"), drawn(57, 6, "b")
    for groups in (torch.arange(57), torch.randint(0, 20, (57,), generator=generator(2))):
        expected = by_sorting(a, b, groups)
        for cells in (CELLS, 57 * 10, 57, 1):
            monkeypatch.setitem(ranks.__globals__, "CELLS", cells)
            assert ranks(a, b, groups).tolist() == expected
    assert ranks(a, b).tolist() == by_sorting(a, b, torch.arange(57))


def test_chance() -> None:
    n = 1500
    there, back = retrieval(drawn(n, 32, "a"), drawn(n, 32, "b"))
    for found in (there, back):
        for k in (1, 5, 10):
            spread = math.sqrt(k / n * (1 - k / n) / n)
            assert abs(found[f"recall@{k}"] - k / n) < 4 * spread
        assert found["median_rank"] == pytest.approx(n / 2, rel=0.1)


def test_a_shared_part_is_found() -> None:
    shared = drawn(300, 16, "shared")
    there, back = retrieval(shared + 0.1 * drawn(300, 16, "a"), shared + 0.1 * drawn(300, 16, "b"))
    assert min(there["recall@1"], back["recall@1"]) > 0.99


def test_chunks_hold_no_more_than_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    plain = torch.nan_to_num

    def watched(value: Tensor, nan: float) -> Tensor:
        seen.append(value.numel())
        return plain(value, nan=nan)

    monkeypatch.setattr(torch, "nan_to_num", watched)
    monkeypatch.setitem(ranks.__globals__, "CELLS", 5000)
    ranks(drawn(300, 4, "a"), drawn(300, 4, "b"))
    assert max(seen) == 300 * 16
    assert sum(seen) == 300 * 300


def test_the_nearest_and_of_equal_ones_the_first() -> None:
    places, cosines = nearest(on_circle(0, 90), on_circle(80, 10, 10, -30), 3)
    assert places.tolist() == [[1, 2, 3], [0, 1, 2]]
    expected = [math.cos(math.radians(d)) for d in (10, 10, 30, 10, 80, 80)]
    assert cosines.flatten().tolist() == pytest.approx(expected, abs=1e-6)
    assert nearest(on_circle(0), on_circle(80, 10), 5)[0].tolist() == [[1, 0]]
    assert [part.shape for part in nearest(torch.zeros(0, 2), on_circle(80, 10), 5)] == [(0, 2), (0, 2)]


def test_of_nothing_there_are_no_scores_and_what_are_no_pairs_is_refused() -> None:
    assert retrieval(torch.zeros(0, 4), torch.zeros(0, 4)) == ({}, {})
    assert ranks(torch.ones(1, 4), torch.ones(1, 4)).tolist() == [1]
    with pytest.raises(ValueError, match="2 queries, 3 candidates and 2 groups are not pairs"):
        ranks(torch.ones(2, 4), torch.ones(3, 4))
    with pytest.raises(ValueError, match="and 1 groups are not pairs"):
        ranks(torch.ones(2, 4), torch.ones(2, 4), torch.zeros(1))
