"""Features in a modality's place: computed once, never for absent rows, never unnoticed damaged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from counterpoint.data import Dataset, populate
from counterpoint.data.features import with_features
from counterpoint.errors import UserError

from .conftest import Counting

Make = Callable[..., Dataset]


@pytest.fixture(autouse=True)
def own_cache(cache: Path) -> Path:
    return cache


def test_a_table_of_the_same_name_takes_its_place(captions: Make, counting: Counting) -> None:
    before = captions()
    after = with_features(before, "words", "tiny")
    assert after.samples.x["words"].tolist() == [[7, 1], [8, 1], [0, 0], [7, 1], [9, 1], [3, 0]]
    assert (after.modalities["words"].kind, after.modalities["words"].shape) == ("table", (2,))
    assert after.card.modalities == {"words": "table, 2, features of the frozen encoder tiny"}
    assert torch.equal(after.samples.x["size"], before.samples.x["size"])
    assert before.modalities["words"].kind == "text", "the data set that was given stays as it was"


def test_the_second_time_nothing_is_computed(captions: Make, counting: Counting, cache: Path) -> None:
    seen: list[tuple[int, int]] = []
    first = with_features(captions(), "words", "tiny", lambda done, total: seen.append((done, total)))
    second = with_features(captions(), "words", "tiny", lambda done, total: seen.append((done, total)))
    assert len(counting.given) == 1
    assert seen == [(6, 6)]
    assert torch.equal(first.samples.x["words"], second.samples.x["words"])
    assert [path.name[:5] for path in (cache / "features").iterdir()] == ["tiny-"]


@pytest.mark.parametrize(("change", "value"), [("version", 2), ("weights", "abd"), ("version", 1), ("weights", "abc")])
def test_another_encoder_is_another_file(
    captions: Make, counting: Counting, alter: Callable[..., None], change: str, value: Any
) -> None:
    with_features(captions(), "words", "tiny")
    alter(**{change: value})
    with_features(captions(), "words", "tiny")
    same = value in (1, "abc")
    assert len(counting.given) == (1 if same else 2)


def test_other_values_are_another_file(captions: Make, counting: Counting) -> None:
    with_features(captions(), "words", "tiny")
    other = with_features(captions(texts=("red cat", "blue cat", "", "red cat", "Straße 4", "dog")), "words", "tiny")
    fewer = with_features(captions().rows(torch.tensor([5, 0])), "words", "tiny")
    assert len(counting.given) == 3
    assert other.samples.x["words"][4].tolist() == [9, 1]
    assert fewer.samples.x["words"].tolist() == [[3, 0], [7, 1]]


def test_absent_rows_stay_absent_and_are_never_read(captions: Make, counting: Counting) -> None:
    gaps = captions(absent=(1, 4))
    gaps.samples.x["words"][[1, 4]] = torch.nan
    found = with_features(gaps, "words", "tiny")
    (given,) = counting.given
    assert len(given) == 4 and bool(given.isfinite().all())
    assert found.samples.present["words"].tolist() == [True, False, True, True, False, True]
    assert found.samples.x["words"][found.samples.present["words"]].tolist() == [[7, 1], [0, 0], [7, 1], [3, 0]]


def test_nobody_has_the_modality(captions: Make, counting: Counting) -> None:
    found = with_features(captions(absent=tuple(range(6))), "words", "tiny")
    assert counting.given == []
    assert found.samples.x["words"].shape == (6, 2)


def test_a_population_of_features(captions: Make, counting: Counting) -> None:
    people = populate(with_features(captions(TEXTS_OF_40), "words", "tiny"), partition="dirichlet:100", clients=2)
    assert people.modalities["words"].shape == (2,)
    assert people.clients[0].train.x["words"].shape[1:] == (2,)
    assert len(counting.given) == 1


TEXTS_OF_40 = tuple(f"text {number}" for number in range(40))


def test_a_damaged_file_is_named(captions: Make, counting: Counting, cache: Path) -> None:
    with_features(captions(), "words", "tiny")
    (path,) = (cache / "features").iterdir()
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(UserError) as complaint:
        with_features(captions(), "words", "tiny")
    assert str(complaint.value) == f"{path} is damaged: delete it, and the features are computed anew."
    path.unlink()
    assert with_features(captions(), "words", "tiny").samples.x["words"][5].tolist() == [3, 0]


def test_an_encoder_that_fails_leaves_nothing_behind(
    captions: Make, counting: Counting, alter: Callable[..., None], cache: Path
) -> None:
    def fails(*_: object) -> torch.Tensor:
        raise KeyboardInterrupt

    alter(encode=fails)
    with pytest.raises(KeyboardInterrupt):
        with_features(captions(), "words", "tiny")
    assert not list((cache / "features").iterdir())


@pytest.mark.parametrize(
    ("modality", "encoder", "words"),
    [
        ("word", "tiny", "unknown modality of captions 'word': did you mean 'words'?"),
        ("words", "minilmm", "unknown frozen encoder 'minilmm': did you mean 'minilm'?"),
        (
            "size",
            "tiny",
            "the frozen encoder tiny takes a modality of kind text, but size of captions is of kind table: "
            "leave out size=tiny.",
        ),
    ],
)
def test_what_does_not_fit(captions: Make, counting: Counting, modality: str, encoder: str, words: str) -> None:
    with pytest.raises(UserError) as complaint:
        with_features(captions(), modality, encoder)
    assert str(complaint.value) == words


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            torch.zeros(6, 3),
            "gave float32 values of shape (6, 3): let it return finite float32 values of shape (6, 2).",
        ),
        (torch.zeros(6, 2).double(), "gave float64 values of shape (6, 2): let it return finite float32"),
        (torch.tensor([[0.0, 0.0]] * 5 + [[0.0, torch.inf]]), "gave a value that is not finite for row 5: let it"),
    ],
)
def test_features_that_no_model_should_see(
    captions: Make, counting: Counting, alter: Callable[..., None], cache: Path, made: torch.Tensor, words: str
) -> None:
    alter(encode=lambda *_: made)
    with pytest.raises(UserError) as complaint:
        with_features(captions(), "words", "tiny")
    assert f"the frozen encoder tiny {words}" in str(complaint.value)
    assert not list((cache / "features").iterdir())
