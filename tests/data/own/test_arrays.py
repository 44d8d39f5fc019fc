"""Arrays, tensors and lists become a data set; what is wrong is named with modality and row."""

from typing import Any

import numpy as np
import pytest
import torch

from counterpoint.data import Dataset, Side
from counterpoint.data.own import from_arrays
from counterpoint.data.text import unspell
from counterpoint.errors import UserError


def one(values: Any, **options: Any) -> Dataset:
    """A data set with one modality `m` and ten rows, of which the first two and the next two are held together."""
    return from_arrays({"m": values}, [0, 1] * 5, **options)


def column(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_the_whole(given: dict[str, Any]) -> None:
    dataset = from_arrays(
        **given, rates={"ecg": 100}, units={"ecg": "mV"}, title="Hearts", licence="ours", name="hearts"
    )
    assert (dataset.name, dataset.task.classes, dataset.owners) == (
        "hearts",
        ("0", "1"),
        ("ward 0", "ward 1", "ward 2"),
    )
    ecg, vitals, note = (dataset.modalities[m] for m in ("ecg", "vitals", "note"))
    assert (ecg.kind, ecg.shape, ecg.unit, ecg.rate) == ("sequence", (2, 16), "mV", 100.0)
    assert (vitals.kind, vitals.shape, vitals.unit) == ("table", (3,), "standardised")
    assert (note.kind, note.shape) == ("text", (len("note of class 0"),))
    assert all(values.dtype == torch.float32 for values in dataset.samples.x.values())
    assert torch.equal(dataset.samples.x["ecg"], torch.from_numpy(given["x"]["ecg"]))
    assert unspell(dataset.samples.x["note"][1]) == "note of class 1"
    assert dataset.owner.tolist() == [0, 1, 2] * 20
    card = dataset.card
    assert (card.name, card.title, card.licence, card.classes) == ("hearts", "Hearts", "ours", ("0", "1"))
    assert card.counts == {
        "rows": 60,
        "train rows": 48,
        "global test rows": 12,
        "units": 60,
        "owners": 3,
        "classes": 2,
    }
    assert card.modalities["ecg"] == "sequence, 2 x 16, mV, 100 a second"
    assert len(card.checksum) == 64


@pytest.mark.parametrize(
    ("dtype", "shape", "kind"),
    [
        (np.float32, (2, 5), "sequence"),
        (np.float32, (3, 2, 2), "image"),
        (np.uint8, (3, 2, 2), "image"),
        (np.float32, (6,), "audio"),
        (np.int16, (6,), "audio"),
        (np.float64, (6,), "table"),
    ],
)
def test_what_is_given_is_not_shared(dtype: Any, shape: tuple[int, ...], kind: str) -> None:
    values = np.ones((10, *shape), dtype)
    rates = {"m": 4} if kind == "audio" else None
    dataset = one(values, kinds={"m": kind}, rates=rates, standardise=False)
    before = dataset.samples.x["m"].clone()
    values[:] = 0
    assert torch.equal(dataset.samples.x["m"], before)


def test_the_global_test_is_a_fifth_of_each_class_whatever_the_name(given: dict[str, Any]) -> None:
    dataset, renamed = from_arrays(**given), from_arrays(**given, name="other")
    test = dataset.side == Side.GLOBAL_TEST
    assert dataset.samples.label[test].bincount().tolist() == [6, 6]
    assert set(dataset.side.tolist()) == {Side.TRAIN, Side.GLOBAL_TEST}
    assert torch.equal(dataset.side, renamed.side)


def test_the_checksum_tells_data_apart(given: dict[str, Any]) -> None:
    first = from_arrays(**given).card.checksum
    assert from_arrays(**given).card.checksum == first
    for part, row in ((given["label"], 3), (given["x"]["ecg"][3, 1], 4)):
        part[row] += 1
        assert from_arrays(**given, classes=["a", "b", "c"]).card.checksum != first
        part[row] -= 1


@pytest.mark.parametrize(
    ("shape", "dtype", "kind", "becomes"),
    [
        ((), np.float64, "table", (1,)),
        ((4,), np.int64, "table", (4,)),
        ((4,), np.uint8, "table", (4,)),
        ((4,), bool, "table", (4,)),
        ((2, 6), np.float32, "sequence", (2, 6)),
        ((5, 6), np.uint8, "image", (1, 5, 6)),
        ((3, 5, 6), np.float32, "image", (3, 5, 6)),
        ((1, 5, 6), np.uint8, "image", (1, 5, 6)),
        ((5, 6, 3), np.uint8, "image", (3, 5, 6)),
        ((5, 6, 1), np.float32, "image", (1, 5, 6)),
    ],
)
def test_kinds_by_shape_and_type(shape: tuple[int, ...], dtype: Any, kind: str, becomes: tuple[int, ...]) -> None:
    values = (np.arange(10 * int(np.prod(shape))).reshape(10, *shape) % 2).astype(dtype)
    for form in (values, torch.from_numpy(values), list(values), [torch.from_numpy(np.array(row)) for row in values]):
        modality = one(form).modalities["m"]
        assert (modality.kind, modality.shape) == (kind, becomes)


def test_what_is_said_of_a_kind_goes_before_its_shape() -> None:
    sound = np.linspace(-1, 1, 80, dtype=np.float32).reshape(10, 8)
    audio = one(sound, kinds={"m": "audio"}, rates={"m": 8000})
    assert (audio.modalities["m"].kind, audio.modalities["m"].rate) == ("audio", 8000.0)
    assert torch.equal(audio.samples.x["m"], torch.from_numpy(sound))
    assert one(sound, kinds={"m": "sequence"}).modalities["m"].shape == (1, 8)
    grey = one(np.abs(sound.reshape(10, 2, 4)), kinds={"m": "image"})
    assert grey.modalities["m"].shape == (1, 2, 4)


def test_pictures_go_from_0_to_1_and_channels_come_first() -> None:
    values = np.zeros((10, 4, 5, 3), np.uint8)
    values[2, 1, 3] = (255, 51, 0)
    found = one(values).samples.x["m"]
    assert found[2, :, 1, 3].tolist() == pytest.approx([1.0, 0.2, 0.0])
    assert torch.equal(one(values.astype(np.int64)).samples.x["m"], found)
    assert torch.equal(one(found).samples.x["m"], found)


def test_sound_of_16_bits_goes_from_minus_1_to_1() -> None:
    values = np.full((10, 4), -32768, np.int16)
    values[:, 1] = 16384
    found = one(values, kinds={"m": "audio"}, rates={"m": 4})
    assert found.samples.x["m"][0].tolist() == [-1.0, 0.5, -1.0, -1.0]
    assert one(values[:, None] / 32768, kinds={"m": "audio"}, rates={"m": 4}).modalities["m"].shape == (4,)


def test_tables_are_standardised_by_their_training_rows() -> None:
    values = column([1, 2, 3, 4, 5, 6, 7, 8, 900, 1000])
    split = ["train"] * 8 + ["global"] * 2
    found = one(values, split=split).samples.x["m"].flatten()
    mean, deviation = 4.5, np.sqrt(5.25)
    assert found.tolist() == pytest.approx(((values - mean) / deviation).tolist(), rel=1e-6)
    assert one(values, split=split, standardise=False).samples.x["m"].flatten().tolist() == values.tolist()


def test_a_constant_column_is_0_and_gaps_stay() -> None:
    values = np.stack([column([0.1] * 9 + [7.0]), column([0, 1] * 5)], axis=1)
    values[0, 0] = values[1, 1] = np.nan
    dataset = one(values, split=["train"] * 8 + ["global"] * 2)
    found = dataset.samples.x["m"]
    assert found[1:, 0].tolist() == [0.0] * 9
    assert found.isnan().nonzero().tolist() == [[0, 0], [1, 1]]
    assert found[2:8, 1].abs().max() < 2
    assert dataset.card.modalities["m"] == "table, 2 columns, standardised, missing cells: 2"


def test_columns_have_names() -> None:
    class Frame:
        columns = ("pulse", "pressure")

        def to_numpy(self) -> np.ndarray:
            return np.arange(20.0).reshape(10, 2)

    assert one(Frame()).modalities["m"].columns == ("pulse", "pressure")
    assert one(Frame().to_numpy(), columns={"m": ["a", "b"]}).modalities["m"].columns == ("a", "b")


@pytest.mark.parametrize("form", ["none", "nan"])
def test_a_row_of_nothing_lacks_the_modality(form: str) -> None:
    whole = np.random.default_rng(0).normal(size=(10, 2, 3))
    for values in (whole, whole[:, 0], whole[:, 0, 0]):
        given: Any = values.copy()
        given[4] = np.nan
        if form == "none":
            given = [None if i == 4 else row for i, row in enumerate(values)]
        dataset = from_arrays({"m": given, "other": np.ones(10)}, [0, 1] * 5)
        assert dataset.samples.present["m"].tolist() == [True] * 4 + [False] + [True] * 5
        assert not dataset.samples.x["m"][4].any()
        assert "absent from 1 of 10 rows" in dataset.card.modalities["m"]
        assert form == "none" or np.isnan(given[4]).all(), "what is given is left as it is"


def test_texts() -> None:
    dataset = from_arrays({"m": ["é" * 200, None, "", " ", *["short"] * 6], "n": np.ones(10)}, [0, 1] * 5)
    assert dataset.modalities["m"].shape == (256,)
    assert dataset.samples.present["m"].tolist() == [True, False, False, False] + [True] * 6
    assert unspell(dataset.samples.x["m"][0]) == "é" * 128
    assert "m: 1 of 7 texts are longer than 256 bytes and are cut" in dataset.card.traps
    assert one(np.array(["ab", "c"] * 5), lengths={"m": 8}).modalities["m"].shape == (8,)


def test_masked_and_half_precision_arrays() -> None:
    masked = np.ma.masked_equal(np.arange(20.0).reshape(10, 2), 3.0)
    assert one(masked).samples.x["m"].isnan().nonzero().tolist() == [[1, 1]]
    sparse = torch.eye(10)[:, :2].to_sparse()
    assert one(sparse, standardise=False).samples.x["m"].tolist()[:3] == [[1, 0], [0, 1], [0, 0]]
    half = torch.arange(10.0, dtype=torch.bfloat16)
    assert one(half, standardise=False).samples.x["m"].flatten().tolist() == list(range(10))


def test_labels() -> None:
    x = {"m": np.ones(6)}
    for label, classes in (
        (np.array([2, 0, 2, 0, 10, 10]), ("0", "2", "10")),
        (torch.tensor([2.0, 0, 2, 0, 10, 10]), ("0", "2", "10")),
        (["c", "a", "c", "a", "x", "x"], ("a", "c", "x")),
        ([True, False, True, False, True, True], ("False", "True")),
    ):
        dataset = from_arrays(x, label, split=["train", "global"] * 3)
        assert dataset.task.classes == classes
        assert dataset.samples.label[:4].tolist() == [1, 0, 1, 0]
    listed = from_arrays(x, ["b", "a"] * 3, classes=["b", "a", "never"])
    assert (listed.task.classes, listed.samples.label.tolist()) == (("b", "a", "never"), [0, 1] * 3)
    counted = from_arrays(x, [1, 0] * 3, classes=["zero", "one"])
    assert (counted.task.classes, counted.samples.label.tolist()) == (("zero", "one"), [1, 0] * 3)


def test_owners_and_units_are_sorted_as_people_do() -> None:
    names = ["ward 10", "ward 9", "ward 10", "bed 1"] * 3
    dataset = from_arrays({"m": np.ones(12)}, [0, 1] * 6, client=names, unit=[3, 20, 100, 7] * 3, test_share=0.5)
    assert dataset.owners == ("bed 1", "ward 9", "ward 10")
    assert dataset.owner[:4].tolist() == [2, 1, 2, 0]
    assert dataset.samples.unit[:4].tolist() == [0, 2, 3, 1]
    assert from_arrays({"m": np.ones(4)}, [0, 1] * 2, test_share=0.5).owners == ("everyone",)
    assert from_arrays({"m": np.ones(4)}, [0, 1] * 2, client=np.array([2.0, 1, 2, 1]), test_share=0.5).owners == (
        "1",
        "2",
    )


def test_a_unit_is_never_split(given: dict[str, Any]) -> None:
    unit = np.arange(60) // 4
    dataset = from_arrays(**given, unit=unit)
    sides = {one: {int(side) for side in dataset.side[torch.from_numpy(unit) == one]} for one in unit}
    assert all(len(found) == 1 for found in sides.values())


def test_sides_as_the_rows_say(given: dict[str, Any]) -> None:
    split = (["train"] * 3 + ["test"] + ["global"]) * 12
    dataset = from_arrays(**given, split=split)
    assert dataset.side[:5].tolist() == [Side.TRAIN] * 3 + [Side.CLIENT_TEST, Side.GLOBAL_TEST]
    assert dataset.card.split == "as the rows say, by row."
    assert dataset.card.counts["client test rows"] == 12


GOOD = np.ones((10, 2, 4))
GAP = GOOD.copy()
GAP[3, 1, 2] = np.nan
INFINITE = np.ones((10, 2))
INFINITE[6, 0] = np.inf
BRIGHT = np.full((10, 3, 4, 4), 0.5)
BRIGHT[7, 2, 1, 1] = 255.0
WIDE = np.full((10, 3, 4, 4), 200)
WIDE[1, 0, 0, 0] = 256
LOUD = np.zeros((10, 8))
LOUD[2, 5] = -1.5


@pytest.mark.parametrize(
    ("values", "options", "sentence"),
    [
        (np.ones((9, 2)), {}, "modality 'm' has 9 rows, but there are 10 labels: give one entry a row."),
        (GAP, {}, "modality 'm' (sequence): row 3 has values that are NaN and others that are not: fill the gaps, or"),
        (INFINITE, {}, "modality 'm': row 6 has an infinite value: take it out."),
        (
            BRIGHT,
            {},
            "modality 'm': row 7 has a value beyond 0 to 1 (255): give integers from 0 to 255, or floats from",
        ),
        (WIDE, {}, "modality 'm': row 1 has a value beyond 0 to 255 (256): "),
        (
            LOUD,
            {"kinds": {"m": "audio"}, "rates": {"m": 8}},
            "row 2 has a value beyond -1 to 1 (-1.5): divide by full scale.",
        ),
        (LOUD / 2, {"kinds": {"m": "audio"}}, "modality 'm' is sound: say its rate, for example rates={'m': 16000}."),
        (
            LOUD.astype(np.int32),
            {"kinds": {"m": "audio"}, "rates": {"m": 8}},
            "sound of type int32: give int16, or floats",
        ),
        (GOOD * 1e39, {}, "modality 'm': row 0 has a value that does not fit into 32 bits"),
        (np.ones((10, 5, 6, 7)), {}, "its rows have the shape (5, 6, 7), which is no picture: give [channels, height,"),
        (np.ones((10, 1, 1, 1, 1)), {}, "its rows have the shape (1, 1, 1, 1), which fits no kind: change it."),
        (
            GOOD,
            {"kinds": {"m": "audio"}, "rates": {"m": 8}},
            "row 0 has the shape (2, 4), but of a modality of kind audio",
        ),
        (
            GOOD,
            {"kinds": {"m": "table"}},
            "row 0 has the shape (2, 4), but of a modality of kind table its rows are lists",
        ),
        (np.ones((10, 0)), {}, "modality 'm': its rows have the shape (0,), which is empty: leave it out."),
        (np.full((10, 2), np.nan), {}, "modality 'm' is absent from every row: leave it out."),
        ([None] * 10, {}, "modality 'm' is absent from every row: leave it out."),
        ([""] * 10, {}, "modality 'm' is absent from every row: leave it out."),
        (
            [*[[1, 2]] * 6, [1], *[[1, 2]] * 3],
            {},
            "row 6 has the shape (1,), row 0 has (2,): make all rows of one shape",
        ),
        ([*[[1, 2]] * 6, [1, [2]], *[[1, 2]] * 3], {}, "modality 'm': row 6 cannot be read as numbers"),
        ([*[[1, 2]] * 6, "two", *[[1, 2]] * 3], {}, "modality 'm': row 6 holds a str, not numbers."),
        (
            [*["a"] * 6, 7, *["a"] * 3],
            {},
            "modality 'm': row 6 is of type int, but other rows are texts: give texts, or None",
        ),
        (["\ud800"] * 10, {}, "modality 'm' has a text with half a character in it"),
        (np.ones(10) + 1j, {}, "modality 'm': row 0 holds a complex, not numbers."),
        (7, {}, "modality 'm' is of type int: give an array, a tensor or a list with one entry a row."),
        ("seven", {}, "modality 'm' is of type str: give an array"),
        (np.zeros(10, dtype="datetime64[ns]"), {}, "modality 'm' holds dates or times: give numbers."),
        (np.array(7), {}, "modality 'm' is a single value: give one value a row."),
        (GOOD, {"kinds": {"m": "sequenz"}}, "unknown kind of modality 'm' 'sequenz': did you mean 'sequence'?"),
        (GOOD, {"kinds": {"n": "sequence"}}, "unknown modality 'n': there are: m."),
        (GOOD, {"kinds": "sequence"}, "the kind of modalities must be given by name"),
        (GOOD, {"kinds": {"m": "text"}}, "modality 'm' is said to be text, but no row of it is one."),
        (["a"] * 10, {"kinds": {"m": "table"}}, "modality 'm' is said to be of kind table, but its rows are texts."),
        (GOOD, {"rates": {"m": 0}}, "modality 'm': its rate is 0; it must be a number above 0."),
        (GOOD, {"rates": {"m": True}}, "modality 'm': its rate is True; it must be a number above 0."),
        (GOOD, {"lengths": {"m": 9}}, "modality 'm' has a length, but its kind is sequence: leave it out, or say"),
        (["a"] * 10, {"lengths": {"m": 1.5}}, "modality 'm': its length is 1.5; it must be a whole number above 0."),
        (np.ones((10, 2)), {"columns": {"m": ["a"]}}, "modality 'm' has 2 columns, but 1 names are given for them."),
        (
            np.ones((10, 2)),
            {"columns": {"m": ["a", "a"]}},
            "its columns is ['a', 'a']; it must be a list of different names.",
        ),
        (
            BRIGHT / 255,
            {"sizes": {"m": 8}},
            "modality 'm' has rows of shape (3, 4, 4), not of size 8: arrays are taken as",
        ),
        (np.ones(10), {"client": ["a"] * 9}, "client has 9 rows, but there are 10 labels: give one entry a row."),
        (np.ones(10), {"client": [*["a"] * 4, None, *["a"] * 5]}, "row 4 has no client: give every row one."),
        (np.ones(10), {"client": [*["a"] * 4, 1.5, *["a"] * 5]}, "the client of row 4 is of type float: give a name"),
        (np.ones(10), {"client": np.ones((10, 2))}, "client has the shape (10, 2): give one value a row."),
        (np.ones(10), {"id": [*range(9), 4]}, "the id '4' is that of row 4 and of row 9: give each row its own."),
        (np.ones(10), {"split": ["train"] * 9 + ["tset"]}, "unknown split of row 9 'tset': did you mean 'test'?"),
        (
            np.ones(10),
            {"split": ["train"] * 5 + ["test"] * 5},
            "no row has the split 'global': mark rows for the server to",
        ),
        (
            np.ones(10),
            {"split": ["global"] * 10},
            "no row has the split 'train': mark rows to learn from, or leave split out.",
        ),
        (
            np.ones(10),
            {"split": ["train"] * 5 + ["global"] * 5, "unit": [0, 1, 2, 3, 4, 5, 6, 1, 8, 9]},
            "row 1 (train) and row 7 (global) are of the same unit: a unit must lie on one side.",
        ),
        (np.ones(10), {"test_share": 1.0}, "test_share=1.0: give a number between 0 and 1, for example 0.2."),
        (np.ones(10), {"unit": [1] * 10}, "test_share=0.2 of 1 units leaves none to test on."),
        (np.ones(10), {"classes": "ab"}, "classes must be a list of names."),
        (np.ones(10), {"classes": ["a", "b", "a"]}, "classes names 'a' twice: name each class once."),
        (np.ones(10), {"classes": ["a"]}, "there is one class at most (a), so there is nothing to learn."),
    ],
)
def test_mistakes(values: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        one(values, **options)
    assert sentence in str(error.value)
    assert str(error.value).count("\n") == 0


@pytest.mark.parametrize(
    ("label", "options", "sentence"),
    [
        ([0, 1, 0.5, 1], {}, "the label of row 2 is 0.5: labels are classes, so give whole numbers or names."),
        ([0, 1, None, 1], {}, "row 2 has no label: leave the row out."),
        ([0, 1, float("nan"), 1], {}, "row 2 has no label: leave the row out."),
        ([0, 1, "1", 1], {}, "the label of row 2 is '1', that of row 0 is 0: give numbers or names, not both."),
        (["a", "b", "B", "b"], {}, "class 'a' has a single row (row 0): leave it out, correct it, or list all classes"),
        (["a", "a", "B", "b"], {"classes": ["a", "b"]}, "unknown class of row 2 'B': there are: a, b."),
        ([0, 1, 2, 1], {"classes": ["a", "b"]}, "the label of row 2 is 2, but 2 classes are listed: labels that are"),
        ([0, 1, -1, 1], {"classes": ["a", "b"]}, "the label of row 2 is -1, but 2 classes are listed"),
        ([0, 0, 0, 0], {}, "there is one class at most (0), so there is nothing to learn."),
        ([0, (1,), 0, 1], {}, "the label of row 1 is of type tuple: give a whole number or a name."),
        (np.zeros((4, 1)), {}, "label has the shape (4, 1): give one value a row."),
        ([], {}, "there are no rows."),
    ],
)
def test_wrong_labels(label: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        from_arrays({"m": np.ones(4)}, label, **options)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    "name", ["a.b", "a+b", "a b", "", "1st", "größe", "_a", 7, "label", "observed", "values", "type"]
)
def test_what_cannot_name_a_modality(name: Any) -> None:
    with pytest.raises(UserError, match=r"cannot name a modality"):
        from_arrays({name: np.ones(4)}, [0, 1] * 2)


def test_no_modality_or_no_row_of_any() -> None:
    with pytest.raises(UserError, match="there is no modality: give at least one"):
        from_arrays({}, [0, 1])
    with pytest.raises(UserError, match="x is of type list: give arrays by modality"):
        from_arrays([[1], [2]], [0, 1])  # type: ignore[arg-type]
    with pytest.raises(UserError, match="row 1 has no modality at all: leave the row out"):
        from_arrays({"a": [1.0, None, 2.0, 3.0], "b": ["x", "", "y", "z"]}, [0, 0, 1, 1], test_share=0.5)


def test_a_column_nobody_recorded_in_training() -> None:
    values = np.ones((4, 2))
    values[:3, 1] = np.nan
    with pytest.raises(UserError, match="modality 'm': column late has no value in any training row: leave it out"):
        split = ["train", "train", "train", "global"]
        from_arrays({"m": values}, [0, 1, 0, 1], split=split, columns={"m": ["early", "late"]})


def test_values_too_large_to_be_standardised() -> None:
    values = column([1e300, 1e-300, -1e300, 0])
    with pytest.raises(UserError, match="too large to be standardised"):
        from_arrays({"m": values}, [0, 1, 0, 1], split=["train", "train", "train", "global"])
