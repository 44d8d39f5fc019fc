"""PyTorch data sets with tuples and with dictionaries."""

from typing import Any

import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from counterpoint.data.own import from_torch
from counterpoint.errors import UserError

ROWS = 20
PICTURES = torch.linspace(0, 1, ROWS * 12).reshape(ROWS, 3, 2, 2)
SOUND = torch.linspace(-1, 1, ROWS * 8).reshape(ROWS, 1, 8)
LABEL = torch.arange(ROWS) % 2


class Visits(Dataset):  # type: ignore[type-arg]
    """Items are dictionaries; the data set notes which were asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __len__(self) -> int:
        return ROWS

    def __getitem__(self, row: int) -> dict[str, Any]:
        self.asked.append(row)
        note = None if row == 3 else f"visit {row}"
        scan = Image.new("L", (4, 4), 12 * row)
        return {"note": note, "scan": scan, "age": 30 + row, "ward": f"w{row % 3}", "ill": row % 2 == 0}


def test_tuples() -> None:
    dataset = from_torch(
        TensorDataset(PICTURES, SOUND, LABEL),
        modalities=("image", "sound"),
        kinds={"sound": "audio"},
        rates={"sound": 8000},
        client=["a", "b"] * 10,
    )
    assert torch.equal(dataset.samples.x["image"], PICTURES)
    assert torch.equal(dataset.samples.x["sound"], SOUND[:, 0])
    assert torch.equal(dataset.samples.label, LABEL)
    assert dataset.owners == ("a", "b")
    assert dataset.card.origin == "given from Python as a PyTorch data set"


def test_the_label_may_lie_anywhere() -> None:
    last = from_torch(TensorDataset(PICTURES, SOUND, LABEL), ["image"], label=-1)
    assert torch.equal(last.samples.label, LABEL)
    assert list(last.modalities) == ["image"]


def test_dictionaries_are_read_once() -> None:
    visits = Visits()
    dataset = from_torch(visits, ("note", "scan", "age"), label="ill", client="ward", sizes={"scan": 4})
    assert visits.asked == list(range(ROWS))
    kinds = {name: (modality.kind, modality.shape) for name, modality in dataset.modalities.items()}
    assert kinds == {"note": ("text", (8,)), "scan": ("image", (3, 4, 4)), "age": ("table", (1,))}
    assert dataset.task.classes == ("False", "True")
    assert dataset.owners == ("w0", "w1", "w2")
    assert not dataset.samples.present["note"][3]


class Stream(IterableDataset):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        return iter(())


@pytest.mark.parametrize(
    ("dataset", "options", "sentence"),
    [
        (Stream(), {}, "Stream has no length or no items by number: give a map-style data set."),
        ([], {}, "there are no rows."),
        ([(1.0,), (2.0,)], {}, "the item of row 0 has 1 fields, none of them 1."),
        ([(1.0, 0), (2.0,)], {}, "the item of row 1 has 1 fields, none of them 1."),
        ([(1.0, 0), 2.0], {}, "the item of row 1 is of type float: it must be a tuple or a dict."),
        ([(1.0, 0), (2.0, 1)], {"label": "ill"}, "the item of row 0 has 2 fields, none of them 'ill'."),
        (
            [(1.0, 0), (2.0, 1)],
            {"client": "ward"},
            "items are tuples, which have no key 'ward': give one value by row.",
        ),
        ([{"a": 1.0, "lable": 0}], {}, "unknown key of the item of row 0 'label': did you mean 'lable'?"),
        ([(1.0, 0)], {"modalities": "a"}, "modalities='a': give a list of names."),
    ],
)
def test_mistakes(dataset: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        from_torch(dataset, **{"modalities": ("a",), **options})
    assert str(error.value) == sentence
