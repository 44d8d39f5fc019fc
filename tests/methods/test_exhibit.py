"""What methods that align modalities leave behind to be looked at."""

import torch
from torch import Tensor

from counterpoint.exchange.layout import Tensors
from counterpoint.methods.exhibit import MOST_POINTS, exhibit_of

EYE = torch.eye(8)


def rows(a: Tensor, b: Tensor, *, lacking: tuple[int, ...] = (), content: list[int] | None = None) -> Tensors:
    """Embeddings of a test whose rows are at places 100, 101, ..."""
    there = torch.ones(len(a), dtype=torch.bool)
    there[list(lacking)] = False
    found = {"z/image": a, "z/text": b, "present/image": there, "present/text": torch.ones_like(there)}
    if content is not None:
        found["content"] = torch.tensor(content, dtype=torch.float32)[:, None]
    return {**found, "index": torch.arange(100, 100 + len(a))}


def test_who_finds_its_counterpart_and_who_does_not() -> None:
    swapped = EYE[[1, 0, 2, 3, 4, 5, 6, 7]]
    found = exhibit_of(rows(EYE, swapped), ["image", "text"], "text", searches=True)
    assert found is not None
    assert list(found.searches) == ["image>text", "text>image"]
    told = found.searches["image>text"]
    assert told.query.shape == (6,)
    assert told.found.shape == told.right.shape == told.cosine.shape == (6, 5)
    for query, first, right, cosine, rank in zip(
        told.query.tolist(), told.found[:, 0], told.right.tolist(), told.cosine[:, 0], told.rank.tolist(), strict=True
    ):
        other = {100: 101, 101: 100}.get(query, query)
        assert int(first) == other and float(cosine) == 1
        assert right[0] == (other == query)
        assert (rank == 1) == (other == query)
    assert torch.equal(told.query, found.searches["text>image"].query), "both directions ask about the same samples"


def test_what_says_the_same_is_right() -> None:
    swapped = EYE[[1, 0, 2, 3, 4, 5, 6, 7]]
    content = [5, 5, 0, 1, 2, 3, 4, 6]
    found = exhibit_of(rows(EYE, swapped, content=content), ["image", "text"], "text", searches=True)
    assert found is not None
    assert bool(found.searches["image>text"].right[:, 0].all())
    assert found.searches["image>text"].rank.tolist() == [1] * 6


def test_a_map_of_few_rows_that_have_both() -> None:
    found = exhibit_of(rows(EYE, EYE, lacking=(2, 5)), ["image", "text"], "text", searches=False)
    assert found is not None and not found.searches
    assert found.rows.tolist() == [100, 101, 103, 104, 106, 107]
    assert torch.equal(found.z["image"], EYE[[0, 1, 3, 4, 6, 7]])


def test_a_map_is_no_larger_whatever_the_test_and_the_model_are() -> None:
    many = torch.randn(1000, 4)
    one, two = (exhibit_of(rows(z, z), ["image", "text"], "text", searches=False) for z in (many, many.flip(0)))
    assert one is not None and two is not None
    assert len(one.rows) == MOST_POINTS // 2 == 200
    assert torch.equal(one.rows, two.rows)
    assert torch.equal(one.z["text"], many[one.rows - 100])


def test_of_several_modalities_the_pair_with_the_text() -> None:
    three = {**rows(EYE, EYE), "z/audio": EYE, "present/audio": torch.ones(8, dtype=torch.bool)}
    found = exhibit_of(three, ["audio", "image", "text"], "text", searches=True)
    assert found is not None and sorted(found.z) == ["audio", "text"]
    plain = exhibit_of(three, ["audio", "image", "text"], "", searches=True)
    assert plain is not None and sorted(plain.z) == ["audio", "image"]


def test_nothing_to_show() -> None:
    assert exhibit_of(rows(EYE, EYE, lacking=tuple(range(8))), ["image", "text"], "text", searches=True) is None
    assert exhibit_of(rows(EYE, EYE), ["image"], "", searches=True) is None
