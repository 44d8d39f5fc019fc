"""The one copy of rows: what is kept, what is overwritten, and where it lies."""

import pytest
import torch

from counterpoint.data import Samples
from counterpoint.data.bursts import Bursts
from counterpoint.data.masking import Cut, presence, taken


@pytest.fixture
def rows() -> Samples:
    """Four rows; the second lacks `b`, where something unreadable lies."""
    b = torch.tensor([[1.0, 2.0], [torch.nan, torch.inf], [5.0, 6.0], [7.0, 8.0]])
    present = {"b": torch.tensor([True, False, True, True]), "a": torch.ones(4, dtype=torch.bool)}
    return Samples({"b": b, "a": torch.arange(12.0).view(4, 1, 3) + 1}, present, torch.arange(4), torch.arange(4) + 10)


def test_presence_has_columns_by_name(rows: Samples) -> None:
    assert presence(rows).tolist() == [[True, True], [True, False], [True, True], [True, True]]


def test_what_is_not_kept_is_zero(rows: Samples) -> None:
    cut = Cut(torch.tensor([3, 1, 0]), torch.tensor([[True, True], [True, False], [False, True]]))
    (part,) = taken(rows, [cut], [("a", "b")])
    assert part.x["a"].tolist() == [[[10, 11, 12]], [[4, 5, 6]], [[0, 0, 0]]]
    assert part.x["b"].tolist() == [[7, 8], [0, 0], [1, 2]]
    assert part.present["a"].tolist() == [True, True, False]
    assert part.present["b"].tolist() == [True, False, True]
    assert part.label.tolist() == [3, 1, 0] and part.unit.tolist() == [13, 11, 10]
    assert rows.x["b"][1].isnan().any(), "the data set is left alone"


def test_steps_that_are_lost_are_zero(rows: Samples) -> None:
    bursts = {"a": Bursts(torch.tensor([[0], [1]]), torch.tensor([2]), 3)}
    cut = Cut(torch.tensor([0, 2]), torch.ones(2, 2, dtype=torch.bool), bursts)
    (part,) = taken(rows, [cut], [("a", "b")])
    assert part.x["a"].tolist() == [[[0, 0, 3]], [[7, 0, 0]]]
    (last,) = taken(rows, [cut.of(torch.tensor([1]))], [("a",)])
    assert last.x["a"].tolist() == [[[7, 0, 0]]]
    assert last.modalities == ("a",)


def test_parts_are_views_of_one_tensor_a_modality(rows: Samples) -> None:
    whole = presence(rows)
    cuts = [
        Cut(index, whole[index])
        for index in (torch.tensor([0, 1]), torch.tensor([], dtype=torch.long), torch.tensor([2]))
    ]
    parts = taken(rows, cuts, [("a", "b"), ("b",), ("a",)])
    assert [part.modalities for part in parts] == [("a", "b"), ("b",), ("a",)]
    assert [len(part) for part in parts] == [2, 0, 1]
    assert parts[1].x["b"].shape == (0, 2)
    assert parts[0].x["a"].untyped_storage().data_ptr() == parts[2].x["a"].untyped_storage().data_ptr()
    assert parts[0].x["a"].untyped_storage().nbytes() == 3 * 3 * 4
    assert parts[0].x["b"].untyped_storage().nbytes() == 2 * 2 * 4, "no room for who does not own it"


def test_hidden_labels(rows: Samples) -> None:
    (part,) = taken(rows, [Cut(torch.tensor([1, 2]), presence(rows)[1:3])], [("a", "b")], hidden=True)
    assert part.label.tolist() == [-1, -1] and part.label.dtype == torch.int64


def test_nobody_and_nothing(rows: Samples) -> None:
    nothing = Cut(torch.tensor([], dtype=torch.long), torch.empty(0, 2, dtype=torch.bool))
    (part,) = taken(rows, [nothing], [("a", "b")])
    assert len(part) == 0 and part.modalities == ("a", "b") and part.patterns() == {}
    (part,) = taken(rows, [nothing], [()])
    assert part.modalities == () and part.patterns() == {}


def test_rows_without_any_modality_are_dropped() -> None:
    bursts = {"a": Bursts(torch.tensor([[0], [1], [2]]), torch.tensor([1]), 3)}
    present = torch.tensor([[True, False], [False, False], [False, True]])
    cut = Cut(torch.tensor([4, 5, 6]), present, bursts).nonempty()
    assert cut.rows.tolist() == [4, 6] and cut.present.tolist() == [[True, False], [False, True]]
    assert cut.bursts["a"].begin.tolist() == [[0], [2]]
    assert len(cut.masked(torch.tensor([True, False])).nonempty()) == 1
